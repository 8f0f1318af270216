/**
 * Reads the settings of a town and of its rigs. Brings zod and smol-toml along, so callers `await import()` it. Every
 * duration in what it returns is in milliseconds.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, messageOf, ok } from '../result.ts'
import { nearest } from './nearest.ts'
import { paths } from './paths.ts'
import type { RigSettings, TownSettings } from './schema.ts'
import { rigSchema, townSchema } from './schema.ts'
import { lineOf, mapToml } from './toml-map.ts'
import { parseSettings, settingsError } from './validate.ts'

export { permissionMode } from './permissions.ts'
export type { AgentTable, GateSettings, OrderSettings, PermissionMode, RigSettings, TownSettings } from './schema.ts'

/**
 * town.toml of the town at `root`. Errors: E_NO_TOWN (no such file), E_SETTINGS (with file, line, key and fix),
 * E_NEWER_TOWN.
 */
export function loadTownSettings(root: string): Result<TownSettings> {
  const file = paths({ root }).toml
  const text = readSettings(file)
  if (text.kind === 'empty') {
    return fail('E_NO_TOWN', `There is no town at ${root}.`, { hint: 'Make one: gt install <dir>' })
  }
  return text.kind === 'ok' ? parseSettings(text.value, townSchema, file) : text
}

/** The same for a text that is not on disk (yet); `file` is its name in errors. */
export function parseTownSettings(text: string, file: string): Result<TownSettings> {
  return parseSettings(text, townSchema, file)
}

/**
 * rig.toml of one rig. Errors: E_NO_RIG (no such rig; with the nearest name), E_SETTINGS (also when `name` is not the
 * folder's), E_NEWER_TOWN.
 */
export function loadRigSettings(root: string, rig: string): Result<RigSettings> {
  // A name from a command line must not become a path out of the town.
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(rig)) return noRig(root, rig)
  const file = paths({ root }).rig(rig).toml
  const text = readSettings(file)
  if (text.kind === 'empty') return noRig(root, rig)
  if (text.kind === 'error') return text
  const settings = parseRigSettings(text.value, file)
  if (settings.kind === 'error' || settings.value.name === rig) return settings
  return settingsError(file, [
    {
      line: lineOf(mapToml(text.value), ['name']),
      text: `\`name\` is "${settings.value.name}", but the rig's folder is ${rig}`,
      fix: `Write: name = "${rig}"`,
    },
  ])
}

/** The same for a text that is not on disk (yet); `file` is its name in errors. */
export function parseRigSettings(text: string, file: string): Result<RigSettings> {
  // A pipe's input and output differ; what callers get is the output.
  return parseSettings(text, rigSchema as unknown as z.ZodType<RigSettings>, file)
}

/** Names of the town's rigs (folders with a rig.toml), in code point order. `empty`: none. `error`: E_NO_TOWN, E_READ. */
export function listRigs(root: string): Read<string[]> {
  try {
    const rigs = readdirSync(root, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()))
      .map((entry) => entry.name)
      .filter((name) => readSettings(join(root, name, 'rig.toml')).kind !== 'empty')
      .sort()
    return rigs.length === 0 ? empty : ok(rigs)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return fail('E_NO_TOWN', `There is no town at ${root}.`, { hint: 'Make one: gt install <dir>' })
    }
    return fail('E_READ', `The town's folder could not be read: ${messageOf(error)}.`, { exit: EXIT.tryAgain })
  }
}

/** The text of a settings file; `empty` when there is none. */
export function readSettings(file: string): { kind: 'empty' } | Result<string> {
  try {
    return ok(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return empty
    return fail('E_READ', `${file} could not be read: ${messageOf(error)}.`, { hint: `See: ls -l ${file}` })
  }
}

function noRig(root: string, rig: string): Result<never> {
  const rigs = listRigs(root)
  if (rigs.kind === 'error') return rigs
  const known = rigs.kind === 'ok' ? rigs.value : []
  const meant = nearest(rig, known)
  const hint =
    meant !== undefined
      ? `Did you mean ${meant}?`
      : known.length > 0
        ? `This town has: ${known.join(', ')}.`
        : 'Add one: gt rig add <name> <git url or path>'
  return fail('E_NO_RIG', `There is no rig named ${JSON.stringify(rig)} in ${root}.`, { hint })
}
