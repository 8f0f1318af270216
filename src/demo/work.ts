/** The demo's working part: slings the beads and keeps the town going, as the Deacon would, until all is settled. */
import { facts } from '../beads/bead.ts'
import { drive } from '../deacon/drive.ts'
import { SETTLED, standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { validate } from '../polecats/dispatch.ts'
import { sling } from '../polecats/sling.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { timerMs } from '../town/duration.ts'
import { short } from './story.ts'

/** After the last landing, worktrees are cleared for at most this long. */
const TIDY_MS = 20_000

export interface Work {
  ids: string[]
  rig: string
  agent: string
  /** Called with every new state of the ledger. */
  tell(): void
  say(line: string): void
  signal: AbortSignal
  timeoutMs: number
}

/**
 * Slings and drives. Ok also when not everything landed in time: what became of it stands in the ledger. Errors: those
 * of `validate` for the agent (E_PERMISSIONS, E_NO_PROGRAM …), E_INTERRUPTED, a ledger that cannot be read.
 */
export async function work(town: OpenTown, demo: Work): Promise<Result<void>> {
  const { ids, rig, agent, signal } = demo
  const slung = { rig, preset: agent, by: 'person', at: town.now().toISOString() }
  for (const id of ids) {
    const valid = await validate(town, id, slung)
    // One that needs others is slung all the same, and starts when they have landed.
    if (valid.kind === 'error' && valid.failure.code !== 'E_NOT_READY') return valid
    const ordered = sling(town, id, slung)
    if (ordered.kind === 'error') return ordered
  }
  const stop = new AbortController()
  const onAbort = (): void => stop.abort()
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(onAbort, timerMs(demo.timeoutMs))
  // The town tries again by itself, so these are worth a person's time only when that did not help.
  const problems = new Set<string>()
  let settledAt: number | undefined
  const driven = await drive(town, {
    signal: stop.signal,
    until: () => {
      demo.tell()
      if (!ids.every((id) => settled(town, id))) return false
      settledAt ??= Date.now()
      return ids.every((id) => cleared(town, id)) || Date.now() - settledAt > TIDY_MS
    },
    onAction: (action, result) => {
      if (result.kind === 'error') problems.add(`${action.do} did not work: ${short(result.failure.message, 600)}`)
    },
  })
  clearTimeout(timer)
  signal.removeEventListener('abort', onAbort)
  if (driven.kind === 'error') return driven
  if (signal.aborted) return interrupted()
  if (!ids.every((id) => landed(town, id))) for (const problem of problems) demo.say(problem)
  return ok(undefined)
}

function settled(town: OpenTown, id: string): boolean {
  const bead = town.ledger.state.beads.get(id)
  return bead === undefined || SETTLED.has(standing(town.ledger.state, bead, town.now()))
}

function landed(town: OpenTown, id: string): boolean {
  const bead = town.ledger.state.beads.get(id)
  return bead !== undefined && facts(bead).landed !== undefined
}

/** Whether nothing of the bead's ended runs stands around any more; one that waits for a person keeps its worktree. */
function cleared(town: OpenTown, id: string): boolean {
  const bead = town.ledger.state.beads.get(id)
  if (bead?.status !== 'closed') return true
  return Object.values(facts(bead).runs ?? {}).every((run) => run.cleared === true)
}

/** A person stopped the demo. */
export function interrupted(): Result<never> {
  return fail('E_INTERRUPTED', 'The demo was stopped before its end.', { exit: EXIT.tryAgain })
}
