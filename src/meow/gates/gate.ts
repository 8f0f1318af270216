/**
 * What a bead of type `gate` says: what is waited for, until when, and whether it is over. Its own fields are the format's
 * (`await_type`, `await_id`, `timeout` in nanoseconds, `waiters`), so gates of other tools are read as well; what they have no
 * field for stands under `metadata.gt.gate`. Pure.
 *
 *   pending → open     closed, outcome `done`, the reason says what came
 *           ↘ failed   stays open with `failed`; what needs it stays blocked; a person may still open it
 */
import type { Bead } from '../../beads/bead.ts'
import { facts } from '../../beads/bead.ts'
import type { GateFacts } from '../../beads/facts.ts'
import { isOver } from '../../beads/ready.ts'

/** What people and formulas write. `command` is ours, the others are the format's. */
export const WRITTEN_TYPES = ['timer', 'bead', 'mail', 'human', 'gh:run', 'gh:pr', 'command'] as const
/** A condition is put before a step when its molecule is poured. */
export const GATE_TYPES = [...WRITTEN_TYPES, 'condition'] as const
export type GateType = (typeof GATE_TYPES)[number]

/** Of these the ledger and the clock say it all; to know the others somebody has to look. */
const LOOKED_AT: ReadonlySet<string> = new Set<GateType>(['gh:run', 'gh:pr', 'command'])

const NS_PER_MS = 1_000_000

export const isGate = (bead: Bead): boolean => bead.issue_type === 'gate'

/** What it waits for, as it is written; `unknown` types of other tools are kept as they are. */
export const typeOf = (gate: Bead): string => (typeof gate.await_type === 'string' ? gate.await_type : '')
export const awaitedId = (gate: Bead): string => (typeof gate.await_id === 'string' ? gate.await_id : '')

export const gateFacts = (gate: Bead): GateFacts => facts(gate).gate ?? {}

/** Its `timeout` in ms; undefined when it has none. */
function timeoutOf(gate: Bead): number | undefined {
  return typeof gate.timeout === 'number' && gate.timeout > 0 ? gate.timeout / NS_PER_MS : undefined
}

/** Milliseconds as the format writes them. */
export const nanoseconds = (ms: number): number => Math.round(ms * NS_PER_MS)

/**
 * When a timer opens, in ms since the epoch; undefined for other gates, for a timer without a time, and before its turn.
 *
 * @param from when its clock began (waits.ts, `turnOf`)
 */
export function opensAt(gate: Bead, from: number | null = Date.parse(gate.created_at)): number | undefined {
  const timeout = timeoutOf(gate)
  return typeOf(gate) !== 'timer' || timeout === undefined || from === null ? undefined : from + timeout
}

/** When its time is over, in ms since the epoch. A timer has no deadline: it opens. `from`: as for `opensAt`. */
export function deadlineOf(gate: Bead, from: number | null = Date.parse(gate.created_at)): number | undefined {
  if (typeOf(gate) === 'timer') return undefined
  const { deadline } = gateFacts(gate)
  if (deadline !== undefined) return Date.parse(deadline)
  const timeout = timeoutOf(gate)
  return timeout === undefined || from === null ? undefined : from + timeout
}

export const gateFailed = (gate: Bead): boolean => gateFacts(gate).failed !== undefined

/** It may still open by itself. */
export const isPending = (gate: Bead): boolean => isGate(gate) && !isOver(gate) && !gateFailed(gate)

/** Whether somebody has to look outside the ledger to know. */
export const isLookedAt = (gate: Bead): boolean => LOOKED_AT.has(typeOf(gate))

/** What it waits for, in a few words: `timer 2h`, `gh:run ci.yml`, `command test -f x`. */
export function gateWords(gate: Bead): string {
  const { command, condition } = gateFacts(gate)
  const rest = command?.run ?? condition?.text ?? (awaitedId(gate) || undefined)
  const until = opensAt(gate)
  const what = rest ?? (until === undefined ? '' : `until ${new Date(until).toISOString()}`)
  return `${typeOf(gate) || 'gate'} ${what}`.trim()
}

/** What came of it, as one sentence part; undefined while it is pending. */
export function cameOf(gate: Bead | undefined): string | undefined {
  if (gate === undefined) return 'it is not in the ledger any more'
  if (gate.status === 'tombstone') return 'it was deleted'
  if (gate.status === 'closed') return `open: ${gate.close_reason ?? 'no reason given'}`
  const { failed } = gateFacts(gate)
  return failed === undefined ? undefined : `failed: ${failed.why}`
}
