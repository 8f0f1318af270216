/**
 * Loops become groups: a step whose parts are the rounds, `<loop>.iter<N>.<id>`, each round after the one before. Of a loop
 * that ends by a condition only the first round is made here (rounds.ts makes the others).
 */
import { parseCondition } from '../conditions.ts'
import { rangeOf } from './arithmetic.ts'
import type { Draft, Table } from './draft.ts'
import { idsOf, validate, walk } from './draft.ts'
import { fillDouble, fillSingle, mapDrafts } from './substitute.ts'
import { entriesOf, exitsOf, need, parallel } from './wiring.ts'

/** More steps than anybody means; what is cooked is held in memory and poured in one piece. */
export const MOST_STEPS = 10_000

/** Drafts without loops. */
export function unroll(table: Table, drafts: readonly Draft[]): Draft[] {
  return drafts.map((draft) => {
    if (draft.loop === undefined) return { ...draft, children: unroll(table, draft.children) }
    const { loop, ...group } = draft
    const children = [...draft.children, ...roundsOf(table, draft, loop)]
    const made: Draft = { ...group, type: 'epic', group: true, children }
    if (loop.until !== undefined && loop.max !== undefined) {
      made.until = { condition: loop.until, max: loop.max, var: loop.var ?? 'i' }
    }
    return made
  })
}

function roundsOf(table: Table, draft: Draft, loop: NonNullable<Draft['loop']>): Draft[] {
  const values = loopValues(table, draft, loop)
  const size = Math.max(1, loop.body.length)
  if (values.length * size > MOST_STEPS) {
    refuse(table, draft, `would make ${values.length * size} steps, and ${MOST_STEPS} are the most`)
    return []
  }
  const name = loop.var ?? 'i'
  const inside = new Set(idsOf(loop.body))
  const all: Draft[] = []
  let before: string[] = []
  let count = 0
  for (const [index, value] of values.entries()) {
    if (table.failure !== undefined) return []
    const renamed = rename(loop.body, `${draft.id}.iter${index + 1}.`, inside)
    const text = (words: string): string => (value === undefined ? words : fillSingle(words, { [name]: value }))
    const round = mapDrafts(renamed, { text, into: (inner) => inner !== name })
    parallel(round)
    for (const entry of entriesOf(round)) need(entry, before)
    before = exitsOf(round).map((exit) => exit.id)
    const made = unroll(table, round)
    all.push(...made)
    count += [...walk(made)].length
    if (count > MOST_STEPS) {
      refuse(table, draft, `makes more than ${MOST_STEPS} steps`)
      return []
    }
  }
  return all
}

/** One for each round: what its variable is, or nothing when that is decided later. */
function loopValues(table: Table, draft: Draft, loop: NonNullable<Draft['loop']>): (string | undefined)[] {
  const fill = (text: string): string => fillSingle(fillDouble(text, table.values), table.values)
  if (loop.until !== undefined) {
    const condition = parseCondition(fill(loop.until))
    if (condition.kind === 'error') refuse(table, draft, `ends by a condition that cannot be read: ${loop.until}`)
    if (loop.max === undefined || loop.max < 1) refuse(table, draft, 'ends by a condition and needs max, 1 or more')
    return [undefined]
  }
  const said = loop.range ?? String(loop.count ?? '')
  const written = fill(said)
  const bounds = rangeOf(loop.range === undefined ? `1..${written}` : written)
  if (bounds === undefined || (loop.range === undefined && bounds[1] < 0)) {
    if (table.keep && written.includes('{')) return [undefined]
    const what = loop.range === undefined ? 'count' : 'range'
    const like = loop.range === undefined ? 'a whole number' : 'like 1..5 or 1..{{n}}'
    refuse(table, draft, `has the ${what} ${JSON.stringify(written)}, which must be ${like}`)
    return []
  }
  const [first, last] = bounds
  if (last - first >= MOST_STEPS) {
    refuse(table, draft, `would make ${last - first + 1} rounds, and ${MOST_STEPS} steps are the most`)
    return []
  }
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => String(first + index))
}

function refuse(table: Table, { id, source }: Draft, what: string): void {
  table.refuse(
    `Formula ${source.formula}, ${source.location}: the loop of step ${id} ${what}.`,
    validate(source.formula),
  )
}

/** Puts a prefix before ids, and before needs that mean one of them. A loop within keeps its own names. */
function rename(drafts: readonly Draft[], prefix: string, inside: ReadonlySet<string>, ids = true): Draft[] {
  const to = (id: string): string => (inside.has(id) ? prefix + id : id)
  return drafts.map((draft) => {
    const copy: Draft = {
      ...draft,
      id: ids ? prefix + draft.id : draft.id,
      needs: draft.needs.map(to),
      children: rename(draft.children, prefix, inside, ids),
    }
    if (draft.waits !== undefined) copy.waits = { ...draft.waits, of: to(draft.waits.of) }
    if (draft.loop !== undefined) {
      const own = new Set(idsOf(draft.loop.body))
      const outer = new Set([...inside].filter((id) => !own.has(id)))
      copy.loop = { ...draft.loop, body: rename(draft.loop.body, prefix, outer, false) }
    }
    return copy
  })
}
