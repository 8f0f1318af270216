/** Which branches get in each other's way, long before one of them lands. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { asCommit } from './revisions.ts'
import { git, gitDetails } from './run.ts'

export interface Clash {
  a: string
  b: string
  files: string[]
  /** The pair could not be merged at all (no common history, a commit that is not here); `files` is empty then. */
  why?: string
}

/**
 * The pairs (of commits, by id or name) that do not merge cleanly, in the order given, with the files where. A pair
 * that cannot be tried is answered with `why` instead of files: "cannot tell" is never taken for "fits".
 *
 * One process for all (300 pairs: about 0.4 s), one more for each pair that cannot be tried. The merged trees go to a
 * directory that is gone afterwards, so that looking often does not fill the repository.
 *
 * Errors: E_GIT (no repository …), E_RADAR (no temporary directory).
 */
export async function clashes(r: { gitDir: string; pairs: [string, string][] }): Promise<Result<Clash[]>> {
  if (r.pairs.length === 0) return ok([])
  const store = await git(['rev-parse', '--git-path', 'objects'], { gitDir: r.gitDir })
  if (store.kind === 'error') return store
  let scratch: string | undefined
  try {
    scratch = await mkdtemp(join(tmpdir(), 'gt-radar-'))
    return await search(r, {
      GIT_OBJECT_DIRECTORY: scratch,
      // Quoted as in C: a bare colon would split the path.
      GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${store.value.stdout.replace(/\n$/, '').replaceAll(/["\\]/g, '\\$&')}"`,
    })
  } catch (error) {
    return fail('E_RADAR', `The pairs could not be compared: ${messageOf(error)}.`)
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true }).catch(() => {})
  }
}

/** What is gone in a moment need not survive a power cut, nor be small. */
const QUICK = ['-c', 'core.fsync=none', '-c', 'core.compression=0']
/** Without messages an answer ends at its first empty field; git's default would be a different form per answer. */
const FORM = ['--stdin', '-z', '--name-only', '--no-messages']

async function search(
  r: { gitDir: string; pairs: [string, string][] },
  env: Record<string, string>,
): Promise<Result<Clash[]>> {
  const named = await commitsOf(r)
  if (named.kind === 'error') return named
  const clashing = new Map<number, Omit<Clash, 'a' | 'b'>>()
  const lines = new Map<number, string>()
  for (const [index, [a, b]] of r.pairs.entries()) {
    const ids = [named.value.get(a), named.value.get(b)]
    if (ids.includes(undefined)) clashing.set(index, { files: [], why: `There is no commit ${ids[0] ? b : a}.` })
    else lines.set(index, ids.join(' '))
  }
  for (let left = [...lines.keys()]; left.length > 0; ) {
    const input = left.map((index) => `${lines.get(index)}\n`).join('')
    const run = await git([...QUICK, 'merge-tree', '--write-tree', ...FORM], { gitDir: r.gitDir, input, env })
    const answers = answersOf(run.kind === 'ok' ? run.value.stdout : gitDetails(run.failure).stdout)
    for (const [at, files] of answers.entries()) if (files !== null) clashing.set(left[at]!, { files })
    if (run.kind === 'ok' && answers.length === left.length) break
    // git stops at the first pair that it cannot merge, after the answers to those before it.
    const { exitCode, stderr } = run.kind === 'ok' ? { exitCode: null, stderr: '' } : gitDetails(run.failure)
    const culprit = left[answers.length]
    if ((exitCode !== 1 && exitCode !== 128) || culprit === undefined) {
      return run.kind === 'error' ? run : fail('E_GIT', 'git merge-tree did not answer for every pair.')
    }
    clashing.set(culprit, { files: [], why: reasonOf(stderr) })
    left = left.slice(answers.length + 1)
  }
  return ok(
    r.pairs.flatMap(([a, b], index) => {
      const clash = clashing.get(index)
      return clash === undefined ? [] : [{ a, b, ...clash }]
    }),
  )
}

/** Full ids by the names given; a name without a commit is left out. */
async function commitsOf(r: { gitDir: string; pairs: [string, string][] }): Promise<Result<Map<string, string>>> {
  const ids = new Map<string, string>()
  for (const name of new Set(r.pairs.flat())) {
    const id = await asCommit(r.gitDir, name)
    if (id.kind === 'ok') ids.set(name, id.value)
    else if (id.failure.code !== 'E_NO_COMMIT') return id
  }
  return ok(ids)
}

/** Per complete answer the files in conflict, or null when it is clean: status NUL tree NUL (file NUL)* NUL. */
function answersOf(stdout: string): (string[] | null)[] {
  const answers: (string[] | null)[] = []
  const fields = stdout.split('\0')
  for (let at = 0; ; ) {
    const end = fields.indexOf('', at + 2)
    // What stands after the last NUL is no field.
    if (end === -1 || end >= fields.length - 1) return answers
    answers.push(fields[at] === '1' ? null : [...new Set(fields.slice(at + 2, end))])
    at = end + 1
  }
}

function reasonOf(stderr: string): string {
  if (/unrelated histories/.test(stderr)) return 'They have no common history.'
  const said = stderr.trim().split('\n').at(-1) ?? ''
  return said.slice(0, 400) || 'git cannot merge them.'
}
