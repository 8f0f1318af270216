import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { Op } from '../../src/beads/change.ts'
import {
  addComment,
  addDependency,
  closeBead,
  createBead,
  removeDependency,
  reopenBead,
  updateBead,
} from '../../src/beads/edit.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { deleteBead } from '../../src/beads/remove.ts'
import { differences } from '../../src/beads/trail.ts'
import { planUndo } from '../../src/beads/undo.ts'
import { bead, cleanUp, create, failureOf, must, newLedger } from './support.ts'

afterEach(cleanUp)

const MAX = { by: 'max' }
type Input = Parameters<Ledger['write']>[0]
const write = (ledger: Ledger, input: Input): void => {
  expect(must(ledger.write(input)).applied).toBe(true)
}
/** Takes back, and says what. */
function undo(ledger: Ledger, author: { by: string; fence?: string } = MAX): string {
  const plan = must(planUndo(ledger.dir, ledger.state, author))
  write(ledger, plan.input)
  return plan.of.why
}
const refusal = (ledger: Ledger, author = MAX) => failureOf(planUndo(ledger.dir, ledger.state, author))
/** A bead with something everywhere, and one beside it. */
function start(): Ledger {
  const ledger = newLedger()
  create(
    ledger,
    bead('gp-a', { labels: ['x'], notes: 'n', metadata: { gt: { version: 0, rig: 'gp' }, other: 1 } }),
    bead('gp-b'),
    bead('gp-c', { status: 'closed', closed_at: '2026-01-02T00:00:00Z', close_reason: 'was done' }),
  )
  write(ledger, { ...must(addDependency(ledger.state, 'gp-a', 'gp-c', { by: 'other' })) })
  return ledger
}

describe('what was done is as before', () => {
  test.each<[string, string, (ledger: Ledger) => Input]>([
    [
      'an update',
      'gp-a',
      (l) =>
        must(
          updateBead(
            l.state,
            'gp-a',
            { title: 'new', notes: null, addLabels: ['y'], removeLabels: ['x'], rig: 'other' },
            MAX,
          ),
        ),
    ],
    ['a close', 'gp-a', (l) => must(closeBead(l.state, 'gp-a', { reason: 'over' }, MAX))],
    ['a reopening, with its old reason and time', 'gp-c', (l) => must(reopenBead(l.state, 'gp-c', MAX))],
    ['a new edge', 'gp-a', (l) => must(addDependency(l.state, 'gp-a', 'gp-b', MAX))],
    ['a removed edge', 'gp-a', (l) => must(removeDependency(l.state, 'gp-a', 'gp-c', MAX))],
    ['a comment', 'gp-a', (l) => must(addComment(l.state, 'gp-a', 'hm', MAX)).input],
    ['a deletion', 'gp-a', (l) => must(deleteBead(l.state, 'gp-a', 'why not', MAX))],
  ])('%s', (_name, id, act) => {
    const ledger = start()
    const before = ledger.state.beads.get(id)!
    write(ledger, act(ledger))
    expect(differences(before, ledger.state.beads.get(id))).not.toEqual([])
    undo(ledger)
    expect(differences(before, ledger.state.beads.get(id))).toEqual([])
    expect(refusal(ledger).code).toBe('E_NOTHING_TO_UNDO')
  })

  test('a created bead becomes a tombstone, which keeps what it said', () => {
    const ledger = start()
    const made = must(createBead(ledger.state, { id: 'gp-n', prefix: 'gp', title: 'new', body: 'text' }, MAX))
    write(ledger, made.input)
    undo(ledger)
    expect(ledger.state.beads.get('gp-n')).toMatchObject({
      status: 'tombstone',
      description: 'text',
      deleted_by: 'max',
      original_type: 'task',
    })
  })

  test('what was created together goes together', () => {
    const ledger = newLedger()
    const edge = { issue_id: 'gp-a', depends_on_id: 'gp-b', type: 'blocks', created_at: '2026-01-01T00:00:00Z' }
    create(ledger, bead('gp-a', { dependencies: [edge] }), bead('gp-b'))
    undo(ledger, { by: 'test' })
    expect([...ledger.state.beads.values()].map(({ status }) => status)).toEqual(['tombstone', 'tombstone'])
  })

  test('again takes back the one before; each only once; nobody else’s', () => {
    const ledger = start()
    write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'one' }, MAX)))
    write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'two' }, MAX)))
    write(ledger, must(updateBead(ledger.state, 'gp-b', { title: 'theirs' }, { by: 'other' })))
    expect(undo(ledger)).toBe('updated gp-a: title')
    expect(ledger.state.beads.get('gp-a')!.title).toBe('one')
    undo(ledger)
    expect(ledger.state.beads.get('gp-a')!.title).toBe('bead gp-a')
    expect(refusal(ledger).code).toBe('E_NOTHING_TO_UNDO')
    expect(ledger.state.beads.get('gp-b')!.title).toBe('theirs')
  })

  test('under a run only what was said under it', () => {
    const ledger = start()
    const toast = { by: 'gp/polecats/toast', fence: 'k3' }
    write(ledger, must(addComment(ledger.state, 'gp-a', 'of the first run', { ...toast, fence: 'k2' })).input)
    expect(failureOf(planUndo(ledger.dir, ledger.state, toast)).code).toBe('E_NOTHING_TO_UNDO')
    write(ledger, must(addComment(ledger.state, 'gp-a', 'of the second', toast)).input)
    undo(ledger, toast)
    expect(ledger.state.beads.get('gp-a')!.comments).toMatchObject([{ text: 'of the first run' }])
  })
})

