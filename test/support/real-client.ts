/** The real Claude Code for tests: where it is, and what keeps it on loopback. Only for tests. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the pinned program, fetched by `npm ci --prefix test/claude`. */
export const CLAUDE_BIN = fileURLToPath(new URL('../claude/node_modules/.bin', import.meta.url))
export const claudeInstalled = existsSync(join(CLAUDE_BIN, 'claude'))

/** No account, no network beyond this model: without the last one it clones a repository of plug-ins at its start. */
export const onLoopback = (modelUrl: string): Record<string, string> => ({
  ANTHROPIC_BASE_URL: modelUrl,
  ANTHROPIC_AUTH_TOKEN: 'dummy',
  DISABLE_TELEMETRY: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_ERROR_REPORTING: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
})
