/**
 * Nothing is deleted before it is archived (law 4): what a run leaves behind, commits and uncommitted files, becomes
 * one commit under `refs/gt/archive/<fence>` in the rig's repository.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Err, Read, Result } from '../result.ts'
import { EXIT, empty, fail, messageOf, ok } from '../result.ts'
import { adminDirOf, exists, notAbsolute } from './places.ts'
import { compareAndSwapRef, isAncestor, isCommitId, resolveCommit, treeOf } from './revisions.ts'
import { git, nulList } from './run.ts'
import { captureFiles } from './snapshot.ts'

export { restoreArchive } from './restore.ts'

export interface Archived {
  ref: string
  /** What the ref points at: HEAD itself, or a commit on top of it that holds everything else. */
  commit: string
  /** HEAD of the worktree when it was archived. */
  head: string
  /** The tip of its branch, where HEAD stood elsewhere (detached, a rebase under way) and has not all of it. */
  branch?: string
  /** How many paths differed from HEAD. */
  dirty: number
}

const FENCE = /^[A-Za-z0-9][A-Za-z0-9_-]*$/
/** Who archives; never the agent, whose work it is. */
const ARCHIVIST = {
  GIT_AUTHOR_NAME: 'gt',
  GIT_AUTHOR_EMAIL: 'gt@localhost',
  GIT_COMMITTER_NAME: 'gt',
  GIT_COMMITTER_EMAIL: 'gt@localhost',
}

/** The ref that holds what the run with this fence left behind. */
export const archiveRef = (fence: string): string => `refs/gt/archive/${fence}`

/** An error for anything that is not a fence (it becomes part of a ref); otherwise nothing. */
export function badFence(fence: string): Err | undefined {
  if (FENCE.test(fence)) return undefined
  return fail('E_FENCE', `"${fence}" is not the fence of a run.`, { exit: EXIT.usage })
}

/** The archived commit of a run. `empty`: it has no archive. */
export async function hasArchive(a: { gitDir: string; fence: string }): Promise<Read<string>> {
  return badFence(a.fence) ?? resolveCommit(a.gitDir, archiveRef(a.fence))
}

/**
 * Archives the worktree at `path`: its commits (HEAD, the run's `branch`, what a merge or rebase in progress holds), what
 * was staged, and all files that are tracked, or untracked and not ignored. Content of nested repositories is kept as
 * plain files. Works with an `index.lock` there, on a detached HEAD, and when files or the whole directory are gone.
 * Neither worktree nor index is changed. Again for the same run: nothing new, or a new archive on top of the first.
 *
 * `empty`: neither worktree, branch nor archive is known. Errors: E_FENCE; E_ARCHIVE_INCOMPLETE when files could not be
 * read (the rest is archived; the worktree must not be deleted); E_ARCHIVE, E_GIT.
 */