describe('not when something depends on it, which is named', () => {
  test('the same value was changed since', () => {
    const ledger = start()
    write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'mine' }, MAX)))
    write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'theirs' }, { by: 'other' })))
    expect(refusal(ledger)).toMatchObject({
      code: 'E_UNDO_DEPENDS',
      message: expect.stringMatching(
        /“updated gp-a: title”.*the title of gp-a was changed since: “updated gp-a: title” by other/,
      ),
      kept: 'Nothing was changed.',
    })
  })
  test('but another value of the bead is no matter', () => {
    const ledger = start()
    write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'mine' }, MAX)))
    write(ledger, must(updateBead(ledger.state, 'gp-a', { notes: 'theirs' }, { by: 'other' })))
    undo(ledger)
    expect(ledger.state.beads.get('gp-a')).toMatchObject({ title: 'bead gp-a', notes: 'theirs' })
  })
  const createN = (ledger: Ledger): void =>
    write(ledger, must(createBead(ledger.state, { id: 'gp-n', prefix: 'gp', title: 'new' }, MAX)).input)
  test('somebody worked on a created bead', () => {
    const ledger = start()
    createN(ledger)
    write(ledger, must(addComment(ledger.state, 'gp-n', 'good idea', { by: 'other' })).input)
    expect(refusal(ledger).message).toContain('gp-n was changed since: “commented on gp-n” by other')
  })
  test('another bead needs a created one', () => {
    const ledger = start()
    createN(ledger)
    write(ledger, must(addDependency(ledger.state, 'gp-b', 'gp-n', { by: 'other' })))
    expect(refusal(ledger).message).toContain('gp-b has an edge to gp-n')
  })
  test('a worker began on what a close set free', () => {
    const ledger = start()
    write(ledger, must(addDependency(ledger.state, 'gp-b', 'gp-a', { by: 'other' })))
    write(ledger, must(closeBead(ledger.state, 'gp-a', {}, MAX)))
    const run = {
      fence: 'k3',
      bead: 'gp-b',
      agent: 'gp/polecats/toast',
      state: 'working',
      claimed_at: new Date().toISOString(),
    }
    const claim: Op = { op: 'set', id: 'gp-b', path: ['metadata', 'gt', 'runs', 'k3'], value: run }
    write(ledger, { by: 'deacon', why: 'claimed gp-b', ops: [claim] })
    expect(refusal(ledger).message).toContain('gp/polecats/toast began to work on gp-b after it (run k3)')
  })
  test('what a worker or a merge did is not undone by words', () => {
    const ledger = start()
    const value = { fence: 'k3', bead: 'gp-b', agent: 'x', state: 'stopped', claimed_at: '' }
    write(ledger, {
      ...MAX,
      why: 'stopped run k3',
      ops: [{ op: 'set', id: 'gp-b', path: ['metadata', 'gt', 'runs', 'k3'], value }],
    })
    expect(refusal(ledger).code).toBe('E_UNDO_DEED')
  })
})

test('whatever was updated, undone is undone', () => {
  const patch = fc.record(
    {
      title: fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
      notes: fc.option(fc.string()),
      priority: fc.nat(4),
      status: fc.constantFrom('open', 'blocked', 'deferred'),
      addLabels: fc.array(fc.constantFrom('x', 'y', 'z')),
      removeLabels: fc.array(fc.constantFrom('x', 'q')),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(patch, (given) => {
      const ledger = start()
      const before = ledger.state.beads.get('gp-a') as Bead
      const change = updateBead(ledger.state, 'gp-a', given, MAX)
      if (change.kind === 'ok') {
        write(ledger, change.value)
        if (differences(before, ledger.state.beads.get('gp-a')).length > 0) undo(ledger)
        expect(differences(before, ledger.state.beads.get('gp-a'))).toEqual([])
        expect(facts(ledger.state.beads.get('gp-a')!).version).toBeGreaterThan(facts(before).version)
      }
      ledger.close()
    }),
    { numRuns: 30 },
  )
})
