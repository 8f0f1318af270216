/** Receipts of landings, as git notes: they stay with the commit and change nothing of it. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok } from '../result.ts'
import { compareAndSwapRef, requireCommit, resolveCommit } from './revisions.ts'
import { git, gitDetails } from './run.ts'

/** Where receipts live. */
export const RECEIPTS = 'refs/notes/gt'

const TRIES = 20
const SCRIBE = {
  GIT_AUTHOR_NAME: 'gt',
  GIT_AUTHOR_EMAIL: 'gt@localhost',
  GIT_COMMITTER_NAME: 'gt',
  GIT_COMMITTER_EMAIL: 'gt@localhost',
}

/**
 * Attaches `text`, byte for byte, to a commit; a note already there is replaced. `ref` is RECEIPTS unless said.
 *
 * `git notes` alone loses notes that two processes write at once (it replaces the ref without looking; measured), so
 * it works on a ref of its own and the result is swapped in. Errors: E_NO_COMMIT; E_REF_BUSY (exit 75) after 20 tries.
 */
export async function addNote(n: {
  gitDir: string
  commit: string
  ref?: string
  text: string
}): Promise<Result<void>> {
  const { gitDir } = n
  const ref = n.ref ?? RECEIPTS
  const commit = await requireCommit(gitDir, n.commit)
  if (commit.kind === 'error') return commit
  // By way of a blob: `notes add -F` would tidy white space.
  const blob = await git(['hash-object', '-w', '--stdin'], { gitDir, input: n.text })
  if (blob.kind === 'error') return blob
  const draft = `refs/notes/gt-draft/${randomBytes(6).toString('hex')}`
  try {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const now = await resolveCommit(gitDir, ref)
      if (now.kind === 'error') return now
      const expected = now.kind === 'ok' ? now.value : null
      const from = expected === null ? ['-d', draft] : [draft, expected]
      const begun = await git(['update-ref', ...from], { gitDir })
      if (begun.kind === 'error') return begun
      const args = ['notes', `--ref=${draft}`, 'add', '--force', '-C', blob.value.stdout.trim(), '--', commit.value]
      const added = await git(args, { gitDir, env: SCRIBE })
      if (added.kind === 'error') return added
      const to = await requireCommit(gitDir, draft)
      if (to.kind === 'error') return to
      const swapped = await compareAndSwapRef({ gitDir, ref, to: to.value, expected, why: 'gt: note' })
      if (swapped.kind === 'ok' && swapped.value.kind === 'swapped') return ok(undefined)
      if (swapped.kind === 'error' && swapped.failure.code !== 'E_REF_BUSY') return swapped
      await pause(Math.random() * 20 * attempt)
    }
    return fail('E_REF_BUSY', `${ref} kept changing while a note was being added.`, { exit: EXIT.tryAgain })
  } finally {
    await git(['update-ref', '-d', draft], { gitDir })
  }
}

/** The note of a commit. `empty`: it has none. */
export async function readNote(n: { gitDir: string; commit: string; ref?: string }): Promise<Read<string>> {
  const found = await git(['notes', `--ref=${n.ref ?? RECEIPTS}`, 'list', '--', n.commit], { gitDir: n.gitDir })
  if (found.kind === 'error') {
    return gitDetails(found.failure).exitCode === 1 && /no note found/i.test(found.failure.message) ? empty : found
  }
  const text = await git(['cat-file', 'blob', found.value.stdout.trim()], { gitDir: n.gitDir })
  return text.kind === 'ok' ? ok(text.value.stdout) : text
}

/** The commits that have a note. */
export async function listNotes(n: { gitDir: string; ref?: string }): Promise<Result<Set<string>>> {
  const listed = await git(['notes', `--ref=${n.ref ?? RECEIPTS}`, 'list'], { gitDir: n.gitDir })
  if (listed.kind === 'error') return listed
  const commits = listed.value.stdout.split('\n').map((line) => line.split(' ')[1])
  return ok(new Set(commits.filter((id) => id !== undefined)))
}
