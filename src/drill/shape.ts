/** How big a drill's town is: like the one it is asked for in, within what one machine can stand. */
import { listRigs, loadRigSettings, loadTownSettings } from '../town/settings.ts'

export interface Shape {
  /** Gate slots of each rig; as many rigs as there are numbers. */
  rigs: number[]
  /** The cap: workers at once. */
  workers: number
  attempts: number
  rounds: number
  /** The name of the town that it is like; null: of none. */
  like: string | null
}

/** Without a town, and where a setting is the town's default. */
const DEFAULT: Shape = { rigs: [1], workers: 4, attempts: 3, rounds: 3, like: null }
const MOST_RIGS = 3
/** Unless a number is given: a drill is for two cores and a minute. */
const MOST_WORKERS = 8

/**
 * The shape of the town at `root`, or the default one. Settings that cannot be read are no reason not to drill: what they
 * would say is then as by default.
 */
export function shapeOf(root: string | undefined, workers?: number): Shape {
  const shape = root === undefined ? DEFAULT : shapeLike(root)
  return { ...shape, workers: workers ?? Math.min(MOST_WORKERS, shape.workers) }
}

function shapeLike(root: string): Shape {
  const settings = loadTownSettings(root)
  if (settings.kind === 'error') return DEFAULT
  const { name, workers } = settings.value
  const names = listRigs(root)
  const rigs = (names.kind === 'ok' ? names.value : []).slice(0, MOST_RIGS).map((rig) => {
    const found = loadRigSettings(root, rig)
    return found.kind === 'ok' ? found.value.refinery.slots : 1
  })
  return {
    rigs: rigs.length > 0 ? rigs : DEFAULT.rigs,
    workers: workers.max,
    attempts: workers.attempts,
    rounds: workers.rounds,
    like: name,
  }
}
