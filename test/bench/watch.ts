/** What it costs to watch thirty workers, and how soon the death of one is an event. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { writeBeat } from '../../src/agents/beat.ts'
import type { SessionView } from '../../src/agents/runtime.ts'
import type { Run } from '../../src/beads/facts.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { ok } from '../../src/result.ts'
import { onDeaths } from '../../src/town/deaths.ts'
import type { ProcessId } from '../../src/town/processes.ts'
import { identify, self } from '../../src/town/processes.ts'
import { evaluate } from '../../src/witness/evaluate.ts'
import { Memory } from '../../src/witness/memory.ts'
import { observe, runFolder } from '../../src/witness/observe.ts'
import { aRun } from '../kernel/support.ts'
import { fillFolder } from '../support/queue.ts'
import { stage, value } from '../tmux/helper.ts'

const WORKERS = 30
const QUIET_MS = 600_000
const LONG_AGO = 1_000
const SHARE_MS = 2_000
const ROUNDS = 5

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

export interface Watching {
  /** ms of one pass, verdicts included: all of them speak; none does. */
  speaking: number
  silent: number
  /** ms for one worktree of 10,000 files, spread over many steps. */
  files: number
  /** Percent of a core, beyond what a timer with nothing to do takes. */
  share: number
}

/** Thirty workers in worktrees of 10,000 files (one folder for all: it is read, never written). */
export async function benchWatching(): Promise<Watching> {
  const root = mkdtempSync(join(tmpdir(), 'gt-bench-watch-'))
  const children = Array.from({ length: WORKERS }, () => spawn('sleep', ['1000']))
  try {
    await delay(300)
    const tree = join(root, 'tree')
    mkdirSync(tree)
    fillFolder(tree, 10_000)
    const town = {
      root,
      env: { HOME: root },
      settings: { workers: { quiet_after: QUIET_MS }, agents: {}, accounts: {} },
      now: () => new Date(Date.now() + 2 * QUIET_MS),
    } as unknown as OpenTown
    const ids = children.map((child) => value(identify(child.pid!)))
    const runs = ids.map((process, n) => worker(town, tree, process, n))
    const sessions = runs.map(
      (run): SessionView => ({
        name: run.session,
        labels: { run: run.fence },
        process: run.process!,
        alive: true,
        keeper: self(),
      }),
    )
    const memory = new Memory()
    const pass = (): number => {
      const started = performance.now()
      const evidence = observe(town, runs, ok(sessions), memory)
      for (const run of runs) evaluate(run, evidence.get(run.fence)!, town.now().getTime(), { quietAfterMs: QUIET_MS })
      return performance.now() - started
    }
    const passes = (): number => median(Array.from({ length: 60 }, pass))
    const date = (seconds: number): void => {
      for (const run of runs) utimesSync(join(runFolder(town, run), 'beat'), seconds, seconds)
    }
    date(town.now().getTime() / 1000)
    const speaking = passes()
    date(LONG_AGO)
    pass()
    const began = performance.now()
    while (memory.pending) memory.goOn(2, town.now().getTime())
    const files = (performance.now() - began) / WORKERS
    const silent = passes()
    return { speaking, silent, files, share: await shareOf(ids) }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(root, { recursive: true, force: true })
  }
}

function worker(town: OpenTown, worktree: string, process: ProcessId, n: number): Run {
  const run = aRun(`r${n}`, `gp-${n}`, { preset: 'claude', conversation: `c${n}`, worktree, process })
  const projects = join(town.root, '.claude', 'projects', `p${n}`)
  for (const folder of [runFolder(town, run), projects]) mkdirSync(folder, { recursive: true })
  writeBeat(runFolder(town, run), 'PostToolUse')
  writeFileSync(join(projects, `c${n}.jsonl`), '')
  utimesSync(join(projects, `c${n}.jsonl`), LONG_AGO, LONG_AGO)
  return run
}

async function shareOf(ids: ProcessId[]): Promise<number> {
  const spent = async (start: () => () => void): Promise<number> => {
    const before = process.cpuUsage()
    const stop = start()
    await delay(SHARE_MS)
    stop()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / (SHARE_MS * 10)
  }
  const over: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const bare = await spent(() => {
      const timer = setInterval(() => {}, 50)
      return () => clearInterval(timer)
    })
    over.push(
      (await spent(
        () =>
          onDeaths(
            () => ids,
            () => {},
          ).stop,
      )) - bare,
    )
  }
  return median(over)
}

/** ms from `kill -9` of an agent in a tmux session to the event, for each of twenty. */
export async function benchDeaths(): Promise<number[]> {
  const at = stage()
  const took: number[] = []
  // The watch keeps no process alive by itself.
  const awake = setInterval(() => {}, 60_000)
  try {
    const names = Array.from({ length: 20 }, (_, n) => `a${n}`)
    const starts = await Promise.all(names.map((name) => at.runtime.start(at.spec(name, ['cat']))))
    const living = starts.map((one) => value(one).process)
    let tell: (dead: ProcessId) => void = () => {}
    const watch = onDeaths(
      () => living,
      (dead) => tell(dead),
    )
    for (const id of [...living]) {
      await delay(Math.random() * 50)
      const started = performance.now()
      await new Promise<void>((resolve) => {
        tell = (dead) => dead.pid === id.pid && resolve()
        process.kill(id.pid, 'SIGKILL')
      })
      took.push(performance.now() - started)
    }
    watch.stop()
  } finally {
    clearInterval(awake)
    await at.close()
  }
  return took.sort((a, b) => a - b)
}
