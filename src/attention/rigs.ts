/** Rigs whose work stands still for a reason that is no bead's: their settings cannot be read, or a driver meets an obstacle. */
import { existsSync, statSync } from 'node:fs'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { openMerges } from '../kernel/merges.ts'
import type { Obstacle } from '../kernel/obstacles.ts'
import { obstacleOf, readObstacles, together } from '../kernel/obstacles.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Waiting } from './item.ts'
import { unstarted } from './unstarted.ts'

/** @param driven what the driver met counts: there is one */
export async function obstaclesOf(town: OpenTown, driven: boolean): Promise<Obstacle[]> {
  const found = driven ? readObstacles(town.paths.runtime) : []
  for (const rig of rigsUnderWay(town.ledger.state)) {
    const settings = await town.rig(rig)
    if (settings.kind === 'error') found.unshift(obstacleOf(rig, [], changedAt(town, rig), settings.failure))
  }
  return together(found)
}

/** A file that was broken changed at that time; when it went away, its folder or the town's did. */
function changedAt(town: OpenTown, rig: string): string {
  const { toml, dir } = town.paths.rig(rig)
  const place = [toml, dir].find((path) => existsSync(path)) ?? town.root
  return (statSync(place, { throwIfNoEntry: false })?.mtime ?? town.now()).toISOString()
}

function rigsUnderWay(state: State): Set<string> {
  const rigs = [...state.live.values()].flat().map((run) => run.rig)
  const waiting = unstarted(state).map((id) => facts(state.beads.get(id)!).slung?.rig)
  return new Set([...rigs, ...waiting].filter((rig) => rig !== undefined))
}

/** Nothing is said of a rig in which nothing waits for it any more. */
export function obstructed(state: State, obstacles: readonly Obstacle[]): Waiting[] {
  return obstacles
    .map((one) => ofObstacle(one, standing(state, one)))
    .filter(({ stands }) => stands !== undefined && stands.length > 0)
}

function standing(state: State, { rig, beads }: Obstacle): string[] {
  const live = [...state.live.values()].flat().filter((run) => run.rig === rig)
  const queued = openMerges(state.beads.values(), rig).map(({ merge }) => merge.bead)
  const all = [...new Set([...unstarted(state, rig), ...live.map(({ bead }) => bead), ...queued])]
  return beads.length === 0 ? all : all.filter((id) => beads.includes(id))
}

function ofObstacle({ rig, beads, since, code, message, hint }: Obstacle, stands: string[]): Waiting {
  const ways = hint === undefined ? '' : `\n${hint}`
  return {
    id: `rig:${rig}`,
    key: `rig ${rig} ${code} ${since}`,
    cause: 'rig',
    severity: beads.length === 0 ? 'critical' : 'high',
    title: message,
    text: `${rig} cannot go on: ${message}${ways}\nWhat stands still goes on by itself once that is mended, two minutes later at most.`,
    since,
    bead: null,
    rig,
    who: null,
    starts: stands,
    stands,
  }
}
