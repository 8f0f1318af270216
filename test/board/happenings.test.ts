import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { ChangeInput } from '../../src/beads/change.ts'
import { addComment, closeBead, createBead, reopenBead } from '../../src/beads/edit.ts'
import type { State } from '../../src/beads/fold.ts'
import { Chronicle } from '../../src/board/chronicle.ts'
import type { Happening } from '../../src/board/happenings.ts'
import { happeningsOf } from '../../src/board/happenings.ts'
import { pastOf } from '../../src/board/past.ts'
import { land, mergeOf, step, submit } from '../../src/kernel/merges.ts'
import { advance, claim, decline, giveBack, liveRun, needsHuman } from '../../src/kernel/runs.ts'
import { order } from '../../src/polecats/sling.ts'
import { must } from '../beads/support.ts'
import { aBead, aRun, at, stateOf, write } from '../kernel/support.ts'

/** Folds a change and tells it. */
function tell(state: State, input: ChangeInput, when = at(1)): { kind: string; text: string; system: boolean }[] {
  const verdict = write(state, input, when)
  expect(verdict.applied).toBe(true)
  return happeningsOf(verdict.change).map(({ kind, text, system }) => ({ kind, text, system }))
}

const news = (kind: string, text: unknown): object => ({ kind, text, system: false })
const books = (kind: string): object => ({ kind, text: expect.any(String), system: true })

/** A bead whose worker is at work. */
function atWork(): { state: State; bead: () => Bead; run: () => NonNullable<ReturnType<typeof liveRun>> } {
  const state = stateOf(aBead('gp-a', {}, { slung: { rig: 'gp', by: 'person', at: at(0) } }))
  const fresh = aRun('r1', 'gp-a', { state: 'claimed' })
  write(state, claim(fresh, 5, 'deacon'))
  for (const to of ['provisioning', 'starting', 'working'] as const)
    write(state, advance(liveRun(state.beads.get('gp-a')!)!, to, at(1), 'deacon', 'on its way'))
  const bead = (): Bead => state.beads.get('gp-a')!
  return { state, bead, run: () => liveRun(bead())! }
}

