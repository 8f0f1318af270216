import { expect, test } from 'vitest'
import type { StepStatus, View } from '../../src/meow/conditions.ts'
import { holds, parseCondition, stepsNamedIn } from '../../src/meow/conditions.ts'

const STATES: Record<string, StepStatus> = {
  review: 'complete',
  build: 'in_progress',
  'l.iter2': 'open',
  'l.iter2.review': 'open',
  silent: 'complete',
}
const OUTPUT: Record<string, unknown> = { review: { approved: true, errors: 2, by: { name: 'al' }, list: [1] } }
const VIEW: View = {
  status: (step) => STATES[step],
  output: (step) => OUTPUT[step],
  children: (step) => (step === 'build' ? ['complete', 'open', 'closed'] : []),
  completed: 3,
  fileExists: (path) => (path === 'dark' ? undefined : path === 'go.mod'),
  env: (name) => (name === 'CI' ? 'true' : undefined),
}

function answer(text: string, where = {}): boolean | 'unknown' {
  const condition = parseCondition(text)
  if (condition.kind === 'error') throw new Error(condition.failure.message)
  return holds(condition.value, VIEW, where)
}

test.each<[string, boolean | 'unknown']>([
  ["review.status == 'complete'", true],
  ["review.status == 'done'", true],
  ['build.status != "complete"', true],
  ['nobody.status == open', 'unknown'],
  ['review.output.approved == true', true],
  ['review.output.approved == false', false],
  ['review.output.errors <= 2', true],
  ['review.output.errors > 10', false],
  ["review.output.by.name == 'al'", true],
  ['review.output.none == x', false],
  ['review.output.none != x', true],
  ['review.output.none < 3', false],
  ["review.output.list == '[1]'", true],
  ['build.output.ok == true', 'unknown'],
  ['silent.output.ok == true', false],
  ["children(build).all(status == 'complete')", false],
  ["children(build).any(status == 'open')", true],
  ["children(build).count(status == 'complete') >= 2", true],
  ["children(build).count(status == 'complete') > 2", false],
  ["children(nobody).all(status == 'complete')", 'unknown'],
  ['steps.complete >= 3', true],
  ['steps.complete > 3', false],
  ["file.exists('go.mod')", true],
  ['file.exists("package.json")', false],
  ["file.exists('dark')", 'unknown'],
  ["env.CI == 'true'", true],
  ["env.NONE == ''", true],
  ["not env.CI == 'true'", false],
  ["!file.exists('dark')", 'unknown'],
  ["env.CI == 'true' and file.exists('dark')", 'unknown'],
  ["env.CI == 'no' and file.exists('dark')", false],
  ["env.CI == 'true' || file.exists('dark')", true],
  ["env.CI == 'no' and env.CI == 'no' or env.CI == 'true'", true],
  ["env.CI == 'no' && (env.CI == 'no' or env.CI == 'true')", false],
])('%s', (text, is) => {
  expect(answer(text)).toBe(is)
})

test('"step" and a bare field mean the step itself, and a name is looked for in its round first', () => {
  expect(answer('step.output.errors == 2', { self: 'review' })).toBe(true)
  expect(answer('output.errors == 2', { self: 'review' })).toBe(true)
  expect(answer("status == 'complete'", { self: 'build' })).toBe(false)
  expect(answer('output.errors == 2')).toBe('unknown')
  expect(answer("review.status == 'complete'", { scope: 'l.iter2' })).toBe(false)
  expect(answer("silent.status == 'complete'", { scope: 'l.iter2' })).toBe(true)
  expect(answer("l.iter2.review.status == 'open'")).toBe(true)
})

test('steps that a condition looks at', () => {
  const condition = parseCondition("a.output.x == 1 and not (children(b.c).any(status == open) or env.CI == 'x')")
  expect(condition.kind === 'ok' && stepsNamedIn(condition.value)).toEqual(['a', 'b.c'])
})

test.each([
  ['', 'it ends too early'],
  ['review', 'this cannot be read: review'],
  ['review.status = complete', 'this cannot be read: review.status = complete'],
  ["review.status == 'complete' and", 'it ends too early'],
  ["(review.status == 'complete'", 'it ends too early'],
  ["env.CI == 'true' env.CI", 'this cannot be read: env.CI'],
  ['children(b).count(status == open)', 'this cannot be read: children(b).count(status == open)'],
  ['exec("rm")', 'this cannot be read: exec("rm")'],
])('what cannot be read is said: %s', (text, words) => {
  expect(parseCondition(text)).toMatchObject({
    failure: {
      code: 'E_FORMULA',
      message: `The condition ${JSON.stringify(text)} is not one that can be decided: ${words}`,
    },
  })
})
