/** How molecules end, how they are joined, and what follows by itself. Pure parts, in a fold. */
import { describe, expect, it } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import { emptyState } from '../../src/beads/fold.ts'
import { snapshotText } from '../../src/beads/snapshot.ts'
import { claim, note, stop } from '../../src/kernel/runs.ts'
import { bondBeads, bondRecipe } from '../../src/meow/bond.ts'
import { burn, squash } from '../../src/meow/ending.ts'
import { moleculeView } from '../../src/meow/molecule.ts'
import { pour } from '../../src/meow/pour.ts'
import type { Recipe } from '../../src/meow/recipe.ts'
import { settled, unsettled } from '../../src/meow/settle.ts'
import { aBead, aRun, at, stateOf, write } from '../kernel/support.ts'
import { aRecipe, aStep, chain, complete, completion, NOW, next, poured, step, value } from './molecules.ts'

const HOW = { by: 'person', at: at(60), prefix: 'gp' }
type State = ReturnType<typeof emptyState>
const codeOf = (result: { kind: string; failure?: { code: string } }): string | undefined => result.failure?.code
const close = (state: State, id: string): boolean =>
  write(state, { by: 'person', why: 'x', ops: [{ op: 'set', id, path: ['status'], value: 'closed' }] }).applied

function wisp(state: State, recipe: Recipe): string {
  const made = value(pour(state, recipe, { prefix: 'gp', ephemeral: true, by: 'person', at: at(0) }))
  write(state, made.input)
  return made.root
}

describe('a wisp', () => {
  it('never reaches a snapshot, gates included', () => {
    const state = emptyState()
    const root = wisp(state, aRecipe([aStep('a', [], { gate: { type: 'human' } }), aStep('b', ['a'])]))
    expect(root).toMatch(/^gp-wisp-/)
    expect(state.beads.size).toBe(4)
    expect(snapshotText(state.beads.values())).toBe('')
  })

  it('leaves a digest of what was done, and nothing else', () => {
    const state = emptyState()
    const root = wisp(state, aRecipe(chain('look', 'tidy')))
    complete(state, root, 'look', { message: 'nothing there' })
    const { input, digest } = value(squash(state, state.beads.get(root)!, HOW))
    expect(write(state, input).applied).toBe(true)
    expect([...state.beads.keys()]).toEqual([digest])
    expect(state.beads.get(digest)).toMatchObject({ status: 'closed', title: 'Digest: A molecule' })
    expect(state.beads.get(digest)?.description).toContain('- Do look: done (nothing there)\n- Do tidy: not done')
    expect(write(state, input).applied).toBe(false)
  })

  it('is not taken away under a worker’s hands', () => {
    const state = emptyState()
    const root = wisp(state, aRecipe(chain('a')))
    const early = value(burn(state, state.beads.get(root)!, { by: 'person' }))
    write(state, claim(aRun('r1', root, { state: 'claimed' }), 5, 'deacon'))
    expect(write(state, early).applied).toBe(false)
    expect(codeOf(squash(state, state.beads.get(root)!, HOW))).toBe('E_LIVE_RUN')
    expect(codeOf(burn(state, state.beads.get(root)!, HOW))).toBe('E_LIVE_RUN')
  })

  it('is squashed by itself once it is over and its worktrees are gone', () => {
    const state = emptyState()
    const root = wisp(state, aRecipe(chain('a')))
    const run = aRun('r1', root, { state: 'claimed' })
    write(state, claim(run, 5, 'deacon'))
    write(state, stop(state.beads.get(root)!, run, 'enough', at(1), 'person'))
    close(state, root)
    write(state, value(settledOnce(state, root)))
    // Its run is not cleared: what it left is known by this bead alone.
    expect(unsettled(state)).toEqual([])
    write(state, note({ ...run, state: 'stopped' }, { cleared: true }, 'deacon', 'x'))
    expect(unsettled(state)).toEqual([root])
    write(state, value(settledOnce(state, root)))
    expect([...state.beads.values()].map(({ title }) => title)).toEqual(['Digest: A molecule'])
  })
})

function settledOnce(state: State, root: string) {
  const change = settled(state, state.beads.get(root)!, HOW)
  return change === undefined
    ? { kind: 'error' as const, failure: { code: 'E_X' as const, message: 'nothing to settle', exit: 1 as const } }
    : { kind: 'ok' as const, value: change }
}

describe('a poured molecule', () => {
  it('stays when it is squashed, and only when it is over', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('a', 'b')))
    expect(codeOf(squash(state, state.beads.get(root)!, HOW))).toBe('E_NOT_OVER')
    for (const name of ['a', 'b']) complete(state, root, name)
    const { input, digest } = value(squash(state, state.beads.get(root)!, HOW))
    write(state, input)
    expect(state.beads.has(`${root}.2`)).toBe(true)
    expect(facts(state.beads.get(digest)!).digest_of).toBe(root)
    expect(codeOf(squash(state, state.beads.get(root)!, HOW))).toBe('E_SQUASHED')
  })

  it('is closed as cancelled when it is burned, with what was not done', () => {
    const state = emptyState()
    const root = poured(state, aRecipe([aStep('a'), aStep('b', ['a'], { gate: { type: 'human' } })]))
    complete(state, root, 'a')
    write(state, value(burn(state, state.beads.get(root)!, { by: 'person', reason: 'not wanted' })))
    const view = moleculeView(state, state.beads.get(root)!, NOW)
    expect(view?.steps.map((one) => one.state)).toEqual(['done', 'skipped'])
    expect([...state.beads.values()].every(({ status }) => status === 'closed')).toBe(true)
    expect(codeOf(burn(state, state.beads.get(root)!, HOW))).toBe('E_CLOSED')
  })

  it('that was closed with steps left has them closed by itself', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('a', 'b')))
    expect(unsettled(state)).toEqual([])
    close(state, root)
    expect(unsettled(state)).toEqual([root])
    write(state, value(settledOnce(state, root)))
    expect(state.beads.get(`${root}.1`)).toMatchObject({ status: 'closed', close_reason: `${root} is over` })
    expect(unsettled(state)).toEqual([])
  })
})

