/** Writes and takes out `[orders.NAME]` tables of town.toml, whole or not at all; comments stay. */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { writeFileAtomic } from './atomic.ts'
import { paths } from './paths.ts'
import { parseTownSettings, readSettings } from './settings.ts'
import { setInToml } from './toml-edit.ts'
import { removeFromToml } from './toml-remove.ts'
import type { TomlValue } from './toml-text.ts'
import { aboutInput } from './validate.ts'

/** What is written of a new order; keys that are undefined are left to their defaults. */
export interface NewOrder {
  formula: string
  rig: string
  every?: string | undefined
  at?: string | undefined
  when?: string | undefined
  agent?: string | undefined
  vars: Record<string, string>
}

/** The text with a new order at its end, validated. Errors: E_ORDER_EXISTS, E_SETTINGS, E_CONFIG_EDIT. */
export function addOrder(text: string, name: string, order: NewOrder, file: string): Result<string> {
  const standing = parseTownSettings(text, file)
  if (standing.kind === 'error') return standing
  if (Object.hasOwn(standing.value.orders, name)) {
    return fail('E_ORDER_EXISTS', `There is an order ${name} already.`, {
      kept: 'Nothing was changed.',
      hint: `gt order remove ${name}   or another name`,
    })
  }
  const { vars, ...rest } = order
  const values: [string[], TomlValue | undefined][] = [
    ...Object.entries(rest).map(([key, value]): [string[], TomlValue | undefined] => [[key], value]),
    ...Object.entries(vars).map(([key, value]): [string[], TomlValue] => [['vars', key], value]),
  ]
  let changed = text
  for (const [path, value] of values) {
    if (value === undefined) continue
    const next = setInToml(changed, ['orders', name, ...path], value)
    if (next.kind === 'error') return next
    changed = next.value
  }
  const valid = parseTownSettings(changed, file)
  return valid.kind === 'error' ? aboutInput(valid) : ok(changed)
}

/** The text without an order. Errors: E_NO_ORDER, E_SETTINGS, E_CONFIG_EDIT. */
export function removeOrder(text: string, name: string, file: string): Result<string> {
  const standing = parseTownSettings(text, file)
  if (standing.kind === 'error') return standing
  if (!Object.hasOwn(standing.value.orders, name)) {
    return fail('E_NO_ORDER', `There is no order ${JSON.stringify(name)}.`, { hint: 'gt order list' })
  }
  return removeFromToml(text, ['orders', name])
}

/** Changes town.toml. Errors: those of the edit, E_NO_TOWN, E_READ, E_WRITE. Answers the file. */
export function editTown(root: string, edit: (text: string, file: string) => Result<string>): Result<string> {
  const file = paths({ root }).toml
  const text = readSettings(file)
  if (text.kind === 'error') return text
  if (text.kind === 'empty') {
    return fail('E_NO_TOWN', `There is no town at ${root}.`, { hint: 'Make one: gt install <dir>' })
  }
  const changed = edit(text.value, file)
  if (changed.kind === 'error') return changed
  const written = writeFileAtomic(file, changed.value)
  return written.kind === 'error' ? written : ok(file)
}
