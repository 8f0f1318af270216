/**
 * A rig with merge requests in line, made without workers: branches by plumbing, runs and requests straight in the
 * ledger, as `gt done` would leave them. For tests and benches of the Refinery, on repositories of any size.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { MergeFacts, Run } from '../../src/beads/facts.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { mergeRequestBead } from '../../src/kernel/merges.ts'

export interface Change {
  /** Files to write; null takes one away. */
  files: Record<string, string | null>
  title?: string
  priority?: number
  /** Author of the branch's commit, `Name <mail>`; the worker itself unless said. */
  author?: string
  /** Commit to start from; the rig's target as fetched last, unless said. */
  base?: string
  target?: string
  landing?: 'direct' | 'pr' | 'hold'
}

export interface Submitted {
  bead: string
  request: string
  run: string
  head: string
}

export interface Queue {
  ledger: Ledger
  gitDir: string
  /** Hands in a change as a worker would. */
  submit(change: Change): Submitted
  /** The merge request of a bead, as it stands now. */
  merge(submitted: Pick<Submitted, 'request'>): MergeFacts
  bead(id: string): Bead
  /** A commit with these files on top of another; in the rig's repository. */
  commit(base: string, files: Change['files'], message: string, author?: string): string
  git(...args: string[]): string
  close(): void
}

/** Opens the line of rig `app` in a town. `env` as the town's own processes have it. */
export function queueOf(town: { root: string; dir: string; env: NodeJS.ProcessEnv }, rig = 'app'): Queue {
  const opened = openLedger(join(town.root, '.beads'))
  if (opened.kind === 'error') throw new Error(opened.failure.message)
  const ledger = opened.value
  const gitDir = join(town.root, rig, 'repo.git')
  const index = join(town.dir, `index-${rig}`)
  const run = (args: string[], more: { input?: string; env?: NodeJS.ProcessEnv } = {}): string =>
    execFileSync('git', [`--git-dir=${gitDir}`, ...args], {
      env: { ...town.env, GIT_INDEX_FILE: index, ...more.env },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(more.input !== undefined && { input: more.input }),
    }).replace(/\n$/, '')
  let count = 0
  const clock = Date.now() - 3_600_000

  const commit: Queue['commit'] = (base, files, message, author = 'Person <person@example.org>') => {
    rmSync(index, { force: true })
    run(['read-tree', base])
    const entries = Object.entries(files).map(([path, text]) => {
      if (text === null) return `0 ${'0'.repeat(40)}\t${path}`
      return `100644 ${run(['hash-object', '-w', '--stdin'], { input: text })}\t${path}`
    })
    run(['update-index', '--index-info'], { input: `${entries.join('\n')}\n` })
    const [, name = '', mail = ''] = /^(.*) <(.*)>$/.exec(author) ?? []
    const who = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: mail, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: mail }
    return run(['commit-tree', run(['write-tree']), '-p', base, '-m', message], { env: who })
  }

  return {
    ledger,
    gitDir,
    commit,
    git: (...args) => run(args),
    submit: (change) => {
      const n = ++count
      const [bead, request, fence] = [`app-${pad('b', n)}`, `app-${pad('m', n)}`, `fence${pad('r', n)}`]
      const agent = `${rig}/polecats/w${n}`
      const target = change.target ?? 'main'
      const base = change.base ?? run(['rev-parse', `refs/remotes/origin/${target}`])
      const author = change.author ?? `${agent} <${agent.replaceAll('/', '-')}@gt.invalid>`
      const head = commit(base, change.files, `Work of ${bead}`, author)
      const branch = `gt/${bead}/${fence}`
      run(['update-ref', `refs/heads/${branch}`, head])
      const at = new Date(clock + n * 1000).toISOString()
      const record: Run = {
        fence,
        bead,
        rig,
        agent,
        preset: 'script',
        attempt: 1,
        round: 1,
        state: 'submitted',
        claimed_at: at,
        since: at,
        target,
        branch,
        base,
        worktree: join(town.root, rig, 'polecats', `w${n}-${fence}`),
        session: `${rig}-w${n}-${fence}`,
        head,
        merge_request: request,
      }
      const work: Bead = {
        id: bead,
        title: change.title ?? `Change ${n}`,
        status: 'in_progress',
        priority: change.priority ?? 2,
        issue_type: 'task',
        created_at: at,
        updated_at: at,
        metadata: {
          gt: {
            version: 0,
            rig,
            attempts: 1,
            runs: { [fence]: record },
            ...(change.landing && { landing: change.landing }),
          },
        },
      }
      const written = ledger.write({
        by: 'test',
        why: 'hands in',
        ops: [
          { op: 'create', bead: work },
          { op: 'create', bead: mergeRequestBead(request, work, record, head, at) },
        ],
      })
      if (written.kind === 'error' || !written.value.applied) throw new Error('the ledger did not take it')
      return { bead, request, run: fence, head }
    },
    merge: ({ request }) => {
      ledger.refresh()
      const merge = facts(ledger.state.beads.get(request)!).merge
      if (merge === undefined) throw new Error(`${request} is no merge request`)
      return merge
    },
    bead: (id) => {
      ledger.refresh()
      return ledger.state.beads.get(id)!
    },
    close: () => ledger.close(),
  }
}

const pad = (letter: string, n: number): string => `${letter}${n.toString(36).padStart(4, '0')}`

/** Fills a folder with `count` files in a hundred folders, one line each. */
export function fillFolder(folder: string, count: number): void {
  for (let n = 0; n < count; n++) {
    const dir = join(folder, `d${n % 100}`)
    if (n < 100) mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, `f${n}.txt`), `line of file ${n}\n`.repeat(40))
  }
}
