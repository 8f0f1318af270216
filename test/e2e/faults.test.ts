/**
 * The proof of supervision as a whole: thirty workers and many faults, drawn from a seed; afterwards nothing is lost,
 * nothing landed twice, and nobody is left. The laws are those of `gt drill` (src/drill/laws.ts).
 *
 * GT_TEST_SEED: another seed. GT_TEST_FAULTS: more of them (200 take two minutes alone; CI has no room for that).
 */
import { afterEach, expect, it } from 'vitest'
import { paceFor } from '../../src/drill/agent.ts'
import { leave } from '../../src/drill/leave.ts'
import { reportText } from '../../src/drill/report.ts'
import type { Stage } from '../../src/drill/run.ts'
import { drill } from '../../src/drill/run.ts'
import { makeFolder } from '../../src/scratch/folder.ts'

const SEED = Number(process.env.GT_TEST_SEED ?? 20_260)
const FAULTS = Number(process.env.GT_TEST_FAULTS ?? 50)
const WORKERS = 30
const EVERY_MS = 250

const open: { dir: string; stage: Stage }[] = []
afterEach(async () => {
  for (const { dir, stage } of open.splice(0)) expect(await leave(dir, stage.town, false)).toMatchObject({ kind: 'ok' })
})

it(
  `loses nothing under ${FAULTS} faults and ${WORKERS} workers`,
  async () => {
    const dir = makeFolder('faults')
    if (dir.kind === 'error') throw new Error(dir.failure.message)
    const stage: Stage = { town: undefined }
    open.push({ dir: dir.value, stage })
    const lines: string[] = []
    const drilled = await drill(
      dir.value,
      {
        seed: SEED,
        faults: FAULTS,
        shape: { rigs: [1], workers: WORKERS, attempts: 3, rounds: 3, like: null },
        everyMs: EVERY_MS,
        pace: paceFor(WORKERS),
        restMs: 240_000,
        env: process.env,
        signal: new AbortController().signal,
        say: (line) => void lines.push(line),
      },
      stage,
    )
    if (drilled.kind === 'error') throw new Error(drilled.failure.message)
    const report = drilled.value
    const told = [...lines, reportText(report), `Again: GT_TEST_SEED=${SEED} npx vitest run test/e2e/faults.test.ts`]
    if (process.env.GT_TEST_TELL) console.log(told.join('\n'))
    expect(report.hits.length, told.join('\n')).toBeGreaterThanOrEqual(FAULTS)
    expect(report.runs.most_at_once, told.join('\n')).toBe(WORKERS)
    expect(
      report.laws.filter(({ held }) => !held),
      told.join('\n'),
    ).toEqual([])
  },
  // Two minutes on two idle cores; this only bounds it.
  300_000 + FAULTS * 1_000,
)
