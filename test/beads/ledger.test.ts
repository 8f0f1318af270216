import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createLedger, openLedger } from '../../src/beads/ledger.ts'
import { encode } from '../../src/beads/record.ts'
import { snapshotText } from '../../src/beads/snapshot.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, reopened, startWriter, temporaryFolder } from './support.ts'

afterEach(cleanUp)

const log = (dir: string, n: number): string => join(dir, 'journal', `${String(n).padStart(8, '0')}.log`)
const base = (dir: string, n: number): string => log(dir, n).replace('.log', '.base')
const issues = (dir: string): string => readFileSync(join(dir, 'issues.jsonl'), 'utf8')
const journals = (dir: string, kind: string): string[] =>
  readdirSync(join(dir, 'journal')).filter((name) => name.endsWith(kind))
const seal = encode({ kind: 'seal', id: 'a-seal', at: '2026-01-01T00:00:00Z' })

describe('writing and reading', () => {
  test('a write is there for whoever opens, and whoever has it open', () => {
    const mine = newLedger()
    const theirs = reopened(mine.dir)
    create(mine, bead('gp-a'))
    expect(theirs.state.beads.has('gp-a')).toBe(false)
    expect(must(theirs.refresh())).toBe(true)
    expect(must(theirs.refresh())).toBe(false)
    expect(theirs.state.beads.get('gp-a')).toEqual(mine.state.beads.get('gp-a'))
    expect(reopened(mine.dir).state.beads.has('gp-a')).toBe(true)
  })

  test('a condition that does not hold is an answer, not an error; the trail keeps it', () => {
    const mine = newLedger()
    const theirs = reopened(mine.dir)
    create(mine, bead('gp-a'))
    const claim = {
      by: 'x',
      why: 'claim',
      ops: [{ op: 'set' as const, id: 'gp-a', path: ['assignee'], value: 'x' }],
      when: [{ if: 'version' as const, id: 'gp-a', is: 1 }],
    }
    // Theirs has not read anything yet: the verdict comes from the journal, not from what it knew.
    expect(must(theirs.write(claim)).applied).toBe(true)
    expect(must(mine.write(claim))).toMatchObject({ applied: false, unmet: { if: 'version' } })
    expect([...mine.history('gp-a')].map(({ change, applied }) => [change.why, applied])).toEqual([
      ['create', true],
      ['claim', true],
      ['claim', false],
    ])
    expect([...mine.history('gp-zzz')]).toEqual([])
  })

  test('no ledger, a ledger for reading, an operation that cannot be', () => {
    const dir = temporaryFolder()
    expect(failureOf(openLedger(dir)).code).toBe('E_NO_LEDGER')
    const mine = newLedger()
    const reader = reopened(mine.dir, { readOnly: true })
    expect(failureOf(reader.write({ by: 'x', why: 'x', ops: [] })).code).toBe('E_READ_ONLY')
    expect(failureOf(reader.roll()).code).toBe('E_READ_ONLY')
    const polluting = { op: 'set' as const, id: 'gp-a', path: ['__proto__'], value: 1 }
    expect(failureOf(mine.write({ by: 'x', why: 'x', ops: [polluting] })).code).toBe('E_BAD_CHANGE')
    expect(must(reader.refresh())).toBe(false)
  })

  test('a folder with an issues.jsonl goes on from there', () => {
    const dir = join(temporaryFolder(), '.beads')
    mkdirSync(dir)
    writeFileSync(
      join(dir, 'issues.jsonl'),
      '{"id":"gp-a","title":"from a clone","priority":1,"created_at":"2026-01-01T00:00:00Z"}\n',
    )
    const ledger = reopened(dir)
    expect(ledger.state.beads.get('gp-a')).toMatchObject({ title: 'from a clone', status: 'open', priority: 1 })
    expect(issues(dir)).toBe(snapshotText(ledger.state.beads.values()))
    expect(must(createLedger(dir)).state.beads.size).toBe(1)
  })

  test('watchers hear of other processes and of own writes', async () => {
    const ledger = newLedger()
    let heard = 0
    let wake = (): void => {}
    const stop = ledger.watch(() => {
      heard += 1
      wake()
    })
    const told = (): Promise<void> => new Promise((resolve) => (wake = resolve))
    const first = told()
    const writer = await startWriter(ledger.dir, 'w', 1, 0, 0, 0)
    await first
    expect(ledger.state.beads.has('w-0')).toBe(true)
    await writer.ended
    const second = told()
    create(ledger, bead('gp-own'))
    await second
    stop()
    expect(heard).toBeGreaterThanOrEqual(2)
  })
})