export async function archiveWorktree(a: {
  gitDir: string
  path: string
  fence: string
  why: string
  branch?: string
}): Promise<Read<Archived>> {
  const refused = badFence(a.fence) ?? notAbsolute(a.path)
  if (refused !== undefined) return refused
  const { gitDir, path } = a
  const earlier = await hasArchive(a)
  if (earlier.kind === 'error' || earlier.kind === 'unknown') return earlier
  const admin = await adminDirOf(gitDir, path)
  if (admin.kind === 'error' || admin.kind === 'unknown') return admin
  const branchTip: Read<string> = a.branch === undefined ? empty : await resolveCommit(gitDir, `refs/heads/${a.branch}`)
  if (branchTip.kind === 'error' || branchTip.kind === 'unknown') return branchTip
  const own = branchTip.kind === 'ok' ? branchTip.value : undefined
  const tips = await tipsOf(gitDir, admin.kind === 'ok' ? admin.value : null, own)
  if (tips.kind === 'error') return tips
  const [head] = tips.value
  const branch = tips.value.find((tip, i) => i > 0 && tip === own)
  const there = await exists(path)
  if (head === undefined && !there) return earlier.kind === 'ok' ? describe(a, earlier.value) : empty
  if (there && admin.kind !== 'ok' && head === undefined) {
    return fail('E_ARCHIVE', `The folder ${path} is no worktree of ${gitDir} and no branch is known for it.`, {
      kept: 'Everything at that path.',
    })
  }
  // A folder that is gone says nothing new: a removal cut short must not put "no changes" on top of what was kept.
  if (!there && earlier.kind === 'ok' && (await coversAll(gitDir, earlier.value, tips.value))) {
    return describe(a, earlier.value)
  }
  const headTree = head === undefined ? null : await treeOf(gitDir, head)
  if (headTree !== null && headTree.kind !== 'ok') {
    return headTree.kind === 'error' ? headTree : fail('E_ARCHIVE', `The commit ${head} has no tree.`)
  }
  const scratch = await mkdtemp(join(tmpdir(), 'gt-archive-'))
  try {
    const files = there
      ? await captureFiles({
          admin: admin.kind === 'ok' ? admin.value : gitDir,
          path,
          headTree: headTree?.value ?? null,
          scratch,
        })
      : ok({ tree: headTree!.value, staged: null, missed: [] as string[] })
    if (files.kind === 'error') return files
    const { tree, staged, missed } = files.value
    const parents = [...tips.value]
    if (staged !== null) {
      const index = await commitTree(
        gitDir,
        staged,
        head === undefined ? [] : [head],
        `gt: what was staged in run ${a.fence}\n`,
        // A fixed date: the same content archived again is the same commit.
        { GIT_AUTHOR_DATE: '@0 +0000', GIT_COMMITTER_DATE: '@0 +0000' },
      )
      if (index.kind === 'error') return index
      parents.push(index.value)
    }
    const kept = await keep(a, {
      tree,
      headTree: headTree?.value ?? null,
      parents,
      branch,
      earlier: earlier.kind === 'ok' ? earlier.value : null,
    })
    if (kept.kind === 'error' || missed.length === 0) return kept.kind === 'error' ? kept : describe(a, kept.value)
    return fail('E_ARCHIVE_INCOMPLETE', `${missed.length} files of ${path} could not be read, "${missed[0]}" first.`, {
      kept: `Everything else is archived as ${archiveRef(a.fence)}; the worktree stays.`,
      hint: `ls -la -- '${join(path, missed[0]!)}'`,
      details: { missed },
    })
  } catch (error) {
    return fail('E_ARCHIVE', `The worktree ${path} could not be archived: ${messageOf(error)}.`, {
      kept: 'The worktree.',
    })
  } finally {
    await rm(scratch, { recursive: true, force: true }).catch(() => {})
  }
}

/** Every commit that could be lost with the worktree, HEAD first, none that another of them contains. */
async function tipsOf(gitDir: string, admin: string | null, branchTip: string | undefined): Promise<Result<string[]>> {
  const candidates: string[] = []
  if (admin !== null) {
    const head = await resolveCommit(admin, 'HEAD')
    // HEAD that names no commit (orphan branch, file torn by a crash) leaves the other places to look.
    if (head.kind === 'ok') candidates.push(head.value)
    for (const file of [
      'MERGE_HEAD',
      'CHERRY_PICK_HEAD',
      'REVERT_HEAD',
      'rebase-merge/orig-head',
      'rebase-apply/orig-head',
    ]) {
      const text = await readFile(join(admin, file), 'utf8').catch(() => '')
      candidates.push(...text.split('\n').filter(isCommitId))
    }
  }
  if (branchTip !== undefined) candidates.push(branchTip)
  const tips: string[] = []
  for (const candidate of new Set(candidates)) {
    let contained = false
    for (const tip of tips) {
      const inside = await isAncestor(gitDir, candidate, tip)
      contained ||= inside.kind === 'ok' && inside.value
    }
    if (!contained) tips.push(candidate)
  }
  return ok(tips)
}

