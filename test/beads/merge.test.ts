/** One record, one set, three files: nothing of either side is lost, and it does not matter which side is which. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Raw } from '../../src/beads/merge.ts'
import { mergeRecord, sameRecord } from '../../src/beads/merge.ts'
import { mergeFiles } from '../../src/beads/merge-files.ts'
import { equal } from '../../src/beads/merge-lists.ts'
import type { Side } from '../../src/beads/merge-set.ts'
import { mergeSets } from '../../src/beads/merge-set.ts'
import { asMeant, writerOf } from '../../src/beads/merge-writer.ts'
import { bead, cleanUp, failureOf, must, temporaryFolder } from './support.ts'

afterEach(cleanUp)

const set = (...records: (Raw | null)[]): Side =>
  new Map(records.filter((one) => one !== null).map((one) => [String(one.id), one]))
const text = (side: Side): string => JSON.stringify([...side.entries()].sort(([a], [b]) => (a < b ? -1 : 1)))

interface Case {
  name: string
  why: string
  base: Raw | null
  left: Raw | null
  right: Raw | null
  expect: Raw[]
  conflicts: string[]
}
const cases = readFileSync(new URL('golden/merge_cases.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Case)

test.each(cases)('$name: $why', (one) => {
  const merged = must(mergeSets(set(one.base), set(one.left), set(one.right)))
  expect([...merged.records.values()]).toEqual(one.expect)
  expect(merged.conflicts.map(({ field }) => field)).toEqual(one.conflicts)
  expect(text(must(mergeSets(set(one.base), set(one.right), set(one.left))).records)).toBe(text(merged.records))
})

const aTime = fc.constantFrom(
  '2026-01-01T00:00:00Z',
  '2026-01-01T01:00:00+01:00',
  '2026-01-02T00:00:00.5Z',
  '2026-03-01T00:00:00Z',
)
const aWord = fc.constantFrom('', 'a', 'b', 'c', 'd é', '😀')
const aTree = fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.oneof(fc.nat(3), aWord, fc.dictionary(aWord, fc.nat(2))))
const aRecord: fc.Arbitrary<Raw> = fc.record(
  {
    id: fc.constant('gp-a'),
    title: aWord,
    status: fc.constantFrom('open', 'in_progress', 'closed', 'tombstone'),
    priority: fc.nat(4),
    created_at: fc.constant('2026-01-01T00:00:00Z'),
    created_by: fc.constant('u'),
    updated_at: aTime,
    description: aWord,
    notes: aWord,
    closed_at: aTime,
    close_reason: aWord,
    deleted_at: aTime,
    assignee: aWord,
    pinned: fc.boolean(),
    labels: fc.uniqueArray(aWord, { maxLength: 3 }),
    dependencies: fc.uniqueArray(
      fc.record({
        issue_id: fc.constant('gp-a'),
        depends_on_id: aWord,
        type: fc.constantFrom('blocks', 'related'),
        created_at: aTime,
      }),
      { maxLength: 3, selector: (edge) => `${edge.type} ${edge.depends_on_id}` },
    ),
    comments: fc.uniqueArray(
      fc.record({ id: fc.nat(3), issue_id: fc.constant('gp-a'), author: aWord, text: aWord, created_at: aTime }),
      { maxLength: 3, selector: (said) => JSON.stringify([said.author, said.text, Date.parse(said.created_at)]) },
    ),
    unheard_of: fc.oneof(aTree, aWord, fc.array(fc.nat(2), { maxLength: 2 })),
    metadata: fc.record(
      { gt: fc.record({ version: fc.nat(3), outcome: aWord }, { requiredKeys: ['version'] }), other: aTree },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['id', 'title', 'status', 'priority', 'created_at', 'created_by', 'updated_at'] },
)
/** As tools write them: closed says when, a tombstone says when, nothing else does. */
const coherent = (record: Raw): Raw => {
  const { closed_at: _c, close_reason, deleted_at: _d, ...rest } = record
  if (rest.status === 'closed')
    return { ...rest, closed_at: rest.updated_at, ...(close_reason ? { close_reason } : {}) }
  return rest.status === 'tombstone' ? { ...rest, deleted_at: rest.updated_at } : rest
}
const merge = (b: Raw | undefined, l: Raw, r: Raw): Raw => mergeRecord(b, l, r).record

