import { expect, test } from 'vitest'
import { aFormula, aStep, aVar, complaint, cooked, edges, stepsOf } from './support.ts'

const CLASSIC = aFormula('classic', {
  vars: { feature: aVar({ required: true }) },
  steps: [
    aStep('design', { title: 'Design {{feature}}' }),
    aStep('implement', { title: 'Implement {{feature}}', needs: ['design'] }),
    ...stepsOf('review < implement', 'test < review', 'submit < test'),
  ],
})

test('the classic example has the edges that the original gives it', () => {
  const recipe = cooked([CLASSIC], { feature: 'login' })
  expect(edges(recipe)).toEqual([
    'design',
    'implement < design',
    'review < implement',
    'test < review',
    'submit < test',
  ])
  expect(recipe).toMatchObject({ kind: 'molecule', title: 'classic: login', vars: { feature: 'login' } })
  expect(recipe.steps.map(({ title }) => title).slice(0, 3)).toEqual(['Design login', 'Implement login', 'review'])
  expect(recipe.steps[1]!.source).toEqual({ formula: 'classic', location: 'steps[1]' })
})

test('a formula that is only looked at keeps what has no value', () => {
  const recipe = cooked([CLASSIC], {}, { keep: true })
  expect(recipe.steps[0]!.title).toBe('Design {{feature}}')
})

test('whoever needs a group waits for its parts, and the parts for what the group needs', () => {
  const group = aStep('build', { needs: ['plan'], children: stepsOf('docs', 'code') })
  const recipe = cooked([aFormula('f', { steps: [...stepsOf('ship < build'), group, ...stepsOf('plan')] })])
  expect(edges(recipe)).toEqual(['plan', 'build < plan', 'build/docs', 'build/code', 'ship < build'])
  expect(recipe.steps[1]!.type).toBe('epic')
})

test.each([
  [stepsOf('a < c', 'b < a', 'c < b'), 'Formula f goes round in a ring, each needing the next: a → c → b → a.'],
  [[aStep('g', { children: stepsOf('p < g') })], 'Formula f goes round in a ring, each needing the next: p → g → p.'],
  [
    stepsOf('build', 'test < biuld'),
    'Formula f, steps[1]: step test needs biuld, and there is no such step. Did you mean build?',
  ],
  [stepsOf('a', 'a'), 'Formula f has two steps with the id a: f steps[0] and f steps[1].'],
  [[], 'Formula f has no steps.'],
])('what cannot be put in order is said: %#', (steps, words) => {
  expect(complaint([aFormula('f', { steps })])).toBe(words)
})
