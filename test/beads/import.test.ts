import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { normal } from '../../src/beads/canonical.ts'
import type { Reader } from '../../src/beads/export.ts'
import { exportBeads } from '../../src/beads/export.ts'
import type { State } from '../../src/beads/fold.ts'
import { apply, emptyState, put } from '../../src/beads/fold.ts'
import { planImport } from '../../src/beads/import.ts'
import { inexactNumber, readExport } from '../../src/beads/import-lines.ts'
import { aBead } from './arbitrary.ts'
import { bead, cleanUp, must, newLedger, reopened } from './support.ts'

afterEach(cleanUp)

const AUTHOR = { by: 'person', at: '2026-06-01T00:00:00Z' }
const lines = (...beads: object[]): string => beads.map((one) => `${JSON.stringify(one)}\n`).join('')
const plan = (text: string, state: State = emptyState(), rig?: string) =>
  planImport(state, readExport(Buffer.from(text)), AUTHOR, { source: 'x.jsonl', ...(rig && { rig }) })
/** The state after an import; the test fails when it is stopped. */
function imported(text: string, state: State = emptyState()): State {
  const made = plan(text, state)
  expect(made.problems).toEqual([])
  if (made.input)
    expect(apply(state, { ...made.input, id: `c${state.decided.size}`, at: AUTHOR.at }).applied).toBe(true)
  return state
}
const textOf = (state: State, reader: Reader = 'gt'): string => exportBeads(state, { reader }).text
const stateOf = (...beads: Bead[]): State => {
  const state = emptyState()
  for (const one of beads) put(state, normal(one))
  return state
}

describe('a round trip changes nothing', () => {
  test('arbitrary beads with unknown keys', () => {
    fc.assert(
      fc.property(fc.uniqueArray(aBead, { selector: (made) => made.id }), (beads) => {
        const before = emptyState()
        const ops = beads.map((made) => ({ op: 'create' as const, bead: JSON.parse(JSON.stringify(made)) as Bead }))
        apply(before, { id: 'c', at: AUTHOR.at, by: 'test', why: '', ops })
        const text = textOf(before)
        const after = imported(text)
        expect(textOf(after)).toBe(text)
        // And once more over itself: nothing to do.
        expect(plan(text, after)).toMatchObject({ created: [], updated: [], input: null, notes: [] })
      }),
    )
  })

  test('the ten example lines, to the byte but for the order of edges, which are a set', () => {
    const text = readFileSync(fileURLToPath(new URL('example-issues.jsonl', import.meta.url)), 'utf8')
    const given = text.trimEnd().split('\n')
    const beads = given.map((line) => JSON.parse(line) as Bead)
    for (const made of beads) made.dependencies?.sort((a, b) => (a.depends_on_id < b.depends_on_id ? -1 : 1))
    expect(plan(text).notes).toEqual([])
    expect(textOf(imported(text))).toBe(lines(...beads))
    // For the others only the spelling of comment ids could differ, and these are numbers already.
    expect(textOf(imported(text), 'bd')).toBe(lines(...beads))
  })

  test('through a real ledger, with what came between on disk', () => {
    const text = lines(bead('gp-a', { unheard_of: { b: [1.5, null], a: 'é<&>' }, timeout: 3600000000000 }))
    const ledger = newLedger()
    const { input } = planImport(ledger.state, readExport(Buffer.from(text)), AUTHOR, { source: 'x' })
    expect(must(ledger.write(input!)).applied).toBe(true)
    must(ledger.roll())
    const again = reopened(ledger.dir)
    expect(JSON.parse(textOf(again.state))).toEqual(JSON.parse(text))
  })
})

