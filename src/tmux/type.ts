/** Types one line to an agent at its prompt: looks first, types, and looks whether it was sent. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Draft, Prompt, SessionView } from '../agents/runtime.ts'
import type { Result } from '../result.ts'
import { empty, fail, ok } from '../result.ts'
import type { TmuxServer } from './command.ts'
import { cannotTell } from './end.ts'
import type { PaneRow } from './panes.ts'
import { findPane, viewOf } from './panes.ts'
import { captureScreen, enter, holdsTerminal, nobodyAt, typeLine } from './screen.ts'

/** A line that stands in the prompt so long after its Enter was not sent. */
const UNSENT_MS = 1_000
const LOOK_MS = 100

/** May a line be typed, with this on the screen? */
export type MayType = (screen: string, session: SessionView) => Result<Prompt>

export interface Typing {
  name: string
  text: string
  mayType: MayType | undefined
}

/**
 * The pane, when a line may be typed into it now; `seen`: its prompt was seen, and is empty. Failures: `E_NO_SESSION`,
 * `E_NOT_THE_AGENT`, `E_NO_SCREEN`, `E_PERSON_TYPING` (75), `E_COPY_MODE` (75), those of `mayType` and of `tmux`.
 */
export async function ready(
  server: TmuxServer,
  name: string,
  mayType: MayType | undefined,
): Promise<Result<{ row: PaneRow; seen: boolean }>> {
  const row = await findPane(server, name)
  if (row.kind === 'error') return row
  if (row.kind === 'unknown') return cannotTell(row.why)
  const view = row.kind === 'ok' ? viewOf(row.value) : row
  if (row.kind === 'empty' || view.kind !== 'ok' || !view.value.alive) {
    return fail('E_NO_SESSION', `Nothing was typed: no agent runs in a session called "${name}".`)
  }
  const proven = holdsTerminal(row.value.pid)
  if (proven.kind === 'error') return proven
  let seen = false
  if (mayType !== undefined) {
    const screen = await captureScreen(server, row.value.pane)
    if (screen.kind !== 'ok')
      return fail('E_NO_SCREEN', `Nothing was typed: the screen of "${name}" could not be read.`)
    const allowed = mayType(screen.value, view.value)
    if (allowed.kind === 'error') return allowed
    seen = allowed.value === 'empty'
  }
  const alone = await nobodyAt(server, row.value, seen)
  return alone.kind === 'error' ? alone : ok({ row: row.value, seen })
}

/** Types the line if it may. Failures: those of `ready`; then nothing was typed. */
export async function typeNow(server: TmuxServer, { name, text, mayType }: Typing): Promise<Result<void>> {
  const at = await ready(server, name, mayType)
  if (at.kind === 'error') return at
  const { row, seen } = at.value
  const typed = await typeLine(server, row, text)
  return typed.kind === 'ok' && seen ? enterAgain(server, row, { name, text, mayType }) : typed
}

/**
 * Measured: an Enter may be taken for a line break, and then the line stands in the prompt for ever. Where that can be seen, and
 * nothing but our line stands there, Enter comes once more.
 */
async function enterAgain(server: TmuxServer, row: PaneRow, { name, text, mayType }: Typing): Promise<Result<void>> {
  for (const end = performance.now() + UNSENT_MS; performance.now() < end; await delay(LOOK_MS)) {
    if (!(await stands())) return ok(undefined)
  }
  return (await stands()) ? enter(server, row) : ok(undefined)

  async function stands(): Promise<boolean> {
    const pane = await findPane(server, name)
    const view = pane.kind === 'ok' && pane.value.pane === row.pane ? viewOf(pane.value) : empty
    const screen = await captureScreen(server, row.pane)
    if (view.kind !== 'ok' || screen.kind !== 'ok') return false
    const verdict = mayType?.(screen.value, view.value)
    const draft = verdict?.kind === 'error' ? (verdict.failure.details as Draft | undefined)?.draft : undefined
    return draft !== undefined && bare(draft) === bare(text)
  }
}

/** A long line is broken and set in where it stands. */
const bare = (text: string): string => text.replace(/\s+/g, '')
