/** The values that a formula is cooked with: what was given, then defaults; and what is wrong with them. */
import { nearest } from '../../town/nearest.ts'
import type { Variable } from '../formulas/formula.ts'
import type { Blueprint, Table } from './draft.ts'
import { validate } from './draft.ts'

const TYPES: Record<Variable['type'], { is: (text: string) => boolean; words: string }> = {
  string: { is: () => true, words: 'text' },
  int: { is: (text) => /^[+-]?\d+$/.test(text), words: 'a whole number' },
  number: { is: (text) => text.trim() !== '' && Number.isFinite(Number(text)), words: 'a number' },
  bool: { is: (text) => /^(true|false|yes|no|on|off|1|0)$/i.test(text), words: 'true or false' },
}

/** Whether a text can be the value of a variable of this type. */
export const isOfType = (type: Variable['type'], text: string): boolean => TYPES[type].is(text)

/** Everything that the formula says it can be told: variables and inputs. */
export const variablesOf = (plan: Blueprint): Record<string, Variable> => ({ ...plan.inputs, ...plan.vars })

/**
 * Values by name. A variable that nobody has to give is empty when nobody gave it; on a table that keeps, it has no value.
 * Complaints have code E_VARS: not declared and nowhere used (with the nearest name), missing, of the wrong type, not among
 * the enum, not of the pattern.
 */
export function valuesOf(table: Table, plan: Blueprint, given: Record<string, string>): Record<string, string> {
  const declared = variablesOf(plan)
  const values = { ...given }
  if (!table.keep) refuseUnknown(table, plan, given, declared)
  for (const [name, variable] of Object.entries(declared)) {
    const value = given[name] ?? variable.default
    if (value !== undefined && value !== '') {
      values[name] = value
      if (!table.keep) check(table, plan.formula, name, variable, value)
      continue
    }
    if (table.keep) continue
    values[name] = ''
    if (missing(name, variable, given, declared)) refuseMissing(table, plan.formula, name, variable)
  }
  return values
}

function missing(
  name: string,
  variable: Variable,
  given: Record<string, string>,
  declared: Record<string, Variable>,
): boolean {
  const has = (other: string): boolean => (given[other] ?? declared[other]?.default ?? '') !== ''
  if (has(name)) return false
  if (variable.required_unless.length > 0) return !variable.required_unless.some(has)
  return variable.required
}

function refuseMissing(table: Table, formula: string, name: string, { description, required_unless }: Variable): void {
  const words = description === '' ? '' : ` (${description.trim()})`
  const or = required_unless.length === 0 ? '' : `, unless ${required_unless.join(' or ')} is given`
  table.refuse(`Formula ${formula} needs a value for ${name}${words}${or}.`, `--var ${name}=…`, 'E_VARS')
}

function check(table: Table, formula: string, name: string, variable: Variable, value: string): void {
  const said = `Formula ${formula}: ${name} is ${JSON.stringify(value)}`
  const refuse = (why: string): void => table.refuse(`${said}, and must be ${why}.`, `--var ${name}=…`, 'E_VARS')
  const { is, words } = TYPES[variable.type]
  if (!is(value)) refuse(words)
  if (variable.enum.length > 0 && !variable.enum.includes(value)) {
    const meant = nearest(value, variable.enum)
    const but = meant === undefined ? '' : ` Did you mean ${meant}?`
    table.refuse(`${said}, and must be one of ${variable.enum.join(', ')}.${but}`, `--var ${name}=…`, 'E_VARS')
  }
  if (variable.pattern === undefined) return
  const pattern = regex(variable.pattern)
  if (pattern === undefined) {
    table.refuse(
      `Formula ${formula}: the pattern of ${name} is no regular expression: ${variable.pattern}`,
      validate(formula),
    )
  } else if (!pattern.test(value)) refuse(`like ${variable.pattern}`)
}

function regex(text: string): RegExp | undefined {
  try {
    return new RegExp(text)
  } catch {
    return undefined
  }
}

/** A name that is used in the text of a formula may be given too, declared or not. */
function refuseUnknown(
  table: Table,
  plan: Blueprint,
  given: Record<string, string>,
  declared: Record<string, Variable>,
): void {
  const strange = Object.keys(given).filter((name) => !Object.hasOwn(declared, name))
  if (strange.length === 0) return
  const text = JSON.stringify([plan, table.frozen])
  const used = [...text.matchAll(/\{\{-?\s*(?:(?:else\s+)?(?:if|range)\s+)?\.?([\w-]+)/g)].map((match) => match[1]!)
  const known = [...new Set([...Object.keys(declared), ...used])].filter((name) => !/^(if|else|range|end)$/.test(name))
  const name = strange.find((name) => !known.includes(name))
  if (name === undefined) return
  const meant = nearest(name, known)
  const all = Object.keys(declared).join(', ')
  const but = meant === undefined ? (all === '' ? '' : ` It has ${all}.`) : ` Did you mean ${meant}?`
  const hint = meant === undefined ? `gt formula show ${plan.formula}` : `--var ${meant}=…`
  table.refuse(`Formula ${plan.formula} has no variable ${name}.${but}`, hint, 'E_VARS')
}
