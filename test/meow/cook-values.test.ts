import { describe, expect, test } from 'vitest'
import { calculate, rangeOf } from '../../src/meow/cook/arithmetic.ts'
import { decide } from '../../src/meow/cook/leave-out.ts'
import { cook } from '../../src/meow/cook.ts'
import { aFormula, aStep, aVar, complaint, cooked, edges, frozenOf, stepsOf } from './support.ts'

const told = (vars: object, given: Record<string, string> = {}) =>
  cooked([aFormula('f', { vars: vars as never, steps: [aStep('a')] })], given).vars
const untold = (vars: object, given: Record<string, string> = {}) =>
  complaint([aFormula('f', { vars: vars as never, steps: [aStep('a', { title: '{{used}}' })] })], given)

test('values: given, then the default, then nothing', () => {
  const vars = { a: aVar({ default: '1' }), b: aVar({ default: '1' }), c: aVar() }
  expect(told(vars, { b: '2' })).toEqual({ a: '1', b: '2', c: '' })
})

test.each([
  [
    { who: aVar({ required: true, description: 'who it is for' }) },
    {},
    'Formula f needs a value for who (who it is for).',
  ],
  [{ who: aVar({ required: true }) }, { who: '' }, 'Formula f needs a value for who.'],
  [{ a: aVar({ required_unless: ['b'] }), b: aVar() }, {}, 'Formula f needs a value for a, unless b is given.'],
  [{ n: aVar({ type: 'int' }) }, { n: '1.5' }, 'Formula f: n is "1.5", and must be a whole number.'],
  [{ n: aVar({ type: 'number' }) }, { n: 'x' }, 'Formula f: n is "x", and must be a number.'],
  [{ n: aVar({ type: 'bool' }) }, { n: 'maybe' }, 'Formula f: n is "maybe", and must be true or false.'],
  [
    { n: aVar({ enum: ['small', 'large'] }) },
    { n: 'smal' },
    'Formula f: n is "smal", and must be one of small, large. Did you mean small?',
  ],
  [{ n: aVar({ pattern: '^v\\d+$' }) }, { n: '2' }, 'Formula f: n is "2", and must be like ^v\\d+$.'],
  [{ n: aVar({ pattern: '(' }) }, { n: '2' }, 'Formula f: the pattern of n is no regular expression: ('],
  [{ feature: aVar() }, { featrue: 'x' }, 'Formula f has no variable featrue. Did you mean feature?'],
  [{ feature: aVar() }, { colour: 'x' }, 'Formula f has no variable colour. It has feature.'],
])('values that do not do: %#', (vars, given, words) => {
  expect(untold(vars, given as never)).toBe(words)
})

test('a failure about values says what to type, and is of its own kind', () => {
  const done = cook(frozenOf(aFormula('f', { vars: { x: aVar({ required: true }) }, steps: [aStep('a')] })), {})
  expect(done).toMatchObject({ failure: { code: 'E_VARS', hint: '--var x=…', kept: 'Nothing was made.' } })
})

test('what a formula uses may be given, declared or not; required_unless is met by a default too', () => {
  expect(cooked([aFormula('f', { steps: [aStep('a', { title: '{{used}}' })] })], { used: 'yes' }).steps[0]!.title).toBe(
    'yes',
  )
  expect(told({ a: aVar({ required_unless: ['b'] }), b: aVar({ default: 'x' }) })).toEqual({ a: '', b: 'x' })
})

test('a value is never read as a placeholder, and what has no value stays', () => {
  const steps = [
    aStep('a', {
      title: '{{x}} {{none}} {i}',
      labels: ['l-{{y}}'],
      metadata: { deep: [{ text: '{{y}}', n: 1 }] },
      gate: { type: 'bead', await_id: '{{y}}' },
    }),
  ]
  const f = aFormula('f', { vars: { x: aVar(), y: aVar({ default: 'Y' }) }, steps, description: 'for {{y}}' })
  const recipe = cooked([f], { x: '{{y}} {i}' })
  expect(recipe.steps[0]).toMatchObject({
    title: '{{y}} {i} {{none}} {i}',
    labels: ['l-Y'],
    metadata: { deep: [{ text: 'Y', n: 1 }] },
    gate: { type: 'bead', await_id: 'Y' },
  })
  expect(recipe.description).toBe('for Y')
})