describe('the life of a bead, as people read it', () => {
  test('from made to landed', () => {
    const state = stateOf()
    const made = must(createBead(state, { id: 'gp-a', prefix: 'gp', title: 'A' }, { by: 'person' }))
    expect(tell(state, made.input)).toEqual([news('created', 'created')])
    const bead = (): Bead => state.beads.get('gp-a')!
    const slung = must(order(bead(), { rig: 'gp', by: 'person', at: at(1) }))!
    expect(tell(state, slung)).toEqual([news('slung', 'slung to gp')])
    const run = aRun('r1', 'gp-a', { state: 'claimed' })
    expect(tell(state, claim(run, 5, 'deacon'))).toEqual([books('claimed')])
    const go = (to: 'provisioning' | 'starting' | 'working' | 'quiet'): ChangeInput =>
      advance(liveRun(bead())!, to, at(2), 'deacon', 'a sign of life')
    expect(tell(state, go('provisioning'))).toEqual([books('books')])
    expect(tell(state, go('starting'))).toEqual([books('books')])
    expect(tell(state, go('working'))).toEqual([news('started', 'at work')])
    expect(tell(state, go('quiet'))).toEqual([books('quiet')])
    expect(tell(state, go('working'))).toEqual([books('books')])
    const said = must(addComment(state, 'gp-a', 'half of it is there', { by: run.agent }))
    expect(tell(state, said.input)).toEqual([news('said', 'half of it is there')])
    const work = { head: 'c'.repeat(40), at: at(3), id: 'gp-m1', message: 'all tests pass' }
    expect(tell(state, submit(bead(), liveRun(bead())!, undefined, work))).toEqual([
      news('handed_in', 'handed in: all tests pass'),
    ])
    const request = (): NonNullable<ReturnType<typeof mergeOf>> => mergeOf(state.beads.get('gp-m1')!)!
    expect(tell(state, step(request(), 'building', at(4), 'built'))).toEqual([books('queue')])
    expect(tell(state, step(request(), 'testing', at(4), 'tested'))).toEqual([books('queue')])
    expect(tell(state, step(request(), 'landing', at(4), 'green'))).toEqual([books('queue')])
    const landing = land(request(), bead(), liveRun(bead()), { commit: 'd'.repeat(40) }, at(5), 'seen in main')
    expect(tell(state, landing)).toEqual([news('landed', 'landed on main as dddddddddd')])
    expect(facts(bead()).outcome).toBe('landed')
  })

  test('what goes wrong: red, failed, parked for a person', () => {
    const { state, bead, run } = atWork()
    write(state, submit(bead(), run(), undefined, { head: 'c'.repeat(40), at: at(3), id: 'gp-m1' }))
    const request = mergeOf(state.beads.get('gp-m1')!)!
    write(state, step(request, 'building', at(4), ''))
    write(state, step(mergeOf(state.beads.get('gp-m1')!)!, 'testing', at(4), ''))
    const red = step(mergeOf(state.beads.get('gp-m1')!)!, 'red', at(4), 'gate "test" failed')
    expect(tell(state, red)).toEqual([news('red', 'gate "test" failed')])

    const other = atWork()
    const end = {
      to: 'lost' as const,
      reason: 'process 7 is gone',
      cause: 'crash' as const,
      at: new Date(at(9)),
      by: 'deacon',
    }
    expect(tell(other.state, giveBack(other.bead(), other.run(), end, { attempts: 1, backoffMs: 1 }))).toEqual([
      news('failed', 'process 7 is gone'),
      news('needs_you', expect.stringContaining('process 7 is gone')),
    ])
  })

  test('what a worker says to people', () => {
    const { state, bead, run } = atWork()
    expect(tell(state, needsHuman(bead(), 'ask', 'which database?', at(2), run().agent))).toEqual([
      news('asked', 'which database?'),
    ])
    const answer: ChangeInput = {
      by: 'person',
      why: 'answered: the small one',
      ops: [{ op: 'unset', id: 'gp-a', path: ['metadata', 'gt', 'needs'] }],
    }
    expect(tell(state, answer)).toEqual([news('answered', 'answered: the small one')])
    expect(tell(state, decline(bead(), run(), 'it is done already', at(3)))).toEqual([
      news('stopped', 'it is done already'),
      news('needs_you', 'it is done already'),
    ])
  })

  test('closing by a word, and opening again', () => {
    const state = stateOf(aBead('gp-a'))
    const closed = must(closeBead(state, 'gp-a', { outcome: 'cancelled', reason: 'no use' }, { by: 'person' }))
    expect(tell(state, closed)).toEqual([news('closed', 'cancelled: no use')])
    expect(tell(state, must(reopenBead(state, 'gp-a', { by: 'person' })))).toEqual([news('reopened', 'opened again')])
  })
})

test('records of the books stay behind --all: leases, settings, Dogs, edits', () => {
  const state = stateOf(aBead('gp-a'))
  const lease: ChangeInput = { by: 'deacon', why: 'takes deacon', ops: [{ op: 'lease', name: 'deacon', holder: null }] }
  expect(tell(state, lease)).toEqual([books('books')])
  expect(tell(state, { by: 'person', why: 'setting changed', ops: [] })).toEqual([books('books')])
  const edit: ChangeInput = {
    by: 'person',
    why: 'updated',
    ops: [{ op: 'set', id: 'gp-a', path: ['title'], value: 'B' }],
  }
  expect(tell(state, edit)).toEqual([books('edited')])
  const dog = aBead('gp-dog', {}, { dog: { chore: 'logs' } })
  expect(tell(state, { by: 'dog', why: 'looked', ops: [{ op: 'create', bead: dog }] })).toEqual([books('books')])
})

