/**
 * The bell for people who are attached: one BEL on the terminal of each client of this server, and one line in its status
 * line. Nothing is typed: neither goes to a pane, so no agent ever sees it.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { TmuxServer } from './command.ts'
import { tmux } from './command.ts'
import { plainFormat } from './quote.ts'

/** How long the line stays, unless a key is pressed. */
const SHOWN_MS = 4_000
/** Where the words lie: the value of an option is shown as it is, while an argument would be expanded as a format. */
const WORDS = '@gt_notice'

/** Rings and shows `text`; answers how many terminals. No server or nobody attached: 0. */
export async function ring(server: TmuxServer, text: string): Promise<Result<number>> {
  const listed = await tmux(server, ['list-clients', '-F', '#{client_control_mode} #{client_tty}'])
  if (listed.kind === 'error') {
    const { code } = listed.failure
    return code === 'E_TMUX_NO_SERVER' || code === 'E_TMUX_NO_TARGET' ? ok(0) : listed
  }
  const terminals = listed.value
    .split('\n')
    .filter((line) => line.startsWith('0 /dev/'))
    .map((line) => line.slice(2))
  if (terminals.length === 0) return ok(0)
  const kept = await tmux(server, ['set-option', '-s', WORDS, plainFormat(text)])
  if (kept.kind === 'error') return kept
  for (const terminal of terminals) {
    bell(terminal)
    await tmux(server, ['display-message', '-c', terminal, '-d', `${SHOWN_MS}`, `gt: #{${WORDS}}`])
  }
  return ok(terminals.length)
}

/** A terminal that takes nothing now (Ctrl-S) or has gone is left alone. */
function bell(terminal: string): void {
  try {
    const file = openSync(terminal, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK)
    try {
      writeSync(file, '\x07')
    } finally {
      closeSync(file)
    }
  } catch {}
}
