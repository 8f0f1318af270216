/** The chore `archive` in a real town: what it puts away can be had back, and what is somebody's it does not touch. */
import { spawn } from 'node:child_process'
import {
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runChore } from '../../src/dogs/run.ts'
import { newFence } from '../../src/kernel/runs.ts'
import { startGt, until } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown, must } from '../support/town.ts'
import { done, HOUR, inside, killingGit, leaveWork, orphan, WORK, workIn } from './support.ts'

const repoOf = (town: TestTown): string => join(town.root, 'app', 'repo.git')
const registered = (town: TestTown): string => town.git(town.root, '-C', repoOf(town), 'worktree', 'list')

it('archives a worktree that nobody claims, commits and uncommitted files, before it removes it', async () => {
  const town = await makeTown()
  const [lost, merge] = [orphan(town), orphan(town, 'merge', 'refinery')]
  leaveWork(town, lost.path)
  const head = town.git(lost.path, 'rev-parse', 'HEAD')
  // Of a run that is known, landed and cleared: the folder of its brief came back.
  const bead = await town.bead('Done', 'echo x > x.txt')
  const [{ run }] = await must(town.gt('sling', bead, 'app', '--wait'))
  mkdirSync(join(town.root, '.gt', 'runs', run), { recursive: true })
  mkdirSync(join(town.root, '.gt', 'runs', 'nobodys'))

  const opened = await inside(town, 2 * HOUR)
  const report = await done(opened, 'archive')
  expect(report.did).toBe(3)
  expect(report.lines.join('\n')).toContain(`archived as refs/gt/archive/${lost.fence} with 3 uncommitted files`)
  expect([lost.path, merge.path].filter(existsSync)).toEqual([])
  expect(registered(town)).not.toContain(lost.fence)
  expect(readdirSync(join(town.root, '.gt', 'runs'))).toEqual(['nobodys'])
  expect(await done(opened, 'archive')).toEqual({ did: 0, lines: [] })

  const to = join(town.dir, 'back')
  await must(town.gt('restore', lost.fence, '--to', to))
  expect(workIn(to)).toEqual(WORK)
  expect(town.git(to, 'rev-parse', 'HEAD')).toBe(head)
  expect((await town.gt('restore', newFence(0), '--to', `${to}2`)).error?.code).toBe('E_NO_RUN')
})

it('touches nothing that is anybody’s: a worker’s, a person’s, a session’s, a process’s, what just changed', async () => {
  const town = await makeTown({ agent: 'puppet' })
  const bead = await town.bead('Long work', '')
  const landed = await town.bead('Slots stand', 'echo y > y.txt')
  await must(town.gt('sling', landed, 'app', '--agent', 'script', '--wait'))
  const call = town.start('sling', bead, 'app', '--wait')
  const worker = await town.puppets.next(bead)
  await until('work to begin', async () => (await town.show(bead)).runs[0]?.state === 'working')
  await worker.sh('echo mine > mine.txt')

  const repo = repoOf(town)
  const add = (path: string, ...more: string[]): string => {
    town.git(town.root, '-C', repo, 'worktree', 'add', '-q', ...more, path, 'refs/remotes/origin/main')
    return path
  }
  const app = join(town.root, 'app')
  const crew = add(join(app, 'crew', `max-${newFence(Date.now())}`), '-b', 'max')
  const mine = add(join(app, 'polecats', 'mine'), '--detach')
  const back = add(join(app, 'polecats', `back-${newFence(Date.now())}`), '-b', 'gt/restored/abc')
  const slot = join(app, 'refinery', 'slot-1')
  const stray = join(app, 'polecats', `stray-${newFence(Date.now())}`)
  mkdirSync(stray)
  writeFileSync(join(stray, 'notes'), 'mine')
  const locked = orphan(town, 'locked')
  town.git(town.root, '-C', repo, 'worktree', 'lock', locked.path)
  const open = orphan(town, 'open')
  const held = orphan(town, 'held')
  mkdirSync(join(held.path, 'deep'))
  const sleeper = spawn('sleep', ['600'], { cwd: join(held.path, 'deep'), env: town.env, stdio: 'ignore' })
  const fresh = orphan(town, 'fresh')
  mkdirSync(join(fresh.path, 'deep'))
  writeFileSync(join(fresh.path, 'deep', 'file'), 'just written')

  const opened = await inside(town, 2 * HOUR)
  const soon = new Date(Date.now() + 1.5 * HOUR)
  utimesSync(join(fresh.path, 'deep', 'file'), soon, soon)
  // A worker that the ledger does not know: it was brought back from an older copy, say.
  const env = { PATH: town.env.PATH!, HOME: town.env.HOME! }
  const spec = { name: 'open', cwd: town.dir, argv: ['sleep', '600'], env, labels: { run: open.fence } }
  expect((await opened.runtime.start(spec)).kind).toBe('ok')
  try {
    const report = await done(opened, 'archive')
    expect(report.did).toBe(0)
    const all = [worker.cwd, crew, mine, back, slot, stray, locked.path, open.path, held.path, fresh.path]
    expect(all.filter((path) => !existsSync(path))).toEqual([])
    expect(readFileSync(join(worker.cwd, 'mine.txt'), 'utf8')).toBe('mine\n')
    const why = (path: string): string | undefined => report.lines.find((line) => line.startsWith(path))
    expect(why(stray)).toContain('no worktree')
    expect(why(locked.path)).toContain('locked')
    expect(why(open.path)).toContain('a session of its run')
    expect(why(held.path)).toContain(`process ${sleeper.pid}`)
    expect(why(fresh.path)).toContain('within the last hour')
    expect(why(back)).toContain('gt restore')
    for (const path of [worker.cwd, crew, mine, slot]) expect(why(path)).toBeUndefined()
    expect(existsSync(join(town.root, '.gt', 'runs', worker.run))).toBe(true)
  } finally {
    sleeper.kill('SIGKILL')
  }
  // And the worker never noticed.
  await worker.sh('git add -A && git commit -qm mine && gt done')
  await worker.exit(0)
  expect((await call.ended).code).toBe(0)
  expect(town.onMain('mine.txt')).toBe('mine')
}, 90_000)