test('many beads made at once are one line', () => {
  const ops = Array.from({ length: 40 }, (_, n) => ({ op: 'create' as const, bead: aBead(`gp-${n}`) }))
  expect(tell(stateOf(), { by: 'person', why: 'imported', ops })).toEqual([news('created', 'created, with 39 more')])
})

test('the chronicle: newest first, books apart, nothing twice, refused changes not at all', () => {
  const chronicle = new Chronicle()
  const state = stateOf(aBead('gp-a'))
  const heard: string[] = []
  const stop = chronicle.follow((few) => void heard.push(...few.map(({ kind }) => kind)))
  const put = (input: ChangeInput, when: string): void => {
    const verdict = write(state, input, when)
    chronicle.note(verdict.change, verdict)
    chronicle.note(verdict.change, verdict)
  }
  put(must(addComment(state, 'gp-a', 'one', { by: 'person' })).input, at(1))
  for (let n = 0; n < 900; n++) put({ by: 'deacon', why: `takes ${n}`, ops: [] }, at(2))
  put(must(addComment(state, 'gp-a', 'two', { by: 'person' })).input, at(3))
  put({ by: 'x', why: 'no', when: [{ if: 'absent', id: 'gp-a' }], ops: [] }, at(4))
  stop()
  put(must(addComment(state, 'gp-a', 'three', { by: 'person' })).input, at(5))
  expect(chronicle.newest(10).map(({ text }) => text)).toEqual(['three', 'two', 'one'])
  expect(chronicle.newest(3, { all: true }).map(({ text }) => text)).toEqual(['three', 'two', 'takes 899'])
  expect(chronicle.newest(10, { since: Date.parse(at(3)) })).toHaveLength(2)
  expect(heard.filter((kind) => kind === 'said')).toHaveLength(2)
})

test('before the journal begins the beads tell, each happening once', () => {
  const { state, bead, run } = atWork()
  write(state, submit(bead(), run(), undefined, { head: 'c'.repeat(40), at: at(3), id: 'gp-m1' }), at(3))
  const chronicle = new Chronicle()
  const comment = write(state, must(addComment(state, 'gp-a', 'late', { by: 'x', at: at(60) })).input, at(60))
  chronicle.note(comment.change, comment)
  chronicle.recall(state, new Date(at(61)))
  expect(chronicle.newest(10).map(({ kind }) => kind)).toEqual(['said', 'handed_in', 'started', 'created', 'slung'])
})

test('a question and its answer are told in the same words as they happen, and later', () => {
  const state = stateOf(aBead('gp-a'))
  const put = (input: ChangeInput, more: ChangeInput['ops'], when: string) =>
    write(state, { ...input, ops: [...input.ops, ...more] }, when).change
  const path = ['metadata', 'gt', 'needs']
  const says = (text: string, by: string, when: string): ChangeInput =>
    must(addComment(state, 'gp-a', text, { by, at: when })).input
  const value = { cause: 'ask', text: 'Julian?', at: at(1) }
  const asks = put(says('Question: Julian?', 'gp/toast', at(1)), [{ op: 'set', id: 'gp-a', path, value }], at(1))
  const waits = pastOf(state, at(9), 9)
  const answer = put(says('Answer: No.', 'person', at(2)), [{ op: 'unset', id: 'gp-a', path }], at(2))
  const words = (all: readonly Happening[]): string[][] => all.map(({ kind, by, text }) => [kind, by, text])
  const [asked, answered] = [
    ['asked', 'gp/toast', 'Julian?'],
    ['answered', 'person', 'No.'],
  ]
  expect(words([asks, answer].flatMap(happeningsOf))).toEqual([asked, answered])
  expect(words(waits).slice(0, -1)).toEqual([asked])
  expect(words(pastOf(state, at(9), 9)).slice(0, -1)).toEqual([answered, asked])
})
