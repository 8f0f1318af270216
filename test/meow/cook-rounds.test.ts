import { expect, test } from 'vitest'
import { nextRound } from '../../src/meow/cook.ts'
import type { RecipeStep } from '../../src/meow/recipe.ts'
import { aFormula, aStep, aVar, cooked, edges, stepsOf } from './support.ts'

const POLISH = aStep('polish', {
  needs: ['draft'],
  loop: {
    until: 'review.output.ok == true',
    max: 3,
    var: 'n',
    body: [aStep('fix', { title: 'fix {n} for {{who}}' }), aStep('review', { needs: ['fix', 'draft'] })],
  },
})
const F = aFormula('f', {
  vars: { who: aVar({ default: 'me' }) },
  steps: [aStep('draft'), POLISH, aStep('ship', { needs: ['polish'] })],
  advice: [
    {
      target: '*.review',
      before: { id: '{step.id}-lint', title: '', description: '', type: 'task', args: {}, output: {} },
    },
  ],
})

/** The steps of a round, or what is wrong. */
function round(step: RecipeStep | undefined, n: number): string[] | string {
  const made = nextRound(step!, n)
  return made.kind === 'ok' ? edges({ steps: made.value }) : made.failure.message
}

test('the first round is in the recipe; every other is the same under its own number, advice included', () => {
  const recipe = cooked([F])
  const first = [
    'polish/polish.iter1.fix',
    'polish/polish.iter1.review-lint < polish.iter1.fix draft',
    'polish/polish.iter1.review < polish.iter1.review-lint',
  ]
  expect(edges(recipe)).toEqual(['draft', 'polish < draft', ...first, 'ship < polish'])
  const group = recipe.steps[1]
  expect(group).toMatchObject({ type: 'epic', until: { condition: 'review.output.ok == true', max: 3, var: 'n' } })
  expect(round(group, 1)).toEqual(first)
  expect(round(group, 2)).toEqual(first.map((line) => line.replaceAll('iter1', 'iter2')))
  const second = nextRound(group!, 2)
  expect(recipe.steps[2]!.title).toBe('fix 1 for me')
  expect(second).toMatchObject({ value: [{ title: 'fix 2 for me', parent: 'polish' }, {}, {}] })
})

test('after the last round, and for other steps, it says so', () => {
  const recipe = cooked([F])
  expect(round(recipe.steps[1], 4)).toBe(
    'Formula f, steps[1]: step polish has had its 3 rounds, and review.output.ok == true does not hold.',
  )
  expect(round(recipe.steps[0], 2)).toBe('Formula f, steps[0]: step draft is no loop with an end by condition.')
})

test('a recipe survives being written down: rounds can be made from what was read back', () => {
  const group = cooked([F]).steps[1]!
  expect(nextRound(JSON.parse(JSON.stringify(group)), 2)).toEqual(nextRound(group, 2))
})

test('loops in such a loop, of either kind, are of their round', () => {
  const inner = aStep('in', {
    loop: { until: 'step.output.ok == true', max: 2, var: 'm', body: [aStep('z', { title: '{n}.{m}' })] },
  })
  const twice = aStep('two', { needs: ['in'], loop: { count: 2, body: stepsOf('w') } })
  const outer = aStep('out', { loop: { until: 'step.output.ok == true', max: 2, var: 'n', body: [inner, twice] } })
  const recipe = cooked([aFormula('f', { steps: [outer] })])
  const second = nextRound(recipe.steps[0]!, 2)
  if (second.kind === 'error') throw new Error(second.failure.message)
  expect(edges({ steps: second.value })).toEqual([
    'out/out.iter2.in',
    'out.iter2.in/out.iter2.in.iter1.z',
    'out/out.iter2.two < out.iter2.in',
    'out.iter2.two/out.iter2.two.iter1.w',
    'out.iter2.two/out.iter2.two.iter2.w < out.iter2.two.iter1.w',
  ])
  expect(second.value[1]!.title).toBe('2.1')
  expect(nextRound(second.value[0]!, 2)).toMatchObject({ value: [{ id: 'out.iter2.in.iter2.z', title: '2.2' }] })
})

test('a step that an expansion named without its target has another id in each round', () => {
  const t = aFormula('t', { type: 'expansion', template: stepsOf('odd', '{target}.even < odd') })
  const steps = [aStep('l', { loop: { until: 'step.output.ok == true', max: 2, body: [aStep('x', { expand: 't' })] } })]
  const recipe = cooked([aFormula('f', { steps }), t])
  expect(round(recipe.steps[0], 1)).toEqual(['l/odd', 'l/l.iter1.x.even < odd'])
  expect(round(recipe.steps[0], 2)).toEqual(['l/l.iter2.odd', 'l/l.iter2.x.even < l.iter2.odd'])
})
