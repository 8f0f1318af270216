/** `gt config`: reads and edits settings files without losing comments or order. Pure but for `setConfig`. */
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok } from '../result.ts'
import { writeFileAtomic } from './atomic.ts'
import { paths } from './paths.ts'
import type { RigSettings, TownSettings } from './settings.ts'
import { loadRigSettings, loadTownSettings, parseRigSettings, parseTownSettings, readSettings } from './settings.ts'
import { setInToml } from './toml-edit.ts'
import type { TomlValue } from './toml-text.ts'
import { dotted } from './toml-text.ts'
import { aboutInput, parseToml } from './validate.ts'

/** A settings file: its kind decides the schema, its name stands in errors. */
export interface SettingsFile {
  kind: 'town' | 'rig'
  file: string
}

export interface ConfigTarget extends SettingsFile {
  /** The key inside that file. */
  key: string
}

/**
 * Which file a key of the command line means: `rig.NAME.key` that rig's rig.toml, anything else town.toml. Errors:
 * E_NO_RIG, E_CONFIG_KEY. A rig whose file is broken is still addressed: the edit may be what mends it.
 */
export function configTarget(root: string, key: string): Result<ConfigTarget> {
  const split = splitKey(key)
  if (split.kind === 'error') return split
  const [first, rig, ...rest] = split.value
  if (first !== 'rig') return ok({ kind: 'town', file: paths({ root }).toml, key })
  if (rig === undefined || rest.length === 0) return badKey(key, 'Name a rig and a key: rig.NAME.landing.policy')
  const found = loadRigSettings(root, rig)
  if (found.kind === 'error' && found.failure.code === 'E_NO_RIG') return found
  return ok({ kind: 'rig', file: paths({ root }).rig(rig).toml, key: dotted(rest) })
}

/** The value that stands in the text; `empty` when the key is not written there. Error: E_SETTINGS, E_CONFIG_KEY. */
export function configGet(text: string, key: string, file = 'the settings'): Read<unknown> {
  const split = splitKey(key)
  if (split.kind === 'error') return split
  const document = parseToml(text, file)
  return document.kind === 'ok' ? valueAt(document.value, split.value) : document
}

/**
 * What a key of the command line holds now: as loaded, defaults included (durations in milliseconds). `empty`: the key
 * is known or not, but has no value.
 */
export function getConfig(root: string, key: string): Read<unknown> {
  const target = configTarget(root, key)
  if (target.kind === 'error') return target
  const split = splitKey(target.value.key)
  if (split.kind === 'error') return split
  const settings: Result<TownSettings | RigSettings> =
    target.value.kind === 'town' ? loadTownSettings(root) : loadRigSettings(root, splitKeyOf(key)[1]!)
  return settings.kind === 'ok' ? valueAt(settings.value, split.value) : settings
}

/**
 * The text with one value changed, validated; the caller writes it. A value from the command line is read as true or
 * false, a number, a JSON list, else as text; where the setting wants text, it is text. Errors: E_CONFIG_KEY,
 * E_CONFIG_EDIT, E_SETTINGS, E_NEWER_TOWN; the text is unchanged then.
 */
export function configSet(text: string, key: string, value: string | string[], as: SettingsFile): Result<string> {
  const split = splitKey(key)
  if (split.kind === 'error') return split
  const before = parseToml(text, as.file)
  if (before.kind === 'error') return before
  if (split.value[0] === 'schema') {
    return fail('E_CONFIG_KEY', '`schema` says which gt the file was written for; it is not for setting.', {
      kept: 'Nothing was changed.',
    })
  }
  const readings = typeof value === 'string' ? [typed(value), value] : [value]
  const results = readings.map((reading) => {
    const changed = setInToml(text, split.value, reading)
    if (changed.kind === 'error') return changed
    const valid = validate(changed.value, as)
    return valid.kind === 'ok' ? changed : aboutInput(valid)
  })
  const done = results.find((result) => result.kind === 'ok')
  if (done !== undefined) return done
  // What is wrong with the file as it stands comes before what is wrong with the new value.
  const standing = validate(text, as)
  return standing.kind === 'error' ? standing : results[0]!
}

function validate(text: string, { kind, file }: SettingsFile): Result<TownSettings | RigSettings> {
  return kind === 'town' ? parseTownSettings(text, file) : parseRigSettings(text, file)
}

/** town.toml's text with `[agents.NAME] command` set; other keys of that table stay. Errors as `configSet`. */
export function configSetAgent(text: string, name: string, argv: string[], file: string): Result<string> {
  return configSet(text, dotted(['agents', name, 'command']), argv, { kind: 'town', file })
}

/** `gt config set`: reads, changes, validates and writes, whole or not at all. Returns what was written where. */
export function setConfig(root: string, key: string, value: string | string[]): Result<{ file: string; key: string }> {
  const target = configTarget(root, key)
  if (target.kind === 'error') return target
  const text = readSettings(target.value.file)
  if (text.kind === 'error') return text
  if (text.kind === 'empty') {
    return fail('E_NO_TOWN', `There is no town at ${root}.`, { hint: 'Make one: gt install <dir>' })
  }
  const changed = configSet(text.value, target.value.key, value, target.value)
  if (changed.kind === 'error') return changed
  const written = writeFileAtomic(target.value.file, changed.value)
  return written.kind === 'ok' ? ok({ file: target.value.file, key: target.value.key }) : written
}

/** A word of the command line as the value it looks like. */
function typed(word: string): TomlValue {
  if (word === 'true' || word === 'false') return word === 'true'
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(word) && Number.isSafeInteger(Math.trunc(Number(word)))) return Number(word)
  if (!word.trim().startsWith('[')) return word
  try {
    const list: unknown = JSON.parse(word)
    return isValue(list) ? list : word
  } catch {
    return word
  }
}

/** JSON without null, which TOML has not. */
function isValue(json: unknown): json is TomlValue {
  if (typeof json === 'object' && json !== null) return Object.values(json).every(isValue)
  return json !== null
}

/** `a."b c".d` → ['a', 'b c', 'd']. */
function splitKey(key: string): Result<string[]> {
  const steps = splitKeyOf(key)
  return steps.length > 0 ? ok(steps) : badKey(key, 'Keys look like workers.max or rig.NAME.landing.policy.')
}

function splitKeyOf(key: string): string[] {
  const whole = /^(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*")(?:\.(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"))*$/
  if (!whole.test(key)) return []
  try {
    return (key.match(/[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"/g) ?? []).map((part) =>
      part.startsWith('"') ? (JSON.parse(part) as string) : part,
    )
  } catch {
    return []
  }
}

function badKey(key: string, hint: string): Result<never> {
  return fail('E_CONFIG_KEY', `\`${key}\` is not a key of the settings.`, { hint, exit: EXIT.usage })
}

function valueAt(settings: unknown, path: string[]): Read<unknown> {
  let at = settings
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return empty
    at = (at as Record<string, unknown>)[step]
  }
  return at === undefined ? empty : ok(at)
}
