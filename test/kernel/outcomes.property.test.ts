/** What a run has proven stays proven, under any order of moves (machine.ts) with any pauses between them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { State } from '../../src/beads/fold.ts'
import { outcomesOf } from '../../src/kernel/outcomes.ts'
import { allRuns } from '../../src/kernel/runs.ts'
import { newTown, play, someMoves } from './machine.ts'
import { at } from './support.ts'

/** Every proof that shows at an instant (seconds): whose, of what, as of when. */
function proofs(state: State, seconds: number): string[] {
  return [...allRuns(state.beads.values())]
    .flatMap(({ run }) => outcomesOf(state, run))
    .filter((one) => one.failed === undefined && one.at <= Date.parse(at(seconds)))
    .map((one) => `${one.run.fence} ${one.proves[0]} ${new Date(one.at).toISOString()}`)
}

/** Mostly none, so that the moves follow each other; now and then long enough to have lasted. */
const somePauses = fc.infiniteStream(fc.constantFrom(0, 0, 0, 0, 0, 30, 400))

test('nothing that becomes of a run takes back what it has proven', () => {
  fc.assert(
    fc.property(someMoves, somePauses, (moves, pauses) => {
      const town = newTown()
      for (const move of moves) {
        town.clock += pauses.next().value as number
        const before = proofs(town.state, town.clock)
        const played = play(town, move)
        if (!played?.applied) continue
        const after = new Set(proofs(town.state, town.clock))
        expect(
          before.filter((one) => !after.has(one)),
          JSON.stringify(move),
        ).toEqual([])
      }
    }),
    { numRuns: 400 },
  )
})
