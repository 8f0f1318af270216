/** Which lines share a lane: those that lead to the same others, and those that may begin at once. */

/** A lane: every source is needed by every target; the targets all stand below the sources. */
export interface Lane {
  sources: number
  targets: number
  /** Targets that are still to come. */
  left: number
  column?: number
  /** There was no room for it. */
  omitted: boolean
}

/** The lane that each line leads to, undefined where nobody needs it. */
export function lanesOf(needers: number[][]): (Lane | undefined)[] {
  const byTargets = new Map<string, Lane>()
  return needers.map((targets) => {
    if (targets.length === 0) return undefined
    const key = targets.join(' ')
    const lane = byTargets.get(key) ?? { sources: 0, targets: targets.length, left: targets.length, omitted: false }
    lane.sources++
    byTargets.set(key, lane)
    return lane
  })
}

/** For each line that needs nothing, the lane that it shares with the others of its group; none if it is alone. */
export function startsOf(rows: readonly { needs: number[]; parent: number }[]): (Lane | undefined)[] {
  const lanes = new Map<number, Lane>()
  for (const { parent } of rows.filter(({ needs }) => needs.length === 0)) {
    const lane = lanes.get(parent) ?? { sources: 1, targets: 0, left: 0, omitted: false }
    lane.left = ++lane.targets
    lanes.set(parent, lane)
  }
  return rows.map(({ needs, parent }) => {
    const lane = needs.length === 0 ? lanes.get(parent) : undefined
    return lane && lane.targets > 1 ? lane : undefined
  })
}
