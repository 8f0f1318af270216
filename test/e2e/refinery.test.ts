/** The merge queue for real: thirty merge requests on a repository of ten thousand files, every verdict among them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import type { Queue, Submitted } from '../support/queue.ts'
import { queueOf } from '../support/queue.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, makeTown, must } from '../support/town.ts'

/**
 * Red while a file `bad/…` is there. With `flaky` in the tree it is red the first time, whatever the tree. What is
 * counted is written down by the town's own wrapper: the tree of every run.
 */
const GATE = `if ls bad/* >/dev/null 2>&1; then echo "there is a bad file: $(ls bad)"; exit 1; fi
if [ -e flaky ] && mkdir "$HOME/flaked" 2>/dev/null; then echo "a flake"; exit 1; fi`

/** How often the gate ran. */
const runsOf = (town: TestTown): number => readFileSync(join(town.dir, 'gates.log'), 'utf8').trim().split('\n').length

/** 30 changes: 2 bad ones, 1 flaky one, and 2 that conflict with earlier ones; the rest is good. */
function thirty(queue: Queue): Record<'good' | 'bad' | 'flaky' | 'conflicting', Submitted[]> {
  const all: ReturnType<typeof thirty> = { good: [], bad: [], flaky: [], conflicting: [] }
  for (let n = 0; n < 30; n++) {
    const files = { [`new/n${n}.txt`]: `${n}\n`, [`d${n}/f${n}.txt`]: 'changed\n' }
    if (n === 7 || n === 19) all.bad.push(queue.submit({ files: { ...files, [`bad/b${n}.txt`]: 'bad\n' } }))
    else if (n === 12) all.flaky.push(queue.submit({ files: { ...files, flaky: '' } }))
    else if (n === 10 || n === 22) {
      all.conflicting.push(queue.submit({ files: { ...files, [`d${n - 1}/f${n - 1}.txt`]: 'otherwise\n' } }))
    } else all.good.push(queue.submit({ files }))
  }
  return all
}

function check(queue: Queue, all: ReturnType<typeof thirty>): void {
  for (const one of [...all.good, ...all.flaky]) expect(queue.merge(one)).toMatchObject({ state: 'landed' })
  for (const one of all.bad) {
    const { state, returns, rule, evidence, tests } = queue.merge(one)
    expect({ state, returns, rule }).toEqual({
      state: 'red',
      returns: 1,
      rule: 'red twice on the same tree, alone on a target that passes',
    })
    expect(evidence).toContain('there is a bad file')
    expect(Buffer.byteLength(evidence ?? '')).toBeLessThanOrEqual(2048)
    // Alone in its last two runs, on one tree.
    const [before, last] = (tests ?? []).slice(-2)
    expect([before?.tree, before?.outcome, last?.outcome, last?.place]).toEqual([last?.tree, 'fail', 'fail', 1])
  }
  for (const one of all.conflicting) {
    expect(queue.merge(one)).toMatchObject({ state: 'conflict', returns: 1 })
    expect(queue.merge(one).evidence).toContain('git merge')
  }
}

it('lands 26 of 30 in a few tested steps, with 2 bad, 2 conflicting and 1 flaky among them', async () => {
  const town = await makeTown({ remote: 'bare', many: 10_000, gate: GATE })
  const queue = queueOf(town)
  const all = thirty(queue)
  await must(town.gt('refinery', 'run', 'app'))
  check(queue, all)
  const landed = [...all.good, ...all.flaky].map(({ bead }) => bead)
  expect(await flawsOfMain(town, landed)).toEqual([])
  // One by one this would be thirty runs and a few for the bad ones. Two bad ones and a flake in 28 cost about eighteen.
  expect(runsOf(town)).toBeLessThanOrEqual(22)
  expect(town.landings().length).toBeLessThan(12)

  const [stats] = await must(town.gt('mq', 'stats', '--rig', 'app'))
  expect(stats).toMatchObject({
    landed: 26,
    red: 2,
    conflicts: 2,
    false_red: 0,
    flakes: 1,
    landings: town.landings().length,
  })
  expect(stats.runs_per_landing).toBeLessThan(0.9)
  // A flake shows where the search for its culprit ends: on a lone suspect that is green the second time.
  const flaky = [...all.good, ...all.flaky].find((one) => queue.merge(one).gate?.outcome === 'flaky')
  const { merge_request: why } = await must(town.gt('why', flaky!.bead))
  expect(why).toMatchObject({ verdict: 'flaky', rule: expect.stringContaining('red, then green on the same tree') })
  expect(why.tests.map((test: Answer) => test.outcome)).toContain('fail')
  expect((await must(town.gt('why', all.bad[0]!.request))).rule).toContain('red twice')
  queue.close()
}, 120_000)

it('does the same in two slots', async () => {
  const town = await makeTown({ remote: 'bare', gate: GATE, set: { 'rig.app.refinery.slots': '2' } })
  const queue = queueOf(town)
  const all = thirty(queue)
  await must(town.gt('refinery', 'run', 'app'))
  check(queue, all)
  const landed = [...all.good, ...all.flaky].map(({ bead }) => bead)
  expect(await flawsOfMain(town, landed)).toEqual([])
  expect(runsOf(town)).toBeLessThanOrEqual(26)
  queue.close()
}, 120_000)
