import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytewise, normal, same } from '../../src/beads/canonical.ts'
import { complete, readForeignSnapshot, readOwnSnapshot, snapshotText } from '../../src/beads/snapshot.ts'
import { aBead } from './arbitrary.ts'
import { bead, failureOf, must } from './support.ts'

const foreign = (...lines: (object | string)[]) =>
  readForeignSnapshot(
    Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
    'f.jsonl',
  )

describe('canonical text', () => {
  test('is a fixed point: writing, reading and writing again gives the same bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(aBead, { selector: (made) => made.id }), (beads) => {
        const text = snapshotText(beads.map(normal))
        expect(snapshotText(must(readOwnSnapshot(text, 'x')))).toBe(text)
        const reread = must(readForeignSnapshot(Buffer.from(text), 'x'))
        expect(reread.map((made) => made.id)).toEqual(
          beads
            .filter((made) => !made.ephemeral)
            .map((made) => made.id)
            .sort(bytewise),
        )
      }),
    )
  })

  test('does not depend on the order of keys, labels, edges or beads', () => {
    fc.assert(
      fc.property(aBead, (made) => {
        const turned = Object.fromEntries(Object.entries(structuredClone(made)).reverse())
        turned.labels = [...(made.labels ?? [])].reverse()
        expect(JSON.stringify(normal(turned as typeof made))).toBe(JSON.stringify(normal(made)))
      }),
    )
    expect(snapshotText([bead('b'), bead('a'), bead('a.1'), bead('B')].map(normal)).match(/"id":"[^"]+"/g)).toEqual(
      ['B', 'a', 'a.1', 'b'].map((id) => `"id":"${id}"`),
    )
  })

  test('keeps what it does not know, drops what is empty, always writes the priority', () => {
    const made = {
      ...bead('x', { priority: 0, description: '', labels: [], pinned: false }),
      strange: { b: null, a: 0 },
      zero: 0,
      no: false,
    }
    expect(snapshotText([normal(made)])).toBe(
      '{"id":"x","title":"bead x","status":"open","priority":0,"issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","no":false,"strange":{"b":null,"a":0},"zero":0}\n',
    )
  })

  test('never holds an ephemeral bead', () => {
    expect(snapshotText([bead('x', { ephemeral: true })])).toBe('')
  })

  test('the bytes are ordered as bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        if (/\p{Surrogate}/u.test(`${a} ${b}`)) return
        expect(Math.sign(bytewise(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
  })
})

describe('reading what others wrote', () => {
  test('the ten example lines of the format come back with every fact', () => {
    const path = new URL('example-issues.jsonl', import.meta.url)
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    const beads = must(readForeignSnapshot(readFileSync(path), 'example')).map(complete)
    expect(beads.length).toBe(10)
    for (const line of lines) {
      const given = JSON.parse(line)
      const read = beads.find((made) => made.id === given.id)!
      expect(same(normal(given), read), line).toBe(true)
      // Byte for byte: these lines have their keys in the order of the format; only edges are sorted here.
      given.dependencies?.sort((a: { depends_on_id: string }, b: { depends_on_id: string }) =>
        bytewise(a.depends_on_id, b.depends_on_id),
      )
      expect(JSON.stringify(read)).toBe(JSON.stringify(given))
    }
  })

  test('other lines, derived keys, aliases, offsets', () => {
    const read = must(
      foreign(
        { _schema: 'beads-jsonl/1' },
        { _type: 'memory', key: 'k', value: 'v' },
        '',
        {
          _type: 'issue',
          id: 'a',
          title: 't',
          created_at: '2026-01-01T02:00:00.123456789+02:00',
          wisp: true,
          dependency_count: 3,
          content_hash: 'x',
          dependencies: [{ depends_on_id: 'b', type: 'parent_child' }],
        },
        { id: 'd', title: 't', status: 'deleted', created_at: '2026-01-01T00:00:00Z' },
        { id: 'e', title: 'old', updated_at: '2026-01-01T00:00:00Z', labels: ['x'] },
        { id: 'e', title: 'new', updated_at: '2026-01-02T00:00:00Z', labels: ['y'] },
      ),
    ).map(complete)
    expect(read.map((made) => made.id)).toEqual(['a', 'd', 'e'])
    expect(read[0]).toEqual({
      id: 'a',
      title: 't',
      status: 'open',
      priority: 0,
      issue_type: 'task',
      created_at: '2026-01-01T00:00:00.123456789Z',
      updated_at: '2026-01-01T00:00:00.123456789Z',
      dependencies: [
        { issue_id: 'a', depends_on_id: 'b', type: 'parent-child', created_at: '2026-01-01T00:00:00.123456789Z' },
      ],
      ephemeral: true,
    })
    expect(read[1]!.status).toBe('tombstone')
    expect(read[2]).toMatchObject({ title: 'new', labels: ['x', 'y'] })
  })

  test.each([
    ['<<<<<<< HEAD', 'conflict marker'],
    ['{"id":"a","title":"torn', 'f.jsonl line 2'],
    ['[1]', 'no object'],
    ['{"title":"t"}', 'no id'],
    ['{"id":"a"}', 'no title'],
    ['{"id":"a","title":"t","dependencies":[null]}', 'dependencies'],
    ['{"id":"a","title":"t","priority":"high"}', 'priority'],
  ])('%s is an error with file and line', (line, says) => {
    const failure = failureOf(foreign({ id: 'ok', title: 't' }, line))
    expect(failure.code).toBe('E_LEDGER_PARSE')
    expect(failure.message).toContain('f.jsonl line 2')
    expect(failure.message).toContain(says)
    expect(failure.hint).toContain('line 2')
  })

  test('bytes that are no UTF-8 are an error, not a replacement character', () => {
    const bytes = Buffer.concat([Buffer.from('{"id":"a","title":"'), Buffer.from([0xe4]), Buffer.from('"}\n')])
    expect(failureOf(readForeignSnapshot(bytes, 'f')).message).toContain('UTF-8')
  })
})
