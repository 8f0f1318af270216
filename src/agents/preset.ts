/**
 * Agents are data: one table per agent says which program it is, how it gets its prompt and which hooks it speaks.
 * `claude` and `script` are built in; everything else is a table `[agents.NAME]` of the town's settings.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'

/** What a settings table `[agents.NAME]` holds (the same shape as town settings; kept apart so rooms stay apart). */
export interface AgentTable {
  /** Program and arguments; `{session}` in an argument stands for the conversation's id, `{brief}` for the brief's file. */
  command: string[]
  /** How the brief reaches it: last argument, standard input, the path of a file as last argument, or not at all. */
  prompt: 'arg' | 'stdin' | 'file' | 'none'
  /** `claude`: the program takes Claude Code's flags and hook settings. */
  hooks: 'claude' | 'none'
  /** Arguments added to `command` to continue a conversation; absent: it is started anew with the next brief. */
  resume?: string[] | undefined
  env?: Record<string, string> | undefined
  model?: string | undefined
  /** False: it does the same again whatever it is told, so what came back is not handed over to another one. */
  judgement?: boolean | undefined
}

export interface Preset extends AgentTable {
  name: string
}

const BUILT_IN: Record<string, AgentTable> = {
  claude: { command: ['claude'], prompt: 'arg', hooks: 'claude' },
  // The deterministic agent reads the bead's body from its own folder, so it needs no prompt (script.ts).
  script: { command: ['gt', 'agent-script'], prompt: 'none', hooks: 'none', judgement: false },
}

/**
 * The agent of that name: a town's own table wins over a built-in one. `E_NO_AGENT` names the known ones.
 */
export function presetFor(name: string, custom: Record<string, AgentTable> = {}): Result<Preset> {
  const table = Object.hasOwn(custom, name) ? custom[name] : Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined
  if (table !== undefined && table.command.length > 0) return ok({ ...table, name })
  const known = [...new Set([...Object.keys(BUILT_IN), ...Object.keys(custom)])].sort().join(', ')
  return fail('E_NO_AGENT', `There is no agent called "${name}". Known agents: ${known}.`, {
    hint: `gt config agent set ${/^[\w-]+$/.test(name) ? name : 'NAME'} <command…>`,
  })
}

/** Whether an agent of that name can make something of what it is told; one that is not known cannot. */
export function judges(name: string, custom: Record<string, AgentTable> = {}): boolean {
  const preset = presetFor(name, custom)
  return preset.kind === 'ok' && preset.value.judgement !== false
}

/**
 * The absolute path of a program, looked up on `path` (the value of PATH) the way a shell would; relative entries of
 * PATH are passed over, since an agent starts in another directory. `E_NO_PROGRAM` (exit 69) when it is not there.
 */
export function findProgram(name: string, path: string | undefined): Read<string> {
  const places = name.includes('/') ? [name] : (path ?? '').split(delimiter).map((dir) => join(dir, name))
  const found = places.find((place) => isAbsolute(place) && isProgram(place))
  if (found !== undefined) return ok(found)
  if (name === 'claude') {
    return fail('E_NO_PROGRAM', 'Claude Code is not installed: there is no program "claude" on PATH.', {
      hint: 'npm install -g @anthropic-ai/claude-code, or use --agent script',
      exit: EXIT.missingProgram,
    })
  }
  return fail('E_NO_PROGRAM', `The program "${name}" was not found${name.includes('/') ? '' : ' on PATH'}.`, {
    hint: `Install ${name}, or write its absolute path in the agent's command (gt config agent set NAME <command…>).`,
    exit: EXIT.missingProgram,
  })
}

function isProgram(place: string): boolean {
  try {
    accessSync(place, constants.X_OK)
    return statSync(place).isFile()
  } catch {
    return false
  }
}
