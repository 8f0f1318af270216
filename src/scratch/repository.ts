/** A scratch town's projects: real repositories with one commit. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { git } from '../git/run.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'

/** Who writes the first commit: it must work where no git identity is set up. */
const PERSON = {
  GIT_AUTHOR_NAME: 'A person',
  GIT_AUTHOR_EMAIL: 'person@gt.invalid',
  GIT_COMMITTER_NAME: 'A person',
  GIT_COMMITTER_EMAIL: 'person@gt.invalid',
}

/**
 * Makes the repository at `dir` (absolute, new) with one commit on `main` that holds `files` (path → text); answers that
 * commit's id. Errors: E_WRITE, those of git.
 */
export async function makeRepository(
  dir: string,
  files: Record<string, string>,
  subject: string,
): Promise<Result<string>> {
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), text)
    }
  } catch (error) {
    return fail('E_WRITE', `The project ${dir} could not be written: ${messageOf(error)}.`)
  }
  const steps = [
    ['init', '--quiet', '--initial-branch=main', '--template='],
    // --force: what a person's global ignore file says is not about this project.
    ['add', '--force', '--all'],
    ['-c', 'commit.gpgSign=false', 'commit', '--quiet', '-m', subject],
  ]
  for (const step of steps) {
    const done = await git(step, { cwd: dir, env: PERSON })
    if (done.kind === 'error') return done
  }
  const head = await git(['rev-parse', 'HEAD'], { cwd: dir })
  return head.kind === 'error' ? head : ok(head.value.stdout.trim())
}