describe('for any records', () => {
  const three = [fc.option(aRecord, { nil: undefined }), aRecord, aRecord] as const
  test('the sides may be swapped: the same bytes', () => {
    fc.assert(
      fc.property(...three, (b, l, r) => {
        expect(JSON.stringify(merge(b, l, r))).toBe(JSON.stringify(merge(b, r, l)))
      }),
    )
  })
  test('a side that did not change gives way, and two that did the same agree', () => {
    fc.assert(
      fc.property(aRecord, aRecord, (b, r) => {
        expect(sameRecord(merge(b, b, r), r)).toBe(true)
        expect(merge(b, structuredClone(b), r)).toEqual(sameRecord(b, r) ? merge(b, b, r) : r)
        expect(merge(b, r, structuredClone(r))).toEqual(r)
      }),
    )
  })
  test('merging again adds nothing', () => {
    fc.assert(
      fc.property(...three, (before, one, other) => {
        // A clock that jumps back makes the merged record older than its parts; that is not what this is about.
        const b = before && coherent({ ...before, updated_at: '2025-01-01T00:00:00Z' })
        const [l, r] = [coherent(one), coherent(other)]
        const merged = merge(b, l, r)
        expect(sameRecord(merge(b, merged, r), merged)).toBe(true)
        expect(sameRecord(merge(b, l, merged), merged)).toBe(true)
      }),
    )
  })
  test('what one side alone changed is in the result, and of what both changed each value is somewhere', () => {
    // Keys that go with the status follow it; that is what the cases above are for.
    const alone = ['title', 'description', 'assignee', 'pinned', 'priority', 'notes', 'unheard_of']
    fc.assert(
      fc.property(aRecord, aRecord, aRecord, (b, l, r) => {
        const merged = merge(b, l, r)
        const all = JSON.stringify(merged)
        for (const key of alone) {
          if (equal(key, l[key], b[key])) expect(equal(key, merged[key], r[key])).toBe(true)
          else if (equal(key, r[key], b[key])) expect(equal(key, merged[key], l[key])).toBe(true)
          else if (['title', 'description', 'assignee', 'notes'].includes(key))
            for (const side of [l, r]) if (side[key]) expect(all).toContain(JSON.stringify(side[key]).slice(1, -1))
        }
      }),
    )
  })
})

describe('for any sets', () => {
  const anId = fc.constantFrom('gp-a', 'gp-b', 'gp-c', 'gp-d', 'gp-a.1')
  /** A set as one clone has it: what it began from, some of that edited, some beads of its own. */
  const edits = fc.array(fc.tuple(anId, aRecord, fc.constantFrom('x', 'y')), { maxLength: 5 })
  const edited = (base: Side, changes: [string, Raw, string][]): Side => {
    const side = new Map(base)
    for (const [id, record, by] of changes) {
      const own = base.has(id)
        ? {}
        : { created_by: by, created_at: by === 'x' ? '2026-01-05T00:00:00Z' : '2026-01-06T00:00:00Z' }
      side.set(id, { ...coherent(record), ...own, id })
    }
    return side
  }
  const some = fc
    .array(fc.tuple(anId, aRecord), { maxLength: 3 })
    .map((list): Side => new Map(list.map(([id, record]) => [id, { ...record, id }])))

  test('the sides may be swapped, also where ids collide, and no id of either side is lost', () => {
    fc.assert(
      fc.property(some, edits, edits, (base, one, two) => {
        const [l, r] = [edited(base, one), edited(base, two)]
        const merged = must(mergeSets(base, l, r))
        expect(text(must(mergeSets(base, r, l)).records)).toBe(text(merged.records))
        for (const id of [...l.keys(), ...r.keys()]) expect(merged.records.has(id)).toBe(true)
        for (const { from, to } of merged.renamed)
          expect([merged.records.has(from), merged.records.has(to)]).toEqual([true, true])
      }),
    )
  })

  test('three clones that sync in any order through one remote end alike', () => {
    const step = fc.tuple(fc.nat(2), fc.option(edits, { nil: undefined }))
    fc.assert(
      fc.property(some, fc.array(step, { maxLength: 12 }), (start, steps) => {
        let remote = start
        const clones = [0, 1, 2].map(() => ({ base: start, now: start }))
        const sync = (clone: { base: Side; now: Side }): void => {
          remote = must(mergeSets(clone.base, clone.now, remote)).records
          clone.base = remote
          clone.now = remote
        }
        for (const [i, changes] of steps) {
          const clone = clones[i]!
          if (changes) clone.now = edited(clone.now, changes)
          else sync(clone)
        }
        for (const clone of [...clones, ...clones]) sync(clone)
        const [first, ...others] = clones.map(({ now }) => text(now))
        for (const other of others) expect(other).toBe(first)
      }),
    )
  })
})

