/** The state machines of runs and merge requests hold under any order of moves, built from readings of any age. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { edges, indexIsTrue, LEGAL, newTown, play, someMoves, wrong } from './machine.ts'

test('no order of moves reaches an illegal state', () => {
  fc.assert(
    fc.property(someMoves, (moves) => {
      const town = newTown()
      for (const move of moves) {
        const before = new Map(town.state.beads)
        const played = play(town, move)
        if (played === null) continue
        const after = town.state.beads
        const found = played.applied ? wrong(town.state, { before, after }) : changed(before, after)
        if (found.length > 0) throw new Error(`${JSON.stringify(move)}: ${found.join('; ')}`)
      }
      expect(indexIsTrue(town.state)).toBe(true)
    }),
    { numRuns: 1500 },
  )
})

/** A change that was refused leaves every bead as it was. */
const changed = (before: ReadonlyMap<string, Bead>, after: ReadonlyMap<string, Bead>): string[] =>
  [...after.values()]
    .filter((bead) => before.get(bead.id) !== bead)
    .map((bead) => `${bead.id} changed by a refused change`)

test('every legal step is taken by some order of moves', () => {
  const unseen = new Set(LEGAL)
  for (let seed = 1; seed <= 200 && unseen.size > 0; seed++) {
    for (const moves of fc.sample(someMoves, { seed, numRuns: 50 })) {
      const town = newTown()
      for (const move of moves) {
        const before = new Map(town.state.beads)
        if (play(town, move)?.applied)
          for (const edge of edges({ before, after: town.state.beads })) unseen.delete(edge)
      }
    }
  }
  expect([...unseen]).toEqual([])
})
