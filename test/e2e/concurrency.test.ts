/** Many at once: one winner for each bead (law 6). */
import { expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import { flawsOfMain, leftovers, makeTown, must } from '../support/town.ts'

it('gives ten beads ten runs under twenty slings at once', async () => {
  const town = await makeTown({ set: { 'workers.max': '20' } })
  const beads: string[] = []
  for (let n = 0; n < 10; n++) beads.push(await town.bead(`Bead ${n}`, 'echo x > $GT_BEAD'))

  const answers = await Promise.all(Array.from({ length: 20 }, () => town.gt('sling', ...beads, 'app')))
  expect(answers.map((answer) => answer.code)).toEqual(answers.map(() => 0))

  // Whoever won, everybody is told the same run, and the ledger took one claim for each bead.
  const runs = new Map(town.claims().map(({ bead, run }) => [bead, run]))
  expect(town.claims()).toHaveLength(10)
  expect([...runs.keys()].sort()).toEqual([...beads].sort())
  for (const { data } of answers) {
    expect(data.map((row: Answer) => row.run)).toEqual(beads.map((bead) => runs.get(bead)))
  }

  await must(town.gt('sling', ...beads, 'app', '--wait'))
  expect(town.claims()).toHaveLength(10)
  expect(await flawsOfMain(town, beads)).toEqual([])
  expect(leftovers(town)).toEqual([])
}, 90_000)

it('lets several waiting slings and the daemon drive one town without doing anything twice', async () => {
  const town = await makeTown({ set: { 'workers.max': '3' } })
  const beads: string[] = []
  for (let n = 0; n < 6; n++) beads.push(await town.bead(`Bead ${n}`, 'echo x > $GT_BEAD'))
  const { pid } = await must(town.gt('up'))
  const calls = [0, 1, 2, 3].map((n) => town.gt('sling', ...beads.slice(n, n + 3), 'app', '--wait'))
  for (const call of calls) await must(call)
  expect(town.claims()).toHaveLength(6)
  expect(await flawsOfMain(town, beads)).toEqual([])
  expect(leftovers(town, pid)).toEqual([])
}, 90_000)
