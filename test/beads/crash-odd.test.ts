/** Clocks that jump or differ, disks that change bytes, folders that cannot be written: said, and nothing is lost. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { basePath, indexPath, logPath, numbers } from '../../src/beads/journal.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { damagedBases } from '../../src/beads/publish.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import { snapshotText } from '../../src/beads/snapshot.ts'
import { openView } from '../../src/beads/view.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, onCleanUp, reopened, temporaryFolder } from './support.ts'

afterEach(() => {
  vi.useRealTimers()
  cleanUp()
})

const DAY = 86_400_000
const NOON = Date.parse('2026-06-15T12:00:00Z')

function setClock(time: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: time })
}

const set = (ledger: Ledger, key: string, value: unknown, when: unknown[] | null = null): boolean =>
  must(
    ledger.write({
      by: 'x',
      why: 'x',
      ops: [{ op: 'set', id: 'gp-a', path: [key], value }],
      ...(when && { when: [{ if: 'in' as const, id: 'gp-a', path: [key], values: when }] }),
    }),
  ).applied

test('a clock that jumps changes no order and turns no bead back', () => {
  setClock(NOON)
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  const written: string[] = []
  for (const [i, jump] of [0, -DAY, DAY, -400 * DAY, 60_000, 0].entries()) {
    setClock(NOON + jump)
    set(ledger, 'title', `title ${i}`)
    written.push(must({ kind: 'ok', value: ledger.state.beads.get('gp-a')! }).updated_at)
    if (i === 3) must(ledger.roll())
  }
  expect(written).toEqual([...written].sort())
  expect(ledger.state.beads.get('gp-a')?.title).toBe('title 5')
  setClock(NOON - 800 * DAY)
  set(ledger, 'status', 'closed')
  const fresh = reopened(ledger.dir)
  expect(snapshotText(fresh.state.beads.values())).toBe(snapshotText(ledger.state.beads.values()))
  // The trail tells the order in which things happened, whatever the clock said.
  const titles = [...fresh.history('gp-a')].flatMap(({ change }) =>
    change.ops.flatMap((op) => (op.op === 'set' && op.path[0] === 'title' ? [op.value] : [])),
  )
  expect(titles).toEqual([0, 1, 2, 3, 4, 5].map((i) => `title ${i}`))
})

test('two writers whose clocks are days apart: the journal decides, and both hold the same', () => {
  setClock(NOON)
  const late = newLedger()
  create(late, bead('gp-a'))
  const early = reopened(late.dir)
  const clock = (who: Ledger): void => setClock(NOON + (who === late ? 3 : -3) * DAY)
  const wins: string[] = []
  for (let i = 0; i < 10; i++) {
    // Each claims what the other may have claimed a moment ago by its own clock, a week later by the other's.
    for (const who of i % 2 === 0 ? [late, early] : [early, late]) {
      clock(who)
      if (set(who, 'assignee', `${who === late ? 'late' : 'early'} ${i}`, i === 0 ? [null] : [wins.at(-1)])) {
        wins.push(`${who === late ? 'late' : 'early'} ${i}`)
        break
      }
    }
    clock(i % 3 === 0 ? late : early)
    if (i % 4 === 3) must((i % 3 === 0 ? late : early).roll())
  }
  expect(wins).toHaveLength(10)
  must(late.refresh())
  must(early.refresh())
  expect(late.state.beads.get('gp-a')?.assignee).toBe(wins.at(-1))
  for (const one of [early, reopened(late.dir)]) {
    expect(snapshotText(one.state.beads.values())).toBe(snapshotText(late.state.beads.values()))
  }
})

test('a torn tail of every length is no record, is reported, and swallows nothing', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  const path = logPath(ledger.dir, 1)
  const whole = readFileSync(path)
  create(ledger, bead('gp-b'))
  const record = readFileSync(path).subarray(whole.length)
  for (let length = 0; length <= record.length; length += length < 3 || length > record.length - 14 ? 1 : 29) {
    truncateSync(path, whole.length)
    appendFileSync(path, record.subarray(0, length))
    const after = must(openLedger(ledger.dir))
    create(after, bead('gp-c'))
    // What lacks only its last newline is whole: the next record brings one.
    const there = length >= record.length - 1
    expect(after.state.beads.has('gp-b'), `${length} bytes`).toBe(there)
    expect(after.state.beads.has('gp-a') && after.state.beads.has('gp-c')).toBe(true)
    expect(after.damaged().length, `${length} bytes`).toBe(there || length <= 1 ? 0 : 1)
    after.close()
  }
})

test('a base that the disk changed is found, and never published', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a', { description: 'to be kept' }))
  must(ledger.roll())
  ledger.close()
  const n = numbers(ledger.dir, 'log').at(-1)!
  expect(damagedBases(ledger.dir)).toEqual([])
  const path = basePath(ledger.dir, n)
  const good = readFileSync(path)
  writeFileSync(path, good.toString().replace('kept', 'kapt'))
  expect(damagedBases(ledger.dir)).toEqual([path])
  const published = join(ledger.dir, 'issues.jsonl')
  rmSync(published)
  const failure = failureOf(openLedger(ledger.dir))
  expect(failure).toMatchObject({ code: 'E_STORE', message: expect.stringContaining(path) })
  writeFileSync(path, good)
  expect(reopened(ledger.dir).state.beads.get('gp-a')?.description).toBe('to be kept')
  expect(readFileSync(published, 'utf8')).toBe(good.toString())
})

test('a base line that is no JSON any more stops everything, with file and line', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'), bead('gp-b'))
  must(ledger.roll())
  const path = basePath(ledger.dir, numbers(ledger.dir, 'log').at(-1)!)
  writeFileSync(path, readFileSync(path, 'utf8').replace('"gp-b"', '"gp-b'))
  expect(failureOf(openLedger(ledger.dir))).toMatchObject({
    code: 'E_LEDGER_PARSE',
    message: expect.stringContaining(`${path} line 2`),
  })
})

test('in a folder that cannot be written a look answers, also without an index', (context) => {
  const disk = temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk], { stdio: 'ignore' })
  } catch {
    return context.skip('mounting a tmpfs needs root')
  }
  onCleanUp(() => execFileSync('umount', [disk]))
  const ledger = newLedger({}, join(disk, '.beads'))
  create(ledger, bead('gp-a'), bead('gp-b', { status: 'closed' }))
  must(ledger.roll())
  create(ledger, bead('gp-c'))
  ledger.close()
  rmSync(indexPath(ledger.dir, 2))
  execFileSync('mount', ['-o', 'remount,ro', disk])
  const view = must(openView(ledger.dir, 'working'))
  expect(readyBeads(view.state, { now: new Date() }).map(({ id }) => id)).toEqual(['gp-a', 'gp-c'])
  view.close()
  const reader = must(openLedger(ledger.dir))
  expect(reader.state.beads.size).toBe(3)
  expect(failureOf(reader.write({ by: 'x', why: 'x', ops: [] }))).toMatchObject({ code: 'E_READ_ONLY' })
  expect(failureOf(reader.roll()).code).toBe('E_READ_ONLY')
  reader.close()
  execFileSync('mount', ['-o', 'remount,rw', disk])
})
