/** The state machines of runs and merge requests hold under any order of moves, built from readings of any age. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { edges, LEGAL, newTown, play, someMoves, wrong } from './machine.ts'

test('no order of moves reaches an illegal state', () => {
  fc.assert(
    fc.property(someMoves, (moves) => {
      const town = newTown()
      for (const move of moves) {
        const before = new Map(town.state.beads)
        const played = play(town, move)
        if (played === null) continue
        const after = town.state.beads
        if (played.applied) expect(wrong(town.state, { before, after }), JSON.stringify(move)).toEqual([])
        else expect([...after]).toEqual([...before])
      }
    }),
    { numRuns: 800 },
  )
})

test('every legal step is taken by some order of moves', () => {
  const seen = new Set<string>()
  for (const moves of fc.sample(someMoves, { seed: 7, numRuns: 3000 })) {
    const town = newTown()
    for (const move of moves) {
      const before = new Map(town.state.beads)
      if (play(town, move)?.applied) for (const edge of edges({ before, after: town.state.beads })) seen.add(edge)
    }
  }
  expect([...LEGAL].filter((edge) => !seen.has(edge))).toEqual([])
})
