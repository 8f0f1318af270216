/** The other clients for tests: whether they are there, and what a person's login of each looks like. Only for tests. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of a pinned program, fetched by `npm ci --prefix test/clients/NAME`. */
export const binOf = (name: string): string =>
  fileURLToPath(new URL(`../clients/${name}/node_modules/.bin`, import.meta.url))
export const clientInstalled = (name: string): boolean => existsSync(join(binOf(name), name))

interface Login {
  /** Files of the person's HOME. */
  files: Record<string, string>
  env: Record<string, string>
}

/** As which a person is logged in: with a key, and at a model of ours on 127.0.0.1. */
export const LOGINS: Record<string, (url: string) => Login> = {
  codex: (url) => ({
    files: {
      '.codex/config.toml': `model = "scripted"
model_provider = "ours"
[model_providers.ours]
name = "ours"
base_url = "${url}/v1"
wire_api = "responses"
env_key = "OUR_KEY"
`,
    },
    env: { OUR_KEY: 'dummy' },
  }),
  gemini: (url) => ({
    files: {
      '.gemini/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        // Otherwise a model is asked which model to ask.
        model: { name: 'gemini-2.5-flash' },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      }),
    },
    env: { GEMINI_API_KEY: 'dummy', GOOGLE_GEMINI_BASE_URL: url },
  }),
  opencode: (url) => ({
    files: {
      '.config/opencode/opencode.json': JSON.stringify({
        model: 'ours/scripted',
        small_model: 'ours/scripted',
        provider: {
          ours: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${url}/v1`, apiKey: 'dummy' },
            models: { scripted: {} },
          },
        },
      }),
    },
    env: { OPENCODE_DISABLE_MODELS_FETCH: '1' },
  }),
}

/** Logs the person of this HOME in; answers what their environment has besides. */
export function logIn(name: string, home: string, url: string): Record<string, string> {
  const { files, env } = LOGINS[name]!(url)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  return env
}
