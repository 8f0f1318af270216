/**
 * What may start now. Pure; computed when asked, stored nowhere (design law 11). Rules: design section 6, and for the
 * kinds of edges what the format's own tools do (reference: ready, blocked, epics).
 *
 *   blocks              until the target is closed. One that is not there blocks too: unknown never proceeds. One whose
 *                       work is on an epic's integration branch blocks what starts elsewhere until that epic has landed
 *   conditional-blocks  until the target was closed *as a failure*
 *   waits-for           until all (or any) children of the target are closed
 *   parent-child        a parent that cannot start holds its children back
 *   anything else       never blocks
 *
 * Steps of a molecule are never ready by themselves: the molecule is, and its worker does them one after the other.
 */
import type { Bead, Dependency } from './bead.ts'
import { facts } from './bead.ts'
import type { State } from './fold.ts'
import { lookUp } from './fold.ts'
import { awaitsEpic } from './integration.ts'

/** Why a bead cannot start: the beads it waits for, and one sentence for people. */
export interface Blocked {
  by: string[]
  why: string
}

/** Kinds of beads that nobody works on as a task. */
const NO_WORK = new Set(['message', 'merge-request', 'gate', 'molecule', 'agent', 'role', 'rig', 'event', 'convoy'])
/** Deepest chain of parents that counts; deeper ones are taken as not blocked by what lies above. */
const MAX_DEPTH = 50
/** A close reason with one of these words was a failure (the format's list). */
const FAILED = /failed|rejected|wontfix|won't fix|canceled|cancelled|abandoned|blocked|error|timeout|aborted|declined/i

/** Null when nothing stands before it: no edge of its own, nothing through its parents. */
export function isBlocked(state: State, bead: Bead, now: Date): Blocked | null {
  return new View(state, now).blocked(bead)
}

/** `isBlocked` for many beads of one state at one moment: what was found out for one is not found out again for the next. */
export function blockedBy(state: State, now: Date): (bead: Bead) => Blocked | null {
  const view = new View(state, now)
  return (bead) => view.blocked(bead)
}

/** Beads that a worker may start now, most urgent first (priority, then created_at, then id). */
export function readyBeads(state: State, query: { rig?: string; now: Date }): Bead[] {
  const view = new View(state, query.now)
  const ready: Bead[] = []
  for (const bead of state.beads.values()) {
    if (query.rig !== undefined && facts(bead).rig !== query.rig) continue
    if (view.notReady(bead) === null) ready.push(bead)
  }
  const age = new Map(ready.map((bead) => [bead, Date.parse(bead.created_at)]))
  return ready.sort((a, b) => a.priority - b.priority || age.get(a)! - age.get(b)! || (a.id < b.id ? -1 : 1))
}

/**
 * Work that cannot start because of something else: blocked by its edges or through its parents, or said to be blocked
 * by a person. Not those that only wait for a date, and not what nobody works on. Order as in `readyBeads`.
 */
export function blockedBeads(state: State, query: { rig?: string; now: Date }): { bead: Bead; blocked: Blocked }[] {
  const view = new View(state, query.now)
  const found: { bead: Bead; blocked: Blocked }[] = []
  for (const bead of state.beads.values()) {
    if (query.rig !== undefined && facts(bead).rig !== query.rig) continue
    if (isOver(bead) || bead.status === 'pinned' || isNoWork(bead)) continue
    const blocked = view.blocked(bead)
    if (blocked !== null) found.push({ bead, blocked })
    else if (bead.status === 'blocked')
      found.push({ bead, blocked: { by: [], why: 'a person says that it is blocked' } })
  }
  const order = (a: Bead, b: Bead): number =>
    a.priority - b.priority || Date.parse(a.created_at) - Date.parse(b.created_at) || (a.id < b.id ? -1 : 1)
  return found.sort((a, b) => order(a.bead, b.bead))
}

/** Beads that are never somebody's task. */
const isNoWork = (bead: Bead): boolean =>
  noWorkBecause(bead) !== null || bead.pinned === true || isTemplate(bead) || facts(bead).step !== undefined

