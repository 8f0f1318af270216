/**
 * The files of a worktree as a tree, whatever state git is in there: its index is copied, never touched, so a held
 * `index.lock`, a half-done merge or a rebase are no obstacle.
 */
import { copyFile, lstat, readdir, readlink, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { exists } from './places.ts'
import type { GitOptions } from './run.ts'
import { git, nulList } from './run.ts'

export interface Snapshot {
  /** Tracked and untracked, not ignored files as they lie there. */
  tree: string
  /** What was staged, when that is a third state and can be written; otherwise null. */
  staged: string | null
  /** Paths that could not be read. */
  missed: string[]
}

interface Desk {
  /** The worktree, through its own admin folder and the copied index. */
  at: GitOptions
  /** HEAD's tree, or null. */
  headTree: string | null
  admin: string
  path: string
  index: string
}

/** Objects of an archive are on disk before anything is deleted: loose objects are not by git's default. */
const DURABLE = ['-c', 'core.fsync=all', '-c', 'core.fsyncMethod=batch', '-c', 'core.splitIndex=false']
/** What is there is kept as it is there: no line-end objection stops an archive. */
const LENIENT = ['-c', 'core.safecrlf=false', '-c', 'advice.addEmbeddedRepo=false']

/**
 * Captures a worktree. `admin`: its folder in the repository; `scratch`: an empty directory for the copied index.
 * Errors: E_GIT when not even a tree could be written. Files that could not be read are in `missed`.
 */
export async function captureFiles(what: {
  admin: string
  path: string
  headTree: string | null
  scratch: string
}): Promise<Result<Snapshot>> {
  const { admin, path, headTree } = what
  const index = join(what.scratch, 'index')
  const at = { gitDir: admin, worktree: path, env: { GIT_INDEX_FILE: index } }
  const desk: Desk = { at, headTree, admin, path, index }
  const copied = await copyIndex(desk)
  if (copied.kind === 'error') return copied
  if (copied.value === 'never filled' && headTree !== null && (await hasNoFiles(path))) {
    return ok({ tree: headTree, staged: null, missed: [] })
  }
  const staged = copied.value === 'copied' ? await git([...DURABLE, 'write-tree'], at) : undefined
  const opened = await clearFlags(desk)
  if (opened.kind === 'error') return opened
  // Its exit code is no verdict: what it could not add (a missing required filter stops it altogether) is looked for
  // below and then stored as it lies there.
  const added = await git([...DURABLE, ...LENIENT, 'add', '--all', '--sparse', '--ignore-errors', '--', '.'], at)
  if (added.kind === 'error' && added.failure.code !== 'E_GIT') return added
  const missed = await addLeftovers(desk)
  if (missed.kind === 'error') return missed
  const tree = await git([...DURABLE, 'write-tree'], at)
  if (tree.kind === 'error') return tree
  const id = tree.value.stdout.trim()
  const stagedTree = staged?.kind === 'ok' ? staged.value.stdout.trim() : null
  return ok({
    tree: id,
    staged: stagedTree === id || stagedTree === headTree ? null : stagedTree,
    missed: missed.value,
  })
}

/** No file but `.git` in the worktree: it was registered, never checked out. */
async function hasNoFiles(path: string): Promise<boolean> {
  return (await readdir(path)).every((name) => name === '.git')
}

async function copyIndex(desk: Desk): Promise<Result<'copied' | 'never filled'>> {
  const source = join(desk.admin, 'index')
  try {
    await copyFile(source, desk.index)
    // git compares file times with the index's own to see which entries it may trust; a younger copy would trust
    // files changed in the same instant. A whole second older only makes it look twice.
    const seconds = Math.floor((await stat(source)).mtimeMs / 1000)
    await utimes(desk.index, seconds, seconds)
    const readable = await git(['ls-files', '--stage', '-z'], desk.at)
    if (readable.kind === 'ok') return ok('copied')
    await rm(desk.index)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      return fail('E_ARCHIVE', `The index ${source} could not be copied: ${messageOf(error)}.`)
    }
  }
  // No index, or a broken one: begin from HEAD.
  const started = await git(
    ['read-tree', ...(desk.headTree === null ? ['--empty'] : ['--reset', desk.headTree])],
    desk.at,
  )
  return started.kind === 'ok' ? ok('never filled') : started
}

/** Entries that git was told not to look at (assume-unchanged; skip-worktree with a file there) are looked at. */
async function clearFlags(desk: Desk): Promise<Result<void>> {
  const listed = await git(['ls-files', '-v', '-z'], desk.at)
  if (listed.kind === 'error') return listed
  const hidden: { flag: string; path: string }[] = []
  for (const line of nulList(listed.value.stdout)) {
    const path = line.slice(2)
    const tag = line[0]!
    if (tag !== tag.toUpperCase()) hidden.push({ flag: '--no-assume-unchanged', path })
    if (tag.toUpperCase() === 'S' && (await exists(join(desk.path, path))))
      hidden.push({ flag: '--no-skip-worktree', path })
  }
  for (const flag of ['--no-assume-unchanged', '--no-skip-worktree']) {
    const paths = hidden.filter((entry) => entry.flag === flag).map((entry) => `${entry.path}\0`)
    if (paths.length === 0) continue
    const done = await git(['update-index', flag, '-z', '--stdin'], { ...desk.at, input: paths.join('') })
    if (done.kind === 'error') return done
  }
  return ok(undefined)
}

/**
 * Puts into the index what `git add` would not: the content of nested repositories (a gitlink keeps none of it) and
 * files whose filter failed. Answers the paths that could not be read.
 */