describe('rolling over', () => {
  test('past its bound a journal is sealed, and nothing changes for anybody', () => {
    const ledger = newLedger({ journalBytes: 2000 })
    const follower = reopened(ledger.dir)
    for (let i = 0; i < 60; i++) create(ledger, bead(`gp-${i}`))
    expect(journals(ledger.dir, '.log').length).toBeGreaterThan(8)
    // The first base and the newest eight: the first one is where the history begins.
    expect(journals(ledger.dir, '.base').length).toBe(9)
    expect(existsSync(base(ledger.dir, 1))).toBe(true)
    must(follower.refresh())
    for (const other of [follower, reopened(ledger.dir)]) {
      expect(snapshotText(other.state.beads.values())).toBe(snapshotText(ledger.state.beads.values()))
    }
    expect([...ledger.history()].length).toBe(60)
    create(follower, bead('gp-last'))
    must(ledger.refresh())
    expect(ledger.state.beads.has('gp-last')).toBe(true)
  })

  test('roll publishes; without a change there is nothing to roll', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-b'), bead('gp-a'))
    expect(issues(ledger.dir)).toBe('')
    must(ledger.roll())
    expect(issues(ledger.dir)).toBe(snapshotText(ledger.state.beads.values()))
    must(ledger.roll())
    expect(journals(ledger.dir, '.log').length).toBe(2)
  })

  test('leases and ephemeral beads go along, but never into issues.jsonl', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'), bead('gp-w', { ephemeral: true }))
    must(
      ledger.write({
        by: 'x',
        why: 'lease',
        ops: [{ op: 'lease', name: 'l', holder: { pid: 1, started: 's', token: 't' } }],
      }),
    )
    must(ledger.roll())
    expect(issues(ledger.dir)).not.toContain('gp-w')
    for (const one of [ledger, reopened(ledger.dir)]) {
      expect(one.state.leases.get('l')).toEqual({ pid: 1, started: 's', token: 't' })
      expect(one.state.beads.has('gp-w')).toBe(true)
    }
  })

  test('whoever followed and whoever has just opened write the same next journal', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-w2', { ephemeral: true }), bead('gp-b'), bead('gp-w1', { ephemeral: true }), bead('gp-a'))
    for (const name of ['z', 'a']) {
      must(
        ledger.write({
          by: 'x',
          why: 'x',
          ops: [{ op: 'lease', name, holder: { pid: 1, started: 's', token: name } }],
        }),
      )
    }
    must(ledger.roll())
    create(ledger, bead('gp-w0', { ephemeral: true }), bead('gp-0'))
    // Beads that turn ephemeral stand elsewhere in the memory of who followed than of who opens.
    const ops = ['gp-a', 'gp-b'].map((id) => ({ op: 'set' as const, id, path: ['ephemeral'], value: true }))
    must(ledger.write({ by: 'x', why: 'x', ops }))
    const copy = join(temporaryFolder(), '.beads')
    cpSync(ledger.dir, copy, { recursive: true })
    must(ledger.roll())
    must(reopened(copy).roll())
    for (const path of [base, log])
      expect(readFileSync(path(copy, 3), 'utf8')).toBe(readFileSync(path(ledger.dir, 3), 'utf8'))
  })

  test('what is written behind a seal is void and written again', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'))
    appendFileSync(log(ledger.dir, 1), seal)
    create(ledger, bead('gp-b'))
    expect(reopened(ledger.dir).state.beads.has('gp-b')).toBe(true)
    expect([...ledger.history()].length).toBe(2)
    // It stands in both files, and counts in the second.
    expect(readFileSync(log(ledger.dir, 1), 'utf8')).toContain('gp-b')
    expect(readFileSync(log(ledger.dir, 2), 'utf8')).toContain('gp-b')
  })

  test('a crash after any step is harmless, and both ways give the same bytes', () => {
    const whole = newLedger()
    create(whole, bead('gp-a'), bead('gp-w', { ephemeral: true }))
    const sealed = temporaryFolder()
    /** A copy of the ledger as a crash after `step` leaves it. */
    const crashed = (step: number): string => {
      const dir = join(sealed, String(step), '.beads')
      mkdirSync(join(dir, 'journal'), { recursive: true })
      for (const path of [base, log]) copyFileSync(path(whole.dir, 1), path(dir, 1))
      appendFileSync(log(dir, 1), seal)
      if (step >= 2) copyFileSync(base(twin, 2), base(dir, 2))
      if (step >= 3) copyFileSync(log(twin, 2), log(dir, 2))
      if (step >= 4) copyFileSync(join(twin, 'issues.jsonl'), join(dir, 'issues.jsonl'))
      writeFileSync(join(dir, 'journal', 'tmp.999999999.1.x'), 'half-made')
      return dir
    }
    let twin = ''
    twin = crashed(0)
    reopened(twin)
    for (const step of [1, 2, 3, 4]) {
      const dir = crashed(step)
      const ledger = reopened(dir)
      expect(ledger.state.beads.has('gp-a')).toBe(true)
      expect(ledger.state.beads.has('gp-w')).toBe(true)
      for (const path of [base, log]) expect(readFileSync(path(dir, 2))).toEqual(readFileSync(path(twin, 2)))
      expect(issues(dir)).toBe(issues(twin))
      create(ledger, bead('gp-later'))
      must(ledger.roll())
      expect(journals(dir, 'tmp.999999999.1.x')).toEqual([])
      expect(issues(dir)).toContain('gp-later')
    }
  })
})

