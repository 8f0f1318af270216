/**
 * What waits behind a bead: everything that cannot start, or cannot be finished, before it is. Through dependencies (ready.ts
 * has the rules), through parents that cannot start, up to the epics that cannot be finished, and through gates to whoever is
 * parked on them. Pure; one walk over the beads, and only when somebody asks.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { isOver, waitOf } from '../beads/ready.ts'

/** `held`: it cannot start, nor can its children. `unfinished`: it may go on, but not come to its end. */
type Reach = 'held' | 'unfinished'

/** Beads that are nobody's task: they carry the waiting on, and are not counted. */
const RECORDS = new Set(['message', 'merge-request', 'gate', 'event', 'agent', 'role', 'rig'])
const isTask = (bead: Bead): boolean => !RECORDS.has(bead.issue_type) && facts(bead).step === undefined

export class Behind {
  readonly #state: State
  /** Open beads that need this one: by edges, as children that are waited for, as children, as parents. */
  readonly #needing = new Map<string, string[]>()
  readonly #waitingForChildren = new Map<string, string[]>()
  readonly #children = new Map<string, string[]>()
  readonly #parents = new Map<string, string[]>()
  readonly #parked = new Map<string, string[]>()

  constructor(state: State) {
    this.#state = state
    for (const bead of state.beads.values()) if (!isOver(bead)) this.#enter(bead)
    for (const run of [...state.live.values()].flat()) {
      if (run.state === 'parked') for (const gate of run.parked?.gates ?? []) add(this.#parked, gate, run.bead)
    }
  }

  /** Ids of the tasks that wait for these beads, in order; not these themselves. */
  of(starts: Iterable<string>): string[] {
    const from = new Set([...starts].filter((id) => isOpen(this.#state, id)))
    const reached = new Map<string, Reach>()
    const queue: [id: string, reach: Reach][] = [...from].map((id) => [id, 'unfinished'])
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const [id, reach] = next
      const before = reached.get(id)
      if (before === 'held' || before === reach) continue
      reached.set(id, reach)
      for (const one of this.#waitFor(id, reach)) queue.push(one)
    }
    return [...reached.keys()].filter((id) => !from.has(id) && this.#counts(id)).sort()
  }

  #counts(id: string): boolean {
    const bead = this.#state.beads.get(id)
    return bead !== undefined && !isOver(bead) && isTask(bead)
  }

  *#waitFor(id: string, reach: Reach): Generator<[string, Reach]> {
    for (const other of this.#needing.get(id) ?? []) yield [other, 'held']
    for (const other of this.#parked.get(id) ?? []) yield [other, 'unfinished']
    for (const parent of this.#parents.get(id) ?? []) {
      yield [parent, 'unfinished']
      for (const other of this.#waitingForChildren.get(parent) ?? []) yield [other, 'held']
    }
    if (reach === 'held') for (const child of this.#children.get(id) ?? []) yield [child, 'held']
  }

  #enter(bead: Bead): void {
    for (const edge of bead.dependencies ?? []) {
      const target = edge.depends_on_id
      if (edge.type === 'blocks' || edge.type === 'conditional-blocks') add(this.#needing, target, bead.id)
      else if (edge.type === 'waits-for') add(this.#waitingForChildren, waitOf(edge).spawner, bead.id)
      else if (edge.type === 'parent-child') {
        add(this.#children, target, bead.id)
        if (isOpen(this.#state, target)) add(this.#parents, bead.id, target)
      }
    }
    const { step } = facts(bead)
    if (step !== undefined && isOpen(this.#state, step.of)) add(this.#parents, bead.id, step.of)
  }
}

function isOpen(state: State, id: string): boolean {
  const bead = state.beads.get(id)
  return bead !== undefined && !isOver(bead)
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
