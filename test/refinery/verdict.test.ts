import { expect, test } from 'vitest'
import type { Finding, GateKey } from '../../src/refinery/verdict.ts'
import { culprit, isGreen, isRed, reportOf, UNGATED, verdictOf } from '../../src/refinery/verdict.ts'

const LINT: GateKey = { name: 'lint', key: 'k1' }
const TEST: GateKey = { name: 'test', key: 'k2' }
const NOON = Date.UTC(2026, 0, 1, 12)

const found = (at: number, outcome: Finding['outcome'], more: Partial<Finding> = {}): Finding => ({
  at: NOON + at,
  outcome,
  ms: 40,
  run: `r${at}`,
  text: outcome,
  tail: '',
  ...more,
})

/** The verdict on a tree with these findings, by key; reds from before `since` seconds after noon do not count. */
const verdict = (known: Record<string, Finding[]>, since = 0, gates = [LINT, TEST]) =>
  verdictOf(gates, (key) => known[key] ?? [], NOON + since)

test('nothing is known: every gate is missing', () => {
  expect(verdict({})).toEqual({ is: 'unknown', reds: 0, missing: [LINT, TEST], parts: [] })
})

test('unknown until the last gate has passed', () => {
  const half = verdict({ k1: [found(1, 'pass')] })
  expect(half).toMatchObject({ is: 'unknown', missing: [TEST] })
  expect([isGreen(half), isRed(half)]).toEqual([false, false])
  const whole = verdict({ k1: [found(1, 'pass')], k2: [found(2, 'pass')] })
  expect(whole).toMatchObject({ is: 'pass', reds: 0, missing: [] })
  expect(whole.parts.map(({ gate, key, finding }) => `${gate} ${key} ${finding.run}`)).toEqual([
    'lint k1 r1',
    'test k2 r2',
  ])
  expect(isGreen(whole)).toBe(true)
})

test('the first red gate decides, with its reds in a row', () => {
  const known = { k1: [found(1, 'fail'), found(2, 'could_not_run')], k2: [found(3, 'fail')] }
  expect(verdict(known)).toMatchObject({ is: 'could_not_run', reds: 2, redAt: NOON + 2, missing: [LINT] })
  expect(isRed(verdict(known))).toBe(true)
})

test('a red gate is run again, and after it what has never run', () => {
  expect(verdict({ k1: [found(1, 'fail')] })).toMatchObject({ is: 'fail', reds: 1, missing: [LINT, TEST] })
  expect(verdict({ k2: [found(1, 'fail')] }), 'the first was never run').toMatchObject({
    is: 'fail',
    missing: [LINT, TEST],
  })
})

test('red, then green on the same content: flaky, which is green', () => {
  const flaky = verdict({ k1: [found(1, 'fail'), found(2, 'fail'), found(3, 'pass')], k2: [found(4, 'pass')] })
  expect(flaky).toMatchObject({ is: 'flaky', reds: 0, missing: [] })
  expect(flaky.parts[0]).toMatchObject({ gate: 'lint', retries: 2 })
  expect(isGreen(flaky)).toBe(true)
})

test('a green in between begins the count anew', () => {
  const known = { k1: [found(1, 'fail'), found(2, 'pass'), found(3, 'fail')], k2: [] }
  expect(verdict(known)).toMatchObject({ is: 'fail', reds: 1, redAt: NOON + 3 })
})

test('a red from before the work was handed in is forgotten, a green is not', () => {
  expect(verdict({ k1: [found(1, 'fail')] }, 5)).toMatchObject({ is: 'unknown', reds: 0, missing: [LINT, TEST] })
  expect(verdict({ k1: [found(1, 'pass')], k2: [found(2, 'pass')] }, 5)).toMatchObject({ is: 'pass' })
  expect(verdict({ k1: [found(1, 'fail'), found(6, 'fail')] }, 5)).toMatchObject({ is: 'fail', reds: 1 })
  const green = verdict({ k1: [found(1, 'fail'), found(6, 'pass')], k2: [found(7, 'pass')] }, 5)
  expect(green, 'its red was another work’s').toMatchObject({ is: 'pass', parts: [{ retries: 0 }, { retries: 0 }] })
})

test('no gates at all: a pass, by the owner’s recorded word', () => {
  expect(verdict({}, 0, [])).toMatchObject({ is: 'pass', missing: [] })
  expect(isGreen(UNGATED)).toBe(true)
})

test('who made it red', () => {
  const red = verdict({ k1: [found(1, 'pass')], k2: [found(2, 'fail', { exit_code: 3 })] })
  expect(culprit(red)).toMatchObject({ gate: 'test', finding: { run: 'r2' } })
  expect(culprit(verdict({ k1: [found(1, 'pass')] }))).toBeUndefined()
})

test('as the ledger keeps it', () => {
  const at = new Date(NOON).toISOString()
  const red = verdict({ k1: [found(1, 'pass')], k2: [found(2, 'fail', { exit_code: 3 })] })
  expect(reportOf(red, 'tree1', 'npm test', at)).toEqual({
    outcome: 'fail',
    command: 'npm test',
    tree: 'tree1',
    ms: 80,
    exit_code: 3,
    at,
  })
  expect(reportOf(verdict({}), 'tree1', 'npm test', at)).toMatchObject({ outcome: 'could_not_run', ms: 0 })
  expect(reportOf(UNGATED, 'tree1', '', at)).not.toHaveProperty('exit_code')
})
