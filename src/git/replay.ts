/**
 * A rebase by plumbing: commits are picked one by one onto another commit, without a work tree. Nothing here moves a
 * ref, so being killed in the middle leaves nothing behind.
 */
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { personOf } from './commit.ts'
import { type RawCommit, readCommits, withTrailers, writeCommit } from './commit-bytes.ts'
import { asCommit, treeOf } from './revisions.ts'
import { git } from './run.ts'
import { type Trial, trial } from './trial.ts'

export type Replay =
  /** `commits`: the new ones, oldest first; `commit` is the last of them. */
  | { kind: 'clean'; commit: string; tree: string; commits: string[] }
  /** `at`: the commit that does not fit; `detail`: what git says about it, at most 2 KB. */
  | { kind: 'conflict'; at: string; files: string[]; detail: string }
  /** `onto` has all of it; there is nothing to land. */
  | { kind: 'already' }
  /** A merge or a root commit is among them: no history that can be replayed one by one. */
  | { kind: 'merges' }

/**
 * Builds `base..head`, without what `onto` can reach, anew on `onto`, oldest first. Author, his date and the message
 * stay byte for byte; `trailers` ("Bead: gp-a\nWorker: x\n") are added where they are missing; signatures go, for they
 * would be wrong. `date` (RFC 3339; now when absent) is the committer's; with it, the same input gives the same ids.
 *
 * A commit that changes nothing there is dropped, also one that was empty from the start; and so is one that conflicts
 * while a commit with the same patch id is in `onto` (it is there, and was built on since), as `git rebase` does.
 *
 * Errors: E_NO_COMMIT, E_DATE, E_GIT.
 */
export async function replay(r: {
  gitDir: string
  onto: string
  head: string
  base: string
  committer: { name: string; email: string }
  date?: string
  trailers?: string
}): Promise<Result<Replay>> {
  const { gitDir } = r
  const committer = committerOf(r)
  if (committer.kind === 'error') return committer
  const onto = await asCommit(gitDir, r.onto)
  if (onto.kind === 'error') return onto
  const range = await commitsOf(r, onto.value)
  if (range.kind === 'error' || range.value.kind !== 'commits') return range as Result<Replay>
  const { commits, parent } = range.value
  const start = await requireTree(gitDir, onto.value)
  if (start.kind === 'error') return start
  const before = await requireTree(gitDir, parent)
  if (before.kind === 'error') return before

  const made: string[] = []
  let tip = { commit: onto.value, tree: start.value }
  let from = { commit: parent, tree: before.value }
  for (const commit of commits) {
    const picked = await pick({ gitDir, onto: onto.value, tip: tip.tree, from, commit })
    if (picked.kind === 'error') return picked
    if (picked.value.kind === 'conflict') return ok({ ...picked.value, at: commit.id })
    const { tree } = picked.value
    if (tree !== tip.tree) {
      const message = withTrailers(commit.message, r.trailers ?? '')
      const order = { ...commit, tree, message, parent: tip.commit, committer: committer.value }
      const written = await writeCommit(gitDir, order)
      if (written.kind === 'error') return written
      made.push(written.value)
      tip = { commit: written.value, tree }
    }
    from = { commit: commit.id, tree: commit.tree }
  }
  return ok(made.length === 0 ? { kind: 'already' } : { kind: 'clean', ...tip, commits: made })
}

/** The committer as a commit's header has him. He is data and never fails; the date may (E_DATE). */
function committerOf(r: { committer: { name: string; email: string }; date?: string }): Result<string> {
  const seconds = Math.floor((r.date === undefined ? Date.now() : Date.parse(r.date)) / 1000)
  // git knows no time before 1970.
  if (!(seconds >= 0)) return fail('E_DATE', `"${r.date}" is not a date for a commit.`, { exit: EXIT.bug })
  const { name, email } = personOf(r.committer)
  return ok(`${name} <${email}> ${seconds} +0000`)
}

type Range = { kind: 'commits'; commits: RawCommit[]; parent: string } | { kind: 'already' } | { kind: 'merges' }

/** What is to be replayed: a chain, because each has one parent and all lead to `head`. */
async function commitsOf(r: { gitDir: string; head: string; base: string }, onto: string): Promise<Result<Range>> {
  const head = await asCommit(r.gitDir, r.head)
  if (head.kind === 'error') return head
  const base = await asCommit(r.gitDir, r.base)
  if (base.kind === 'error') return base
  const listed = await git(
    ['rev-list', '--reverse', '--topo-order', '--parents', head.value, `^${base.value}`, `^${onto}`, '--'],
    { gitDir: r.gitDir },
  )
  if (listed.kind === 'error') return listed
  const rows = listed.value.stdout.split('\n').filter(Boolean)
  const chain = rows.map((row) => row.split(' '))
  const parent = chain[0]?.[1]
  if (chain.length === 0) return ok({ kind: 'already' })
  if (parent === undefined || chain.some((row) => row.length !== 2)) return ok({ kind: 'merges' })
  const ids = chain.map((row) => row[0]!)
  const commits = await readCommits(r.gitDir, ids)
  return commits.kind === 'ok' ? ok({ kind: 'commits', commits: commits.value, parent }) : commits
}

async function requireTree(gitDir: string, commit: string): Promise<Result<string>> {
  const tree = await treeOf(gitDir, commit)
  if (tree.kind === 'ok' || tree.kind === 'error') return tree
  return fail('E_NO_COMMIT', `There is no commit ${commit} in ${gitDir}.`)
}

/** The tree after picking `commit` (its parent is `from`) onto the tree `tip`; `tip` itself when it adds nothing. */
async function pick(p: {
  gitDir: string
  onto: string
  tip: string
  from: { commit: string; tree: string }
  commit: RawCommit
}): Promise<Result<Trial>> {
  const { gitDir, onto, tip, from, commit } = p
  if (commit.tree === from.tree) return ok({ kind: 'clean', tree: tip })
  if (tip === from.tree) return ok({ kind: 'clean', tree: commit.tree })
  const standIn = await childOf(gitDir, from.commit, tip)
  if (standIn.kind === 'error') return standIn
  const tried = await trial(gitDir, standIn.value, commit.id)
  if (tried.kind === 'error' || tried.value.kind === 'clean') return tried
  const cherry = await git(['cherry', onto, commit.id, from.commit], { gitDir })
  if (cherry.kind === 'error') return cherry
  if (cherry.value.stdout.startsWith('- ')) return ok({ kind: 'clean', tree: tip })
  // git's words name the stand-in, which nobody knows.
  return ok({ ...tried.value, detail: tried.value.detail.replaceAll(standIn.value, onto) })
}

/**
 * A commit with this tree and this parent, so that the merge base of it and the parent's real child is the parent: a
 * three-way merge with a base of our choice, which git 2.39 has no option for. Always the same one for the same input.
 */
async function childOf(gitDir: string, parent: string, tree: string): Promise<Result<string>> {
  const author = 'gt <gt@localhost> 0 +0000'
  return writeCommit(gitDir, { tree, parent, author, committer: author, encoding: null, message: '' })
}