/** Why nobody can work on a bead of this kind; null when they can. A molecule is one task, however many steps it has. */
function noWorkBecause(bead: Bead): string | null {
  if (facts(bead).molecule !== undefined) return null
  if (NO_WORK.has(bead.issue_type)) return `beads of type ${bead.issue_type} are not work`
  return bead.ephemeral === true ? 'it is ephemeral' : null
}

const isTemplate = (bead: Bead): boolean => bead.is_template === true || bead.labels?.includes('template') === true

/** Why this very bead is not in `readyBeads`, as one sentence; null when it is ready. */
export function notReadyBecause(state: State, bead: Bead, now: Date): string | null {
  return new View(state, now).notReady(bead)
}

/** `notReadyBecause` for many beads of one state at one moment. */
export function readiness(state: State, now: Date): (bead: Bead) => string | null {
  const view = new View(state, now)
  return (bead) => view.notReady(bead)
}

/**
 * The chain of ids that an edge "`from` needs `to`" would close into a cycle (`from` … `from`), or null. Counts the
 * edges that can hold a bead back, parents among them: a parent that needs its own child holds that child back.
 */
export function findCycle(state: State, from: string, to: string): string[] | null {
  if (from === to) return [from, to]
  const cameFrom = new Map<string, string>([[to, from]])
  const queue = [to]
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    for (const edge of state.beads.get(id)?.dependencies ?? []) {
      if (!HOLDS.has(edge.type) || cameFrom.has(edge.depends_on_id)) continue
      cameFrom.set(edge.depends_on_id, id)
      if (edge.depends_on_id === from) return chain(cameFrom, from)
      queue.push(edge.depends_on_id)
    }
  }
  return null
}

/** Kinds of edges that can hold a bead back. */
export const HOLDS: ReadonlySet<string> = new Set(['blocks', 'conditional-blocks', 'waits-for', 'parent-child'])

function chain(cameFrom: Map<string, string>, from: string): string[] {
  const ids = [from]
  do ids.unshift(cameFrom.get(ids[0]!)!)
  while (ids[0] !== from)
  return ids
}

/** The parents of a bead. */
export const parentsOf = (bead: Bead): string[] =>
  (bead.dependencies ?? []).filter((edge) => edge.type === 'parent-child').map((edge) => edge.depends_on_id)

/** Nothing waits for it any more: closed or deleted. */
export const isOver = (bead: Bead): boolean => bead.status === 'closed' || bead.status === 'tombstone'

/** One look at a state: remembers per bead what was found, so that a whole town is one pass over beads and edges. */
class View {
  readonly #state: State
  readonly #now: number
  readonly #known = new Map<string, Blocked | null>()
  #children: Map<string, Bead[]> | undefined

  constructor(state: State, now: Date) {
    this.#state = state
    this.#now = now.getTime()
  }

