/**
 * Claude Code's own ways: arguments, settings, hook answers. Every fact here was measured with version 2.1.330 and is
 * tested against the real client (test/agents/claude.real.test.ts).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shellQuote } from './guard.ts'
import type { PermissionMode } from './launch.ts'

export { seedTrust } from './trust.ts'

/** Tools that open a dialog and wait for a person, even when permissions are bypassed. */
const BLOCKING_TOOLS = 'AskUserQuestion,EnterPlanMode,ExitPlanMode'

/** What a worker must be able to do in any mode: keep the books and commit. */
const WORKER_MAY = ['gt', 'git add', 'git commit', 'git status', 'git diff', 'git log', 'git show', 'git rev-parse']

/** Hook events and their matchers; the name behind the colon is what the guard records. */
const HOOKS: [event: string, matcher?: string][] = [
  ['SessionStart'],
  ['UserPromptSubmit'],
  ['PostToolUse'],
  ['PostToolUseFailure'],
  ['Stop'],
  ['StopFailure'],
  ['PermissionRequest'],
  ['Notification', 'idle_prompt'],
  ['Notification', 'permission_prompt'],
  ['PreCompact'],
  ['SessionEnd'],
]

/** Longer than any `gt prime` on a loaded machine; a hook that takes longer is dropped by Claude Code. Seconds. */
const HOOK_TIMEOUT_S = 60

export interface ClaudeLaunch {
  /** Absolute program and its own arguments. */
  command: string[]
  settingsFile: string
  mode: 'start' | 'resume'
  /** UUID, or empty: Claude Code picks one and nothing can be resumed. */
  conversation: string
  permission: PermissionMode
  /** A person talks to it (Mayor, crew): it may ask questions and plan. */
  attended: boolean
  model?: string | undefined
  prompt: string
}

/** The argument vector of a session; the prompt comes last, behind `--`, and starts the first turn by itself. */
export function claudeArgv(launch: ClaudeLaunch): string[] {
  const { conversation, model, prompt } = launch
  return [
    ...launch.command,
    ...(conversation === '' ? [] : [launch.mode === 'resume' ? '--resume' : '--session-id', conversation]),
    '--settings',
    launch.settingsFile,
    ...permissionArgs(launch.permission),
    ...(launch.attended ? [] : ['--disallowedTools', BLOCKING_TOOLS]),
    ...(model === undefined ? [] : ['--model', model]),
    ...(prompt === '' ? [] : ['--', prompt]),
  ]
}

/** A mode is always given: the client's own default asks Anthropic's server before each command. */
function permissionArgs(mode: PermissionMode): string[] {
  return mode === 'bypass' ? ['--dangerously-skip-permissions'] : ['--permission-mode', mode]
}

/**
 * The `--settings` file: added to the user's and the project's own settings. It replaces none of them but the status line,
 * and that only where nobody looks.
 */
export function claudeSettings(input: {
  guard: string
  permission: PermissionMode
  attended: boolean
  /** Servers of the project's .mcp.json that nobody has decided about (undecidedServers). */
  refuseServers: string[]
}): Record<string, unknown> {
  const hooks: Record<string, unknown[]> = {}
  for (const [event, matcher] of HOOKS) {
    const name = matcher === undefined ? event : `${event}:${matcher}`
    const command = `/bin/sh ${shellQuote(input.guard)} ${name}`
    hooks[event] ??= []
    hooks[event].push({
      ...(matcher !== undefined && { matcher }),
      hooks: [{ type: 'command', command, timeout: HOOK_TIMEOUT_S }],
    })
  }
  const statusLine = { type: 'command', command: `/bin/sh ${shellQuote(input.guard)} StatusLine` }
  return {
    hooks,
    // The classic renderer keeps a real scrollback, so that `gt peek` sees more than one screen.
    tui: 'default',
    ...(input.permission === 'bypass' && { skipDangerousModePermissionPrompt: true }),
    permissions: { allow: (input.attended ? ['gt'] : WORKER_MAY).map((command) => `Bash(${command}:*)`) },
    ...(!input.attended && {
      statusLine,
      // Otherwise a usage limit opens a dialog, and its default is to stop. So it goes on by itself, 48 to 88 s after the
      // limit ends (measured four times).
      autoContinueAtUsageLimit: true,
      ...(input.refuseServers.length > 0 && { disabledMcpjsonServers: input.refuseServers }),
    }),
  }
}

/**
 * The servers of a project's .mcp.json that neither the project's nor the user's settings decide about. Claude Code
 * opens a dialog for each at start, in every permission mode, and its default is to go on without them.
 */
export function undecidedServers(cwd: string, configFolder: string): string[] {
  const servers = Object.keys(objectIn(join(cwd, '.mcp.json')).mcpServers ?? {})
  if (servers.length === 0) return []
  const settings = [
    join(cwd, '.claude', 'settings.json'),
    join(cwd, '.claude', 'settings.local.json'),
    join(configFolder, 'settings.json'),
  ].map(objectIn)
  if (settings.some((each) => each.enableAllProjectMcpServers === true)) return []
  const decided = new Set(settings.flatMap((each) => each.enabledMcpjsonServers).filter((name) => name !== undefined))
  return servers.filter((name) => !decided.has(name))
}

interface Settings {
  mcpServers?: Record<string, unknown>
  enableAllProjectMcpServers?: unknown
  enabledMcpjsonServers?: unknown[]
}

/** A JSON object of a file that is not ours; a missing or broken one says nothing, as for Claude Code itself. */
function objectIn(path: string): Settings {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** Where Claude Code keeps settings and transcripts: CLAUDE_CONFIG_DIR, else `~/.claude`. */
export function claudeConfigFolder(env: NodeJS.ProcessEnv): string {
  return env.CLAUDE_CONFIG_DIR || join(env.HOME ?? '/', '.claude')
}

/**
 * What a hook has to print so that `text` reaches the model; `null` for an event that cannot carry any. For `Stop` the
 * agent goes on with it, so send nothing there when stdin says `stop_hook_active` and nothing is new. Above 10,000
 * characters Claude Code replaces the text by a file name and a preview.
 */
export function hookOutput(event: string, text: string): string | null {
  switch (event) {
    case 'SessionStart':
    case 'UserPromptSubmit':
    case 'PostToolUse':
      return JSON.stringify({ hookSpecificOutput: { hookEventName: event, additionalContext: text } })
    case 'Stop':
      return JSON.stringify({ decision: 'block', reason: text })
    default:
      return null
  }
}
