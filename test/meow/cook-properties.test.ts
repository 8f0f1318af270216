import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cook, nextRound } from '../../src/meow/cook.ts'
import type { Formula, Step } from '../../src/meow/formulas/formula.ts'
import type { RecipeStep } from '../../src/meow/recipe.ts'
import { aFormula, aStep, aVar, cooked, edges, frozenOf } from './support.ts'

interface Shape {
  kind: 'plain' | 'group' | 'count' | 'until' | 'expand'
  /** Which of the steps before it are needed, by place modulo their number. */
  needs: number[]
  off: boolean
  parallel: boolean
  parts: Shape[]
}

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.record({
    kind: fc.constantFrom('plain', 'plain', 'plain', 'group', 'count', 'until', 'expand'),
    needs: fc.array(fc.nat(20), { maxLength: 3 }),
    off: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    parallel: fc.boolean(),
    parts: fc.oneof({ maxDepth: 2 }, fc.constant<Shape[]>([]), fc.array(tie('shape'), { maxLength: 3 })),
  }),
}))

/** Steps with ids of their own; each needs only steps before it in its list, so there is no ring. */
function stepsFrom(shapes: readonly Shape[], prefix: string): Step[] {
  const ids: string[] = []
  return shapes.map((says, index) => {
    const id = `${prefix}${index}`
    const needs = ids.length === 0 ? [] : [...new Set(says.needs.map((n) => ids[n % ids.length]!))]
    ids.push(id)
    const step = aStep(id, { needs, parallel: says.parallel, ...(says.off && { condition: '{{on}}' }) })
    const parts = stepsFrom(says.parts, `${id}_`)
    if (says.kind === 'expand') return { ...step, expand: 'twice' }
    if (says.kind === 'plain' || parts.length === 0) return step
    if (says.kind === 'group') return { ...step, children: parts }
    if (says.kind === 'count') return { ...step, loop: { count: 2, body: parts } }
    return { ...step, loop: { until: 'step.output.ok == true', max: 3, body: parts } }
  })
}

const TWICE = aFormula('twice', {
  type: 'expansion',
  template: [
    aStep('{target}.a'),
    aStep('{target}.b', { condition: '{{on}}', needs: ['{target}.a'] }),
    aStep('{target}.c', { needs: ['{target}.b'] }),
  ],
})
const SCAN = aFormula('scan', {
  type: 'aspect',
  advice: [
    {
      target: '*1',
      around: {
        before: [{ id: '{step.id}-in', title: '', description: '', type: 'task', args: {}, output: {} }],
        after: [{ id: '{step.id}-out', title: '', description: '', type: 'task', args: {}, output: {} }],
      },
    },
  ],
})
const formulas = fc
  .record({ shapes: fc.array(shape, { minLength: 1, maxLength: 6 }), scan: fc.boolean() })
  .map(({ shapes, scan }): [Formula, ...Formula[]] => [
    aFormula('f', {
      vars: { on: aVar({ default: 'no' }) },
      // One that stays, so that something is left.
      steps: [...stepsFrom(shapes, 's'), aStep('last')],
      compose: { aspects: scan ? ['scan'] : [] },
    }),
    TWICE,
    SCAN,
  ])

/** Every step that must be done before another may begin, through groups as well. */
function before(steps: readonly RecipeStep[]): Map<string, Set<string>> {
  const parts = (id: string): string[] => steps.filter((s) => s.parent === id).flatMap((s) => [s.id, ...parts(s.id)])
  const byId = new Map(steps.map((step) => [step.id, step]))
  const known = new Map<string, Set<string>>()
  const of = (id: string): Set<string> => {
    const done = known.get(id)
    if (done !== undefined) return done
    const { needs, parent } = byId.get(id)!
    const all = new Set(parent === undefined ? [] : of(parent))
    for (const need of needs) for (const one of [need, ...parts(need)]) for (const x of [one, ...of(one)]) all.add(x)
    known.set(id, all)
    return all
  }
  for (const { id } of steps) of(id)
  return known
}

test('a recipe has no id twice, no need that is not there, and whoever is needed comes first', () => {
  fc.assert(
    fc.property(formulas, fc.constantFrom('yes', 'no'), (all, on) => {
      const { steps } = cooked(all, { on })
      const place = new Map(steps.map(({ id }, index) => [id, index]))
      expect(place.size).toBe(steps.length)
      const groups = new Set(steps.map(({ parent }) => parent))
      for (const { id, parent, type } of steps) {
        if (parent !== undefined) expect(place.get(parent)).toBeLessThan(place.get(id)!)
        expect(type === 'epic', id).toBe(groups.has(id))
      }
      for (const [id, first] of before(steps)) {
        for (const other of first) expect(place.get(other), `${other} before ${id}`).toBeLessThan(place.get(id)!)
      }
    }),
  )
})

test('the same ingredients give the same recipe, and are left as they were', () => {
  fc.assert(
    fc.property(formulas, (all) => {
      const frozen = frozenOf(...all)
      const text = JSON.stringify(frozen)
      const first = cook(frozen, {})
      expect(JSON.stringify(frozen)).toBe(text)
      expect(cook(JSON.parse(text), {})).toEqual(first)
    }),
  )
})

test('a formula that only extends another is cooked to the same steps', () => {
  fc.assert(
    fc.property(formulas, fc.integer({ min: 1, max: 3 }), ([f, ...others], depth) => {
      const heirs = Array.from({ length: depth }, (_, n) =>
        aFormula(`heir${n}`, { extends: [n === depth - 1 ? 'f' : `heir${n + 1}`] }),
      )
      const [heir, ...more] = heirs
      expect(cooked([heir!, ...more, f, ...others]).steps).toEqual(cooked([f, ...others]).steps)
    }),
  )
})

test('leaving steps out keeps the order among the others', () => {
  fc.assert(
    fc.property(formulas, (all) => {
      const whole = cooked(all, { on: 'yes' }).steps
      const less = cooked(all, { on: 'no' }).steps
      const left = new Set(less.map(({ id }) => id))
      const [was, is] = [before(whole), before(less)]
      for (const id of left) {
        const kept = [...was.get(id)!].filter((other) => left.has(other)).sort()
        expect([...is.get(id)!].sort(), edges({ steps: less }).join('\n')).toEqual(kept)
      }
    }),
  )
})

test('every round of a loop is the first one under other ids', () => {
  fc.assert(
    fc.property(formulas, fc.integer({ min: 2, max: 3 }), (all, n) => {
      const { steps } = cooked(all)
      const here = new Set(steps.map(({ id }) => id))
      for (const group of steps.filter(({ until }) => until !== undefined)) {
        const [first, other] = [1, n].map((round) => nextRound(group, round))
        if (first?.kind !== 'ok' || other?.kind !== 'ok') throw new Error('no round')
        const text = edges({ steps: other.value }).join('\n')
        expect(text.replaceAll(`${group.id}.iter${n}.`, `${group.id}.iter1.`)).toBe(
          edges({ steps: first.value }).join('\n'),
        )
        for (const { id } of other.value) expect(here.has(id)).toBe(false)
        expect(steps).toEqual(expect.arrayContaining(first.value))
      }
    }),
  )
})
