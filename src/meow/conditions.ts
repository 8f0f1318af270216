/**
 * Conditions that are decided while the work runs: `until` of a loop, `when` of a step. They only look, at what steps have
 * become and what they said, at files and at the environment; nothing is run.
 *
 *   review.status == 'complete'      review.output.approved == true      output.errors < 3      (of the step itself)
 *   children(build).all(status == 'complete')      children(build).count(status == 'complete') >= 2
 *   steps.complete >= 3              file.exists('go.mod')               env.CI == 'true'
 *
 * joined by `and`, `or`, `not`, `&&`, `||`, `!` and brackets.
 */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'

type Operator = '==' | '!=' | '>' | '>=' | '<' | '<='

export type Condition =
  | { is: 'status' | 'output'; step: string; path: string[]; op: Operator; value: string }
  | { is: 'children'; step: string; fn: 'all' | 'any' | 'count'; op: Operator; value: string; count?: Count }
  | { is: 'completed'; op: Operator; value: string }
  | { is: 'file'; path: string }
  | { is: 'env'; name: string; op: Operator; value: string }
  | { is: 'not'; of: Condition }
  | { is: 'and' | 'or'; of: [Condition, Condition] }

interface Count {
  op: Operator
  value: string
}

/** How far a step is, in the format's words. */
export type StepStatus = 'open' | 'in_progress' | 'complete'

/** What a condition may look at. `undefined`: there is no such step, or nobody can tell. */
export interface View {
  status(step: string): StepStatus | undefined
  output(step: string): unknown
  /** Statuses of the parts of a step. */
  children(step: string): string[]
  /** How many steps are complete. */
  completed: number
  fileExists(path: string): boolean | undefined
  env(name: string): string | undefined
}