async function addLeftovers(desk: Desk): Promise<Result<string[]>> {
  const left = await git(['ls-files', '-z', '--others', '--modified', '--exclude-standard'], desk.at)
  if (left.kind === 'error') return left
  const links = await changedLinks(desk)
  if (links.kind === 'error') return links
  const files: string[] = []
  for (const path of new Set(nulList(left.value.stdout))) {
    if (path.endsWith('/')) files.push(...(await filesOfNested(desk.path, path.slice(0, -1))))
    else if (!links.value.all.has(path) && (await exists(join(desk.path, path)))) files.push(path)
  }
  for (const link of links.value.changed) files.push(...(await filesOfNested(desk.path, link)))
  // A gitlink and files below it exclude each other: mode 0 takes it out first.
  const nothing = '0'.repeat(desk.headTree?.length ?? 40)
  const entries = links.value.changed.map((link) => `0 ${nothing}\t${link}\0`)
  const missed: string[] = []
  const stored = await storeRaw(desk, files)
  for (const file of files) {
    const entry = stored.get(file)
    if (entry === undefined) missed.push(file)
    else entries.push(`${entry}\t${file}\0`)
  }
  if (entries.length === 0) return ok(missed)
  const done = await git([...DURABLE, 'update-index', '-z', '--index-info'], { ...desk.at, input: entries.join('') })
  return done.kind === 'ok' ? ok(missed) : done
}

/** Gitlinks in the index, and those of them whose commit or files are not what HEAD says. */
async function changedLinks(desk: Desk): Promise<Result<{ all: Set<string>; changed: string[] }>> {
  const known = new Map<string, string>()
  if (desk.headTree !== null) {
    const tree = await git(['ls-tree', '-r', '-z', desk.headTree], desk.at)
    if (tree.kind === 'error') return tree
    for (const line of nulList(tree.value.stdout)) {
      const match = /^160000 commit (\w+)\t([\s\S]+)$/.exec(line)
      if (match !== null) known.set(match[2]!, match[1]!)
    }
  }
  const indexed = await git(['ls-files', '--stage', '-z'], desk.at)
  if (indexed.kind === 'error') return indexed
  const all = new Set<string>()
  const changed: string[] = []
  for (const line of nulList(indexed.value.stdout)) {
    const match = /^160000 (\w+) \d\t([\s\S]+)$/.exec(line)
    if (match === null) continue
    const link = match[2]!
    all.add(link)
    // A submodule that was never initialised holds nothing of its own.
    if (!(await exists(join(desk.path, link, '.git')))) continue
    if (known.get(link) !== match[1]) changed.push(link)
    else {
      const status = await git(['status', '--porcelain', '-z', '--ignore-submodules=none'], {
        cwd: join(desk.path, link),
      })
      if (status.kind === 'error' || status.value.stdout !== '') changed.push(link)
    }
  }
  return ok({ all, changed })
}

/** The files of a nested repository as paths from the worktree's root: what its own ignore rules let through. */
async function filesOfNested(root: string, nested: string): Promise<string[]> {
  const listed = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: join(root, nested),
  })
  const names =
    listed.kind === 'ok' ? nulList(listed.value.stdout) : await readdir(join(root, nested)).catch(() => [] as string[])
  const files: string[] = []
  for (const name of new Set(names)) {
    const path = `${nested}/${name.replace(/\/$/, '')}`
    if (name === '.git') continue
    const seen = await lstat(join(root, path)).catch(() => null)
    if (seen === null) continue
    if (seen.isDirectory()) files.push(...(await filesOfNested(root, path)))
    else files.push(path)
  }
  return files
}

/** Stores files byte for byte: path → `mode id` of an index entry. What cannot be read is not in the answer. */
async function storeRaw(desk: Desk, paths: string[]): Promise<Map<string, string>> {
  const entries = new Map<string, string>()
  const regular: { path: string; mode: string }[] = []
  for (const path of paths) {
    const seen = await lstat(join(desk.path, path)).catch(() => null)
    if (seen?.isFile()) regular.push({ path, mode: (seen.mode & 0o100) === 0 ? '100644' : '100755' })
    if (!seen?.isSymbolicLink()) continue
    const input = await readlink(join(desk.path, path), { encoding: 'buffer' })
    const stored = await git([...DURABLE, 'hash-object', '-w', '--stdin'], { ...desk.at, input })
    if (stored.kind === 'ok') entries.set(path, `120000 ${stored.value.stdout.trim()}`)
  }
  const hash = async (files: { path: string; mode: string }[]): Promise<void> => {
    if (files.length === 0) return
    const input = files.map((file) => `${quoted(join(desk.path, file.path))}\n`).join('')
    const stored = await git([...DURABLE, 'hash-object', '-w', '--no-filters', '--stdin-paths'], { ...desk.at, input })
    if (stored.kind === 'ok') {
      const ids = stored.value.stdout.trim().split('\n')
      for (const [position, file] of files.entries()) entries.set(file.path, `${file.mode} ${ids[position]}`)
    } else if (files.length > 1) {
      // One file that cannot be read fails its batch: halve until it stands alone.
      const middle = files.length >> 1
      await hash(files.slice(0, middle))
      await hash(files.slice(middle))
    }
  }
  await hash(regular)
  return entries
}

/** A path the way git quotes it on a line of its own. */
function quoted(path: string): string {
  const escaped = path.replace(/["\\\x00-\x1f]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
  return `"${escaped}"`
}
