/** Receipts of landings, as git notes: they stay with the commit and change nothing of it. */
import type { Read, Result } from '../result.ts'
import { empty, ok } from '../result.ts'
import { git, gitDetails, gitPatiently } from './run.ts'

/** Where receipts live. */
export const RECEIPTS = 'refs/notes/gt'

/** Attaches `text`, byte for byte, to a commit; a note already there is replaced. `ref` is RECEIPTS unless said. */
export async function addNote(n: {
  gitDir: string
  commit: string
  ref?: string
  text: string
}): Promise<Result<void>> {
  // By way of a blob: `notes add -F` would tidy white space.
  const blob = await git(['hash-object', '-w', '--stdin'], { gitDir: n.gitDir, input: n.text })
  if (blob.kind === 'error') return blob
  const args = ['notes', `--ref=${n.ref ?? RECEIPTS}`, 'add', '--force', '-C', blob.value.stdout.trim(), '--', n.commit]
  const env = {
    GIT_AUTHOR_NAME: 'gt',
    GIT_AUTHOR_EMAIL: 'gt@localhost',
    GIT_COMMITTER_NAME: 'gt',
    GIT_COMMITTER_EMAIL: 'gt@localhost',
  }
  const done = await gitPatiently(args, { gitDir: n.gitDir, env })
  return done.kind === 'ok' ? ok(undefined) : done
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
