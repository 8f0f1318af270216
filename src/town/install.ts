/** Lays out a new town. The ledger in `.beads` is src/beads' business; the command composes the two. */
import { mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { writeFileAtomic } from './atomic.ts'
import { gitAbove, isTown, paths } from './paths.ts'
import { loadTownSettings } from './settings.ts'
import { townToml } from './templates.ts'

export type { AddedRig, RigFiles, RigPlan } from './rigs.ts'
export { addRigFiles, planRig } from './rigs.ts'

export interface Installed {
  /** The town's name. */
  town: string
  /** Its canonical root. */
  path: string
  /** A town stood there before; its settings are untouched. */
  existed: boolean
}

/**
 * Makes `dir` a town: town.toml with every setting explained, `mayor/`, `.gt/`. Where a town stands already, missing
 * folders are made and nothing else happens, so a broken-off install is finished by running it again. `dir` is
 * relative to the current folder; `name` is the folder's name unless said.
 *
 * Errors, with nothing written: E_TOWN_PATH, E_TOWN_NAME, E_INSIDE_GIT (worktrees would find the outer repository),
 * E_INSIDE_TOWN, E_NOT_EMPTY, E_NOT_A_FOLDER, E_TOWN_EXISTS (under another name), E_WRITE, and those of a settings file
 * that does not load.
 */
export function installTown(options: { dir: string; name?: string }): Result<Installed> {
  try {
    const root = canonical(resolve(options.dir))
    const place = checkPlace(root)
    if (place.kind === 'error') return place
    if (place.value === 'town') return existing(root, options.name)
    const name = options.name ?? nameFrom(root)
    if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,39}$/u.test(name)) {
      return fail('E_TOWN_NAME', `${JSON.stringify(name)} cannot name a town.`, {
        hint: 'Use up to 40 letters, digits, spaces, `.`, `_` and `-`, beginning with a letter or digit.',
        exit: EXIT.usage,
      })
    }
    mkdirSync(root, { recursive: true })
    // First of all the file that makes it a town: whatever breaks off after it, running again completes.
    const written = writeFileAtomic(paths({ root }).toml, townToml(name))
    if (written.kind === 'error') return written
    makeFolders(root)
    return ok({ town: name, path: root, existed: false })
  } catch (error) {
    return fail('E_WRITE', `The town could not be made: ${messageOf(error)}.`, {
      hint: 'Choose a folder that you may write to: gt install <dir>',
    })
  }
}

function makeFolders(root: string): void {
  const { mayor, runtime, logs, runs } = paths({ root })
  mkdirSync(mayor, { recursive: true })
  // Settings and prompts handed to agents lie there: nobody else's business.
  mkdirSync(runtime, { recursive: true, mode: 0o700 })
  for (const folder of [logs, runs]) mkdirSync(folder, { recursive: true })
}

function existing(root: string, name: string | undefined): Result<Installed> {
  const settings = loadTownSettings(root)
  if (settings.kind === 'error') return settings
  if (name !== undefined && name !== settings.value.name) {
    return fail('E_TOWN_EXISTS', `${root} is a town already, and its name is ${settings.value.name}.`, {
      kept: 'Nothing was changed.',
      hint: `To rename it, type there: gt config set name ${/\s/.test(name) ? `"${name}"` : name}`,
    })
  }
  makeFolders(root)
  return ok({ town: settings.value.name, path: root, existed: true })
}

/** Whether a town may be made here, or stands here. */
function checkPlace(root: string): Result<'town' | 'free'> {
  // GIT_CEILING_DIRECTORIES and PATH are lists separated by colons, and tools print paths on one line.
  if (/[:\x00-\x1f\x7f]/.test(root)) {
    return fail(
      'E_TOWN_PATH',
      `A town's path can hold neither colons nor control characters: ${JSON.stringify(root)}.`,
      {
        hint: 'Choose another folder: gt install ~/gt',
        exit: EXIT.usage,
      },
    )
  }
  const git = gitAbove(root)
  if (git !== undefined) {
    return fail(
      'E_INSIDE_GIT',
      `${root} lies in the git work tree ${git}. A town never does: it holds repositories of its own.`,
      {
        kept: 'Nothing was changed.',
        hint: `Choose a folder outside ${git}: gt install ~/gt`,
      },
    )
  }
  for (let above = dirname(root); above !== dirname(above); above = dirname(above)) {
    if (!isTown(above)) continue
    return fail('E_INSIDE_TOWN', `${root} lies in the town ${above}.`, {
      kept: 'Nothing was changed.',
      hint: `Use that town (gt rig add …), or choose a folder outside ${above}.`,
    })
  }
  if (isTown(root)) return ok('town')
  return checkEmpty(root)
}

function checkEmpty(root: string): Result<'free'> {
  try {
    const entries = readdirSync(root)
    if (entries.length === 0) return ok('free')
    const some = entries.slice(0, 3).join(', ')
    return fail('E_NOT_EMPTY', `${root} is not empty (${some}${entries.length > 3 ? ', …' : ''}) and is not a town.`, {
      kept: 'Nothing was changed.',
      hint: `Choose a new folder: gt install ${join(root, 'gt')}`,
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ok('free')
    if (code === 'ENOTDIR') return fail('E_NOT_A_FOLDER', `${root} is a file.`, { hint: 'Choose a new folder.' })
    throw error
  }
}

function nameFrom(root: string): string {
  const name = basename(root)
    .replace(/[^\p{L}\p{N} ._-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 40)
  return name === '' ? 'town' : name
}

/** The canonical form of a path whose last parts may not exist yet. */
function canonical(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === dirname(path)) throw error
    return join(canonical(dirname(path)), basename(path))
  }
}
