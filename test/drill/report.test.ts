import { expect, test } from 'vitest'
import type { Report } from '../../src/drill/report.ts'
import { figures, hitLine, reportText, rowsOf } from '../../src/drill/report.ts'
import { aHit } from './support.ts'

const times = (noticed: number | null, recovered: number | null) => ({ noticed, recovered, settled: true })

test('figures are ones that were measured', () => {
  expect(figures([])).toEqual({ p50: null, max: null })
  expect(figures([null, 5, null])).toEqual({ p50: 5, max: 5 })
  expect(figures([40, 10, 30, 20])).toEqual({ p50: 20, max: 40 })
  expect(figures([30, 10, 20])).toEqual({ p50: 20, max: 30 })
})

test('there is a row for each kind that hit, in a fixed order', () => {
  const rows = rowsOf([
    { hit: aHit(1, 'torn'), times: times(null, 9) },
    { hit: aHit(2, 'agent'), times: times(100, 300) },
    { hit: aHit(3, 'agent'), times: times(200, 250) },
  ])
  expect(rows.map(({ kind, count, noticed, recovered }) => [kind, count, noticed, recovered])).toEqual([
    ['agent', 2, { p50: 100, max: 200 }, { p50: 250, max: 300 }],
    ['torn', 1, { p50: null, max: null }, { p50: 9, max: 9 }],
  ])
})

test('a line says what was hit and what came of it', () => {
  const hit = aHit(1, 'agent', { n: 12, what: 'toast, run r1' })
  expect(hitLine(hit, times(80, 1_440), '  1.0 s')).toBe(
    '  1.0 s  #12  agent    toast, run r1: noticed after 80 ms, recovered after 1.4 s',
  )
  expect(hitLine(hit, times(null, null), '')).toContain(': nothing to mend')
  expect(hitLine(hit, { ...times(80, null), settled: false }, '')).toContain('noticed after 80 ms, what came of it was')
  expect(hitLine({ ...hit, wrong: 'it was accepted' }, times(null, null), '')).toContain('WRONG: it was accepted')
})

test('the card names the seed, what was not tried and why, and each law with what broke it', () => {
  const report: Report = {
    seed: 7,
    like: 'home',
    rigs: 1,
    workers: 4,
    seconds: 61.2,
    rest_seconds: 3,
    beads: { acknowledged: 9, landed: 8 },
    runs: { begun: 14, most_at_once: 4 },
    person: { answered: 1, ups: 2, rests: 0 },
    faults: rowsOf([{ hit: aHit(2, 'agent'), times: times(100, null) }]),
    hits: [],
    untried: [{ kind: 'disk', title: 'fill the disk', why: 'needs root and a tmpfs to mount' }],
    laws: [
      { law: 'It holds.', held: true, seen: [] },
      { law: 'It does not.', held: false, seen: ['gp-a is gone'] },
    ],
    kept: null,
  }
  const text = reportText(report)
  for (const part of [
    'Seed 7: 1 rig, 4 workers, like home; 61.2 s.',
    'fill the disk: not tried: needs root and a tmpfs to mount',
    '9 beads acknowledged, 8 landed, in 14 runs',
    'gt up 2 times, what a bead asked for once',
    'Laws (1 of 2 held):',
    '  yes  It holds.',
    '  NO   It does not.\n         gp-a is gone',
  ]) {
    expect(text).toContain(part)
  }
  expect(text).toMatch(/kill -9 an agent +1 +100 ms +100 ms +- +-\n/)
})