describe('what is wrong with a file is said with its lines, and stops what would lose data', () => {
  const good = lines(bead('gp-a'))
  test.each<[string, string, RegExp]>([
    ['a torn line', '{"id":"gp-b","title":"x', /JSON|Unterminated/],
    ['no object', '[1]', /no object/],
    ['no id', '{"title":"x"}', /no id/],
    ['no title', '{"id":"gp-b"}', /no title/],
    ['a wrong type', '{"id":"gp-b","title":"x","priority":"high"}', /priority/],
    ['a conflict marker', '<<<<<<< HEAD', /conflict marker/],
    ['another conflict marker', '=======', /conflict marker/],
    ['a number that would change', '{"id":"gp-b","title":"x","big":12345678901234567890}', /12345678901234567890/],
    ['an id twice', JSON.stringify(bead('gp-a', { title: 'another' })), /line 1 already/],
  ])('%s', (_name, line, words) => {
    const made = plan(`${good}${line}\n${lines(bead('gp-z'))}`)
    expect(made.problems).toEqual([{ line: 2, text: expect.stringMatching(words), ...idOf(made.problems[0]?.id) }])
    expect(made.input).toBeNull()
  })
  const idOf = (id: string | undefined) => (id === undefined ? {} : { id })

  test('bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"id":"gp-a","title":"'), Buffer.from([0xff]), Buffer.from('"}\n')])
    expect(readExport(bytes).problems).toEqual([{ line: 1, text: 'it is not UTF-8' }])
  })
  test('all of it at once, not the first only', () => {
    expect(plan('{\n[]\n>>>>>>> theirs\n').problems.map(({ line }) => line)).toEqual([1, 2, 3])
  })
  test('the same line twice is no loss', () => {
    const made = plan(good + good)
    expect(made).toMatchObject({ problems: [], created: ['gp-a'], notes: [{ line: 2, id: 'gp-a' }] })
  })
  test('another bead of the same id is not mixed with ours', () => {
    const theirs = bead('gp-a', { title: 'theirs', created_at: '2026-02-01T00:00:00Z' })
    const made = plan(lines(theirs), stateOf(bead('gp-a')))
    expect(made.problems).toMatchObject([{ line: 1, id: 'gp-a', text: expect.stringContaining('another bead') }])
  })
  test('circles are imported and named', () => {
    const edge = (from: string, to: string) => ({ issue_id: from, depends_on_id: to, type: 'blocks' })
    const made = plan(
      lines(
        { ...bead('gp-a'), dependencies: [edge('gp-a', 'gp-b')] },
        { ...bead('gp-b'), dependencies: [edge('gp-b', 'gp-a')] },
      ),
    )
    expect(made).toMatchObject({
      problems: [],
      cycles: [{ line: 1, ids: ['gp-a', 'gp-b', 'gp-a'] }],
      created: ['gp-a', 'gp-b'],
    })
  })
})

describe('files of other tools', () => {
  test('headers and memories are left out and named', () => {
    const text = `{"_schema":"beads-jsonl/1"}\n${lines({ _type: 'issue', ...bead('gp-a') })}{"_type":"memory","key":"k","value":"v"}\n`
    expect(plan(text)).toMatchObject({
      created: ['gp-a'],
      skipped: [
        { line: 1, text: 'schema header' },
        { line: 3, text: 'memory' },
      ],
    })
  })
  test('bd since 1.0: counts and parents are derived, comment ids are text', () => {
    const text = lines({
      _type: 'issue',
      ...bead('gp-a', {
        comments: [{ id: 'c0ffee', issue_id: 'gp-a', author: 'max', text: 'hm', created_at: '2026-01-01T00:00:00Z' }],
      }),
      dependency_count: 0,
      dependent_count: 3,
      comment_count: 1,
      parent: 'gp-e',
    })
    const state = imported(text)
    expect(state.beads.get('gp-a')).not.toHaveProperty('dependency_count')
    expect(state.beads.get('gp-a')!.comments![0]!.id).toBe('c0ffee')
    expect(JSON.parse(textOf(state, 'br')).comments[0].id).toBe(1)
  })
  test('br: its zeros and its repository are nothing; offsets become UTC', () => {
    const text = lines({
      ...bead('gp-a', { created_at: '2026-01-01T02:00:00+02:00' }),
      source_repo: '.',
      compaction_level: 0,
      original_size: 0,
    })
    expect(plan(text).notes).toEqual([])
    expect(JSON.parse(textOf(imported(text)))).toEqual(bead('gp-a'))
  })
  test('old files: deleted, wisp, parent_child, what is left out', () => {
    const state = imported(
      lines(
        {
          id: 'gp-a',
          title: 'a',
          status: 'deleted',
          deleted_at: '2026-01-02T00:00:00Z',
          created_at: '2026-01-01T00:00:00Z',
        },
        { id: 'gp-b', title: 'b', wisp: true },
        { id: 'gp-c', title: 'c', dependencies: [{ depends_on_id: 'gp-a', type: 'parent_child' }] },
      ),
    )
    expect(state.beads.get('gp-a')).toMatchObject({ status: 'tombstone', priority: 0, issue_type: 'task' })
    expect(state.beads.get('gp-b')).toMatchObject({ ephemeral: true, status: 'open' })
    expect(state.beads.get('gp-c')!.dependencies).toMatchObject([{ issue_id: 'gp-c', type: 'parent-child' }])
  })
  test('what the format has no place for is noted', () => {
    const made = plan(
      lines(
        { ...bead('gp-a'), close_reason: 'done', closed_at: '2026-01-02T00:00:00Z' },
        {
          ...bead('gp-b'),
          dependencies: [
            { depends_on_id: 'gp-a', type: 'related' },
            { depends_on_id: 'gp-a', type: 'blocks' },
          ],
        },
      ),
    )
    expect(made.notes.map(({ line, text }) => `${line} ${text}`)).toEqual([
      '1 its close_reason became nothing: the bead is open, not closed',
      '1 its closed_at became nothing: the bead is open, not closed',
      '2 1 of its dependencies left out: a pair of beads has one edge',
    ])
  })
  test('sessions and orders of another town start nothing here', () => {
    const runs = { k3: { fence: 'k3', state: 'working', agent: 'gp/polecats/toast' } }
    const gt = { version: 9, slung: { rig: 'gp', by: 'person', at: '' }, runs }
    const state = imported(lines({ ...bead('gp-a'), metadata: { gt } }))
    expect(state.live.size).toBe(0)
    expect(state.beads.get('gp-a')!.metadata!.gt).toEqual({
      version: 1,
      runs: { k3: { ...runs.k3, state: 'stopped', reason: 'imported from another town' } },
    })
  })
  test('--rig names the project of those that have none', () => {
    const theirs = { ...bead('gp-b'), metadata: { gt: { rig: 'other' } } }
    const made = plan(lines(bead('gp-a'), theirs), emptyState(), 'app')
    const rigs = made.input!.ops.map((op) => op.op === 'create' && op.bead.metadata!.gt!.rig)
    expect(rigs).toEqual(['app', 'other'])
  })
})