describe('loops', () => {
  const looped = (loop: object, body = stepsOf('x', 'y < x')) => {
    const steps = [
      aStep('first'),
      aStep('l', { needs: ['first'], loop: { body, ...loop } }),
      aStep('last', { needs: ['l'] }),
    ]
    return [aFormula('f', { vars: { n: aVar({ default: '2' }) }, steps })] as [ReturnType<typeof aFormula>]
  }

  test('rounds are parts of the loop, each after the one before', () => {
    expect(edges(cooked(looped({ count: 2 })))).toEqual([
      'first',
      'l < first',
      'l/l.iter1.x',
      'l/l.iter1.y < l.iter1.x',
      'l/l.iter2.x < l.iter1.y',
      'l/l.iter2.y < l.iter2.x',
      'last < l',
    ])
  })

  test.each([
    [{ range: '3..5' }, ['3', '4', '5']],
    [{ range: '{{n}}..2^{{n}}-1' }, ['2', '3']],
    [{ range: '1..{n}' }, ['1', '2']],
    [{ count: '{{n}}' }, ['1', '2']],
    [{ range: '1..2', var: 'k' }, ['{i}', '{i}']],
  ])('the loop’s variable: %j', (loop, titles) => {
    const { steps } = cooked(looped(loop, [aStep('x', { title: '{i}' })]))
    expect(steps.filter(({ parent }) => parent === 'l').map(({ title }) => title)).toEqual(titles)
  })

  test.each([
    [
      { count: '{{m}}' },
      'Formula f, steps[1]: the loop of step l has the count "{{m}}", which must be a whole number.',
    ],
    [
      { range: '1-3' },
      'Formula f, steps[1]: the loop of step l has the range "1-3", which must be like 1..5 or 1..{{n}}.',
    ],
    [
      { range: '1..2^20' },
      'Formula f, steps[1]: the loop of step l would make 1048576 rounds, and 10000 steps are the most.',
    ],
    [
      { until: 'x is fine', max: 3 },
      'Formula f, steps[1]: the loop of step l ends by a condition that cannot be read: x is fine.',
    ],
    [
      { until: 'step.output.ok == true' },
      'Formula f, steps[1]: the loop of step l ends by a condition and needs max, 1 or more.',
    ],
  ])('loops that do not do: %j', (loop, words) => {
    expect(complaint(looped(loop))).toBe(words)
  })

  test('a loop without rounds is left out, and hands on what it needed', () => {
    expect(edges(cooked(looped({ range: '1..{{n}}' }), { n: '0' }))).toEqual(['first', 'last < first'])
  })

  test('loops in loops: inner names belong to the inner loop', () => {
    const inner = aStep('in', {
      loop: { range: '1..{o}', var: 'p', body: [aStep('z', { title: '{o}.{p}', needs: ['x'] })] },
    })
    const { steps } = cooked(looped({ range: '1..2', var: 'o' }, [aStep('x'), inner]))
    expect(edges({ steps })).toEqual([
      'first',
      'l < first',
      'l/l.iter1.x',
      'l/l.iter1.in',
      'l.iter1.in/l.iter1.in.iter1.z < l.iter1.x',
      'l/l.iter2.x < l.iter1.x l.iter1.in',
      'l/l.iter2.in < l.iter1.x l.iter1.in',
      'l.iter2.in/l.iter2.in.iter1.z < l.iter2.x',
      'l.iter2.in/l.iter2.in.iter2.z < l.iter2.x l.iter2.in.iter1.z',
      'last < l',
    ])
    expect(steps[8]!.title).toBe('2.2')
  })

  test('to be looked at, a loop whose end is not known has one round', () => {
    const { steps } = cooked(looped({ count: '{{m}}' }, [aStep('x', { title: '{i}' })]), {}, { keep: true })
    expect(steps.map(({ id, title }) => [id, title])).toContainEqual(['l.iter1.x', '{i}'])
  })
})

