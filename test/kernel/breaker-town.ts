/**
 * A town over some hours: rigs whose workers all crash, rigs that work, and rigs with nothing to do yet, which start what
 * the breakers let them. Seeded, without processes; a look every ten seconds. Only for tests.
 */
import type { Run } from '../../src/beads/facts.ts'
import { put } from '../../src/beads/fold.ts'
import { rngOf } from '../../src/drill/rng.ts'
import type { Breaker } from '../../src/kernel/intensity.ts'
import { breakers, mayStart } from '../../src/kernel/intensity.ts'
import { aRun, at, beadWith, stateOf } from './support.ts'

export const LOOK_S = 10
/** Runs of a rig that go on at one time. */
const CAP = 3

export interface RigPlan {
  /** Share of its runs that crash, by the second; the others hand in. */
  crashes: (seconds: number) => number
  /** How long its runs go on, seconds: from, to. */
  crashAfter: [number, number]
  worksFor: [number, number]
  /** When there is work for it first, and for how many at a time. */
  from?: number
  cap?: number
}

export interface Seen {
  /** Looks since it has work, and those of them at which it might not have started anything. */
  looks: number
  refused: number
  /** The same from its first proof on. */
  looksAfter: number
  refusedAfter: number
  /** Second of its first proof; how many of its runs crashed until each second. */
  proven?: number
  crashed: number[]
}

/** What each rig met; `watch` sees the breakers at each look. */
export function simulate(
  plans: Record<string, RigPlan>,
  { hours, seed, watch }: { hours: number; seed: number; watch?: (all: Breaker[], seconds: number) => void },
): Record<string, Seen> {
  const chance = rngOf(seed).next
  const between = ([from, to]: [number, number]): number => from + Math.floor(chance() * (to - from))
  const state = stateOf()
  const going: { run: Run; ends: number; crashes: boolean }[] = []
  const seen: Record<string, Seen> = {}
  for (const rig of Object.keys(plans))
    seen[rig] = { looks: 0, refused: 0, looksAfter: 0, refusedAfter: 0, crashed: [] }
  let count = 0
  for (let now = 0; now < hours * 3600; now += LOOK_S) {
    for (const one of going.filter(({ ends }) => ends <= now)) {
      going.splice(going.indexOf(one), 1)
      const end: Partial<Run> = one.crashes ? { state: 'lost', cause: 'crash' } : { state: 'finished' }
      const run = { ...one.run, ...end, since: at(now) }
      put(state, beadWith(run, {}, { updated_at: at(now) }))
      const its = seen[run.rig]!
      if (one.crashes) its.crashed.push(now)
      else its.proven ??= now
    }
    let all = breakers(state, new Date(at(now)))
    watch?.(all, now)
    // Whoever is first to look takes the try: not always the same.
    const order = Object.entries(plans).map((entry) => ({ entry, place: chance() }))
    for (const { entry } of order.sort((a, b) => a.place - b.place)) {
      const [rig, plan] = entry
      if (now < (plan.from ?? 0)) continue
      const its = seen[rig]!
      const no = mayStart(all, rig, 'polecat').is === 'no'
      its.looks++
      if (no) its.refused++
      if (its.proven !== undefined) {
        its.looksAfter++
        if (no) its.refusedAfter++
      }
      while (going.filter(({ run }) => run.rig === rig).length < (plan.cap ?? CAP)) {
        if (mayStart(all, rig, 'polecat').is === 'no') break
        const crashes = chance() < plan.crashes(now)
        const run = aRun(`r${count}`, `${rig}-${count++}`, {
          rig,
          agent: `${rig}/polecats/r${count}`,
          claimed_at: at(now),
          since: at(now),
          spoke: at(now),
        })
        put(state, beadWith(run, {}, { updated_at: at(now) }))
        going.push({ run, ends: now + between(crashes ? plan.crashAfter : plan.worksFor), crashes })
        all = breakers(state, new Date(at(now)))
      }
    }
  }
  return seen
}
