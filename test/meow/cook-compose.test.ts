import { expect, test } from 'vitest'
import type { AdviceStep } from '../../src/meow/formulas/formula.ts'
import { aFormula, aStep, aVar, complaint, cooked, edges, stepsOf } from './support.ts'

const adviceStep = (id: string): AdviceStep => ({ id, title: '', description: '', type: 'task', args: {}, output: {} })
const CHAIN = stepsOf('a', 'b < a', 'c < b')

test('extends: a step of the same id is replaced where it stands, others come behind, and nothing is lost', () => {
  const base = aFormula('base', {
    description: 'words',
    phase: 'vapor',
    vars: { x: aVar({ default: '1' }), y: aVar({ default: '1' }) },
    steps: CHAIN,
    compose: {
      branch: [{ from: 'a', steps: ['n'], join: 'c' }],
      gate: [{ before: 'c', condition: "env.CI == 'true'" }],
    },
    advice: [{ target: 'b', after: adviceStep('{step.id}-scan') }],
  })
  const child = aFormula('child', {
    extends: ['base'],
    vars: { y: aVar({ default: '2' }) },
    steps: [aStep('b', { title: 'mine {{x}}{{y}}', needs: ['a'] }), ...stepsOf('n')],
  })
  const recipe = cooked([child, base])
  expect(edges(recipe)).toEqual(['a', 'b < a', 'b-scan < b', 'n < a', 'c < b-scan n'])
  expect(recipe).toMatchObject({ phase: 'vapor', description: 'words' })
  expect(recipe.steps.find(({ id }) => id === 'b')).toMatchObject({ title: 'mine 12', source: { formula: 'child' } })
  expect(recipe.steps.at(-1)!.when).toBe("env.CI == 'true'")
})

test('extends: a later parent goes before an earlier one; a ring and a missing parent are said', () => {
  const one = aFormula('one', { steps: [aStep('a', { title: 'one' }), aStep('b')] })
  const two = aFormula('two', { steps: [aStep('a', { title: 'two' })] })
  expect(cooked([aFormula('f', { extends: ['one', 'two'] }), one, two]).steps.map(({ title }) => title)).toEqual([
    'two',
    'b',
  ])
  const ring = aFormula('ring', { extends: ['back'] })
  expect(complaint([ring, aFormula('back', { extends: ['ring'] })])).toBe(
    'Formula ring extends itself: ring → back → ring.',
  )
  expect(complaint([aFormula('f', { extends: ['oen'] }), one])).toBe(
    'Formula oen, which f names, is not there. Did you mean one?',
  )
})

test('parallel: neighbours need what the first of them needs, unless they say what they need', () => {
  const steps = [
    aStep('plan'),
    aStep('x', { parallel: true, needs: ['plan'] }),
    aStep('y', { parallel: true }),
    aStep('z', { parallel: true, needs: ['y'] }),
    aStep('free'),
    aStep('alone', { parallel: true }),
  ]
  expect(edges(cooked([aFormula('f', { steps })]))).toEqual(['plan', 'x < plan', 'y < plan', 'z < y', 'free', 'alone'])
})

test('branch: its steps need where it comes from, and are needed where it joins', () => {
  const compose = { branch: [{ from: 'a', steps: ['b', 'c'], join: 'd' }] }
  const steps = stepsOf('a', 'b', 'c', 'd')
  expect(edges(cooked([aFormula('f', { steps, compose })]))).toEqual(['a', 'b < a', 'c < a', 'd < b c'])
  expect(complaint([aFormula('f', { steps: stepsOf('a', 'b', 'c', 'dd'), compose })])).toBe(
    'Formula f names step d in compose.branch, and has no such step. Did you mean a?',
  )
})

test('gate: a condition that cannot be read, or looks at a step that is not there, is said', () => {
  const gated = (condition: string) => aFormula('f', { steps: CHAIN, compose: { gate: [{ before: 'c', condition }] } })
  expect(cooked([gated("a.status == 'complete'")]).steps.at(-1)!.when).toBe("a.status == 'complete'")
  expect(complaint([gated('a looks good')])).toBe(
    'Formula f, compose.gate before c: The condition "a looks good" is not one that can be decided: this cannot be read: a looks good',
  )
  expect(complaint([gated('d.output.ok == true')])).toBe(
    'Formula f, steps[2]: step c looks in its gate at d, and there is no such step. Did you mean a?',
  )
})

