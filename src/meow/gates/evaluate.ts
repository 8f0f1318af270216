/**
 * What becomes of a gate: one function for commands, daemon and tests. `(gate, look, now) → verdict`, pure.
 *
 *   look        before its deadline                 after it (`default`)
 *   met         open                                open
 *   failed      fail                                fail
 *   not-yet     wait (ask, where a person opens it) open | fail | ask
 *   unknown     wait; ask after UNKNOWN_TRIES       open | fail | ask
 *               where only a person can mend it
 *
 * Unknown is never a failure (law 8): a `gh` that is not there says nothing about the pull request. The deadline is another
 * matter: the clock is known, and whoever made the gate said what is to happen then.
 */
import type { Bead } from '../../beads/bead.ts'
import { deadlineOf, gateFacts } from './gate.ts'

/** What was seen of what a gate waits for. `said`: one line for people. */
export type Look =
  | { is: 'met'; said: string }
  /** `asks`: a person opens it, and somebody waits for that now. */
  | { is: 'not-yet'; said: string; asks?: string }
  | { is: 'failed'; said: string }
  /** `mend`: waiting does not help; what a person has to do. */
  | { is: 'unknown'; said: string; mend?: string }

export type Verdict =
  | { is: 'open'; why: string }
  | { is: 'fail'; why: string }
  | { is: 'ask'; about: 'turn' | 'deadline' | 'unknown'; text: string }
  /** `answered`: a person was asked because nobody could look, and now somebody could. */
  | { is: 'wait'; said: string; answered?: true }

/** How it was checked so far (checks.ts). Times in ms since the epoch. */
export interface Checked {
  at: number
  times: number
  next: number
  said: string
  /** How often in a row nobody could look. */
  unknown: number
}

/** So often in a row nobody could look, and only a person can mend that: then one is asked. */
export const UNKNOWN_TRIES = 3

/** Between two looks (design section 9): 30 s, doubling to 10 min. */
const FIRST_MS = 30_000
export const LONGEST_MS = 10 * 60_000

/** Until the next look after the n-th, in ms. */
export const pauseAfter = (times: number): number => Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(times - 1, 10))

/** @param from when its clock began (waits.ts, `turnOf`); null: not yet */
export function evaluateGate(
  gate: Bead,
  look: Look,
  now: Date,
  before?: Checked,
  from: number | null = Date.parse(gate.created_at),
): Verdict {
  if (look.is === 'met') return { is: 'open', why: look.said }
  const { failed, asked, default: by = 'ask' } = gateFacts(gate)
  if (failed !== undefined) return { is: 'wait', said: `failed: ${failed.why}` }
  if (look.is === 'failed') return { is: 'fail', why: look.said }
  const deadline = deadlineOf(gate, from)
  if (deadline !== undefined && now.getTime() >= deadline) {
    const why = `its time was over at ${new Date(deadline).toISOString()} (${look.said})`
    if (by === 'open') return { is: 'open', why }
    if (by === 'fail') return { is: 'fail', why }
    if (asked?.about !== 'deadline') return { is: 'ask', about: 'deadline', text: why }
  }
  if (look.is === 'not-yet') {
    if (look.asks !== undefined && asked === undefined) return { is: 'ask', about: 'turn', text: look.asks }
    return { is: 'wait', said: look.said, ...(asked?.about === 'unknown' && { answered: true as const }) }
  }
  const tries = (before?.unknown ?? 0) + 1
  if (look.mend === undefined || tries < UNKNOWN_TRIES || asked !== undefined) return { is: 'wait', said: look.said }
  return { is: 'ask', about: 'unknown', text: `${look.said} ${look.mend}`.trim() }
}

/** How it stands after one more look. A look that finds something new begins with short pauses again. */
export function checkedAfter(look: Look, now: Date, before?: Checked): Checked {
  const at = now.getTime()
  const times = before === undefined || before.said !== look.said ? 1 : before.times + 1
  const unknown = look.is === 'unknown' ? (before?.unknown ?? 0) + 1 : 0
  return { at, times, next: at + pauseAfter(times), said: look.said, unknown }
}

/** When a gate is to be looked at next, in ms. One further away than any pause is from before the clock was set back. */
export function nextLook(before: Checked | undefined, now: Date): number {
  if (before === undefined) return now.getTime()
  return before.next - now.getTime() > LONGEST_MS ? now.getTime() : before.next
}