test.each([
  ['2+3*4', 14],
  ['2^3^2', 512],
  ['(1+2)*-2', -6],
  ['7/2', 3],
  ['1/0', undefined],
  ['2++3', undefined],
  ['(1', undefined],
  ['', undefined],
  ['x', undefined],
  ['1 2', undefined],
])('arithmetic: %s', (text, value) => {
  expect(calculate(text)).toBe(value)
  expect(rangeOf(`1..${text}`)).toEqual(value === undefined ? undefined : [1, value])
})

describe('conditions on steps', () => {
  test.each<[string, boolean | undefined]>([
    ['{{yes}}', true],
    ['{{no}}', false],
    ['{{empty}}', false],
    ['{{missing}}', false],
    ['!{{missing}}', true],
    ['!{{yes}}', false],
    ['{{yes}} == on it', true],
    ["{{yes}} == 'on it'", true],
    ['{{yes}} != on it', false],
    ['{{empty}} == ', true],
    ['"" ', false],
    ['"on it" == "on it"', true],
    ['{{yes}} == a && {{no}}', undefined],
    ['{{yes}} == a == b', undefined],
    ['!{{yes}} == a', undefined],
  ])('%s', (text, answer) => {
    expect(decide(text, { yes: 'on it', no: 'Off', empty: '' }, false)).toBe(answer)
  })

  test('who is only looking keeps what is not decided', () => {
    expect(decide('{{missing}}', {}, true)).toBe(true)
  })

  const off = { condition: '{{on}}' }
  const f = (...steps: ReturnType<typeof aStep>[]) =>
    [aFormula('f', { vars: { on: aVar({ default: 'no' }) }, steps })] as [ReturnType<typeof aFormula>]

  test('a step that is left out hands on what it needed', () => {
    const steps = [
      aStep('a'),
      aStep('b', { needs: ['a'], ...off }),
      aStep('c', { needs: ['b'], ...off }),
      aStep('d', { needs: ['c'] }),
    ]
    expect(edges(cooked(f(...steps)))).toEqual(['a', 'd < a'])
    expect(edges(cooked(f(...steps), { on: 'yes' }))).toEqual(['a', 'b < a', 'c < b', 'd < c'])
  })

  test('a group goes with its last part, and with it what stood around the steps that are left out', () => {
    const group = aStep('g', { needs: ['a'], children: [aStep('p', off), aStep('q', { needs: ['x'], ...off })] })
    expect(edges(cooked(f(aStep('a'), aStep('x'), group, aStep('z', { needs: ['g'] }))))).toEqual(['a', 'x', 'z < a x'])
    expect(complaint(f(aStep('a', off)))).toBe('With these values formula f has no step left.')
  })

  test('one that cannot be read is said', () => {
    expect(complaint(f(aStep('a', { condition: '{{on}} && {{off}}' })))).toContain(
      'the condition of step a cannot be read',
    )
  })

  test('the value of an expansion’s variable decides, an empty one too', () => {
    const t = aFormula('t', {
      type: 'expansion',
      vars: { deep: aVar({ default: '' }) },
      template: [aStep('{target}.a'), aStep('{target}.b', { condition: '{{deep}}' })],
    })
    const by = (expand_vars: Record<string, string>) =>
      edges(cooked([...f(aStep('s', { expand: 't', expand_vars })), t]))
    expect(by({})).toEqual(['s.a'])
    expect(by({ deep: '{{on}}' })).toEqual(['s.a'])
    expect(by({ deep: '1' })).toEqual(['s.a', 's.b'])
  })
})

test('ten disks are 1,023 moves in one loop, each after the one before', () => {
  const body = [aStep('move', { title: 'Move {i} of 2^{{disks}} - 1' })]
  const steps = [aStep('moves', { loop: { range: '1..2^{disks}-1', body } })]
  const recipe = cooked([aFormula('hanoi', { vars: { disks: aVar({ type: 'int', default: '10' }) }, steps })])
  expect(recipe.steps).toHaveLength(1 + 1023)
  expect(recipe.steps.at(-1)).toMatchObject({
    id: 'moves.iter1023.move',
    title: 'Move 1023 of 2^10 - 1',
    needs: ['moves.iter1022.move'],
  })
})