async function commitTree(
  gitDir: string,
  tree: string,
  parents: string[],
  message: string,
  date: Record<string, string> = {},
): Promise<Result<string>> {
  const args = ['-c', 'core.fsync=all', '-c', 'i18n.commitEncoding=UTF-8', 'commit-tree', tree]
  const made = await git([...args, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'], {
    gitDir,
    input: message,
    env: { ...ARCHIVIST, ...date },
  })
  return made.kind === 'ok' ? ok(made.value.stdout.trim()) : made
}

/** Whether every one of these commits is certainly in the archived one. */
async function coversAll(gitDir: string, archived: string, commits: string[]): Promise<boolean> {
  for (const commit of commits) {
    const covered = await isAncestor(gitDir, commit, archived)
    if (covered.kind !== 'ok' || !covered.value) return false
  }
  return true
}

/** Points the run's ref at what was found, on top of an earlier archive unless that one says the same. */
async function keep(
  a: { gitDir: string; fence: string; why: string },
  found: {
    tree: string
    headTree: string | null
    parents: string[]
    branch: string | undefined
    earlier: string | null
  },
): Promise<Result<string>> {
  const [head] = found.parents
  const { earlier } = found
  if (earlier !== null) {
    const tree = await treeOf(a.gitDir, earlier)
    const same = tree.kind === 'ok' && tree.value === found.tree
    if (same && (await coversAll(a.gitDir, earlier, found.parents))) return ok(earlier)
  }
  let commit = head
  if (commit === undefined || found.tree !== found.headTree || found.parents.length > 1 || earlier !== null) {
    const why = a.why.replaceAll(/\s+/g, ' ').trim()
    const branch = found.branch === undefined ? '' : `Gt-Branch: ${found.branch}\n`
    const message = `gt: what run ${a.fence} left behind\n\n${why}\n\n${branch}Gt-Archive: ${a.fence}\nGt-Head: ${head ?? 'none'}\n`
    const parents = earlier === null ? found.parents : [...found.parents, earlier]
    const made = await commitTree(a.gitDir, found.tree, parents, message)
    if (made.kind === 'error') return made
    commit = made.value
  }
  const swapped = await compareAndSwapRef({
    gitDir: a.gitDir,
    ref: archiveRef(a.fence),
    to: commit,
    expected: earlier,
    why: 'gt: archive',
  })
  if (swapped.kind === 'error') return swapped
  if (swapped.value.kind === 'swapped') return ok(commit)
  return fail('E_ARCHIVE', `Run ${a.fence} is being archived by another process at this moment.`, {
    exit: EXIT.tryAgain,
    kept: 'The worktree, and the archive made by the other process.',
  })
}

/** What an archive commit says about itself: HEAD is the commit itself, or named in our trailer. */
export async function describe(a: { gitDir: string; fence: string }, commit: string): Promise<Result<Archived>> {
  const shown = await git(['cat-file', 'commit', commit], { gitDir: a.gitDir })
  if (shown.kind === 'error') return shown
  const trailer = new RegExp(`(?:\\nGt-Branch: (\\w+))?\\nGt-Archive: ${a.fence}\\nGt-Head: (\\w+)\\n?$`).exec(
    shown.value.stdout,
  )
  const head = trailer === null ? commit : trailer[2]!
  const branch = trailer?.[1]
  const ref = archiveRef(a.fence)
  if (head === commit) return ok({ ref, commit, head, dirty: 0 })
  const from = isCommitId(head) ? [head] : ['--root']
  const differs = await git(
    ['diff-tree', '-r', '-z', '--no-commit-id', '--name-only', '--no-renames', ...from, commit, '--'],
    { gitDir: a.gitDir },
  )
  if (differs.kind === 'error') return differs
  return ok({
    ref,
    commit,
    head: isCommitId(head) ? head : commit,
    ...(branch !== undefined && { branch }),
    dirty: nulList(differs.value.stdout).length,
  })
}
