/** Work for the case that other work fails, when that did not fail. Pure, in a fold. */
import { describe, expect, it } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import { dismissed, unwanted } from '../../src/meow/unwanted.ts'
import { edges, landed, now, slung, task } from '../convoys/support.ts'
import { stateOf, write } from '../kernel/support.ts'

const ifFails = (id: string, of: string, gt = slung, more: Partial<Bead> = {}): Bead =>
  task(id, gt, { dependencies: edges(id, 'conditional-blocks', of), ...more })

describe('work that is wanted only if other work fails', () => {
  it('is closed as done when that did not fail, and what is wanted only if this one fails goes with it', () => {
    const state = stateOf(landed('a'), ifFails('b', 'a'), ifFails('c', 'b'))
    expect(unwanted(state)).toEqual(['b'])
    const change = dismissed(state, state.beads.get('b')!, 'deacon')!
    expect(write(state, change).applied).toBe(true)
    expect(state.beads.get('b')).toMatchObject({
      status: 'closed',
      close_reason: 'not wanted: a did not fail',
      metadata: { gt: { outcome: 'done' } },
    })
    expect(state.beads.get('b')?.metadata?.gt).not.toHaveProperty('slung')
    expect(unwanted(state)).toEqual(['c'])
  })

  it('is left alone while the other one is open, when that failed, and when nobody ordered it', () => {
    const open = stateOf(task('a', slung), ifFails('b', 'a'))
    const failed = stateOf(landed('a', 'cancelled'), ifFails('b', 'a'))
    expect([unwanted(open), unwanted(failed)]).toEqual([[], []])
    expect(readyBeads(failed, { now }).map(({ id }) => id)).toEqual(['b'])
    expect(unwanted(stateOf(landed('a'), ifFails('b', 'a', {})))).toEqual([])
  })

  it('is also what lies in an epic of that kind', () => {
    const state = stateOf(landed('a'), ifFails('e', 'a', {}, { issue_type: 'epic' }), task('e.1 ^ e', slung))
    expect(unwanted(state)).toEqual(['e.1'])
  })

  it('stays when the other one is opened again at the same moment', () => {
    const state = stateOf(landed('a'), ifFails('b', 'a'))
    const change = dismissed(state, state.beads.get('b')!, 'deacon')!
    write(state, { by: 'person', why: 'x', ops: [{ op: 'set', id: 'a', path: ['status'], value: 'open' }] })
    expect(write(state, change).applied).toBe(false)
  })
})
