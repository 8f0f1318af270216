/**
 * What waits for a person, in the order in which it is worth an answer: what weighs most, then what holds up most, then what
 * waits longest. One function for every screen, command and test. Pure.
 */
import type { State } from '../beads/fold.ts'
import { answersFor } from './answers.ts'
import { Behind } from './behind.ts'
import type { Item } from './item.ts'
import { weight } from './severity.ts'
import type { Extras } from './waiting.ts'
import { waiting } from './waiting.ts'

export function attention(state: State, extras: Extras): Item[] {
  const found = waiting(state, extras)
  if (found.length === 0) return []
  const behind = new Behind(state)
  const items = found.map((one): Item => {
    const { starts, stands = [], quiet: _quiet, ...rest } = one
    const own = stands.filter((id) => id !== one.bead)
    const ids = [...new Set([...own, ...behind.of(starts)])].sort()
    return { ...rest, behind: { n: ids.length, ids }, answers: answersFor(state, one, extras.sessions) }
  })
  return items.sort(inOrder)
}

/** Total: of two items one comes first, whoever looks. */
export function inOrder(a: Item, b: Item): number {
  const bySeverity = weight(b.severity) - weight(a.severity)
  if (bySeverity !== 0) return bySeverity
  if (a.behind.n !== b.behind.n) return b.behind.n - a.behind.n
  const [first, second] = [a, b].map(({ since }) => Date.parse(since) || 0) as [number, number]
  if (first !== second) return first - second
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
