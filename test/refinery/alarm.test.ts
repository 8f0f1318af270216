/** What is said of a target whose own gate does not pass: a gate that could not run proves no red (law 2). */
import { expect, test } from 'vitest'
import { alarmText } from '../../src/refinery/alarm.ts'
import type { Finding, Verdict } from '../../src/refinery/verdict.ts'

const verdict = (outcome: Finding['outcome'], text: string): Verdict => ({
  is: outcome,
  reds: 2,
  missing: [],
  parts: [{ gate: 'gate', key: 'k', retries: 1, finding: { at: 0, outcome, ms: 1, run: 'r', text, tail: '' } }],
})

test.each([
  ['fail', 'gate "gate" (npm test) ended with exit code 1', 'main itself is red'],
  ['could_not_run', 'gate "gate" (npm test) was ended by SIGKILL', 'the gate cannot run on main itself'],
] as const)('%s', (outcome, text, said) => {
  expect(alarmText('main', verdict(outcome, text))).toBe(`${said}: ${text}`)
})
