/** What the driver met without success, time and again, while it carried out its plan: written down for people to see. */
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import type { Obstacle } from '../kernel/obstacles.ts'
import { obstacleOf, together, writeObstacles } from '../kernel/obstacles.ts'
import type { Result } from '../result.ts'
import type { Action } from './actions.ts'
import { keyOf } from './actions.ts'

/** What failed less often may have been a moment's trouble: with the rests between, it lasts for six seconds by then. */
const TIMES = 3
/** What was not tried again this long after its rest is not wanted any more. */
const LATE_MS = 5_000

interface Met extends Obstacle {
  times: number
  /** By the clock of `performance`: until when it counts without another try. */
  until: number
}

/** Of one driver; the file follows what it holds. */
export class Obstacles {
  readonly #met = new Map<string, Met>()
  #written = ''

  /** @param restMs how long until it is tried again */
  note(state: State, action: Action, result: Result<boolean>, at: string, restMs: number): void {
    const where = placeOf(state, action)
    if (where === undefined) return
    const { key, rig, beads } = where
    if (result.kind === 'ok') {
      this.#met.delete(key)
      return
    }
    const before = this.#met.get(key)
    const obstacle = obstacleOf(rig, beads, before?.since ?? at, result.failure)
    const until = performance.now() + restMs + LATE_MS
    this.#met.set(key, { ...obstacle, times: (before?.times ?? 0) + 1, until })
  }

  /** @param underWay whether the action of this key is being tried just now */
  save(runtime: string, underWay: (key: string) => boolean): void {
    for (const [key, { until }] of this.#met) if (until < performance.now() && !underWay(key)) this.#met.delete(key)
    const lasting = [...this.#met.values()].filter(({ times }) => times >= TIMES)
    const told = together(lasting.map(({ times: _times, until: _until, ...obstacle }) => obstacle))
    const text = JSON.stringify(told)
    if (text === this.#written) return
    this.#written = text
    writeObstacles(runtime, told)
  }
}

/** Whose way it is in; undefined for what says by itself that it failed (chores, orders), or comes to nobody's mind. */
function placeOf(state: State, action: Action): { key: string; rig: string; beads: string[] } | undefined {
  switch (action.do) {
    case 'refine':
      // The mark of a queue changes with whoever joins it; what is in its way does not.
      return { key: `refine:${action.rig}`, rig: action.rig, beads: [] }
    case 'dispatch': {
      const bead = state.beads.get(action.bead)
      const rig = bead && facts(bead).slung?.rig
      return rig === undefined ? undefined : { key: keyOf(action), rig, beads: [action.bead] }
    }
    case 'bring-back':
    case 'unpark':
    case 'rework':
    case 'hand-over':
    case 'lose':
    case 'unwind':
      return { key: keyOf(action), rig: action.run.rig, beads: [action.run.bead] }
    default:
      return undefined
  }
}