describe('two beads with one id', () => {
  const mine = bead('gp-a.1', {
    title: 'mine',
    created_by: 'x',
    created_at: '2026-01-02T00:00:00Z',
    comments: [{ id: 1, issue_id: 'gp-a.1', author: 'x', text: 'hi', created_at: '2026-01-02T00:00:00Z' }],
  })
  const theirs = bead('gp-a.1', { title: 'theirs', created_by: 'y', created_at: '2026-01-01T00:00:00Z' })
  const edge = { issue_id: 'gp-b', depends_on_id: 'gp-a.1', type: 'blocks', created_at: '2026-01-02T00:00:00Z' }
  test('both stay, and what pointed to the renamed one on its side still does', () => {
    const merged = must(mergeSets(set(), set(mine, bead('gp-b', { dependencies: [edge] })), set(theirs)))
    const [{ to } = { to: '' }] = merged.renamed
    expect([...merged.records.keys()].sort()).toEqual(['gp-a.1', 'gp-b', to].sort())
    expect(merged.records.get('gp-a.1')).toMatchObject({ title: 'theirs' })
    expect(merged.records.get(to)).toMatchObject({ id: to, title: 'mine', comments: [{ issue_id: to }] })
    expect(merged.records.get('gp-b')).toMatchObject({ dependencies: [{ depends_on_id: to }] })
    const again = must(mergeSets(set(), merged.records, set(theirs)))
    expect(text(again.records)).toBe(text(merged.records))
  })
})

describe('a side that shrank', () => {
  const many = Array.from({ length: 40 }, (_, i) => bead(`gp-${i}`))
  test('is refused, on either side', () => {
    for (const [l, r] of [
      [many, many.slice(0, 20)],
      [many.slice(0, 20), many],
      [many, []],
    ] as const)
      expect(failureOf(mergeSets(set(...many), set(...l), set(...r))).code).toBe('E_SHRINK')
  })
  test('not when it lacks a few (they stay), pruned its tombstones or archived', () => {
    const few = must(mergeSets(set(...many), set(...many.slice(3)), set(...many)))
    expect(few.records.size).toBe(40)
    const graves = many.map((one) => ({ ...one, status: 'tombstone' }))
    expect(must(mergeSets(set(...graves), set(), set(...graves))).records.size).toBe(40)
    const archived = new Set(many.slice(1).map((one) => one.id))
    expect([...must(mergeSets(set(...many), set(many[0]!), set(...many), archived)).records.keys()]).toEqual(['gp-0'])
  })
})

