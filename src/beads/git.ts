/**
 * The ledger's own git repository: snapshots as commits, made with plumbing. No work tree is touched, no hook runs, no
 * setting of the user changes what is committed.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, messageOf, ok } from '../result.ts'
import { basePath, numbers } from './journal.ts'
import type { Ledger } from './ledger.ts'

/** What lies beside the snapshot in git. The journal is not: it bridges the time between two commits. */
const SUPPORT: Record<string, string> = {
  '.gitattributes': '*.jsonl -text merge=gt\n',
  '.gitignore': 'journal/\n',
}

/** Makes the ledger folder its own git repository; nothing to do when it is one. E_GIT when git fails. */
export async function initLedgerRepo(dir: string): Promise<Result<void>> {
  try {
    if (!existsSync(join(dir, '.git'))) {
      await run(['init', '--quiet', '--template=', '--initial-branch=main', dir])
    }
    for (const [name, text] of Object.entries(SUPPORT)) {
      const path = join(dir, name)
      if (!existsSync(path)) await writeFile(path, text, { flag: 'wx' }).catch(() => undefined)
    }
    return ok(undefined)
  } catch (error) {
    return gitFailed('make the ledger a git repository', error)
  }
}

/**
 * Rolls, then commits the snapshot on the branch of HEAD: exactly the bytes of the newest base, whatever happens to issues.jsonl
 * meanwhile. Other files of the last commit (the archive) stay in.
 *
 * @returns the commit and how many beads it holds; `empty` when git has exactly that already; E_GIT, or why it could
 * not roll
 */
export async function commitLedger(
  ledger: Ledger,
  options: { message?: string } = {},
): Promise<Read<{ commit: string; beads: number }>> {
  const rolled = ledger.roll()
  if (rolled.kind !== 'ok') return rolled
  const { dir } = ledger
  const git = (argv: string[], input?: string): Promise<string> =>
    run([`--git-dir=${join(dir, '.git')}`, ...argv], input)
  try {
    const support = new Map<string, string>()
    for (const name of Object.keys(SUPPORT)) {
      if (!existsSync(join(dir, name))) continue
      support.set(name, `100644 blob ${await git(['hash-object', '-w', '--no-filters', join(dir, name)])}\t${name}`)
    }
    for (let tries = 0; tries < 5; tries++) {
      const head = await git(['rev-parse', '--verify', '--quiet', 'HEAD']).catch(unborn)
      // Read after the head: whoever made that commit cannot have had a newer snapshot than we find now.
      const base = basePath(dir, numbers(dir, 'log').at(-1)!)
      const beads = (await readFile(base, 'latin1')).split('\n').length - 1
      const blob = await git(['hash-object', '-w', '--no-filters', base])
      const tree = await treeOn(git, head, new Map([...support, ['issues.jsonl', `100644 blob ${blob}\tissues.jsonl`]]))
      if (head !== '' && tree === (await git(['rev-parse', `${head}^{tree}`]))) return empty
      const parent = head === '' ? [] : ['-p', head]
      const commit = await git(['commit-tree', tree, ...parent], `${options.message ?? `${beads} beads`}\n`)
      // Compare-and-swap: somebody else's commit in between means to build on that one.
      const moved = await git(['update-ref', 'HEAD', commit, head || '0'.repeat(40)]).then(
        () => true,
        () => false,
      )
      if (!moved) continue
      // So that `git status` in the ledger is calm; the commit stands with or without it.
      await git(['read-tree', commit]).catch(() => undefined)
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

/** `rev-parse --quiet` says nothing when there is no commit yet; when it does say something, git is in trouble. */
function unborn(error: unknown): string {
  if (messageOf(error) !== SILENT) throw error
  return ''
}
const SILENT = 'git failed without a word'

/** The tree of the last commit with these entries in it. */
async function treeOn(
  git: (argv: string[], input?: string) => Promise<string>,
  head: string,
  entries: Map<string, string>,
): Promise<string> {
  const held = head === '' ? [] : (await git(['ls-tree', '-z', head])).split('\0').filter((line) => line !== '')
  const kept = held.filter((line) => !entries.has(line.slice(line.indexOf('\t') + 1)))
  return git(['mktree', '-z'], [...kept, ...entries.values()].map((line) => `${line}\0`).join(''))
}

/** Settings of the user that would change what is written or run something. */
const CALM = [
  'commit.gpgSign=false',
  'core.hooksPath=/dev/null',
  'core.autocrlf=false',
  'core.fsync=committed',
  'gc.auto=0',
]
const WHO = {
  GIT_AUTHOR_NAME: 'gt',
  GIT_AUTHOR_EMAIL: 'gt@localhost',
  GIT_COMMITTER_NAME: 'gt',
  GIT_COMMITTER_EMAIL: 'gt@localhost',
}

/** Runs git without a shell and without the caller's GIT_… variables; its trimmed output. Rejects with what it said. */
function run(argv: string[], input?: string): Promise<string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  const env = { ...Object.fromEntries(kept), ...WHO, LC_ALL: 'C' }
  const settings = CALM.flatMap((setting) => ['-c', setting])
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      [...settings, ...argv],
      { env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(stderr.trim() || (typeof error.code === 'number' ? SILENT : error.message)))
        else resolve(stdout.trim())
      },
    )
    // git may end before it read everything; what it said is the error then.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input ?? '')
  })
}

function gitFailed(what: string, error: unknown): Result<never> {
  const text = messageOf(error)
  const missing = /ENOENT/.test(text) && /spawn/.test(text)
  return fail('E_GIT', missing ? 'git was not found.' : `Could not ${what}: ${text}.`, {
    kept: 'Every bead is safe in the ledger; only git is behind.',
    hint: missing ? 'Install git, then run the command again.' : 'Run `gt doctor`, which checks the ledger.',
    exit: missing ? EXIT.missingProgram : EXIT.failed,
  })
}
