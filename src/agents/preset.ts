/**
 * Agents are data: one table per agent says which program it is, how it gets its prompt and which hooks it speaks.
 * `claude`, `script` and the clients in clients/ are built in; everything else is a table `[agents.NAME]` of the settings.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'

import type { BUILT_IN_AGENTS } from '../town/schema.ts'
import { codex } from './clients/codex.ts'
import { gemini } from './clients/gemini.ts'
import { opencode } from './clients/opencode.ts'
import type { PermissionMode } from './launch.ts'

/** What a settings table `[agents.NAME]` holds (the same shape as town settings; kept apart so rooms stay apart). */
export interface AgentTable {
  /**
   * Program and arguments. In each argument, here and below, `{session}` stands for the conversation's id, `{brief}` for the
   * brief's file, `{cwd}` for the folder that it works in and `{files}` for that of its `files`.
   */
  command: string[]
  /** How the brief reaches it: last argument, standard input, the path of a file as last argument, or not at all. */
  prompt: 'arg' | 'stdin' | 'file' | 'none'
  /** The option that goes before a prompt in the arguments. */
  prompt_flag?: string | undefined
  /** `claude`: the program takes Claude Code's flags and hook settings. */
  hooks: 'claude' | 'none'
  /** Arguments added to `command` to begin a conversation; and to continue one, absent: it begins anew with the next brief. */
  start?: string[] | undefined
  resume?: string[] | undefined
  /**
   * The permission modes that it can work in (docs/permissions.md) and the arguments of each. Absent: Claude Code's own, or for
   * other agents that modes mean nothing to it.
   */
  modes?: { [mode in PermissionMode]?: string[] | undefined } | undefined
  /** Text files that it needs, by name. */
  files?: Record<string, string> | undefined
  /** A regular expression that its screen matches only while its prompt is empty. Absent: a line may be typed at any time. */
  ready?: string | undefined
  env?: Record<string, string> | undefined
  model?: string | undefined
  /** The option that names the model; absent: it is not told. */
  model_flag?: string | undefined
  /** How its usage is read; absent: as its hooks say (usageOf). */
  usage?: 'claude' | 'none' | undefined
  /** False: it does the same again whatever it is told, so what came back is not handed over to another one. */
  judgement?: boolean | undefined
  /** What people call its program, and the line that installs it. */
  title?: string | undefined
  install?: string | undefined
}

export interface Preset extends AgentTable {
  name: string
}

const TABLES: Record<(typeof BUILT_IN_AGENTS)[number], AgentTable> = {
  claude: {
    title: 'Claude Code',
    install: 'npm install -g @anthropic-ai/claude-code',
    command: ['claude'],
    prompt: 'arg',
    hooks: 'claude',
  },
  codex,
  gemini,
  opencode,
  // The deterministic agent reads the bead's body from its own folder, so it needs no prompt (script.ts).
  script: { command: ['gt', 'agent-script'], prompt: 'none', hooks: 'none', usage: 'none', judgement: false },
}

/** The built-in tables. Each but `script` passes one conformance suite with its own program (test/e2e/clients.test.ts). */
export const BUILT_IN: Record<string, AgentTable> = TABLES

/** A table of the settings. Without `command` it changes what it names of the built-in agent of its name. */
export type OwnTable = { [key in keyof AgentTable]?: AgentTable[key] | undefined }

/** The table that counts for a name, the town's own before the built-in one; undefined: there is none, or it starts nothing. */
export function tableOf(name: string, custom: Record<string, OwnTable>): AgentTable | undefined {
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined
  const own = Object.hasOwn(custom, name) ? custom[name] : undefined
  if (own === undefined) return builtIn
  const { command = [], prompt, hooks, env, ...more } = own
  if (command.length > 0) return { ...more, command, env, prompt: prompt ?? 'arg', hooks: hooks ?? 'none' }
  if (builtIn === undefined) return undefined
  return {
    ...builtIn,
    ...more,
    env: { ...builtIn.env, ...env },
    prompt: prompt ?? builtIn.prompt,
    hooks: hooks ?? builtIn.hooks,
  }
}

/** The agent of that name. `E_NO_AGENT` names the known ones. */
export function presetFor(name: string, custom: Record<string, OwnTable> = {}): Result<Preset> {
  const table = tableOf(name, custom)
  if (table !== undefined) return ok({ ...table, name })
  const known = [...new Set([...Object.keys(BUILT_IN), ...Object.keys(custom)])].sort().join(', ')
  return fail('E_NO_AGENT', `There is no agent called "${name}". Known agents: ${known}.`, {
    hint: `gt config agent set ${/^[\w-]+$/.test(name) ? name : 'NAME'} <command…>   adds one; gt config agent list shows all`,
  })
}

/** Where what an agent uses can be read: in Claude Code's transcripts, nowhere because it uses `none`, or not at all. */
export function usageOf(preset: AgentTable): 'claude' | 'none' | 'untold' {
  return preset.usage ?? (preset.hooks === 'claude' ? 'claude' : 'untold')
}

/** Whether an agent of that name can make something of what it is told; one that is not known cannot. */
export function judges(name: string, custom: Record<string, OwnTable> = {}): boolean {
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
  const client = Object.values(BUILT_IN).find(({ command, install }) => install !== undefined && command[0] === name)
  if (client !== undefined) {
    return fail('E_NO_PROGRAM', `${client.title} is not installed: there is no program "${name}" on PATH.`, {
      hint: `${client.install}, or use --agent script`,
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
