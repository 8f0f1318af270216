/**
 * Where things lie in a town (design section 4), and which town a command means. Loaded by every command and by
 * hooks: Node's own light modules only.
 */
import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, fail, ok, unknown } from '../result.ts'

export interface Town {
  /** Absolute and canonical. */
  root: string
  /** As town.toml says it; for people. */
  name: string
}

export interface RigPaths {
  dir: string
  toml: string
  /** Bare repository that all worktrees of the rig share. */
  repo: string
  polecats: string
  refinery: string
  crew: string
}

export interface TownPaths {
  root: string
  toml: string
  /** The ledger. */
  beads: string
  /** `.gt`: runtime state, safe to lose. */
  runtime: string
  logs: string
  tmuxConf: string
  /** What is handed to each run: settings, prompt files, inbox markers. */
  runs: string
  mayor: string
  rig(name: string): RigPaths
}

/** Every path of a town, from its root. Touches no file. */
export function paths(town: Pick<Town, 'root'>): TownPaths {
  const { root } = town
  const runtime = join(root, '.gt')
  return {
    root,
    toml: join(root, 'town.toml'),
    beads: join(root, '.beads'),
    runtime,
    logs: join(runtime, 'logs'),
    tmuxConf: join(runtime, 'tmux.conf'),
    runs: join(runtime, 'runs'),
    mayor: join(root, 'mayor'),
    rig(name) {
      const dir = join(root, name)
      return {
        dir,
        toml: join(dir, 'rig.toml'),
        repo: join(dir, 'repo.git'),
        polecats: join(dir, 'polecats'),
        refinery: join(dir, 'refinery'),
        crew: join(dir, 'crew'),
      }
    },
  }
}

/**
 * The canonical root of the town that a command means: `GT_TOWN` if it is set, else the nearest folder above `cwd`
 * with a town.toml, else `~/gt`. A town.toml inside a git work tree never counts: a town's root is never in one, so
 * that file belongs to some project, and a project must not bring settings that run commands.
 *
 * `empty`: no town anywhere. `error`: GT_TOWN is wrong (E_GT_TOWN) or the only town.toml found lies in a git work tree
 * (E_INSIDE_GIT). `unknown`: a folder could not be looked into.
 */
export function findTown(env: NodeJS.ProcessEnv, cwd: string): Read<string> {
  try {
    if (env.GT_TOWN !== undefined && env.GT_TOWN !== '') return namedTown(env.GT_TOWN)
    const above = townAbove(cwd)
    if (above.root !== undefined) return ok(realpathSync(above.root))
    if (env.HOME !== undefined && isAbsolute(env.HOME)) {
      const home = join(env.HOME, 'gt')
      if (isTown(home)) return ok(realpathSync(home))
    }
    if (above.insideGit === undefined) return empty
    return fail(
      'E_INSIDE_GIT',
      `${above.insideGit} holds a town.toml, but lies in a git work tree; a town never does.`,
      {
        hint: 'Change to a town, set GT_TOWN to its folder, or make one: gt install <dir>',
      },
    )
  } catch (error) {
    return unknown(`Looking for a town failed: ${(error as Error).message}.`)
  }
}

function namedTown(root: string): Read<string> {
  const hint = 'Set GT_TOWN to the folder of a town (the one with town.toml), or unset it.'
  if (!isAbsolute(root)) return fail('E_GT_TOWN', `GT_TOWN must be an absolute path, not \`${root}\`.`, { hint })
  if (!isTown(root)) return fail('E_GT_TOWN', `GT_TOWN is set to ${root}, but no town is there.`, { hint })
  return ok(realpathSync(root))
}

/** Nearest town.toml above `cwd` with no `.git` at or above it; and the nearest that was passed over because of one. */
function townAbove(cwd: string): { root?: string; insideGit?: string } {
  let root: string | undefined
  let insideGit: string | undefined
  for (let dir = realpathSync(cwd); ; dir = dirname(dir)) {
    if (root === undefined && isTown(dir)) root = dir
    if (root !== undefined && hasGit(dir)) {
      insideGit ??= root
      root = undefined
    }
    if (dir === dirname(dir)) break
  }
  return { ...(root !== undefined && { root }), ...(insideGit !== undefined && { insideGit }) }
}

/** Whether a folder is a town's root. Throws when that cannot be told. */
export function isTown(dir: string): boolean {
  return exists(join(dir, 'town.toml'))?.isFile() ?? false
}

/** Whether a folder is the top of a git work tree: `.git` is a folder with a HEAD, or a worktree's pointer file. */
function hasGit(dir: string): boolean {
  const git = exists(join(dir, '.git'))
  return git !== undefined && (git.isFile() || exists(join(dir, '.git', 'HEAD')) !== undefined)
}

/** The top of the git work tree that `dir` (canonical) lies in, if any. Throws when that cannot be told. */
export function gitAbove(dir: string): string | undefined {
  for (let at = dir; ; at = dirname(at)) {
    if (hasGit(at)) return at
    if (at === dirname(at)) return undefined
  }
}

function exists(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/**
 * The name of the town's private tmux socket: `gt-<folder name>-<6 hex of the canonical root>`. From the root alone,
 * because it must not change while a town runs, and short, because a socket's path ends at 107 bytes. A root that does
 * not exist (any more) is hashed as it is written.
 */
export function tmuxSocket(root: string): string {
  let canonical = root
  try {
    canonical = realpathSync(root)
  } catch {
    // Gone or not there yet: its written form is all there is.
  }
  const name = basename(canonical)
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .slice(0, 20)
    .replace(/^-+|-+$/g, '')
  return `gt-${name || 'town'}-${fnv1a(canonical).slice(0, 6)}`
}

/** 32-bit FNV-1a over UTF-8, as 8 hex digits: enough to tell roots apart, without loading node:crypto. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
