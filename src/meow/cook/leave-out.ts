/**
 * Conditions on steps that are decided when a formula is cooked: `{{v}}`, `!{{v}}`, `{{v}} == x`, `{{v}} != x`. A step that is
 * left out hands its needs on to whoever needed it, so the order among the others stays. A group without parts goes as well.
 */
import type { Draft, Table } from './draft.ts'
import { validate, walk } from './draft.ts'
import { fillDouble } from './substitute.ts'

const FALSY = new Set(['', 'false', '0', 'no', 'off'])

/**
 * Whether a condition holds; `undefined`: it cannot be read. A variable without a value is empty; on a table that keeps, it
 * decides nothing and the step stays.
 */
export function decide(text: string, values: Record<string, string>, keep: boolean): boolean | undefined {
  // Several comparisons would be read as one with a long value.
  const match = /^\s*(!(?!=))?\s*("(?:[^"\\]|\\.)*"|\{\{[^}]*\}\}|[^=!{}]*?)\s*(?:(==|!=)\s*(.*?))?\s*$/s.exec(text)
  if (match === null || (match[1] !== undefined && match[3] !== undefined)) return undefined
  const [, not, left = '', op, right = ''] = match
  if (/[=!]=|&&|\|\|/.test(right.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, ''))) return undefined
  const [a, b] = [left, right].map((side) => read(side, values))
  if (a === undefined || b === undefined) return keep ? true : decideWith(a ?? '', b ?? '', op, not)
  return decideWith(a, b, op, not)
}

function decideWith(a: string, b: string, op: string | undefined, not: string | undefined): boolean {
  if (op !== undefined) return (a === b) === (op === '==')
  return FALSY.has(a.trim().toLowerCase()) === (not !== undefined)
}

/** The text of one side; `undefined` when it is a variable without a value. */
function read(side: string, values: Record<string, string>): string | undefined {
  const open = side.trim()
  let text = open
  if (/^".*"$/s.test(open)) {
    try {
      text = JSON.parse(open)
    } catch {
      text = open.slice(1, -1)
    }
  } else if (/^'.*'$/s.test(open)) text = open.slice(1, -1)
  const filled = fillDouble(text, values)
  return filled === text && /^\{\{[^}]*\}\}$/.test(text) ? undefined : filled
}

/** Drafts without those whose conditions do not hold. */
export function leaveOut(table: Table, drafts: readonly Draft[]): Draft[] {
  const gone = new Set<Draft>()
  const mark = (list: readonly Draft[], outside: boolean): number => {
    let left = 0
    for (const draft of list) {
      const out = outside || !draft.conditions.every((text) => passes(table, draft, text))
      const parts = mark(draft.children, out)
      if (out || (draft.group && parts === 0)) gone.add(draft)
      else left++
    }
    return left
  }
  mark(drafts, false)
  if (gone.size === 0) return [...drafts]
  return without(drafts, gone)
}

function passes(table: Table, { id, source }: Draft, text: string): boolean {
  const answer = decide(text, table.values, table.keep)
  if (answer === undefined) {
    const like = 'Write {{v}}, !{{v}}, {{v}} == x or {{v}} != x.'
    const where = `Formula ${source.formula}, ${source.location}: the condition of step ${id}`
    table.refuse(`${where} cannot be read: ${text}. ${like}`, validate(source.formula))
  }
  return answer ?? true
}

function without(drafts: readonly Draft[], gone: ReadonlySet<Draft>): Draft[] {
  const above = new Map<string, readonly Draft[]>()
  const out = new Map<string, Draft>()
  for (const [draft, chain] of walk(drafts)) {
    above.set(draft.id, chain)
    if (gone.has(draft)) out.set(draft.id, draft)
  }
  const known = new Map<string, Set<string>>()
  /** What those who needed it have to wait for in its place, and the groups whose needs come with it. */
  const handsOn = (id: string): Set<string> => {
    const done = known.get(id)
    if (done !== undefined) return done
    const all = new Set<string>()
    // Before the look, so that a ring ends; rings among those that stay are found later.
    known.set(id, all)
    const draft = out.get(id)!
    const next = [...draft.needs, ...draft.children.map((part) => part.id), ...above.get(id)!.flatMap((g) => g.needs)]
    for (const other of next) {
      if (!out.has(other)) all.add(other)
      else for (const further of handsOn(other)) all.add(further)
    }
    return all
  }
  const left = (list: readonly Draft[]): Draft[] =>
    list
      .filter((draft) => !gone.has(draft))
      .map((draft) => {
        const copy: Draft = { ...draft, children: left(draft.children) }
        if (draft.needs.some((id) => out.has(id))) {
          const own = new Set([draft.id, ...above.get(draft.id)!.map((group) => group.id)])
          const handed = draft.needs.flatMap((id) => (out.has(id) ? [...handsOn(id)] : [id]))
          // What a group around it waits for anyway is no news.
          const around = new Set(above.get(draft.id)!.flatMap((group) => group.needs))
          const news = (id: string): boolean => draft.needs.includes(id) || !around.has(id)
          copy.needs = [...new Set(handed)].filter((id) => !own.has(id) && news(id))
        }
        if (draft.waits !== undefined && out.has(draft.waits.of)) delete copy.waits
        return copy
      })
  return left(drafts)
}
