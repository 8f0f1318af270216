/** Other programs and people edit issues.jsonl: found by content, merged, never overwritten (design section 5). */
import { copyFileSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { snapshotText } from '../../src/beads/snapshot.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, reopened } from './support.ts'

afterEach(cleanUp)

const path = (ledger: Ledger): string => join(ledger.dir, 'issues.jsonl')
/** Rewrites issues.jsonl the way another program would. */
function edit(ledger: Ledger, how: (beads: Bead[]) => Partial<Bead>[]): void {
  const beads = readFileSync(path(ledger), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Bead)
  writeFileSync(
    path(ledger),
    how(beads)
      .map((made) => `${JSON.stringify(made)}\n`)
      .join(''),
  )
}
const one = (id: string, change: (made: Bead) => Partial<Bead>) => (beads: Bead[]) =>
  beads.map((made) => (made.id === id ? change(made) : made))
const LATER = '2030-01-01T00:00:00Z'

function published(...beads: Bead[]): Ledger {
  const ledger = newLedger()
  create(ledger, ...beads)
  must(ledger.roll())
  return ledger
}

describe('an edit of issues.jsonl', () => {
  test('is merged at the next open, once, and published in our form', () => {
    const ledger = published(bead('gp-a', { labels: ['x'], description: 'long' }), bead('gp-b'))
    edit(ledger, (beads) => [
      ...one('gp-a', ({ description: _gone, ...made }) => ({
        ...made,
        title: 'new title',
        labels: ['y'],
        strange: [1],
      }))(beads),
      { id: 'gp-new', title: 'from bd', priority: 1, created_at: LATER },
    ])
    const fresh = reopened(ledger.dir)
    expect(fresh.state.beads.get('gp-a')).toMatchObject({ title: 'new title', labels: ['y'], strange: [1] })
    expect(fresh.state.beads.get('gp-a')).not.toHaveProperty('description')
    expect(fresh.state.beads.get('gp-new')).toMatchObject({ title: 'from bd', status: 'open', issue_type: 'task' })
    expect(readFileSync(path(ledger), 'utf8')).toBe(snapshotText(fresh.state.beads.values()))
    const versions = [...fresh.state.beads.values()].map((made) => facts(made).version)
    expect([...reopened(ledger.dir).state.beads.values()].map((made) => facts(made).version)).toEqual(versions)
    expect([...fresh.history()].filter(({ change }) => change.by === 'foreign').length).toBe(1)
  })

  test('is merged by a long-lived ledger before it rolls over it', () => {
    const ledger = published(bead('gp-a'))
    edit(
      ledger,
      one('gp-a', (made) => ({ ...made, title: 'theirs' })),
    )
    create(ledger, bead('gp-ours'))
    must(ledger.roll())
    expect(ledger.state.beads.get('gp-a')!.title).toBe('theirs')
    expect(readFileSync(path(ledger), 'utf8')).toContain('gp-ours')
  })

  test('survives rollovers that a full journal causes, and is merged by them', () => {
    const ledger = newLedger({ journalBytes: 1500 })
    create(ledger, bead('gp-a'))
    must(ledger.roll())
    edit(
      ledger,
      one('gp-a', (made) => ({ ...made, title: 'theirs' })),
    )
    for (let i = 0; i < 40; i++) create(ledger, bead(`gp-${i}`))
    expect(ledger.state.beads.get('gp-a')!.title).toBe('theirs')
    must(ledger.roll())
    expect(readFileSync(path(ledger), 'utf8')).toContain('theirs')
  })

  test('absence is never deletion', () => {
    const ledger = published(bead('gp-a', { metadata: { x: 1 }, comments: [comment(1, 'hello')] }), bead('gp-b'))
    // What a program does that knows neither metadata nor our second bead.
    edit(ledger, (beads) => [
      { id: 'gp-a', title: 'kept', status: 'open', priority: 2, issue_type: 'task', created_at: beads[0]!.created_at },
    ])
    const { state } = reopened(ledger.dir)
    expect(state.beads.get('gp-a')).toMatchObject({
      title: 'kept',
      metadata: { x: 1 },
      comments: [comment(1, 'hello')],
    })
    expect(state.beads.has('gp-b')).toBe(true)
  })

  test('both sides changed: different keys both stand, the same key goes to the younger', () => {
    const ledger = published(bead('gp-a'), bead('gp-b'))
    const ours = (id: string, key: string, value: string) =>
      must(ledger.write({ by: 'x', why: 'ours', ops: [{ op: 'set', id, path: [key], value }] }))
    ours('gp-a', 'assignee', 'me')
    ours('gp-a', 'title', 'our title')
    ours('gp-b', 'title', 'our title')
    edit(ledger, (beads) =>
      beads.map((made) => ({
        ...made,
        title: 'their title',
        notes: 'theirs',
        updated_at: made.id === 'gp-a' ? LATER : made.updated_at,
      })),
    )
    const { state } = reopened(ledger.dir)
    expect(state.beads.get('gp-a')).toMatchObject({ assignee: 'me', title: 'their title', notes: 'theirs' })
    expect(state.beads.get('gp-b')).toMatchObject({ title: 'our title', notes: 'theirs' })
  })

  test('the facts of the kernel are not for others to edit', () => {
    const ledger = published(bead('gp-a', { metadata: { gt: { version: 0, rig: 'gp' }, note: 'x' } }))
    edit(
      ledger,
      one('gp-a', (made) => ({ ...made, metadata: { gt: { version: 0, rig: 'stolen' }, note: 'y' } })),
    )
    const { state } = reopened(ledger.dir)
    expect(state.beads.get('gp-a')!.metadata).toMatchObject({ gt: { rig: 'gp' }, note: 'y' })
  })

  test('comments are told apart by who said what when, not by number', () => {
    const ledger = published(bead('gp-a', { comments: [comment(70, 'first')] }))
    edit(
      ledger,
      one('gp-a', (made) => ({ ...made, comments: [comment(1, 'first'), comment(70, 'second')] })),
    )
    const { comments } = reopened(ledger.dir).state.beads.get('gp-a')!
    expect(comments!.map((said) => said.text).sort()).toEqual(['first', 'second'])
    expect(new Set(comments!.map((said) => said.id)).size).toBe(2)
  })

  test('an id that both sides minted becomes two beads', () => {
    const ledger = published(bead('gp-x'))
    create(ledger, bead('gp-a', { title: 'ours', created_at: '2026-05-01T00:00:00Z' }))
    edit(ledger, (beads) => [...beads, bead('gp-a', { title: 'theirs', created_at: '2026-06-01T00:00:00Z' })])
    const titles = [...reopened(ledger.dir).state.beads.values()].map((made) => made.title).sort()
    expect(titles).toEqual(['bead gp-x', 'ours', 'theirs'])
  })

  test('an edit of an older publication does not undo what came after it', () => {
    const ledger = published(bead('gp-a'), bead('gp-b'))
    const old = readFileSync(path(ledger), 'utf8')
    must(ledger.write({ by: 'x', why: 'ours', ops: [{ op: 'set', id: 'gp-a', path: ['title'], value: 'ours' }] }))
    must(ledger.roll())
    writeFileSync(path(ledger), old.replace('bead gp-b', 'theirs'))
    const { state } = reopened(ledger.dir)
    expect(state.beads.get('gp-a')!.title).toBe('ours')
    expect(state.beads.get('gp-b')!.title).toBe('theirs')
  })
})

describe('what is no edit', () => {
  test('a file that was merged already, met again by a slow process', () => {
    const ledger = published(bead('gp-a'))
    edit(
      ledger,
      one('gp-a', (made) => ({ ...made, title: 'theirs', updated_at: LATER })),
    )
    const merged = readFileSync(path(ledger), 'utf8')
    const fresh = reopened(ledger.dir)
    must(fresh.write({ by: 'x', why: 'ours', ops: [{ op: 'set', id: 'gp-a', path: ['title'], value: 'ours' }] }))
    must(fresh.roll())
    writeFileSync(path(ledger), merged)
    expect(reopened(ledger.dir).state.beads.get('gp-a')!.title).toBe('ours')
    expect(readFileSync(path(ledger), 'utf8')).toContain('ours')
  })

  test('a publication that came late, a file that is gone, a touched file', () => {
    const ledger = published(bead('gp-a'))
    const old = join(ledger.dir, 'old')
    copyFileSync(path(ledger), old)
    create(ledger, bead('gp-b'))
    must(ledger.roll())
    const now = readFileSync(path(ledger), 'utf8')
    for (const disturb of [
      () => copyFileSync(old, path(ledger)),
      () => rmSync(path(ledger)),
      () => utimesSync(path(ledger), 1, 1),
      () => writeFileSync(path(ledger), now.replaceAll('":', '": ')),
      () => rmSync(join(ledger.dir, 'journal', 'published.json')),
    ]) {
      disturb()
      const fresh = reopened(ledger.dir)
      expect(readFileSync(path(ledger), 'utf8')).toBe(now)
      expect([...fresh.history()].length).toBe(2)
    }
  })
})

test.each([
  ['a conflict marker', (text: string) => `<<<<<<< HEAD\n${text}=======\n>>>>>>> x\n`, 1],
  ['a torn line', (text: string) => text.slice(0, -20), 2],
])('%s stops with file and line, and nothing is overwritten', (_name, how, line) => {
  const ledger = published(bead('gp-a'), bead('gp-b'))
  const text = how(readFileSync(path(ledger), 'utf8'))
  writeFileSync(path(ledger), text)
  const failure = failureOf(openLedger(ledger.dir))
  expect(failure.code).toBe('E_LEDGER_PARSE')
  expect(failure.message).toContain(`${path(ledger)} line ${line}`)
  create(ledger, bead('gp-c'))
  expect(failureOf(ledger.roll()).code).toBe('E_LEDGER_PARSE')
  expect(readFileSync(path(ledger), 'utf8')).toBe(text)
  // Whoever could not mend it goes on, and what it writes is there; the edit still waits for whoever made it.
  const working = must(openLedger(ledger.dir, { leaveBroken: true }))
  create(working, bead('gp-d'))
  expect(readFileSync(path(ledger), 'utf8')).toBe(text)
  working.close()
  expect(failureOf(openLedger(ledger.dir)).code).toBe('E_LEDGER_PARSE')
  // Looking is still possible.
  expect(reopened(ledger.dir, { readOnly: true }).state.beads.size).toBe(4)
})

function comment(id: number, text: string) {
  return { id, issue_id: 'gp-a', author: 'x', text, created_at: '2026-01-01T00:00:00Z' }
}
