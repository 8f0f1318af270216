/** What needs what: the edges between drafts when steps come in, go, or take the place of others. */
import { nearest } from '../../town/nearest.ts'
import type { Draft, Table } from './draft.ts'
import { idsOf, validate, walk } from './draft.ts'

/** Adds needs that are not there yet. */
export function need(draft: Draft, ids: readonly string[]): void {
  for (const id of ids) if (id !== draft.id && !draft.needs.includes(id)) draft.needs.push(id)
}

/** Those of a list that need none of the list: where it begins. */
export function entriesOf(drafts: readonly Draft[]): Draft[] {
  const inside = new Set(idsOf(drafts))
  return drafts.filter((draft) => !draft.needs.some((id) => inside.has(id)))
}

/** Those of a list that none of the list needs: where it ends. */
export function exitsOf(drafts: readonly Draft[]): Draft[] {
  const needed = new Set([...walk(drafts)].flatMap(([draft]) => draft.needs))
  return drafts.filter((draft) => !needed.has(draft.id))
}

/** Whoever needs a step of the map needs what the map says instead. Bodies of loops too. */
export function redirect(drafts: readonly Draft[], map: ReadonlyMap<string, readonly string[]>): void {
  for (const [draft] of walk(drafts)) {
    if (draft.needs.some((id) => map.has(id))) {
      draft.needs = [...new Set(draft.needs.flatMap((id) => map.get(id) ?? [id]))]
    }
    const of = draft.waits === undefined ? undefined : map.get(draft.waits.of)?.[0]
    if (of !== undefined) draft.waits = { ...draft.waits!, of }
    if (draft.loop !== undefined) redirect(draft.loop.body, map)
  }
}

/** Neighbours that may be done at the same time need what the first of them needs, unless they say what they need. */
export function parallel(drafts: readonly Draft[]): void {
  let first: Draft | undefined
  for (const draft of drafts) {
    if (!draft.parallel) first = undefined
    else if (first === undefined) first = draft
    else if (draft.needs.length === 0) need(draft, first.needs)
    parallel(draft.children)
  }
}

/** Takes the place of one draft of a tree. */
export function replace(drafts: Draft[], old: Draft, by: readonly Draft[]): boolean {
  const index = drafts.indexOf(old)
  if (index >= 0) {
    drafts.splice(index, 1, ...by)
    return true
  }
  return drafts.some((draft) => replace(draft.children, old, by))
}

/** The step that a formula names in `place`, such as `compose.expand`. */
export function named(table: Table, drafts: readonly Draft[], id: string, formula: string, place: string) {
  for (const [draft] of walk(drafts)) if (draft.id === id) return draft
  const meant = nearest(id, idsOf(drafts))
  const but = meant === undefined ? '' : ` Did you mean ${meant}?`
  table.refuse(`Formula ${formula} names step ${id} in ${place}, and has no such step.${but}`, validate(formula))
  return undefined
}
