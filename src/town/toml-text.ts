/** Writes keys and values as TOML does. */
import type { Step } from './toml-map.ts'

/** What a setting can hold. */
export type TomlValue = string | number | boolean | TomlValue[] | { [key: string]: TomlValue }

/** Text as a TOML basic string on one line. JSON's escapes are all TOML's; only DEL is forbidden raw in TOML alone. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f')
}

/** A key, bare where TOML allows it. */
export function key(step: Step): string {
  const text = String(step)
  return /^[A-Za-z0-9_-]+$/.test(text) ? text : quote(text)
}

/** A path as people type it: `gates.0.run`. */
export function dotted(path: readonly Step[]): string {
  return path.map(key).join('.')
}

/** A value on one line. */
export function literal(value: TomlValue): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object') return String(value)
  const pairs = Object.entries(value).map(([name, each]) => `${key(name)} = ${literal(each)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}