it('what cannot be archived stays, is told, and is told once', async () => {
  const town = await makeTown()
  const [bad, good] = [orphan(town, 'bad'), orphan(town, 'good')]
  leaveWork(town, good.path)
  writeFileSync(join(bad.path, 'c.txt'), 'loose\n')
  // The repository takes no archive of this one: its name is the beginning of another ref.
  const taken = `refs/gt/archive/${bad.fence}/taken`
  town.git(town.root, '-C', repoOf(town), 'update-ref', taken, 'refs/remotes/origin/main')
  // And a rig whose repository is none: the others are looked at all the same.
  const broken = join(town.root, 'broken')
  mkdirSync(join(broken, 'repo.git'), { recursive: true })
  writeFileSync(join(broken, 'rig.toml'), '')
  const opened = await inside(town, 2 * HOUR)
  const signal = new AbortController().signal
  const first = await runChore(opened, 'archive', 'test', signal)
  expect(first).toMatchObject({ kind: 'ok', value: { did: 1, wrong: { code: 'E_GIT' } } })
  expect(readFileSync(join(bad.path, 'c.txt'), 'utf8')).toBe('loose\n')
  expect(existsSync(good.path)).toBe(false)
  const again = (): Promise<unknown> => runChore(opened, 'archive', 'test', signal)
  expect(await again()).toMatchObject({ kind: 'ok', value: { did: 0 } })
  const beads = JSON.stringify([...opened.ledger.state.beads.values()])
  expect(await again()).toMatchObject({ kind: 'ok', value: { did: 0, wrong: { code: 'E_GIT' } } })
  expect(existsSync(bad.path)).toBe(true)
  expect(JSON.stringify([...opened.ledger.state.beads.values()])).toBe(beads)
  town.git(town.root, '-C', repoOf(town), 'update-ref', '-d', taken)
  expect(await again()).toMatchObject({ kind: 'ok', value: { did: 1, wrong: { code: 'E_GIT' } } })
  expect(existsSync(bad.path)).toBe(false)
  rmSync(broken, { recursive: true })
  expect(await done(opened, 'archive')).toEqual({ did: 0, lines: [] })
})

/** Makes everything there look as if nobody had touched it for three hours. */
function age(path: string): void {
  const then = new Date(Date.now() - 3 * HOUR)
  for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' }))
    lutimesSync(join(path, entry), then, then)
  lutimesSync(path, then, then)
}

it('killed at any call of git: the work is there or archived, and the next run ends it', async () => {
  const town = await makeTown()
  const lost = orphan(town)
  leaveWork(town, lost.path)
  age(lost.path)
  age(town.git(lost.path, 'rev-parse', '--absolute-git-dir'))
  const shim = killingGit(town)
  const seen = new Set<string>()
  for (let at = 1; ; at++) {
    shim.begin()
    const env = { ...town.env, PATH: `${shim.dir}:${town.env.PATH}`, KILL_AT: String(at) }
    const end = await startGt(['dog', 'run', 'archive'], { cwd: town.root, env }).ended
    if (end.code === 0) {
      expect(at).toBeGreaterThan(8)
      break
    }
    expect(end.signal, `${at}: ${end.stdout}${end.stderr}`).toBe('SIGKILL')
    const there = existsSync(lost.path)
    seen.add(there ? 'there' : 'gone')
    if (there) expect(workIn(lost.path)).toEqual(WORK)
    else expect(keptIn(town, lost.fence), `after call ${at}`).toEqual(WORK)
  }
  expect([...seen]).toEqual(['there', 'gone'])
  await done(await inside(town, 2 * HOUR), 'archive')
  expect(readdirSync(join(town.root, 'app', 'polecats'))).toEqual([])
  expect(registered(town)).not.toContain(lost.fence)
  expect(keptIn(town, lost.fence)).toEqual(WORK)
  const to = join(town.dir, 'back')
  await must(town.gt('restore', lost.fence, '--to', to))
  expect(workIn(to)).toEqual(WORK)
}, 120_000)

/** What leaveWork left, as the archive has it. */
function keptIn(town: TestTown, fence: string): Record<string, string> {
  const show = (name: string): string =>
    `${town.git(town.root, '-C', repoOf(town), 'show', `refs/gt/archive/${fence}:${name}`)}\n`
  return Object.fromEntries(Object.keys(WORK).map((name) => [name, show(name)]))
}
