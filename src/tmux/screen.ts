/**
 * Reading a pane, and typing one line into it (measured rules: one line, at most 500 characters, text and Enter as
 * separate calls 300 ms apart; the first sign must not be one that means something to an agent).
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok, unknown } from '../result.ts'
import { processTable } from '../town/process-table.ts'
import type { TmuxServer } from './command.ts'
import { tmux } from './command.ts'
import type { PaneRow } from './panes.ts'

const LINE_MAX = 500
const ENTER_AFTER_MS = 300
/** An attached person who pressed a key this recently may have half a line typed, where nobody can see that. */
const PERSON_MS = 30_000
/** Where the prompt was seen to be empty: whoever pressed a key this recently may press the next one. */
const KEY_MS = 3_000

/** The last `lines` lines of a pane with its scrollback, as plain text, without blank lines at the end. */
export async function capture(server: TmuxServer, pane: string, lines: number): Promise<Read<string>> {
  const text = await captured(server, pane, ['-S', `-${Math.max(0, lines)}`])
  if (text.kind !== 'ok') return text
  const rows = text.value.split('\n')
  return ok(rows.slice(Math.max(0, rows.length - lines)).join('\n'))
}

/** What the pane shows now, with colour escapes and without scrollback: there an old prompt may stand. */
export const captureScreen = (server: TmuxServer, pane: string): Promise<Read<string>> => captured(server, pane, ['-e'])

async function captured(server: TmuxServer, pane: string, options: string[]): Promise<Read<string>> {
  const answer = await tmux(server, ['capture-pane', '-p', '-J', ...options, '-t', pane])
  if (answer.kind === 'error') {
    const { code, message } = answer.failure
    if (code === 'E_TMUX_NO_SERVER' || code === 'E_TMUX_NO_TARGET') return empty
    return code === 'E_NO_TMUX' ? answer : unknown(message)
  }
  const rows = answer.value.trimEnd().split('\n')
  return ok(rows.map((row) => row.trimEnd()).join('\n'))
}

/** Whether a line may be typed at all. `/` is a command, `!` a shell, `@` a file list, `#` a note; a control sign is a key. */
export function checkLine(text: string): Result<void> {
  const bad = (what: string): Result<never> =>
    fail('E_UNSAFE_TEXT', `This text was not typed: ${what}.`, {
      hint: 'Put it in a mail, and type one line that points there.',
    })
  if (text.trim() === '') return bad('it is empty')
  if ([...text].length > LINE_MAX) return bad(`it has more than ${LINE_MAX} characters`)
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text)) return bad('it holds a line break or another control character')
  if (/^\s*[/!@#]/.test(text)) return bad('it begins with a sign that agents take for a command (/ ! @ #)')
  return ok(undefined)
}

/** Types one checked line and Enter into a pane that may be typed into. */
export async function typeLine(server: TmuxServer, row: PaneRow, text: string): Promise<Result<void>> {
  if (row.inMode) {
    // Left behind by somebody who went away: it would swallow every key. It may have been left in this moment.
    const left = await tmux(server, ['send-keys', '-t', row.pane, '-X', 'cancel'])
    if (left.kind === 'error' && !/not in a mode/.test(left.failure.message)) return left
  }
  const typed = await tmux(server, ['send-keys', '-t', row.pane, '-l', '--', text])
  if (typed.kind === 'error') return typed
  await delay(ENTER_AFTER_MS)
  return enter(server, row)
}

/** The sign itself and not the key's name: newer tmux turns a named Enter into a sequence that some agents ignore. */
export async function enter(server: TmuxServer, row: PaneRow): Promise<Result<void>> {
  const entered = await tmux(server, ['send-keys', '-t', row.pane, '-H', '0d'])
  return entered.kind === 'error' ? entered : ok(undefined)
}

/**
 * Law 9: never over a person's half-typed line. What is on the screen belongs to the agent; the keyboard's clock does not.
 * `seen`: its prompt was seen to be empty. Failures: `E_PERSON_TYPING`, `E_COPY_MODE` (75), those of `tmux`.
 */
export async function nobodyAt(server: TmuxServer, row: PaneRow, seen: boolean): Promise<Result<void>> {
  const clients = await tmux(server, ['list-clients', '-t', row.session, '-F', '#{client_activity}'])
  if (clients.kind === 'error') return clients
  const keys = clients.value.split('\n').filter(Boolean).map(Number)
  const kept = { kept: 'Nothing was typed.', exit: EXIT.tryAgain }
  if (row.inMode && keys.length > 0) {
    const hint = 'q leaves copy mode.'
    return fail('E_COPY_MODE', `Somebody reads back in "${row.name}" (copy mode), which keeps keys.`, { ...kept, hint })
  }
  if (Date.now() - Math.max(0, ...keys) * 1_000 > (seen ? KEY_MS : PERSON_MS)) return ok(undefined)
  return fail('E_PERSON_TYPING', `Somebody is attached to "${row.name}" and used the keyboard just now.`, kept)
}

/** Proof that keys reach the agent: it lives, and it or its own process group is in the foreground of the terminal. `E_NOT_THE_AGENT`. */
export function holdsTerminal(pid: number): Result<void> {
  const table = processTable()
  const agent = table.kind === 'ok' ? table.value.find((row) => row.pid === pid) : undefined
  if (agent !== undefined && (agent.foreground === agent.pgid || agent.foreground === -1)) return ok(undefined)
  const why = agent === undefined ? 'its process does not run' : 'another program holds its terminal'
  return fail('E_NOT_THE_AGENT', `Nothing was typed: keys would not reach the agent, because ${why}.`)
}