test('advice: what comes before takes over the needs, and the last that comes after is needed in the step’s place', () => {
  const advice = [
    { target: 'b', before: adviceStep('{step.id}-check') },
    {
      target: '*',
      around: {
        before: [adviceStep('{step.id}-in')],
        after: [adviceStep('{step.id}-out'), adviceStep('{step.id}-end')],
      },
    },
  ]
  const recipe = cooked([aFormula('f', { steps: stepsOf('a', 'b < a'), advice })])
  expect(edges(recipe)).toEqual([
    'a-in',
    'a < a-in',
    'a-out < a',
    'a-end < a-out',
    'b-check < a-end',
    'b-in < b-check',
    'b < b-in',
    'b-out < b',
    'b-end < b-out',
  ])
  expect(recipe.steps[0]).toMatchObject({ title: 'a-in', source: { formula: 'f', location: 'advice[1].before[0]' } })
})

test('aspects: pointcuts choose, variables have their own defaults, and one aspect leaves another’s steps alone', () => {
  const aspect = (name: string, more = {}) =>
    aFormula(name, {
      type: 'aspect',
      vars: { tool: aVar({ default: `${name} tool` }) },
      advice: [
        { target: '*', after: { ...adviceStep(`{step.id}-${name}`), title: '{{tool}} on {step.title}, {{x}}' } },
      ],
      ...more,
    })
  const f = aFormula('f', {
    vars: { x: aVar({ default: 'X' }) },
    steps: [aStep('a', { labels: ['risky'] }), aStep('b', { needs: ['a'] })],
    compose: { aspects: ['scan', 'log'] },
  })
  const recipe = cooked([f, aspect('scan', { pointcuts: [{ label: 'risky' }] }), aspect('log')])
  expect(edges(recipe)).toEqual(['a', 'a-log < a', 'a-scan < a-log', 'b < a-scan', 'b-log < b'])
  expect(recipe.steps[1]!.title).toBe('log tool on a, X')
  expect(complaint([f, aspect('scan'), aFormula('log', { type: 'aspect' })])).toBe(
    'Formula f has log among its aspects, and that gives no advice.',
  )
  expect(complaint([aspect('scan')])).toBe(
    'Formula scan is advice for steps of other formulas: name it in their compose.aspects.',
  )
})

const TWICE = aFormula('twice', {
  type: 'expansion',
  vars: { how: aVar({ default: 'well' }) },
  template: [
    aStep('{target}.one', { title: '{target.title} {{how}}' }),
    aStep('{target}.two', { needs: ['{target}.one'], description: '{target.description}' }),
  ],
})

test('expand: the template takes over what the step needed and whoever needed it', () => {
  const steps = [
    aStep('a'),
    aStep('b', { title: 'B', description: 'about b', needs: ['a'], expand: 'twice', labels: ['l'] }),
    aStep('c', { needs: ['b'] }),
  ]
  const recipe = cooked([aFormula('f', { steps }), TWICE])
  expect(edges(recipe)).toEqual(['a', 'b.one < a', 'b.two < b.one', 'c < b.two'])
  expect(recipe.steps[1]).toMatchObject({
    title: 'B well',
    labels: ['l'],
    source: { formula: 'twice', location: 'template[0]' },
  })
  expect(recipe.steps[2]!.description).toBe('about b')
})

test('compose.expand by name, compose.map by glob, with variables of the formula around', () => {
  const vars = { x: aVar({ default: 'fast' }) }
  const by = (compose: object) =>
    aFormula('f', { vars, steps: stepsOf('a', 'w.b < a', 'w.c < a', 'd < w.b w.c'), compose })
  const expand = [{ target: 'a', with: 'twice', vars: { how: '{{x}}' } }]
  const recipe = cooked([by({ expand, map: [{ select: 'w.*', with: 'twice', vars: {} }] }), TWICE])
  expect(edges(recipe)).toEqual([
    'a.one',
    'a.two < a.one',
    'w.b.one < a.two',
    'w.b.two < w.b.one',
    'w.c.one < a.two',
    'w.c.two < w.c.one',
    'd < w.b.two w.c.two',
  ])
  expect(recipe.steps[0]!.title).toBe('a fast')
  expect(complaint([by({ map: [{ select: 'v.*', with: 'twice', vars: {} }] }), TWICE])).toBe(
    'Formula f names step v.* in compose.map, and has no such step.',
  )
})

