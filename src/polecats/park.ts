/**
 * `gt park`: a worker that can only wait ends its session and costs nothing until what it waits for is over. Run, fence, name,
 * branch and worktree stay, uncommitted files too; notes are left for the session that goes on (deacon/gates.ts brings it up).
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Op } from '../beads/change.ts'
import type { Run } from '../beads/facts.ts'
import { lookUp } from '../beads/fold.ts'
import { prefixOfId } from '../beads/ids.ts'
import { usageOps } from '../costs/settle.ts'
import { advance, findRun, isTerminal, liveRun } from '../kernel/runs.ts'
import { ended, park as parked } from '../kernel/sessions.ts'
import { standsNoMore } from '../kernel/standstill.ts'
import type { OpenTown } from '../kernel/town.ts'
import { createGate } from '../meow/gates/create.ts'
import { cameOf, isGate, isPending } from '../meow/gates/gate.ts'
import { gatesToParkOn } from '../meow/gates/waits.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { ownRun } from './done.ts'
import { endWorker, oneHandOn } from './unwind.ts'

export interface Parked {
  bead: string
  run: string
  gates: string[]
  state: string
}

export interface ParkOptions {
  /** Full ids; none: what the bead and its next steps wait for. */
  gates: string[]
  notes?: string
  /** Waits (also) for a timer of this many ms, made for it. */
  untilMs?: number
}

/**
 * Parks the caller's run. Said twice it answers the same. Errors: E_NOT_AN_AGENT, E_STALE_FENCE, E_NOT_A_GATE, E_NO_BEAD,
 * E_NOTHING_TO_WAIT_FOR (nothing pending; says what came of what was named).
 */
export function park(town: OpenTown, options: ParkOptions): Result<Parked> {
  const own = ownRun(town)
  if (own.kind === 'error') return own
  const { bead, run } = own.value
  if (run.state === 'parked') return ok(said(run))
  if (isTerminal(run) || run.state === 'submitted' || liveRun(bead)?.fence !== run.fence) return stale(run)
  const timer = options.untilMs === undefined ? undefined : timerFor(town, bead, run, options.untilMs)
  if (timer?.kind === 'error') return timer
  const named = options.gates.length > 0 || timer !== undefined ? options.gates : gatesToParkOn(town.ledger.state, bead)
  const waits = pendingOf(town, named)
  if (waits.kind === 'error') return waits
  const gates = [...waits.value, ...(timer === undefined ? [] : [timer.value.id])]
  if (gates.length === 0) return nothing(town, bead, named)
  const at = town.now().toISOString()
  // That it speaks shows that it works; what it says about itself is entered from there.
  if (run.state === 'starting' || run.state === 'rate_limited') {
    const working = town.ledger.write(advance(run, 'working', at, run.agent, 'it speaks'))
    if (working.kind === 'error') return working
  }
  const notes = options.notes?.trim() ? { notes: options.notes } : {}
  const change = parked(run, gates, {
    at,
    by: run.agent,
    ...notes,
    more: [...(timer?.value.ops ?? []), ...standsNoMore(bead)],
  })
  const written = town.ledger.write(change)
  if (written.kind === 'error') return written
  const now = findRun(town.ledger.state.beads.values(), run.fence)?.run ?? run
  return written.value.applied || now.state === 'parked' ? ok(said(now)) : stale(now)
}

const said = (run: Run): Parked => ({
  bead: run.bead,
  run: run.fence,
  gates: run.parked?.gates ?? [],
  state: run.state,
})

const stale = (run: Run): Result<never> =>
  fail('E_STALE_FENCE', `This run may not park: it is ${run.state}.`, {
    kept: 'Nothing was changed.',
    hint: 'Stop here.',
  })

/** Of the named gates those that are still to come. */
function pendingOf(town: OpenTown, ids: string[]): Result<string[]> {
  const found: string[] = []
  for (const id of new Set(ids)) {
    const gate = lookUp(town.ledger.state, id)
    if (gate === undefined) return fail('E_NO_BEAD', `There is no gate ${id}.`, { hint: 'gt gate list' })
    if (!isGate(gate)) {
      const hint = `gt gate create --type bead --id ${id}   makes one that waits for it`
      return fail('E_NOT_A_GATE', `${id} is no gate, it is a ${gate.issue_type}.`, {
        kept: 'Nothing was changed.',
        hint,
      })
    }
    if (isPending(gate)) found.push(id)
  }
  return ok(found)
}

function nothing(town: OpenTown, bead: Bead, named: string[]): Result<never> {
  const over = named.map((id) => `${id}: ${cameOf(lookUp(town.ledger.state, id)) ?? 'over'}`)
  const what =
    over.length > 0 ? `It is over already: ${over.join('; ')}.` : `Nothing that ${bead.id} needs now is a gate.`
  return fail('E_NOTHING_TO_WAIT_FOR', what, {
    kept: 'Nothing was changed; the run goes on.',
    hint:
      over.length > 0
        ? 'Go on with the work.'
        : 'gt park --until 30m   or make a gate: gt gate create --type human --reason "…"   then gt park <gate>',
  })
}

function timerFor(town: OpenTown, bead: Bead, run: Run, timeoutMs: number): Result<{ id: string; ops: Op[] }> {
  const made = createGate(
    town.ledger.state,
    {
      prefix: prefixOfId(bead.id),
      type: 'timer',
      timeoutMs,
      rig: facts(bead).rig ?? run.rig,
      waiters: [run.agent],
    },
    { by: run.agent, fence: run.fence, at: town.now().toISOString() },
  )
  return made.kind === 'error' ? made : ok({ id: made.value.gate.id, ops: made.value.input.ops })
}

/**
 * Ends the session of a parked run and everything that it started, and writes down that it is gone. Nothing where the run is
 * not parked (any more): whoever brings it back ends the old session himself.
 */
export function endParked(town: OpenTown, fence: string, by: string): Promise<Result<boolean>> {
  return oneHandOn(town, { fence }, by, async () => {
    const read = town.ledger.refresh()
    if (read.kind === 'error') return read
    const found = findRun(town.ledger.state.beads.values(), fence)
    if (found?.run.state !== 'parked') return ok(false)
    const { bead, run } = found
    const gone = await endWorker(town, run)
    if (gone.kind === 'error') return gone
    if (run.process === undefined) return ok(true)
    const change = ended(run, by)
    const written = town.ledger.write({ ...change, ops: [...change.ops, ...(await usageOps(town, bead, run))] })
    return written.kind === 'error' ? written : ok(written.value.applied)
  })
}