  notReady(bead: Bead): string | null {
    if (bead.status !== 'open') return `it is ${bead.status}`
    const no = noWorkBecause(bead)
    if (no !== null) return no
    if (bead.pinned === true) return 'it is pinned'
    if (isTemplate(bead)) return 'it is a template'
    const gt = facts(bead)
    if (gt.step !== undefined) return `it is a step of ${gt.step.of}: whoever has that on the hook does it`
    if (gt.needs !== undefined) return `it needs a person: ${gt.needs.text}`
    if (this.#state.live.has(bead.id)) return 'a worker is on it'
    if (this.#isDeferred(bead)) return `it is deferred until ${bead.defer_until}`
    if (bead.issue_type === 'epic' && this.#childrenOf(bead.id).length > 0)
      return 'it is an epic; its children are the work'
    return this.blocked(bead)?.why ?? null
  }

  blocked(bead: Bead, depth = 0): Blocked | null {
    const known = this.#known.get(bead.id)
    if (known !== undefined) return known
    // While a bead is looked at it counts as free: a cycle of parents ends here instead of never.
    this.#known.set(bead.id, null)
    const found = this.#byOwnEdges(bead) ?? (depth < MAX_DEPTH ? this.#byParents(bead, depth) : null)
    this.#known.set(bead.id, found)
    return found
  }

  #byOwnEdges(bead: Bead): Blocked | null {
    const by: string[] = []
    const whys: string[] = []
    for (const edge of bead.dependencies ?? []) {
      const why = this.#waitsOn(bead, edge)
      if (why === null) continue
      by.push(edge.depends_on_id)
      whys.push(why)
    }
    if (by.length === 0) return null
    const shown = whys.slice(0, 3).join('; ')
    return { by, why: whys.length > 3 ? `${shown}; and ${whys.length - 3} more` : shown }
  }

  #waitsOn(bead: Bead, edge: Dependency): string | null {
    const id = edge.depends_on_id
    if (edge.type !== 'blocks' && edge.type !== 'conditional-blocks' && edge.type !== 'waits-for') return null
    if (edge.type === 'waits-for') return this.#waitsOnChildren(bead, edge)
    const target = lookUp(this.#state, id)
    if (target === undefined) {
      return id.startsWith('external:')
        ? `it needs ${id}, which this town cannot check`
        : `it needs ${id}, which is not in the ledger`
    }
    if (target.status === 'tombstone') return null
    if (edge.type === 'blocks') {
      return target.status === 'closed' ? awaitsEpic(this.#state, target, bead) : `it needs ${id} (${target.status})`
    }
    if (target.status !== 'closed') return `it runs only if ${id} fails, and that is ${target.status}`
    return hasFailed(target) ? null : `it runs only if ${id} fails, and that succeeded`
  }

  #waitsOnChildren(bead: Bead, edge: Dependency): string | null {
    const { gate, spawner } = waitOf(edge)
    const parent = this.#state.beads.get(spawner)
    if (parent === undefined) return `it waits for the children of ${spawner}, which is not in the ledger`
    // What comes of a step is known only when that is done.
    if (facts(parent).step !== undefined && !isOver(parent)) return `it waits for ${spawner} and for what comes of it`
    const children = this.#childrenOf(spawner)
    const open = children.filter((child) => !isOver(child))
    const closed = children.filter((child) => child.status === 'closed')
    const away = closed.map((child) => awaitsEpic(this.#state, child, bead)).filter((why) => why !== null)
    if (gate === 'any-children') {
      if (closed.length > away.length) return null
      return away[0] ?? `it waits for the first child of ${spawner} to close`
    }
    return open.length === 0 ? (away[0] ?? null) : `it waits for ${open.length} children of ${spawner}`
  }

  #byParents(bead: Bead, depth: number): Blocked | null {
    for (const id of parentsOf(bead)) {
      const parent = this.#state.beads.get(id)
      // A parent that is gone or over says nothing about its children.
      if (parent === undefined || isOver(parent)) continue
      if (parent.status === 'blocked') return { by: [id], why: `its parent ${id} is blocked` }
      if (this.#isDeferred(parent)) return { by: [id], why: `its parent ${id} is deferred` }
      const above = this.blocked(parent, depth + 1)
      if (above) return { by: above.by, why: `its parent ${id} is blocked: ${above.why}` }
    }
    return null
  }

  #isDeferred(bead: Bead): boolean {
    return bead.status === 'deferred' || (bead.defer_until !== undefined && Date.parse(bead.defer_until) > this.#now)
  }

  #childrenOf(id: string): Bead[] {
    if (this.#children === undefined) {
      this.#children = new Map()
      for (const bead of this.#state.beads.values()) {
        for (const parent of parentsOf(bead)) {
          const siblings = this.#children.get(parent)
          if (siblings) siblings.push(bead)
          else this.#children.set(parent, [bead])
        }
      }
    }
    return this.#children.get(id) ?? []
  }
}

/** Whether a closed bead was closed as a failure. */
export function hasFailed(bead: Bead): boolean {
  const { outcome } = facts(bead)
  if (outcome !== undefined) return outcome === 'declined' || outcome === 'cancelled'
  return FAILED.test(bead.close_reason ?? '')
}

/** What a waits-for edge waits for. The edge's own document says which gate, and whose children where that is not the target. */
export function waitOf(edge: Dependency): { gate: string; spawner: string } {
  let given: { gate?: unknown; spawner_id?: unknown } | null = null
  try {
    given = JSON.parse(edge.metadata ?? 'null')
  } catch {
    // Another program's free text: the edge says enough by itself.
  }
  return {
    gate: given?.gate === 'any-children' ? 'any-children' : 'all-children',
    spawner: typeof given?.spawner_id === 'string' ? given.spawner_id : edge.depends_on_id,
  }
}