test('a template may be within a template, five deep', () => {
  const deep = (n: number) =>
    aFormula(`t${n}`, {
      type: 'expansion',
      template: [aStep('{target}.x', n === 0 ? {} : { expand: `t${n - 1}` })],
    })
  const f = (n: number) => aFormula('f', { steps: [aStep('a', { expand: `t${n}` })] })
  const all = [0, 1, 2, 3, 4, 5].map(deep)
  expect(edges(cooked([f(4), ...all]))).toEqual(['a.x.x.x.x.x'])
  expect(complaint([f(5), ...all])).toBe(
    'Formula t1: step a.x.x.x.x.x is expanded by t0 and more than 5 templates deep.',
  )
})

test('an expansion is cooked alone as if for a step "main"; a workflow is none', () => {
  expect(edges(cooked([TWICE]))).toEqual(['main.one', 'main.two < main.one'])
  const f = aFormula('f', { steps: [aStep('a', { expand: 'w' })] })
  expect(complaint([f, aFormula('w', { steps: CHAIN })])).toBe(
    'Formula f: step a cannot be expanded by w: that is a workflow without a template.',
  )
})

test('hooks: steps hang on each that the trigger fits, and at a bond point', () => {
  const extra = aFormula('extra', { steps: stepsOf('look', 'write < look') })
  const steps = [
    aStep('a', { priority: 0 }),
    aStep('b', { priority: 2, needs: ['a'], labels: ['x'] }),
    aStep('c', { needs: ['b'] }),
  ]
  const by = (trigger: string, more = {}) =>
    cooked([
      aFormula('f', {
        steps,
        compose: {
          hooks: [{ trigger, attach: 'extra', vars: {}, ...more }],
          bond_points: [
            { id: 'start', description: '', before_step: 'a', parallel: false },
            { id: 'side', description: '', after_step: 'a', parallel: true },
          ],
        },
      }),
      extra,
    ])
  expect(edges(by('priority:0-1'))).toEqual(['a', 'a.look < a', 'a.write < a.look', 'b < a.write', 'c < b'])
  expect(edges(by('label:x'))).toEqual(['a', 'b < a', 'b.look < b', 'b.write < b.look', 'c < b.write'])
  expect(edges(by('type:bug'))).toEqual(['a', 'b < a', 'c < b'])
  expect(edges(by('label:x', { at: 'start' }))).toEqual(['a.look', 'a.write < a.look', 'a < a.write', 'b < a', 'c < b'])
  expect(edges(by('label:x', { at: 'side' }))).toEqual(['a', 'a.look < a', 'a.write < a.look', 'b < a', 'c < b'])
  expect(() => by('colour:red')).toThrow('the trigger colour:red in compose.hooks cannot be read')
})

test('on_complete carries the formulas that it will need, and no others', () => {
  const steps = [
    aStep('a', {
      on_complete: { for_each: 'output.items', bond: 'sub', vars: { n: '{item.name} {{x}}' }, sequential: true },
    }),
  ]
  const f = aFormula('f', { vars: { x: aVar({ default: '1' }) }, steps })
  const sub = aFormula('sub', { extends: ['base'] })
  const [step] = cooked([f, sub, aFormula('base', { steps: CHAIN }), TWICE]).steps
  expect(step!.onComplete).toMatchObject({ forEach: 'output.items', vars: { n: '{item.name} 1' }, sequential: true })
  expect(Object.keys(step!.onComplete!.bond.formulas)).toEqual(['sub', 'base'])
  expect(complaint([f])).toBe('Formula sub, which f names, is not there.')
})

test('waits_for: for the parts of the first step that it needs, or of one by name', () => {
  const steps = [
    aStep('a'),
    aStep('b', { needs: ['a'], waits_for: 'any-children' }),
    aStep('c', { waits_for: 'children-of(b)' }),
  ]
  const recipe = cooked([aFormula('f', { steps })])
  expect(recipe.steps.map(({ waitsFor }) => waitsFor)).toEqual([
    undefined,
    { gate: 'any-children', of: 'a' },
    { gate: 'all-children', of: 'b' },
  ])
  expect(recipe.steps[2]!.needs).toEqual(['b'])
})
