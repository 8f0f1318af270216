/** Long stretches of the same become one line: a thousand steps that are done say no more than their number. */
import type { Item } from './order.ts'

/** A line: one step, or so many that were folded. `needs` and `parent` are places in the list of rows. */
export interface Row extends Item {
  /** How many steps this line stands for, 1 unless folded. */
  count: number
}

/** From more than this many on; a screen shows about as many. */
const FOLD_OVER = 40

/** What stays of a stretch at either end, so that one sees what it is made of. */
const ENDS = 3

/** Items, which are used up, as rows. `all`: nothing is folded. */
export function folded(items: Item[], all: boolean): Row[] {
  const stretches = all ? [] : stretchesOf(items)
  if (stretches.length === 0) return items.map((item) => Object.assign(item, { count: 1 }))
  const rows: Row[] = []
  const rowOf: number[] = []
  let next = 0
  for (let at = 0; at < items.length; ) {
    while (next < stretches.length && stretches[next]!.end <= at) next++
    const stretch = stretches[next]
    const inner = stretch !== undefined && at === stretch.start + ENDS
    const count = inner ? stretch.end - stretch.start - 2 * ENDS : 1
    for (let i = at; i < at + count; i++) rowOf[i] = rows.length
    const item = items[at]!
    rows.push({ ...item, count, parent: item.parent < 0 ? -1 : rowOf[item.parent]! })
    at += count
  }
  for (const row of rows) row.needs = [...new Set(row.needs.map((need) => rowOf[need]!))]
  return rows
}

/** Chains, and neighbours that fork from and join at the same places: plain steps in the same state. */
function stretchesOf(items: readonly Item[]): { start: number; end: number }[] {
  const needers = neededBy(items)
  const sources = items.map(({ needs }) => needs.join(' '))
  const targets = needers.map((list) => list.join(' '))
  const plain = items.map(({ group, after, node }) => !group && after.length === 0 && !node.note)
  /** How `at` goes on from the one before it. */
  const link = (at: number): 'chain' | 'side by side' | undefined => {
    const [one, two] = [items[at - 1], items[at]]
    if (!one || !two || !plain[at - 1] || !plain[at]) return undefined
    if (one.parent !== two.parent || one.node.state !== two.node.state) return undefined
    if (sources[at] === String(at - 1) && targets[at - 1] === String(at)) return 'chain'
    return sources[at - 1] === sources[at] && targets[at - 1] === targets[at] ? 'side by side' : undefined
  }
  const found: { start: number; end: number }[] = []
  for (let start = 0; start < items.length; ) {
    const how = link(start + 1)
    let end = start + 1
    while (how !== undefined && end < items.length && link(end) === how) end++
    if (end - start > FOLD_OVER) found.push({ start, end })
    start = end
  }
  return found
}

/** For each place, the places that need it, ascending. */
export function neededBy(items: readonly { needs: number[] }[]): number[][] {
  const needers: number[][] = items.map(() => [])
  for (const [at, { needs }] of items.entries()) for (const need of needs) needers[need]!.push(at)
  return needers
}