const OP = String.raw`\s*(==|!=|>=|<=|>|<)\s*`
const STEP = String.raw`[\w-]+(?:\.[\w-]+)*`
const VALUE = String.raw`('[^']*'|"[^"]*"|[^\s()]+)`
const FORMS: [RegExp, (match: string[]) => Condition][] = [
  [/^file\.exists\(\s*(?:'([^']+)'|"([^"]+)")\s*\)/, (m) => ({ is: 'file', path: m[1] ?? m[2]! })],
  [new RegExp(`^env\\.(\\w+)${OP}${VALUE}`), (m) => ({ is: 'env', name: m[1]!, ...compared(m, 2) })],
  [new RegExp(`^steps\\.complete${OP}${VALUE}`), (m) => ({ is: 'completed', ...compared(m, 1) })],
  [
    new RegExp(`^children\\(\\s*(${STEP})\\s*\\)\\.count\\(\\s*status${OP}${VALUE}\\s*\\)${OP}(\\d+)`),
    (m) => ({ is: 'children', step: m[1]!, fn: 'count', ...compared(m, 2), count: compared(m, 4) }),
  ],
  [
    new RegExp(`^children\\(\\s*(${STEP})\\s*\\)\\.(all|any)\\(\\s*status${OP}${VALUE}\\s*\\)`),
    (m) => ({ is: 'children', step: m[1]!, fn: m[2] as 'all' | 'any', ...compared(m, 3) }),
  ],
  [new RegExp(`^(?:(${STEP})\\.)?status${OP}${VALUE}`), (m) => about('status', m[1], '', compared(m, 2))],
  [
    new RegExp(`^(?:((?:[\\w-]+\\.)*?[\\w-]+)\\.)??output((?:\\.[\\w-]+)*)${OP}${VALUE}`),
    (m) => about('output', m[1], m[2]!, compared(m, 3)),
  ],
]

function about(is: 'status' | 'output', step: string | undefined, path: string, rest: Count): Condition {
  return { is, step: step ?? 'step', path: path.split('.').filter(Boolean), ...rest }
}

function compared(match: string[], at: number): Count {
  const value = match[at + 1]!
  return { op: match[at] as Operator, value: /^['"]/.test(value) ? value.slice(1, -1) : value }
}

/** Reads a condition. Error: E_FORMULA, with the place that could not be read. */
export function parseCondition(text: string): Result<Condition> {
  let rest = text.trim()
  let broken: string | undefined
  const take = (pattern: RegExp): boolean => {
    const match = pattern.exec(rest)
    if (match !== null) rest = rest.slice(match[0].length).trimStart()
    return match !== null
  }
  const single = (): Condition => {
    if (take(/^(?:not\b|!(?!=))/)) return { is: 'not', of: single() }
    if (take(/^\(/)) {
      const inner = either()
      if (!take(/^\)/)) broken ??= rest
      return inner
    }
    for (const [pattern, make] of FORMS) {
      const match = pattern.exec(rest)
      if (match !== null && take(pattern)) return make([...match])
    }
    broken ??= rest
    return { is: 'file', path: '' }
  }
  const joined = (is: 'and' | 'or', sign: RegExp, next: () => Condition) => (): Condition => {
    let left = next()
    while (broken === undefined && take(sign)) left = { is, of: [left, next()] }
    return left
  }
  const both = joined('and', /^(?:and\b|&&)/, single)
  const either: () => Condition = joined('or', /^(?:or\b|\|\|)/, both)
  const condition = either()
  if (rest !== '') broken ??= rest
  if (broken === undefined) return ok(condition)
  const where = broken === '' ? 'it ends too early' : `this cannot be read: ${broken}`
  return fail('E_FORMULA', `The condition ${JSON.stringify(text)} is not one that can be decided: ${where}`, {
    hint: "Write it like review.output.approved == true, or children(build).all(status == 'complete').",
  })
}

/** Steps that a condition looks at, as it names them; `step` is the one it stands on. */
export function stepsNamedIn(condition: Condition): string[] {
  if ('step' in condition) return [condition.step]
  if (condition.is === 'not') return stepsNamedIn(condition.of)
  return 'of' in condition ? condition.of.flatMap(stepsNamedIn) : []
}

interface Where {
  self?: string
  scope?: string
}

/**
 * Decides a condition. `self`: whom `step` means (in an `until`: the last step of the round). `scope`: of a round, such as
 * `polish.iter2`; a name is looked for there first. `unknown`: what it asks for is not there yet, or nobody can tell.
 */
export function holds(condition: Condition, view: View, where: Where = {}): boolean | 'unknown' {
  switch (condition.is) {
    case 'not': {
      const inner = holds(condition.of, view, where)
      return inner === 'unknown' ? inner : !inner
    }
    case 'and':
    case 'or': {
      const decides = condition.is === 'or'
      const sides = condition.of.map((side) => holds(side, view, where))
      if (sides.includes(decides)) return decides
      return sides.includes('unknown') ? 'unknown' : !decides
    }
    case 'file':
      return view.fileExists(condition.path) ?? 'unknown'
    case 'env':
      return compare(view.env(condition.name) ?? '', condition.op, condition.value)
    case 'completed':
      return compare(view.completed, condition.op, condition.value)
    case 'children':
      return overParts(condition, view, where)
    default:
      return ofStep(condition, view, where)
  }
}

function resolve(name: string, view: View, { self, scope }: Where): string | undefined {
  if (name === 'step') return self
  const inner = `${scope}.${name}`
  return scope !== undefined && view.status(inner) !== undefined ? inner : name
}

function ofStep(condition: Extract<Condition, { path: string[] }>, view: View, where: Where): boolean | 'unknown' {
  const step = resolve(condition.step, view, where)
  const status = step === undefined ? undefined : view.status(step)
  if (step === undefined || status === undefined) return 'unknown'
  if (condition.is === 'status') return compare(status, condition.op, statusWord(condition.value))
  let value = view.output(step)
  if (value === undefined && status !== 'complete') return 'unknown'
  for (const key of condition.path) {
    const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    value = has ? (value as Record<string, unknown>)[key] : undefined
  }
  return compare(value, condition.op, condition.value)
}

function overParts(
  { step, fn, op, value, count }: Extract<Condition, { is: 'children' }>,
  view: View,
  where: Where,
): boolean | 'unknown' {
  const name = resolve(step, view, where)
  if (name === undefined || view.status(name) === undefined) return 'unknown'
  const parts = view.children(name)
  const fits = parts.filter((status) => compare(statusWord(status), op, statusWord(value))).length
  if (count !== undefined) return compare(fits, count.op, count.value)
  return fn === 'all' ? fits === parts.length : fits > 0
}

/** The words that other tools have for the same state. */
function statusWord(word: string): string {
  if (/^(completed|closed|done)$/.test(word)) return 'complete'
  return word === 'pending' ? 'open' : word
}

function compare(actual: unknown, op: Operator, expected: string): boolean {
  const text = typeof actual === 'object' && actual !== null ? JSON.stringify(actual) : String(actual ?? '')
  const [a, b] = [Number(text), Number(expected)]
  const numbers = text.trim() !== '' && expected.trim() !== '' && !Number.isNaN(a) && !Number.isNaN(b)
  const order = numbers ? Math.sign(a - b) : text < expected ? -1 : text > expected ? 1 : 0
  if (op === '==') return order === 0
  if (op === '!=') return order !== 0
  if (actual === undefined || actual === null) return false
  return op === '>' ? order > 0 : op === '>=' ? order >= 0 : op === '<' ? order < 0 : order <= 0
}