describe('a bead that is here already', () => {
  const comment = (text: string) => ({
    id: 1,
    issue_id: 'gp-a',
    author: 'max',
    text,
    created_at: '2026-01-01T00:00:00Z',
  })
  const later = '2026-03-01T00:00:00Z'
  test('takes what is younger; what the file leaves out stays', () => {
    const state = stateOf(bead('gp-a', { notes: 'keep', labels: ['mine'], comments: [comment('one')] }))
    imported(
      lines(
        bead('gp-a', {
          status: 'closed',
          updated_at: later,
          closed_at: later,
          labels: ['theirs'],
          comments: [comment('two')],
        }),
      ),
      state,
    )
    expect(state.beads.get('gp-a')).toMatchObject({
      status: 'closed',
      closed_at: later,
      notes: 'keep',
      labels: ['mine', 'theirs'],
    })
    expect(
      state.beads
        .get('gp-a')!
        .comments!.map(({ text }) => text)
        .sort(),
    ).toEqual(['one', 'two'])
  })
  test('keeps what is younger here, and the other value for people to look at; says so', () => {
    const state = stateOf(bead('gp-a', { title: 'mine', updated_at: later }))
    const text = lines(bead('gp-a', { title: 'theirs', comments: [comment('one')] }))
    expect(plan(text, state).notes).toEqual([
      { line: 1, id: 'gp-a', text: 'its title is "mine" now; "theirs" is kept under metadata.gt.conflicts' },
    ])
    imported(text, state)
    expect(state.beads.get('gp-a')).toMatchObject({ title: 'mine', comments: [{ text: 'one' }] })
    // The same file again says nothing new.
    expect(plan(text, state)).toMatchObject({ updated: [], unchanged: ['gp-a'], notes: [] })
  })
  test('a line that says what our bead once said is only old', () => {
    const then = bead('gp-a', { title: 'once', labels: ['x'] })
    const state = stateOf(bead('gp-a', { title: 'now', updated_at: later }))
    const read = readExport(Buffer.from(lines(then)))
    const given = { source: 'x', past: () => [then] }
    expect(planImport(state, read, AUTHOR, given)).toMatchObject({ unchanged: ['gp-a'], input: null, notes: [] })
    expect(planImport(state, read, AUTHOR, { source: 'x' }).updated).toEqual(['gp-a'])
  })
  test('one in the archive is there, too: it comes back when the file knows more', () => {
    const cold = bead('gp-a', {
      status: 'closed',
      closed_at: '2026-01-02T00:00:00Z',
      updated_at: '2026-01-02T00:00:00Z',
    })
    const given = { source: 'x', archived: new Map([['gp-a', cold]]) }
    const same = planImport(emptyState(), readExport(Buffer.from(lines(cold))), AUTHOR, given)
    expect(same).toMatchObject({ unchanged: ['gp-a'], created: [], input: null })
    const more = planImport(
      emptyState(),
      readExport(Buffer.from(lines({ ...cold, comments: [comment('x')] }))),
      AUTHOR,
      given,
    )
    expect(more.input).toMatchObject({ ops: [{ op: 'put' }], when: [{ if: 'absent', id: 'gp-a' }] })
  })
  test('a deleted one stays deleted, and is named; one whose creation was undone is wanted again', () => {
    const grave = (reason: string): Bead =>
      bead('gp-a', { status: 'tombstone', deleted_at: later, delete_reason: reason, updated_at: later })
    const text = lines(bead('gp-a', { title: 'again' }))
    expect(plan(text, stateOf(grave('spam')))).toMatchObject({
      unchanged: ['gp-a'],
      input: null,
      notes: [{ line: 1, text: 'it was deleted here ("spam") and stays deleted' }],
    })
    const state = imported(text, stateOf(grave('undone')))
    expect(state.beads.get('gp-a')).toMatchObject({ status: 'open', title: 'again' })
    expect(state.beads.get('gp-a')).not.toHaveProperty('deleted_at')
  })
  test('a bead with a worker on it keeps its status', () => {
    const runs = { k3: { fence: 'k3', state: 'working', agent: 'gp/polecats/toast' } as never }
    const state = stateOf(bead('gp-a', { status: 'hooked', metadata: { gt: { version: 1, runs } } }))
    const made = plan(
      lines(bead('gp-a', { status: 'closed', closed_at: later, updated_at: later, title: 'new' })),
      state,
    )
    expect(made.notes[0]!.text).toBe('a worker is on it; it stays hooked')
    expect(made.input!.ops).toMatchObject([{ op: 'put', bead: { status: 'hooked', title: 'new' } }])
  })
  test('never takes the kernel’s facts from a file', () => {
    const state = stateOf(bead('gp-a', { metadata: { gt: { version: 3, rig: 'gp' } } }))
    imported(lines(bead('gp-a', { updated_at: later, metadata: { gt: { version: 9, rig: 'no' }, x: 2 } })), state)
    expect(state.beads.get('gp-a')!.metadata).toEqual({ gt: { version: 4, rig: 'gp' }, x: 2 })
  })
})

