/**
 * The ledger's own git repository: snapshots as commits, made with plumbing. No work tree is touched, no hook runs, no
 * setting of the user changes what is committed.
 */
import { existsSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok } from '../result.ts'
import { archiveCold, isDue } from './archive.ts'
import { archiveStamp } from './archive-read.ts'
import { archiveEntry } from './git-archive.ts'
import type { Algorithm, Entry, Store } from './git-objects.ts'
import { commitContent, parseBatch, readTree, treeContent, writeObject } from './git-objects.ts'
import type { Git } from './git-run.ts'
import { gitFailed, gitIn, run, runForBytes, says } from './git-run.ts'
import { basePath, journalFolder, numbers } from './journal.ts'
import type { Ledger } from './ledger.ts'

/** What lies beside the snapshot in git. The journal is not: it bridges the time between two commits. */
const SUPPORT: Record<string, string> = {
  '.gitattributes': '*.jsonl -text merge=gt\n',
  '.gitignore': 'journal/\n',
}

/**
 * Makes the ledger folder its own git repository, where a person's `git merge` calls `gt bead merge`. Nothing to do when
 * it is one. E_GIT when git fails.
 */
export async function initLedgerRepo(dir: string): Promise<Result<void>> {
  try {
    if (!existsSync(join(dir, '.git'))) {
      await run(['init', '--quiet', '--template=', '--initial-branch=main', dir])
    }
    for (const [name, text] of Object.entries(SUPPORT)) {
      const path = join(dir, name)
      if (!existsSync(path)) await writeFile(path, text, { flag: 'wx' }).catch(() => undefined)
    }
    await registerDriver(gitIn(dir))
    return ok(undefined)
  } catch (error) {
    return gitFailed('make the ledger a git repository', error)
  }
}

