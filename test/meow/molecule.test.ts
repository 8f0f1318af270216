/** Pouring, the order of steps, and what a finished step brings with it. Pure parts, in a fold. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import { emptyState } from '../../src/beads/fold.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import { claim } from '../../src/kernel/runs.ts'
import { moleculeView } from '../../src/meow/molecule.ts'
import { pour } from '../../src/meow/pour.ts'
import type { RecipeStep } from '../../src/meow/recipe.ts'
import { aBead, aRun, at, stateOf, write } from '../kernel/support.ts'
import { aRecipe, aStep, chain, complete, completion, isDone, NOW, next, poured, step, value } from './molecules.ts'

const codeOf = (result: { kind: string; failure?: { code: string } }): string | undefined => result.failure?.code

describe('pouring', () => {
  it('makes one bead that is work, and steps that are not', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('design', 'build', 'test')))
    expect(root).toMatch(/^gp-mol-[0-9a-z]{5}$/)
    expect(readyBeads(state, { now: NOW }).map(({ id }) => id)).toEqual([root])
    const { dependencies } = step(state, root, 'build')
    expect(dependencies?.map(({ depends_on_id, type }) => [depends_on_id, type])).toEqual([
      [root, 'parent-child'],
      [`${root}.1`, 'blocks'],
    ])
  })

  it('puts steps under a bead that is there, once', () => {
    const state = stateOf(aBead('gp-aaaaa'))
    expect(poured(state, aRecipe(chain('a', 'b')), state.beads.get('gp-aaaaa'))).toBe('gp-aaaaa')
    const again = pour(state, aRecipe(chain('c')), {
      prefix: 'gp',
      on: state.beads.get('gp-aaaaa'),
      by: 'person',
      at: at(1),
    })
    expect(codeOf(again)).toBe('E_POURED')
    expect(state.beads.get('gp-aaaaa')?.issue_type).toBe('task')
  })

  it('loses the race against another pour onto the same bead', () => {
    const state = stateOf(aBead('gp-aaaaa'))
    const how = { prefix: 'gp', on: state.beads.get('gp-aaaaa'), by: 'person', at: at(1) }
    const [one, two] = [value(pour(state, aRecipe(chain('a')), how)), value(pour(state, aRecipe(chain('b')), how))]
    expect([write(state, one.input).applied, write(state, two.input).applied]).toEqual([true, false])
    expect([...state.beads.keys()]).toEqual(['gp-aaaaa', 'gp-aaaaa.1'])
  })

  it('makes an epic with work for several out of a convoy', () => {
    const state = emptyState()
    const legs = [aStep('speed', [], { reviewOnly: true }), aStep('safety'), aStep('synthesis', ['speed', 'safety'])]
    const root = poured(state, aRecipe(legs, { kind: 'convoy' }))
    expect(state.beads.get(root)?.issue_type).toBe('epic')
    expect(readyBeads(state, { now: NOW }).map(({ title }) => title)).toEqual(['Do speed', 'Do safety'])
    expect(facts(readyBeads(state, { now: NOW })[0]!).kind).toBe('report')
    expect(state.beads.get(`${root}.3`)?.description).toContain(`- ${root}.1 Do speed\n- ${root}.2 Do safety`)
  })

  it('refuses a recipe without steps', () => {
    expect(codeOf(pour(emptyState(), aRecipe([]), { prefix: 'gp', by: 'person', at: at(0) }))).toBe('E_EMPTY_RECIPE')
  })
})

describe('a step', () => {
  it('is done in its turn and once', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('a', 'b', 'c')))
    expect(codeOf(completion(state, root, 'c'))).toBe('E_STEP_WAITS')
    expect(next(state, root)).toBe('a')
    const twice = [value(completion(state, root, 'a')), value(completion(state, root, 'a'))]
    expect(twice.map((change) => write(state, change).applied)).toEqual([true, false])
    expect(codeOf(completion(state, root, 'a'))).toBe('E_STEP_DONE')
    expect(next(state, root)).toBe('b')
    expect(complete(state, root, 'b')).toBe(true)
    expect(state.beads.get(root)?.status).toBe('open')
    expect(complete(state, root, 'c')).toBe(true)
    // Nobody was sent to work on it: with the last step it is done.
    expect(state.beads.get(root)).toMatchObject({ status: 'closed', close_reason: 'all steps are done' })
  })

  it('belongs to whoever has the molecule', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('a', 'b')))
    const byPerson = value(completion(state, root, 'a'))
    write(state, claim(aRun('r1', root, { state: 'claimed' }), 5, 'deacon'))
    expect(write(state, byPerson).applied).toBe(false)
    expect(codeOf(completion(state, root, 'a'))).toBe('E_LIVE_RUN')
    expect(codeOf(completion(state, root, 'a', { fence: 'r0' }))).toBe('E_LIVE_RUN')
    expect(complete(state, root, 'a', { fence: 'r1', by: 'gp/polecats/toast' })).toBe(true)
    expect(facts(step(state, root, 'a')).step?.run).toBe('r1')
  })

  it('makes the attempts of its bead count anew', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('a', 'b')))
    write(state, claim(aRun('r3', root, { state: 'claimed', attempt: 3 }), 5, 'deacon'))
    expect(complete(state, root, 'a', { fence: 'r3' })).toBe(true)
    const gt = facts(state.beads.get(root)!)
    expect([gt.attempts, gt.runs?.r3?.attempt]).toEqual([1, 1])
  })
})

describe('groups', () => {
  const nested = [
    aStep('outer', [], { type: 'epic' }),
    aStep('inner', [], { parent: 'outer', type: 'epic' }),
    aStep('x', [], { parent: 'inner' }),
    aStep('y', [], { parent: 'inner' }),
    aStep('z', ['inner'], { parent: 'outer' }),
    aStep('end', ['outer']),
  ]

  it('are done with their last part, from the inside out', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(nested))
    expect(codeOf(completion(state, root, 'outer'))).toBe('E_NO_STEP')
    for (const name of ['x', 'y']) expect(complete(state, root, name)).toBe(true)
    expect([isDone(state, root, 'inner'), isDone(state, root, 'outer')]).toEqual([true, false])
    expect(next(state, root)).toBe('z')
    expect(complete(state, root, 'z')).toBe(true)
    expect([isDone(state, root, 'outer'), next(state, root)]).toEqual([true, 'end'])
    expect(moleculeView(state, state.beads.get(root)!, NOW)).toMatchObject({ total: 4, done: 3 })
  })

  it('are not left open by two parts that are done at the same moment', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(nested))
    const both = [value(completion(state, root, 'x')), value(completion(state, root, 'y'))]
    expect(both.map((change) => write(state, change).applied)).toEqual([true, false])
    expect(complete(state, root, 'y')).toBe(true)
    expect(isDone(state, root, 'inner')).toBe(true)
  })
})

describe('what a step calls for', () => {
  const grown = (state: ReturnType<typeof emptyState>, root: string) => () => ({
    kind: 'ok' as const,
    value: {
      stays: false,
      beads: ['gp-part1', 'gp-part2'].map((id, i) =>
        aBead(
          id,
          {
            dependencies: [
              { issue_id: id, depends_on_id: step(state, root, 'survey').id, type: 'parent-child', created_at: at(0) },
            ],
          },
          { step: { of: root, name: id, n: 10 + i } },
        ),
      ),
    },
  })

  it('comes before those who gather it', () => {
    const state = emptyState()
    const gather = aStep('join', ['survey'], { waitsFor: { gate: 'all-children', of: 'survey' } })
    const root = poured(state, aRecipe([aStep('survey'), gather]))
    expect(codeOf(completion(state, root, 'join'))).toBe('E_STEP_WAITS')
    expect(complete(state, root, 'survey', {}, grown(state, root))).toBe(true)
    expect(next(state, root)).toBe('gp-part1')
    for (const name of ['gp-part1', 'gp-part2']) {
      expect(codeOf(completion(state, root, 'join'))).toBe('E_STEP_WAITS')
      expect(complete(state, root, name)).toBe(true)
    }
    expect(next(state, root)).toBe('join')
    expect(complete(state, root, 'join')).toBe(true)
    expect(state.beads.get(root)?.status).toBe('closed')
  })

  it('keeps the group open that the step is a part of', () => {
    const state = emptyState()
    const steps = [
      aStep('group', [], { type: 'epic' }),
      aStep('survey', [], { parent: 'group' }),
      aStep('end', ['group']),
    ]
    const root = poured(state, aRecipe(steps))
    expect(complete(state, root, 'survey', {}, grown(state, root))).toBe(true)
    expect([isDone(state, root, 'group'), next(state, root)]).toEqual([false, 'gp-part1'])
    for (const name of ['gp-part1', 'gp-part2']) expect(complete(state, root, name)).toBe(true)
    expect([isDone(state, root, 'group'), next(state, root)]).toEqual([true, 'end'])
  })
})

it('gates of a step stand before it, and tell apart what waits for them alone', () => {
  const state = emptyState()
  const steps = [aStep('a'), aStep('b', ['a'], { gate: { type: 'timer', timeout: '2h' } }), aStep('c', ['b'])]
  const root = poured(state, aRecipe(steps))
  const gate = [...state.beads.values()].find((bead) => bead.issue_type === 'gate')!
  expect(gate).toMatchObject({ await_type: 'timer', timeout: 7_200_000_000_000 })
  const states = () => moleculeView(state, state.beads.get(root)!, NOW)!.steps.map((one) => one.state)
  expect(states()).toEqual(['ready', 'waiting', 'waiting'])
  expect(complete(state, root, 'a')).toBe(true)
  expect(states()).toEqual(['done', 'gated', 'waiting'])
  expect(codeOf(completion(state, root, 'b'))).toBe('E_STEP_WAITS')
  write(state, { by: 'person', why: 'x', ops: [{ op: 'set', id: gate.id, path: ['status'], value: 'closed' }] })
  expect(states()).toEqual(['done', 'ready', 'waiting'])
})

/** Any recipe: steps, some of them parts of an earlier one, each needing some of those beside and before it. */
const recipes = fc
  .array(fc.tuple(fc.array(fc.nat(30), { maxLength: 3 }), fc.option(fc.nat(30))), { minLength: 1, maxLength: 14 })
  .map((rows) => {
    const steps: RecipeStep[] = []
    for (const [i, [needs, parent]] of rows.entries()) {
      const part = i > 0 && parent !== null && parent % 2 === 0 ? { parent: `s${parent % i}` } : {}
      const beside = steps.filter((one) => one.parent === part.parent)
      const ids = beside.length === 0 ? [] : needs.map((n) => beside[n % beside.length]!.id)
      steps.push(aStep(`s${i}`, [...new Set(ids)], part))
    }
    return steps
  })

it('whatever the recipe: every step is done exactly once, never before what it needs, and then the molecule is', () => {
  fc.assert(
    fc.property(recipes, (steps) => {
      const state = emptyState()
      const root = poured(state, aRecipe(steps))
      const order: string[] = []
      for (let name = next(state, root); name !== undefined; name = next(state, root)) {
        expect(complete(state, root, name)).toBe(true)
        order.push(name)
      }
      const leaves = steps.filter(({ id }) => !steps.some((one) => one.parent === id)).map(({ id }) => id)
      expect([...order].sort()).toEqual([...leaves].sort())
      for (const { id, needs } of steps) {
        for (const need of needs) {
          if (order.includes(id) && order.includes(need)) expect(order.indexOf(need)).toBeLessThan(order.indexOf(id))
        }
      }
      expect(state.beads.get(root)?.status).toBe('closed')
    }),
  )
})
