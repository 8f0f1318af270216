/** What is looked at, of whom, and what it says: real files, hand-made sessions. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeBeat } from '../../src/agents/beat.ts'
import type { ClientStatus } from '../../src/agents/client.ts'
import type { SessionView } from '../../src/agents/runtime.ts'
import type { Run } from '../../src/beads/facts.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import type { Read } from '../../src/result.ts'
import { empty, fail, ok, unknown } from '../../src/result.ts'
import { self } from '../../src/town/processes.ts'
import { evaluate } from '../../src/witness/evaluate.ts'
import type { Evidence } from '../../src/witness/evidence.ts'
import { NOT_LOOKED } from '../../src/witness/evidence.ts'
import { Memory } from '../../src/witness/memory.ts'
import { observe, observeNow, runFolder } from '../../src/witness/observe.ts'
import { aRun } from '../kernel/support.ts'

const QUIET_MS = 600_000
/** An hour after every file of these tests was written, unless it is dated anew. */
const HOUR = 3_600_000

let root: string
let town: OpenTown
let run: Run
let clock: number
const gitFolder = (): string => join(root, 'repo.git', 'worktrees', 'toast')
const transcript = (): string => join(root, 'home', '.claude', 'projects', '-town', 'c1.jsonl')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gt-observe-'))
  // A whole second: files take it to the letter.
  clock = Math.ceil(Date.now() / 1000) * 1000 + HOUR
  town = {
    root,
    env: { HOME: join(root, 'home') },
    settings: {
      workers: { quiet_after: QUIET_MS },
    },
    now: () => new Date(clock),
  } as unknown as OpenTown
  run = aRun('r1', 'gp-a', {
    preset: 'claude',
    conversation: 'c1',
    worktree: join(root, 'toast'),
    process: self(),
    since: new Date(clock - HOUR).toISOString(),
  })
  for (const folder of [
    runFolder(town, run),
    join(run.worktree, 'src'),
    join(gitFolder(), 'logs'),
    join(transcript(), '..'),
  ])
    mkdirSync(folder, { recursive: true })
  writeFileSync(join(run.worktree, '.git'), `gitdir: ${gitFolder()}\n`)
  for (const path of [join(gitFolder(), 'index'), transcript(), join(run.worktree, 'src', 'a.ts')])
    writeFileSync(path, '')
  writeBeat(runFolder(town, run), 'PostToolUse')
  startedWith(join(root, 'home', '.claude'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** What its launch noted of its client's folder; of an agent that is no such client nothing is noted. */
function startedWith(folder?: string): void {
  const note = join(runFolder(town, run), 'config-folder')
  if (folder === undefined) rmSync(note)
  else writeFileSync(note, folder)
}

const session = (more: Partial<SessionView> = {}): SessionView => ({
  name: run.session,
  labels: { run: 'r1' },
  process: self(),
  alive: true,
  keeper: self(),
  ...more,
})

function look(
  sessions: Read<SessionView[]> = ok([session()]),
  memory = new Memory(),
  client?: Read<ClientStatus>,
): Evidence {
  const how = client === undefined ? {} : { client: () => client }
  return observe(town, [run], sessions, memory, how).get('r1')!
}
/** The verdict after everything that is to be looked at was looked at. */
function verdict(): { is: string; newest?: { name: string } | undefined } {
  const evidence = observeNow(town, [run], ok([session()])).get('r1')!
  return evaluate(run, evidence, clock, { quietAfterMs: QUIET_MS })
}
/** Dates a file so many ms before now. */
const touch = (path: string, ago: number): void => utimesSync(path, (clock - ago) / 1000, (clock - ago) / 1000)
const beat = (): string => join(runFolder(town, run), 'beat')

describe('cheap things first', () => {
  test('of one that spoke just now nothing else is looked at', () => {
    touch(beat(), 1_000)
    const memory = new Memory()
    const seen = look(ok([session({ activity: clock - 5_000 })]), memory)
    expect(seen).toMatchObject({ hook: ok(clock - 1_000), output: ok(clock - 5_000), process: ok(true) })
    for (const name of ['transcript', 'git', 'files'] as const) expect(seen[name]).toEqual(NOT_LOOKED)
    expect(memory.pending).toBe(false)
  })

  test('nor files of one whose transcript grows; those of one of whom only the screen moves are', () => {
    touch(transcript(), 2_000)
    expect(look()).toMatchObject({ transcript: ok(clock - 2_000), files: NOT_LOOKED })
    touch(transcript(), HOUR)
    expect(look(ok([session({ activity: clock - 9_000 })])).files).toMatchObject({ kind: 'ok' })
  })

  test('a date that cannot be is no reason to look no further', () => {
    touch(beat(), -86_400_000)
    expect(look().transcript).toMatchObject({ kind: 'ok' })
  })

  test('nothing of one that is gone, and everything for a person who asks', () => {
    run = { ...run, process: { ...self(), started: 'long ago' } }
    expect(look()).toMatchObject({ process: ok(false), transcript: NOT_LOOKED, files: NOT_LOOKED })
    touch(beat(), 1_000)
    const all = observeNow(town, [run], ok([session()]), { all: true }).get('r1')!
    for (const name of ['transcript', 'git', 'files'] as const) expect(all[name].kind, name).toBe('ok')
  })
})

describe('a worker silent in hooks for an hour', () => {
  test('is quiet when nothing else speaks for it', () => {
    expect(verdict()).toMatchObject({ is: 'quiet' })
  })

  test.each<[string, string, () => void]>([
    ['its transcript grew', 'transcript', () => touch(transcript(), 25_000)],
    ['git wrote for it', 'git', () => touch(join(gitFolder(), 'index'), 25_000)],
  ])('is alive: %s', (_what, name, act) => {
    act()
    expect(verdict()).toMatchObject({ is: 'alive', newest: { name } })
  })

  test('is alive: a file of its worktree was written', () => {
    // What files say cannot be dated by hand: here the hour is in the threshold.
    for (const path of [beat(), transcript(), join(gitFolder(), 'index')]) touch(path, 2 * HOUR)
    town.settings.workers.quiet_after = HOUR + 60_000
    const seen = evaluate(run, observeNow(town, [run], ok([session()])).get('r1')!, clock, {
      quietAfterMs: HOUR + 60_000,
    })
    expect(seen).toMatchObject({ is: 'alive', newest: { name: 'files', grade: 'supporting' } })
  })
})

describe('files', () => {
  beforeEach(() => {
    for (let n = 0; n < 500; n++) writeFileSync(join(run.worktree, 'src', `${n}`), '')
  })

  test('are looked through between the looks, and nobody is called quiet before', () => {
    const memory = new Memory()
    const first = look(undefined, memory)
    expect(first.files).toMatchObject({ kind: 'unknown' })
    expect(evaluate(run, first, clock, { quietAfterMs: QUIET_MS })).toMatchObject({ is: 'unknown', rule: 'unseen' })
    expect(memory.pending).toBe(true)
    while (memory.pending) expect(memory.goOn(0.01, clock)).toBe(!memory.pending)
    const second = look(undefined, memory)
    expect(second.files).toMatchObject({ kind: 'ok' })
    expect(memory.pending).toBe(false)
    expect(evaluate(run, second, clock, { quietAfterMs: QUIET_MS })).toMatchObject({ is: 'quiet' })
  })

  test('are looked through again after a while; what was seen holds until then, and only news wakes anybody', () => {
    const memory = new Memory()
    const finish = (): boolean => {
      let news = false
      while (memory.pending) news = memory.goOn(5, clock) || news
      return news
    }
    look(undefined, memory)
    expect(finish()).toBe(true)
    const before = look(undefined, memory).files
    clock += 61_000
    expect(look(undefined, memory).files).toEqual(before)
    expect(memory.pending).toBe(true)
    expect(finish()).toBe(false)
    clock += 61_000
    for (let seen = before; seen.kind === 'ok' && seen.value >= Date.now(); ) {}
    writeFileSync(join(run.worktree, 'src', 'new.ts'), '')
    look(undefined, memory)
    expect(finish()).toBe(true)
    expect(look(undefined, memory).files).toMatchObject({ kind: 'ok' })
    expect(look(undefined, memory).files).not.toEqual(before)
  })

  test('of a run that is over are forgotten', () => {
    const memory = new Memory()
    look(undefined, memory)
    observe(town, [], empty, memory)
    expect(memory.pending).toBe(false)
  })
})

test('a transcript that moved is found again', () => {
  const memory = new Memory()
  touch(transcript(), 5_000)
  expect(look(undefined, memory).transcript).toEqual(ok(clock - 5_000))
  renameSync(join(transcript(), '..'), join(transcript(), '..', '..', '-elsewhere'))
  expect(look(undefined, memory).transcript).toEqual(ok(clock - 5_000))
})

describe('the runtime', () => {
  const runtime = (sessions: Read<SessionView[]>): Read<boolean> => look(sessions).runtime
  const [boot, ticks] = self().started.split('.')
  const began = (by: number): Partial<SessionView> => ({
    labels: { run: 'r2' },
    keeper: { pid: 7, started: `${boot}.${Number(ticks) + by}` },
  })

  test.runIf(process.platform === 'linux')('stands when it is older than the process that it holds', () => {
    expect(runtime(ok([session(began(-100))]))).toEqual(ok(true))
    expect(runtime(ok([session(began(0))]))).toEqual(ok(true))
    expect(runtime(ok([session(began(1))]))).toEqual(ok(false))
  })

  test('is gone when there is no session at all, and not told when it did not answer', () => {
    expect(runtime(empty)).toEqual(ok(false))
    expect(runtime(unknown('silent')).kind).toBe('unknown')
    expect(runtime(fail('E_X', 'x')).kind).toBe('error')
    const { keeper: _none, ...bare } = session()
    expect(runtime(ok([bare]))).toEqual(empty)
  })
})

describe('what it is doing', () => {
  const client = (more: Partial<ClientStatus> = {}): Read<ClientStatus> =>
    ok({ status: 'idle', at: clock - 60_000, sessionId: 'c1', ...more })
  const doing = (status?: Read<ClientStatus>) => look(undefined, undefined, status).doing

  test('the last hook event says, where its client does not', () => {
    touch(beat(), 30_000)
    for (const status of [undefined, empty, unknown('?'), fail('E_X', 'x')])
      expect(doing(status)).toEqual({ is: 'busy', since: clock - 30_000, by: 'hook' })
    rmSync(beat())
    expect(doing()).toEqual({ is: 'unknown' })
  })

  test('its client knows better: it sees what fires no hook', () => {
    expect(doing(client({ at: clock - 1_000 }))).toEqual({ is: 'idle', since: clock - 1_000, by: 'client' })
    const waits = client({ status: 'waiting', waitingFor: 'permission prompt' })
    expect(doing(waits)).toMatchObject({ is: 'waiting', waitingFor: 'permission prompt' })
    expect(look(undefined, undefined, client({ sessionId: 'c2' })).conversation).toEqual(ok('c2'))
  })

  test('except where later hooks belie it', () => {
    touch(beat(), 1_000)
    expect(doing(client())).toMatchObject({ is: 'busy', by: 'hook' })
    expect(doing(client({ at: clock - 3_000 }))).toMatchObject({ is: 'idle', by: 'client' })
    writeBeat(runFolder(town, run), 'SessionEnd')
    touch(beat(), 1_000)
    expect(doing(client({ status: 'busy' }))).toMatchObject({ is: 'ended', by: 'hook' })
    writeBeat(runFolder(town, run), 'Stop')
    touch(beat(), 1_000)
    expect(doing(client({ status: 'busy' }))).toMatchObject({ is: 'busy', by: 'client' })
  })

  test('its client is asked where the run keeps its things, and only if it is one', () => {
    const asked: string[] = []
    const ask = (): void => {
      observe(town, [run], ok([session()]), new Memory(), {
        client: (folder, process) => {
          expect(process).toEqual(self())
          asked.push(folder)
          return empty
        },
      })
    }
    ask()
    // As under an account of its own.
    startedWith(join(root, 'second'))
    ask()
    startedWith(undefined)
    ask()
    expect(asked).toEqual([join(root, 'home', '.claude'), join(root, 'second')])
  })
})

test('a worker of which nothing is left is looked at without a stumble', () => {
  rmSync(root, { recursive: true })
  const { process: _none, conversation: _no, ...bare } = run
  run = bare
  const seen = observeNow(town, [run], unknown('silent'), { all: true }).get('r1')!
  expect(seen).toMatchObject({ process: empty, hook: empty, transcript: empty, git: empty, files: empty })
  expect(evaluate(run, seen, clock, { quietAfterMs: QUIET_MS })).toMatchObject({ is: 'unknown', rule: 'no-process' })
})