describe('export', () => {
  test('wisps stay here; a rig can be asked for; the count of changes is nobody else’s', () => {
    const state = stateOf(
      bead('gp-a', { metadata: { gt: { version: 3, rig: 'gp' } } }),
      bead('gp-b', { ephemeral: true }),
      bead('gp-c', { metadata: { gt: { version: 2 } } }),
    )
    expect(exportBeads(state, { reader: 'gt', rig: 'gp' }).count).toBe(1)
    expect(textOf(state)).toBe(lines(bead('gp-a', { metadata: { gt: { rig: 'gp' } as never } }), bead('gp-c')))
  })
  test('for br: what it would refuse is said', () => {
    const state = stateOf(
      bead('gp-Toast'),
      bead('gp-a', { external_ref: 'gh 1' }),
      bead('gp-b', { title: 'x'.repeat(501) }),
      bead('gp-c', { external_ref: 'gh-2' }),
      bead('gp-d', { external_ref: 'gh-2' }),
      bead('gp-e', { created_at: 'yesterday' }),
    )
    expect(exportBeads(state, { reader: 'br' }).refused.map(({ id }) => id)).toEqual([
      'gp-Toast',
      'gp-a',
      'gp-b',
      'gp-e',
      'gp-d',
    ])
    expect(exportBeads(state, { reader: 'gt' }).refused).toEqual([])
  })
  test('for both: times in order, comment ids whole numbers, edges complete', () => {
    const state = stateOf(
      bead('gp-a', {
        updated_at: '2025-01-01T00:00:00Z',
        dependencies: [{ depends_on_id: 'gp-b', type: 'related' } as never],
        comments: ['x', 2, 'y', 2].map((id, i) => ({ ...comment(i), id })),
      }),
    )
    const out = JSON.parse(textOf(state, 'br')) as Bead
    expect(out.updated_at).toBe(out.created_at)
    expect(out.comments!.map(({ id }) => id).sort()).toEqual([1, 2, 3, 4])
    expect(out.dependencies).toMatchObject([{ issue_id: 'gp-a', created_at: out.created_at }])
  })
  const comment = (i: number) => ({
    id: 0,
    issue_id: 'gp-a',
    author: 'a',
    text: `${i}`,
    created_at: `2026-01-0${i + 1}T00:00:00Z`,
  })
  test('for bd: types that it must be told of, twins that it would drop', () => {
    const state = stateOf(
      bead('gp-a', { issue_type: 'agent', title: 'same' }),
      bead('gp-b', { issue_type: 'agent', title: 'same' }),
    )
    const { notes, refused } = exportBeads(state, { reader: 'bd' })
    expect(refused).toEqual([])
    expect(notes.map(({ text }) => text)).toEqual([
      expect.stringContaining('types.custom agent'),
      expect.stringContaining('types.custom agent'),
      expect.stringContaining('takes it for gp-a'),
    ])
  })
})

test.each([
  ['{"a":9007199254740993}', '9007199254740993'],
  ['{"a":1e400}', '1e400'],
  ['{"a":0.1000000000000000000000000001}', '0.1000000000000000000000000001'],
  ['{"a":1.50,"b":1E3,"c":-0,"d":3600000000000,"e":"12345678901234567890","f":5e-324}', undefined],
])('a number that would not survive: %s', (json, found) => {
  expect(inexactNumber(json)).toBe(found)
})
