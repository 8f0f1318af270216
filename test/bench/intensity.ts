/** What a look at the breakers costs: a town of so many beads, all with a run; two hundred ended lately, some badly. */
import { breakers } from '../../src/kernel/intensity.ts'
import { aBead, aRun, stateOf } from '../kernel/support.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
const iso = (ms: number): string => new Date(ms).toISOString()
const HOUR = 60 * 60_000

/** Median of many looks, ms. */
export function benchIntensity(beads: number): number {
  const state = stateOf(...Array.from({ length: beads }, (_, n) => aTold(n)))
  const times = Array.from({ length: 200 }, () => {
    const started = performance.now()
    if (breakers(state, new Date(NOW)).length === 0) throw new Error('nothing failed: the bench measures nothing')
    return performance.now() - started
  })
  return times.sort((a, b) => a - b)[100]!
}

function aTold(n: number) {
  const ended = n < 200 ? NOW - n * 20_000 : NOW - 3 * HOUR - n * 1000
  const failed = n < 20 ? ({ state: 'failed', cause: 'exit' } as const) : ({ state: 'finished' } as const)
  const id = `gp-${n.toString(36).padStart(5, '0')}`
  const run = aRun(`r${n}`, id, { ...failed, claimed_at: iso(ended - 5 * 60_000), since: iso(ended) })
  return aBead(id, { updated_at: iso(ended) }, { runs: { [run.fence]: run } })
}
