/** A town under the hands of its Dogs: opened in this very process, at an hour of the test's choosing. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, vi } from 'vitest'
import { createBead } from '../../src/beads/edit.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import type { Context } from '../../src/cli/context.ts'
import { install } from '../../src/cli/install.ts'
import type { Report } from '../../src/dogs/report.ts'
import { runChore } from '../../src/dogs/run.ts'
import type { ChoreName } from '../../src/dogs/schedule.ts'
import { newFence } from '../../src/kernel/runs.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { openTown } from '../../src/kernel/town.ts'
import type { Failure, Result } from '../../src/result.ts'
import { setConfig } from '../../src/town/config.ts'
import { startGt } from '../support/gt.ts'
import { folder } from '../support/places.ts'
import type { TestTown } from '../support/town.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
  vi.unstubAllEnvs()
})

/** The town, opened here; closed after the test. `later`: how much later it is for it, in ms. */
export async function inside(town: Pick<TestTown, 'root' | 'env'>, later = 0): Promise<OpenTown> {
  // Where its tmux server is, and whose git settings count.
  for (const name of ['TMUX_TMPDIR', 'HOME']) vi.stubEnv(name, town.env[name]!)
  const opened = await openTown({ ...town.env, GT_TOWN: town.root }, town.root)
  if (opened.kind === 'error') throw new Error(opened.failure.message)
  closing.push(() => opened.value.ledger.close())
  opened.value.now = () => new Date(Date.now() + later)
  return opened.value
}

/** A town without a rig and without a process: enough for chores that look at neither. */
export interface QuickTown extends Pick<TestTown, 'dir' | 'root' | 'env' | 'git' | 'gt' | 'set'> {
  /** Creates a bead; answers its id. */
  bead(title: string): string
}

/** Makes one in this very process; gone after the test. */
export async function quickTown(): Promise<QuickTown> {
  const dir = folder()
  const env = { PATH: process.env.PATH, HOME: dir, TMUX_TMPDIR: dir, GIT_CONFIG_NOSYSTEM: '1', LANG: 'C.UTF-8' }
  const root = join(dir, 'town')
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const made = await install({ cwd: dir, env } as unknown as Context, root)
  if (made.kind === 'error') throw new Error(made.failure.message)
  return {
    dir,
    root,
    env,
    git: (cwd, ...args) => execFileSync('git', args, { cwd, env, encoding: 'utf8' }).replace(/\n$/, ''),
    gt: (...args) => startGt(args, { cwd: root, env }).ended,
    set: (key, value) => {
      const done = setConfig(root, key, value)
      if (done.kind === 'error') throw new Error(done.failure.message)
    },
    bead: (title) => {
      const ledger = openLedger(join(root, '.beads'))
      if (ledger.kind === 'error') throw new Error(ledger.failure.message)
      const bead = createBead(ledger.value.state, { prefix: 'hq', title }, { by: 'person' })
      if (bead.kind === 'error') throw new Error(bead.failure.message)
      ledger.value.write(bead.value.input)
      ledger.value.close()
      return bead.value.bead.id
    },
  }
}

/**
 * A folder with a `git` that ends whoever calls it, instead of the n-th call (KILL_AT) since `calls` was emptied. To be
 * put before the rest of PATH.
 */
export function killingGit(town: Pick<TestTown, 'git' | 'root'>): { dir: string; begin(): void } {
  const dir = folder()
  const git = `${town.git(town.root, '--exec-path')}/git`
  const kill = `[ "$(wc -l < '${dir}/calls')" -eq "$KILL_AT" ] && kill -9 $PPID && exit 1`
  writeFileSync(join(dir, 'git'), `#!/bin/sh\necho x >> '${dir}/calls'\n${kill}\nexec '${git}' "$@"\n`, { mode: 0o755 })
  return { dir, begin: () => writeFileSync(join(dir, 'calls'), '') }
}

/** A worktree that no run in the ledger claims, named as a run's; its fence and its path. */
export function orphan(town: TestTown, name = 'toast', home = 'polecats'): { fence: string; path: string } {
  const fence = newFence(Date.now())
  const path = join(town.root, 'app', home, `${name}-${fence}`)
  const repo = join(town.root, 'app', 'repo.git')
  town.git(town.root, '-C', repo, 'worktree', 'add', '-q', '-b', `gt/${fence}`, path, 'refs/remotes/origin/main')
  return { fence, path }
}

/** Leaves a commit, a staged, a changed and a loose file there. */
export function leaveWork(town: TestTown, path: string): void {
  writeFileSync(join(path, 'a.txt'), 'committed\n')
  town.git(path, 'add', 'a.txt')
  town.git(path, '-c', 'user.name=toast', '-c', 'user.email=t@t', 'commit', '-qm', 'work')
  writeFileSync(join(path, 'b.txt'), 'staged\n')
  town.git(path, 'add', 'b.txt')
  writeFileSync(join(path, 'README.md'), 'changed\n')
  writeFileSync(join(path, 'c.txt'), 'loose\n')
}

export const WORK = { 'a.txt': 'committed\n', 'b.txt': 'staged\n', 'README.md': 'changed\n', 'c.txt': 'loose\n' }

/** What leaveWork left, as it lies in a folder. */
export const workIn = (path: string): Record<string, string> =>
  Object.fromEntries(Object.keys(WORK).map((name) => [name, readFileSync(join(path, name), 'utf8')]))

/** Runs a chore to its end. */
export const chore = (town: OpenTown, name: ChoreName): Promise<Result<Report>> =>
  runChore(town, name, 'test', new AbortController().signal)

/** The report of a chore that must not fail. */
export async function done(town: OpenTown, name: ChoreName): Promise<Report> {
  const report = await chore(town, name)
  if (report.kind === 'error') expect.fail(JSON.stringify(report.failure, null, 2))
  expect(report.value.wrong).toBeUndefined()
  return report.value
}

/** The failure of a chore that must fail. */
export async function failed(town: OpenTown, name: ChoreName): Promise<Failure> {
  const report = await chore(town, name)
  if (report.kind === 'ok') expect.fail(`expected a failure: ${JSON.stringify(report.value)}`)
  return report.failure
}