it('a convoy’s epic closes with its last part', () => {
  const state = emptyState()
  const root = poured(state, aRecipe([aStep('x'), aStep('y'), aStep('all', ['x', 'y'])], { kind: 'convoy' }))
  for (const n of [1, 2]) close(state, `${root}.${n}`)
  expect(unsettled(state)).toEqual([])
  close(state, `${root}.3`)
  write(state, value(settledOnce(state, root)))
  expect(state.beads.get(root)).toMatchObject({ status: 'closed', close_reason: 'all 3 parts are done' })
})

describe('bonding', () => {
  it('puts a formula’s steps behind all that is there, or beside', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('a', 'b')))
    const more = aRecipe(chain('x', 'y'), { formula: 'more' })
    for (const type of ['sequential', 'parallel'] as const) {
      const bond = value(bondRecipe(state, state.beads.get(root)!, more, type, HOW))
      expect(write(state, bond.input).applied).toBe(true)
    }
    expect(codeOf(completion(state, root, 'more.x'))).toBe('E_STEP_WAITS')
    expect(complete(state, root, 'more-2.x')).toBe(true)
    for (const name of ['a', 'b']) expect(complete(state, root, name)).toBe(true)
    expect(next(state, root)).toBe('more.x')
    for (const name of ['more.x', 'more.y', 'more-2.y']) expect(complete(state, root, name)).toBe(true)
    expect(state.beads.get(root)?.status).toBe('closed')
    expect(step(state, root, 'more').status).toBe('closed')
  })

  it('puts steps at a place that the formula names: behind its step, and before whoever needs that', () => {
    const state = emptyState()
    const bondPoints = [
      { id: 'tested', after: 'b' },
      { id: 'first', before: 'a' },
      { id: 'aside', after: 'a', parallel: true as const },
    ]
    const root = poured(state, aRecipe(chain('a', 'b', 'c'), { bondPoints }))
    const bond = (formula: string, point: string) =>
      bondRecipe(state, state.beads.get(root)!, aRecipe(chain('x'), { formula }), 'sequential', { ...HOW, point })
    for (const [formula, point] of [
      ['audit', 'tested'],
      ['plan', 'first'],
      ['note', 'aside'],
    ] as const) {
      expect(write(state, value(bond(formula, point)).input).applied).toBe(true)
    }
    const order: string[] = []
    for (let name = next(state, root); name !== undefined; name = next(state, root)) {
      order.push(name)
      expect(complete(state, root, name)).toBe(true)
    }
    expect(order).toEqual(['plan.x', 'a', 'b', 'audit.x', 'c', 'note.x'])
    const other = poured(state, aRecipe(chain('a', 'b'), { bondPoints: [{ id: 'first', before: 'a' }] }))
    complete(state, other, 'a')
    const late = bondRecipe(state, state.beads.get(other)!, aRecipe(chain('x')), 'sequential', {
      ...HOW,
      point: 'first',
    })
    expect(codeOf(late)).toBe('E_BOND')
    const nowhere = bondRecipe(state, state.beads.get(other)!, aRecipe(chain('x')), 'sequential', {
      ...HOW,
      point: 'y',
    })
    expect(nowhere).toMatchObject({ failure: { code: 'E_BOND', hint: 'Its places: first.' } })
  })

  it('of two at once, one has to look again', () => {
    const state = emptyState()
    const root = poured(state, aRecipe(chain('a')))
    const bonds = ['one', 'two'].map((formula) =>
      value(bondRecipe(state, state.beads.get(root)!, aRecipe(chain('x'), { formula }), 'parallel', HOW)),
    )
    expect(bonds.map(({ input }) => write(state, input).applied)).toEqual([true, false])
  })

  it('makes a bead follow another, run only if that fails, or a part of it', () => {
    const state = stateOf(aBead('gp-a'), aBead('gp-b'), aBead('gp-c'), aBead('gp-d', { issue_type: 'epic' }))
    const bond = (first: string, second: string, type: 'sequential' | 'conditional' | 'parallel') =>
      write(state, value(bondBeads(state, state.beads.get(first)!, state.beads.get(second)!, type, HOW)))
    bond('gp-a', 'gp-b', 'sequential')
    bond('gp-a', 'gp-c', 'conditional')
    bond('gp-d', 'gp-a', 'parallel')
    const types = ['gp-b', 'gp-c', 'gp-a'].map((id) => state.beads.get(id)?.dependencies?.[0]?.type)
    expect(types).toEqual(['blocks', 'conditional-blocks', 'parent-child'])
    expect(state.beads.get('gp-b')?.bonded_from).toEqual([{ source_id: 'gp-a', bond_type: 'sequential' }])
    expect(codeOf(bondBeads(state, state.beads.get('gp-b')!, state.beads.get('gp-a')!, 'sequential', HOW))).toBe(
      'E_CYCLE',
    )
  })
})