describe('a program that does not know everything', () => {
  const whole = bead('gp-a', {
    due_at: '2026-05-01T00:00:00Z',
    defer_until: '2026-02-01T00:00:00Z',
    assignee: 'x',
    unheard_of: 1,
    comments: [{ id: 1, issue_id: 'gp-a', author: 'x', text: 'hi', created_at: '2026-01-01T00:00:00Z' }],
    dependencies: [
      {
        issue_id: 'gp-a',
        depends_on_id: 'gp-b',
        type: 'waits-for',
        created_at: '2026-01-01T00:00:00Z',
        metadata: '{"gate":"any-children"}',
      },
    ],
    metadata: { gt: { version: 3, rig: 'gp' } },
  })
  const { unheard_of: _u, metadata: _m, assignee: _a, comments: _c, defer_until: _d, ...plain } = whole
  const edge = { issue_id: 'gp-a', depends_on_id: 'gp-b', type: 'waits-for', created_at: '2026-02-02T00:00:00Z' }
  test.each([
    ['bd', { ...plain, title: 'new' }, { defer_until: whole.defer_until }],
    [
      'bd-2026',
      {
        ...plain,
        title: 'new',
        _type: 'issue',
        metadata: whole.metadata,
        comments: whole.comments,
        dependencies: [edge],
      },
      {},
    ],
    ['br', { ...plain, title: 'new', source_repo: '.', dependencies: [edge] }, {}],
  ])(
    '%s: a missing key that it has no name for is not edited; one that it knows was cleared',
    (writer, record, also) => {
      const base = set(whole)
      expect(writerOf(set(record), base)).toBe(writer)
      const meant = asMeant(set(record), base, writerOf(set(record), base)).get('gp-a')!
      expect(meant).toMatchObject({
        title: 'new',
        unheard_of: 1,
        metadata: whole.metadata,
        comments: whole.comments,
        dependencies: whole.dependencies,
        ...also,
      })
      expect(meant).not.toHaveProperty('assignee')
      if (writer !== 'bd') expect(meant).not.toHaveProperty('defer_until')
    },
  )
})

describe('files', () => {
  const files = (base: string, ours: string, theirs: string) => {
    const dir = temporaryFolder()
    const paths = { base: join(dir, 'base'), ours: join(dir, 'ours'), theirs: join(dir, 'theirs') }
    for (const [name, content] of Object.entries({ base, ours, theirs })) writeFileSync(join(dir, name), content)
    return paths
  }
  const line = '{"id":"gt-b","title":"kept \\u003c to the letter","priority":2,"x":12345678901234567890.10}'
  test('untouched lines keep their bytes; other kinds of lines, CRLF and blank lines are no trouble', () => {
    const base = `${line}\r\n\n{"id":"gt-a","title":"A","priority":2}\r\n{"_type":"memory","key":"k","value":"v"}\n`
    const merged = must(mergeFiles(files(base, base.replace('"A"', '"L"'), base)))
    expect(merged.text).toBe(
      `{"_type":"memory","key":"k","value":"v"}\n{"id":"gt-a","title":"L","priority":2}\n${line}\n`,
    )
    expect(merged.conflicts).toEqual([])
  })
  test.each([
    ['{"id":"gt-a"', 'not a bead'],
    ['[1]', 'no object'],
    ['{"title":"x"}', 'no id'],
    ['<<<<<<< HEAD', 'conflict marker'],
  ])('%s stops with path and line', (bad, why) => {
    const paths = files(line, `${line}\n${bad}\n`, line)
    const failure = failureOf(mergeFiles(paths))
    expect(failure.code).toBe('E_LEDGER_PARSE')
    expect(failure.message).toContain(`${paths.ours} line 2`)
    expect(failure.message).toContain(why)
  })
})