describe('damage', () => {
  test('a torn tail costs nothing but itself', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'))
    const half = encode({ kind: 'change', id: 'torn', at: '', by: '', why: 'torn', ops: [] }).subarray(0, 30)
    appendFileSync(log(ledger.dir, 1), half)
    create(ledger, bead('gp-b'))
    const fresh = reopened(ledger.dir)
    expect([...fresh.state.beads.keys()]).toEqual(['gp-a', 'gp-b'])
    for (const one of [ledger, fresh]) {
      expect(one.damaged()).toEqual([
        expect.objectContaining({ file: log(ledger.dir, 1), text: half.toString().trim() }),
      ])
    }
  })

  test('a damaged header is read from the journal before', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'), bead('gp-w', { ephemeral: true }))
    must(
      ledger.write({
        by: 'x',
        why: 'lease',
        ops: [{ op: 'lease', name: 'l', holder: { pid: 1, started: 's', token: 't' } }],
      }),
    )
    must(ledger.roll())
    create(ledger, bead('gp-b'))
    const bytes = readFileSync(log(ledger.dir, 2))
    bytes[20] = bytes[20]! ^ 1
    writeFileSync(log(ledger.dir, 2), bytes)
    const fresh = reopened(ledger.dir)
    expect([...fresh.state.beads.keys()].sort()).toEqual(['gp-a', 'gp-b', 'gp-w'])
    expect(fresh.state.leases.has('l')).toBe(true)
    expect(fresh.damaged().length).toBe(1)
    rmSync(base(ledger.dir, 1))
    expect(failureOf(openLedger(ledger.dir)).code).toBe('E_STORE')
  })

  test('a journal of a newer gt is left alone', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'))
    appendFileSync(log(ledger.dir, 1), encode({ kind: 'miracle', id: 'x' } as never))
    expect(failureOf(ledger.refresh()).code).toBe('E_LEDGER_NEWER')
    expect(failureOf(openLedger(ledger.dir)).code).toBe('E_LEDGER_NEWER')
  })

  test('a journal that shrank is an error, not an empty answer', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'))
    truncateSync(log(ledger.dir, 1), 10)
    expect(failureOf(ledger.refresh())).toMatchObject({ code: 'E_STORE' })
  })
})