/** Settings are per clone: without this one git would merge line by line, and lose edits. */
async function registerDriver(git: Git): Promise<void> {
  const { launcher } = await import('../kernel/town.ts')
  const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`
  const driver = `${quoted(process.execPath)} ${quoted(launcher())} bead merge %O %A %B --output %A`
  const held = await git(['config', '--get', 'merge.gt.driver']).catch(() => '')
  if (held === driver) return
  await git(['config', 'merge.gt.name', 'beads, field by field'])
  await git(['config', 'merge.gt.driver', driver])
}

/** A clone that a person made has no driver yet; one look into its config tells. */
async function ensureDriver(git: Git, dir: string): Promise<void> {
  const config = await readFile(join(dir, '.git', 'config'), 'utf8').catch(() => '')
  if (config !== '' && !config.includes('[merge "gt"]')) await registerDriver(git)
}

export interface Committed {
  commit: string
  beads: number
}

/**
 * Rolls, then commits the snapshot on the branch of HEAD: exactly the bytes of the newest base, whatever happens to issues.jsonl
 * meanwhile, and the archive as it is. Other files of the last commit stay in. Once a day old closed beads move to the
 * archive before, and git packs its objects when there are many.
 *
 * @param options.merged a commit whose beads the ledger has taken in: it becomes a parent. When it holds exactly what
 * is to be committed, the branch moves to it
 * @returns the commit and how many beads it holds; `empty` when git has exactly that already; E_GIT, or why it could
 * not roll
 */
export async function commitLedger(
  ledger: Ledger,
  options: { message?: string; merged?: string; now?: Date } = {},
): Promise<Read<Committed>> {
  const now = options.now ?? new Date()
  // What cannot be archived stays alive; that is no reason not to commit.
  if (isDue(ledger.state, now)) archiveCold(ledger, now)
  const { dir } = ledger
  const git = gitIn(dir)
  try {
    await ensureDriver(git, dir)
    for (let tries = 0; tries < 5; tries++) {
      const stamp = archiveStamp(dir)
      const rolled = ledger.roll()
      if (rolled.kind !== 'ok') return rolled
      const [head, merged] = await tips(dir, ['HEAD', ...(options.merged ? [options.merged] : [])])
      const store = {
        objects: join(dir, '.git', 'objects'),
        temporary: journalFolder(dir),
        algorithm: head ? head.algorithm : await algorithmOf(git),
      }
      // Read after the head: whoever made that commit cannot have had a newer snapshot than we find now.
      const text = await readFile(basePath(dir, numbers(dir, 'log').at(-1)!))
      const entries = await entriesOf(store, dir, [head, merged], text)
      // A bead that moved between the two readings would be in both files, or in none.
      if (archiveStamp(dir) !== stamp) continue
      const tree = writeObject(store, 'tree', treeContent(entries))
      const beads = text.toString('latin1').split('\n').length - 1
      const parents = await parentsOf(git, tree, head, merged)
      if (parents === null) return empty
      const message = options.message ?? `${beads} beads`
      const commit =
        typeof parents === 'string'
          ? parents
          : writeObject(store, 'commit', commitContent(tree, parents, message, new Date()))
      // Compare-and-swap: somebody else's commit in between means to build on that one.
      const [moved] = await Promise.all([
        git(['update-ref', 'HEAD', commit, head?.oid ?? '0'.repeat(commit.length)]).then(
          () => true,
          () => false,
        ),
        // So that `git status` in the ledger is calm; the commit stands with or without it.
        git(['read-tree', tree]).catch(() => undefined),
      ])
      if (!moved) continue
      await packWhenMany(git, dir)
      return ok({ commit, beads })
    }
    return fail('E_BUSY', `Other commits to ${dir} were faster, five times in a row.`, {
      kept: 'Every bead is safe in the ledger; only git is behind.',
      hint: 'Run the command again.',
      exit: EXIT.tryAgain,
    })
  } catch (error) {
    return gitFailed('commit the ledger', error)
  }
}

/** A commit and what its tree holds. */
interface Tip {
  oid: string
  tree: string
  entries: Map<string, Entry>
  algorithm: Algorithm
}

/** What these names stand for, asked for in one go; undefined where there is no such commit. */
async function tips(dir: string, names: string[]): Promise<(Tip | undefined)[]> {
  const asked = names.map((name) => `${name}^{commit}\n${name}^{tree}\n`).join('')
  const found = parseBatch(await runForBytes([`--git-dir=${join(dir, '.git')}`, 'cat-file', '--batch'], asked))
  return names.map((_, i) => {
    const [commit, tree] = [found[2 * i], found[2 * i + 1]]
    if (!commit || !tree) return undefined
    const algorithm = commit.oid.length === 40 ? 'sha1' : 'sha256'
    return { oid: commit.oid, tree: tree.oid, entries: readTree(tree.content, algorithm), algorithm }
  })
}

const algorithmOf = async (git: Git): Promise<Algorithm> =>
  (await git(['rev-parse', '--show-object-format'])) === 'sha256' ? 'sha256' : 'sha1'

/** What to commit: the files of the parents (the first one that has a file counts), and ours in their place. */
async function entriesOf(
  store: Store,
  dir: string,
  parents: (Tip | undefined)[],
  text: Buffer,
): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  for (const parent of parents) {
    for (const [name, entry] of parent?.entries ?? []) if (!entries.has(name)) entries.set(name, entry)
  }
  for (const name of Object.keys(SUPPORT)) {
    // Somebody's own version of these stays.
    if (entries.has(name) || !existsSync(join(dir, name))) continue
    entries.set(name, { mode: '100644', oid: writeObject(store, 'blob', await readFile(join(dir, name))) })
  }
  entries.set('issues.jsonl', { mode: '100644', oid: writeObject(store, 'blob', text) })
  const archive = await archiveEntry(store, dir, entries.get('archive'), text)
  if (archive !== null) entries.set('archive', archive)
  return entries
}

/** The parents of a commit of this tree; null when HEAD is it already, the other commit's name when that one is it. */
async function parentsOf(
  git: Git,
  tree: string,
  head: Tip | undefined,
  merged: Tip | undefined,
): Promise<string[] | string | null> {
  if (merged === undefined || (head && (await isAncestor(git, merged.oid, head.oid)))) {
    if (!head) return []
    return tree === head.tree ? null : [head.oid]
  }
  if (head && !(await isAncestor(git, head.oid, merged.oid))) return [head.oid, merged.oid]
  return tree === merged.tree ? merged.oid : [merged.oid]
}

/** Whether the first commit is in the history of the second one. */
export const isAncestor = (git: Git, old: string, young: string): Promise<boolean> =>
  says(git, ['merge-base', '--is-ancestor', old, young])

/** Loose objects at which git packs, and packs at which it makes them one. */
const LOOSE = 1500
const PACKS = 20

/**
 * Packs what git holds when it is much, by git's own rule: one of the 256 folders of loose objects tells about all. A
 * commit adds three objects, so this is every few hundred commits; a failure (another gc runs) is no matter.
 */
async function packWhenMany(git: Git, dir: string): Promise<void> {
  let sample = 0
  try {
    sample = readdirSync(join(dir, '.git', 'objects', '17')).length
  } catch {
    return
  }
  if (sample * 256 <= LOOSE) return
  const settings = [`gc.auto=${LOOSE}`, `gc.autoPackLimit=${PACKS}`, 'gc.autoDetach=false']
  await git([...settings.flatMap((setting) => ['-c', setting]), 'gc', '--auto', '--quiet']).catch(() => undefined)
}
