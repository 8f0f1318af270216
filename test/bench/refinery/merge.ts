/**
 * What merging costs without gates: thirty changes on a repository of ten thousand files, through the real queue, beside
 * what git alone needs for the same. Medians over several queues, compared within one run.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fillFolder, queueOf } from '../../support/queue.ts'

const GT = fileURLToPath(new URL('../../../bin/gt.js', import.meta.url))
const CHANGES = 30
const ROUNDS = 5

export interface MergeCosts {
  /** ms per change: `gt refinery run` on thirty, its own start and the push included. */
  queue: number
  /** `merge-tree` + `commit-tree` + `update-ref` by themselves. */
  plumbing: number
  /** `git merge` in a worktree. */
  porcelain: number
}

/** Makes the repository in a temporary folder, which is gone afterwards. */
export function benchMerges(): MergeCosts {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-bench-merge-')))
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: dir,
    TMUX_TMPDIR: dir,
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'b',
    GIT_AUTHOR_EMAIL: 'b@b',
    GIT_COMMITTER_NAME: 'b',
    GIT_COMMITTER_EMAIL: 'b@b',
  }
  const run = (program: string, args: string[], cwd = dir): string =>
    execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  try {
    const [project, remote, root] = ['project', 'server.git', 'town'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ]
    mkdirSync(project)
    fillFolder(project, 10_000)
    run('git', ['init', '-q', '-b', 'main'], project)
    run('git', ['add', '-A'], project)
    run('git', ['commit', '-qm', 'first'], project)
    run('git', ['clone', '-q', '--bare', project, remote])
    run(process.execPath, [GT, 'install', root])
    run(process.execPath, [GT, 'rig', 'add', 'app', remote], root)
    run(process.execPath, [GT, 'config', 'set', 'rig.app.landing.unverified', 'true'], root)
    const line = queueOf({ root, dir, env })
    const costs: MergeCosts[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const base = line.git('rev-parse', 'refs/remotes/origin/main')
      const heads = Array.from({ length: CHANGES }, (_, n) => {
        const files = { [`d${n}/new${round}.txt`]: `${n}\n`, [`d${n + 40}/f${n + 40}.txt`]: `round ${round}\n` }
        return line.submit({ files }).head
      })
      costs.push({
        queue: timed(() => run(process.execPath, [GT, 'refinery', 'run', 'app'], root)),
        plumbing: timed(() => byPlumbing(line.git, base, heads)),
        porcelain: byPorcelain(run, line.gitDir, join(dir, `wt${round}`), base, heads),
      })
    }
    line.close()
    const middle = (key: keyof MergeCosts): number => costs.map((one) => one[key]).sort((a, b) => a - b)[ROUNDS >> 1]!
    return { queue: middle('queue'), plumbing: middle('plumbing'), porcelain: middle('porcelain') }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function timed(body: () => void): number {
  const started = performance.now()
  body()
  return (performance.now() - started) / CHANGES
}

function byPlumbing(git: (...args: string[]) => string, base: string, heads: string[]): void {
  let tip = base
  for (const head of heads) {
    const tree = git('merge-tree', '--write-tree', tip, head).split('\n')[0]!
    tip = git('commit-tree', tree, '-p', tip, '-p', head, '-m', 'merge')
    git('update-ref', 'refs/heads/bench', tip)
  }
}

/** Milliseconds a merge; making the worktree is not part of it. */
function byPorcelain(
  run: (program: string, args: string[], cwd?: string) => string,
  gitDir: string,
  place: string,
  base: string,
  heads: string[],
): number {
  run('git', [`--git-dir=${gitDir}`, 'worktree', 'add', '-q', '--detach', place, base])
  return timed(() => {
    for (const head of heads) run('git', ['merge', '-q', '--no-edit', head], place)
  })
}