describe('gt bead merge', () => {
  const gt = fileURLToPath(new URL('../../bin/gt.js', import.meta.url))
  const record = (title: string, updated: string): string =>
    `${JSON.stringify({ id: 'gt-a', title, priority: 2, updated_at: `2026-01-0${updated}T00:00:00Z` })}\n`
  test.each([
    ['one side changed', record('A', '1'), 0, record('L', '2')],
    ['both changed the same', record('R', '3'), 1, '"lost":"L"'],
    ['one does not parse', '<<<<<<< HEAD\n', 1, record('L', '2')],
  ])('%s: exit code and output', (_name, theirs, code, content) => {
    const dir = temporaryFolder()
    for (const [name, text] of Object.entries({ base: record('A', '1'), ours: record('L', '2'), theirs }))
      writeFileSync(join(dir, name), text)
    // As git calls it: the result goes where our side was, in a folder without a town.
    const argv = [gt, 'bead', 'merge', 'base', 'ours', 'theirs', '--output', 'ours', '--json']
    const ran = spawnSync(process.execPath, argv, { cwd: dir, encoding: 'utf8', env: { ...process.env, HOME: dir } })
    expect(ran.status, ran.stdout + ran.stderr).toBe(code)
    expect(readFileSync(join(dir, 'ours'), 'utf8')).toContain(content)
    expect(readdirSync(dir).sort()).toEqual(['base', 'ours', 'theirs'])
    if (code === 0) expect(readFileSync(join(dir, 'ours'), 'utf8')).toBe(content)
    else expect(ran.stdout).toMatch(theirs.startsWith('<') ? /E_LEDGER_PARSE.*theirs line 1/ : /E_CONFLICT/)
  })
})

const golden = process.env.GT_GOLDEN
describe.skipIf(!golden)('14 merges that really happened (GT_GOLDEN is not set: skipped)', () => {
  test('no record, no one-sided edit, no close and no reopen is lost; what nobody touched keeps its bytes', () => {
    const dir = temporaryFolder()
    execFileSync('tar', ['-xJf', join(golden!, 'real-merges.tar.xz'), '-C', dir])
    const names = readdirSync(dir)
    expect(names.length).toBe(14)
    for (const name of names) {
      const path = (side: string): string => join(dir, name, `${side}.jsonl`)
      const merged = must(mergeFiles({ base: path('base'), ours: path('left'), theirs: path('right') })).text
      expect(must(mergeFiles({ base: path('base'), ours: path('right'), theirs: path('left') })).text).toBe(merged)
      // The last line of an id counts, as other tools read it; ids that a file holds twice are put together.
      const read = (content: string) => {
        const lines = content.split('\n').filter(Boolean)
        const records = lines.map((one) => JSON.parse(one) as Raw)
        const twice = new Set(records.map((one) => one.id).filter((id, i, ids) => ids.indexOf(id) !== i))
        return { lines: new Set(lines), twice, byId: new Map(records.map((one) => [one.id, one])) }
      }
      const [b, l, r] = ['base', 'left', 'right'].map((side) => read(readFileSync(path(side), 'utf8'))) as [
        Read,
        Read,
        Read,
      ]
      type Read = ReturnType<typeof read>
      const out = read(merged)
      const wrong: string[] = []
      for (const id of new Set([...l.byId.keys(), ...r.byId.keys()])) {
        const [B, L, R, O] = [b, l, r, out].map((side) => side.byId.get(id))
        if (!O) wrong.push(`${name} ${id} is lost`)
        if (!B || !L || !R || !O || l.twice.has(id) || r.twice.has(id) || b.twice.has(id)) continue
        if (sameRecord(B, L) && sameRecord(B, R) && !sameRecord(B, O)) wrong.push(`${name} ${id} is damaged`)
        for (const key of new Set([B, L, R].flatMap((one) => Object.keys(one)))) {
          const wanted = equal(key, L[key], B[key]) ? R[key] : equal(key, R[key], B[key]) ? L[key] : O[key]
          if (!equal(key, wanted, O[key])) wrong.push(`${name} ${id} ${key}`)
        }
      }
      for (const one of b.lines)
        if (l.lines.has(one) && r.lines.has(one) && !out.lines.has(one)) {
          if (!b.twice.has(JSON.parse(one).id) && !l.twice.has(JSON.parse(one).id))
            wrong.push(`${name} bytes of ${one.slice(0, 40)}`)
        }
      expect(wrong).toEqual([])
    }
  })
})
