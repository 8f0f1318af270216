/** What a look at a town may have seen, and what surrounds its ledger. */

import type { Sightings } from '../../src/board/sightings.ts'
import type { Surroundings } from '../../src/convoys/pace.ts'

export function sighted(more: Partial<Sightings> = {}): Sightings {
  return {
    sessions: [],
    blind: null,
    verdicts: new Map(),
    context: new Map(),
    signs: new Map(),
    daemon: 4711,
    outside: {},
    hold: null,
    closed: null,
    host: { load1: 1.5, cores: 8, memory_free_mb: 9000, disk_free_mb: 90_000 },
    ...more,
  }
}

/** Nothing stands in the way of a start. */
export const calm = (now: Date): Surroundings => ({
  now,
  gate: () => ({ is: 'yes' }),
  closed: null,
  slots: { free: 30, all: 30 },
})
