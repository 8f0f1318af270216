/**
 * In which order a convoy can go: waves, each of what may run side by side once the waves before it have landed. Pure.
 * A member comes behind every member that it needs, also through its parents and through beads outside the convoy.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { parentsOf, waitOf } from '../beads/ready.ts'
import type { Children } from './members.ts'
import { isItsParts, partsOf } from './members.ts'

export interface Waves {
  /** Ids, each member once; the first wave waits for nobody in the convoy. */
  waves: string[][]
  /** Members in a circle, or behind one: they stand in the last wave, and none of them can begin. */
  circular: string[]
}

const HOLDS = new Set(['blocks', 'conditional-blocks', 'waits-for'])

/** @param members in the order in which they are to be shown */
export function wavesOf(state: State, members: readonly string[], children: Children): Waves {
  const among = new Set(members)
  const place = new Map(members.map((id, i) => [id, i]))
  const needs = new Map(members.map((id) => [id, needsOf(state, id, among, children)]))
  const behind = new Map<string, string[]>()
  for (const [id, all] of needs) {
    for (const need of all) {
      const others = behind.get(need)
      if (others === undefined) behind.set(need, [id])
      else others.push(id)
    }
  }
  const missing = new Map([...needs].map(([id, all]) => [id, all.size]))
  const waves: string[][] = []
  for (let wave = [...among].filter((id) => missing.get(id) === 0); wave.length > 0; ) {
    waves.push(wave)
    const next = new Set<string>()
    for (const id of wave) {
      missing.delete(id)
      for (const one of behind.get(id) ?? []) {
        const left = missing.get(one)! - 1
        missing.set(one, left)
        if (left === 0) next.add(one)
      }
    }
    wave = inOrder(next, place)
  }
  const circular = inOrder(missing.keys(), place)
  return { waves: circular.length === 0 ? waves : [...waves, circular], circular }
}

const inOrder = (ids: Iterable<string>, place: ReadonlyMap<string, number>): string[] =>
  [...ids].sort((a, b) => place.get(a)! - place.get(b)!)

/** The members that one needs before it can begin, directly or through what is no member. */
export function needsOf(state: State, id: string, among: ReadonlySet<string>, children: Children): Set<string> {
  const found = new Set<string>()
  const bead = lookUp(state, id)
  if (bead === undefined) return found
  const seen = new Set([id])
  // What lands as one lands behind its parts.
  const own = facts(bead).integration === undefined ? [] : partsOf(bead, children)
  const queue = [...own, ...holdersOf(state, bead, children)]
  for (const next of queue) {
    if (seen.has(next)) continue
    seen.add(next)
    if (among.has(next)) {
      found.add(next)
      continue
    }
    const through = lookUp(state, next)
    if (through === undefined) continue
    const parts = partsOf(through, children)
    if (isItsParts(through, parts)) queue.push(...parts)
    queue.push(...holdersOf(state, through, children))
  }
  return found
}

/** What holds a bead back: its own edges and those of everything above it. */
function holdersOf(state: State, bead: Bead, children: Children): string[] {
  const found: string[] = []
  const seen = new Set([bead.id])
  const queue = [bead]
  for (const one of queue) {
    for (const edge of one.dependencies ?? []) {
      if (!HOLDS.has(edge.type)) continue
      if (edge.type !== 'waits-for') found.push(edge.depends_on_id)
      else for (const child of children.get(waitOf(edge).spawner) ?? []) found.push(child.id)
    }
    for (const id of parentsOf(one)) {
      const parent = seen.has(id) ? undefined : lookUp(state, id)
      seen.add(id)
      if (parent !== undefined) queue.push(parent)
    }
  }
  return found
}
