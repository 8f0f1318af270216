/**
 * Commits as bytes: what an author wrote stays what it was, in whatever encoding. Such strings are latin1 here, one
 * character per byte (`bytesOf` makes them from text).
 */
import { execFile } from 'node:child_process'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { git, gitEnvironment } from './run.ts'

const MAX_BYTES = 64 * 1024 * 1024
const TIMEOUT_MS = 60_000

export interface RawCommit {
  id: string
  tree: string
  /** `Name <mail> seconds zone`, as the commit has it. */
  author: string
  /** The encoding it says its message has; null: UTF-8. */
  encoding: string | null
  message: string
}

/** Text as the bytes of its UTF-8. */
export const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/**
 * The commits with these full ids, in this order, by one process.
 *
 * Errors: E_NO_COMMIT (one is not here, or is something else), E_NO_GIT, E_GIT.
 */
export async function readCommits(gitDir: string, ids: string[]): Promise<Result<RawCommit[]>> {
  const read = await batch(gitDir, ids)
  if (read.kind === 'error') return read
  const commits: RawCommit[] = []
  let at = 0
  for (const id of ids) {
    // id SP type SP size LF content LF
    const line = read.value.indexOf('\n', at)
    const [, type, size] = read.value.slice(at, line).split(' ')
    if (line === -1 || type !== 'commit') return fail('E_NO_COMMIT', `There is no commit ${id} in ${gitDir}.`)
    const content = read.value.slice(line + 1, line + 1 + Number(size))
    at = line + 1 + Number(size) + 1
    const end = content.indexOf('\n\n')
    const header = (end === -1 ? content : content.slice(0, end)).split('\n')
    const field = (name: string): string | undefined =>
      header.find((entry) => entry.startsWith(`${name} `))?.slice(name.length + 1)
    const [tree, author] = [field('tree'), field('author')]
    if (tree === undefined || author === undefined) return fail('E_GIT', `The commit ${id} is damaged.`)
    const message = end === -1 ? '' : content.slice(end + 2)
    commits.push({ id, tree, author, encoding: field('encoding') ?? null, message })
  }
  return ok(commits)
}

/** Not by `git` of run.ts: that one reads UTF-8, which loses the bytes of any other encoding. */
function batch(gitDir: string, ids: string[]): Promise<Result<string>> {
  return new Promise((resolve) => {
    const child = execFile(
      'git',
      [`--git-dir=${gitDir}`, 'cat-file', '--batch'],
      { cwd: '/', env: gitEnvironment(), encoding: 'latin1', maxBuffer: MAX_BYTES, timeout: TIMEOUT_MS },
      (error, stdout, stderr) => {
        if (error === null) resolve(ok(stdout))
        else if (error.code === 'ENOENT') {
          resolve(fail('E_NO_GIT', 'The program git was not found on PATH.', { exit: EXIT.missingProgram }))
        } else resolve(fail('E_GIT', `The commits could not be read. ${(stderr || error.message).trim().slice(-600)}`))
      },
    )
    // git may end before it read everything; its exit code says what that meant.
    child.stdin?.on('error', () => {})
    child.stdin?.end(ids.map((id) => `${id}\n`).join(''))
  })
}

/**
 * Writes a commit with exactly these bytes and answers its id. By hand, because `commit-tree` takes characters out of
 * names and re-encodes. `committer` is text, the rest as `readCommits` answers it. Errors: E_GIT.
 */
export async function writeCommit(
  gitDir: string,
  c: Omit<RawCommit, 'id'> & { parent: string; committer: string },
): Promise<Result<string>> {
  const header = [
    `tree ${c.tree}`,
    `parent ${c.parent}`,
    `author ${c.author}`,
    `committer ${bytesOf(c.committer)}`,
    ...(c.encoding === null ? [] : [`encoding ${c.encoding}`]),
  ]
  const input = Buffer.from(`${header.join('\n')}\n\n${c.message}`, 'latin1')
  const made = await git(['hash-object', '-t', 'commit', '-w', '--stdin'], { gitDir, input })
  return made.kind === 'ok' ? ok(made.value.stdout.trim()) : made
}

/**
 * The message (bytes) with those lines of `trailers` (text) that its trailer block does not have yet. Nothing to add:
 * the message byte for byte.
 */
export function withTrailers(message: string, trailers: string): string {
  const wanted = bytesOf(trailers.replaceAll('\0', ''))
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
  const body = message.replace(/\s+$/, '')
  const start = body.lastIndexOf('\n\n')
  const last = start === -1 ? [] : body.slice(start + 2).split('\n')
  const block = isTrailerBlock(last) ? last.map((line) => line.trimEnd()) : []
  const missing = [...new Set(wanted)].filter((line) => line !== '' && !block.includes(line))
  if (missing.length === 0) return message
  return `${body}${block.length > 0 ? '\n' : '\n\n'}${missing.join('\n')}\n`
}

/** git's own rule (git-interpret-trailers): all lines are trailers, or a quarter are and one is git's. */
function isTrailerBlock(lines: string[]): boolean {
  const own = lines.filter((line) => /^(Signed-off-by: |\(cherry picked from commit )/.test(line)).length
  const trailers = lines.filter((line) => /^([A-Za-z0-9-]+\s*:|\(cherry picked from commit )/.test(line)).length
  const others = lines.filter((line) => !/^(\s|[A-Za-z0-9-]+\s*:|\(cherry picked from commit )/.test(line)).length
  return trailers > 0 && (others === 0 || (own > 0 && trailers * 3 >= others))
}
