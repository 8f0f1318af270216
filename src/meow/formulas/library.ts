/**
 * Where formulas are found: in the rig, in the town, and with this installation; the first that has a name has it. A broken
 * file is never passed over for one further down: whoever wrote it wants to know, not to get another formula.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../../result.ts'
import { EXIT, fail, messageOf, ok } from '../../result.ts'
import { installed } from '../../town/installation.ts'
import { nearest } from '../../town/nearest.ts'
import { paths } from '../../town/paths.ts'
import type { Formula, FormulaType } from './formula.ts'
import type { Source } from './read.ts'
import { readSource } from './read.ts'

type Tier = 'rig' | 'town' | 'shipped'

/** A formula as lists show it. */
export interface Entry {
  name: string
  tier: Tier
  path: string
  /** Absent when its file is broken. */
  type?: FormulaType
  /** The first line of its description. */
  description: string
  /** What is wrong with its file. */
  problem?: string
}

export interface Library {
  /** Errors: E_NO_FORMULA (with the nearest name), E_FORMULA (its file is wrong), E_READ. */
  find(name: string): Result<Formula>
  /** The same, and where it was read from. */
  source(name: string): Result<Source>
  /** Where it was found. Errors: E_NO_FORMULA, E_READ. */
  where(name: string): Result<{ tier: Tier; path: string }>
  /** Its file, broken or not. Errors: E_NO_FORMULA, E_READ. */
  pathOf(name: string): Result<string>
  /** All that `find` would answer, by name, broken ones too. Error: E_READ. */
  list(): Result<Entry[]>
}

interface Folder {
  tier: Tier
  dir: string
}

/** TOML first: where both are there, it is the one that people write. */
const ENDINGS = ['.formula.toml', '.formula.json']

/**
 * A library. `town` is the town's root, `rig` the name of one of its rigs (which the caller has seen to exist); without them
 * only what is shipped is found. Files are read when they are asked for, each once.
 */
export function openLibrary(where: { town?: string; rig?: string; shipped?: string }): Library {
  const folders = foldersOf(where)
  const read = new Map<string, Result<Source>>()
  const pathOf = (name: string): Result<string> => {
    const found = locate(folders, name)
    return found.kind === 'ok' ? ok(found.value.path) : found
  }
  const source = (name: string): Result<Source> => {
    const path = pathOf(name)
    if (path.kind === 'error') return path
    const known = read.get(path.value) ?? readFile(path.value)
    read.set(path.value, known)
    return known
  }
  return {
    where: (name) => locate(folders, name),
    pathOf,
    source,
    find: (name) => {
      const found = source(name)
      return found.kind === 'ok' ? ok(found.value.formula) : found
    },
    list: () => {
      const names = namesIn(folders)
      if (names.kind === 'error') return names
      return ok([...names.value].map(([name, { tier, path }]) => entryOf(name, tier, path, source(name))))
    },
  }
}

/** The folders in the order in which they are searched. */
export function foldersOf({ town, rig, shipped }: { town?: string; rig?: string; shipped?: string }): Folder[] {
  const own: Folder[] = []
  if (town !== undefined) {
    const { root, beads, rig: rigPaths } = paths({ root: town })
    if (rig !== undefined) own.push({ tier: 'rig', dir: join(rigPaths(rig).dir, 'formulas') })
    own.push({ tier: 'town', dir: join(root, 'formulas') }, { tier: 'town', dir: join(beads, 'formulas') })
  }
  return [...own, { tier: 'shipped', dir: shipped ?? installed('formulas') }]
}

/** Whether a name can be one: it becomes a file's name and must not lead out of a folder. */
export function isFormulaName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)
}

/** Reads a formula's file wherever it lies. Errors: E_FORMULA, E_READ. */
export function readFile(path: string): Result<Source> {
  try {
    return readSource(readFileSync(path, 'utf8'), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return fail('E_READ', `${path} could not be read: ${messageOf(error)}.`, { hint: `See: ls -l ${path}` })
  }
}

interface Located {
  tier: Tier
  path: string
}

function locate(folders: Folder[], name: string): Result<Located> {
  const names = namesIn(folders)
  if (names.kind === 'error') return names
  const found = isFormulaName(name) ? names.value.get(name) : undefined
  if (found !== undefined) return ok(found)
  const known = [...names.value.keys()]
  const meant = nearest(name, known)
  const hint =
    meant !== undefined
      ? `Did you mean ${meant}?`
      : known.length > 0
        ? 'See: gt formula list'
        : 'Make one: gt formula new <name>'
  return fail('E_NO_FORMULA', `There is no formula named ${JSON.stringify(name)}.`, {
    hint,
    details: { searched: folders.map(({ dir }) => dir) },
  })
}

/** Every name and the file that has it. */
function namesIn(folders: Folder[]): Result<Map<string, Located>> {
  const names = new Map<string, Located>()
  for (const { tier, dir } of folders) {
    const files = filesOf(dir)
    if (files.kind === 'error') return files
    for (const ending of ENDINGS) {
      for (const file of files.value.filter((each) => each.endsWith(ending))) {
        const name = file.slice(0, -ending.length)
        if (isFormulaName(name) && !names.has(name)) names.set(name, { tier, path: join(dir, file) })
      }
    }
  }
  return ok(new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** Names of the files of a folder; none when there is no such folder. */
function filesOf(dir: string): Result<string[]> {
  try {
    return ok(readdirSync(dir))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return ok([])
    return fail('E_READ', `${dir} could not be read: ${messageOf(error)}.`, {
      hint: `See: ls -ld ${dir}`,
      exit: EXIT.tryAgain,
    })
  }
}

function entryOf(name: string, tier: Tier, path: string, source: Result<Source>): Entry {
  if (source.kind === 'error') return { name, tier, path, description: '', problem: source.failure.message }
  const { type, description } = source.value.formula
  return { name, tier, path, type, description: firstLine(description) }
}

/** The first line of a description that says something. */
function firstLine(text: string): string {
  return (
    text
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? ''
  )
}
