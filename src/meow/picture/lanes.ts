/**
 * The lanes beside the lines. Lines that are needed by exactly the same others share one lane, so a fork or a join is one
 * lane however many take part: what comes before a line reaches it from the left or ends at it, what it leads to goes on
 * below its mark or joins a lane at its right. A lane that crosses a connection is drawn over it. Where several may begin
 * at once, they hang at a lane that comes from nowhere: else two that have nothing to do with each other look like a chain.
 */
import { neededBy } from './fold.ts'
import { type Lane, lanesOf, startsOf } from './lane.ts'
import { type LaneStyle, lastOf, signsOf } from './signs.ts'

/** One line of lanes: what stands before the mark of the line and after it. */
export interface Track {
  left: string
  right: string
  /** Lines that it needs and that have no lane, for want of room. */
  unseen: number[]
}

/** `rows`: by place, what they need (above them) and their group. `most`: lanes are in so many columns, marks in one more. */
export function tracks(
  rows: readonly { needs: number[]; parent: number; group: boolean }[],
  most: number,
  style: LaneStyle,
): Track[] {
  const laneOf = lanesOf(neededBy(rows))
  const startOf = startsOf(rows)
  /** The lanes that are alive, by column. */
  const live: (Lane | undefined)[] = Array.from({ length: most })
  /** Where the parts of a group begin. */
  const bases: number[] = []
  const firstFree = (from: number): number => {
    for (let column = from; column < most; column++) if (!live[column]) return column
    return -1
  }
  const open = (lane: Lane, choices: number[]): void => {
    const column = choices.find((choice) => choice >= 0)
    if (column === undefined) lane.omitted = true
    else {
      lane.column = column
      live[column] = lane
    }
  }
  /** The mark of the line above, if nothing goes on below it: a mark there would seem to follow it. */
  let bare = { at: -1, mark: -1 }
  const highest = (): number => lastOf(live)

  return rows.map((row, at): Track => {
    const base = row.parent < 0 ? 0 : bases[row.parent]!
    const into = distinct(row.needs.map((need) => laneOf[need]!))
    const before = [...live]
    const start = startOf[at]
    if (start) {
      into.push(start)
      if (start.column === undefined && !start.omitted) open(start, [firstFree(base)])
    }
    const seen = into.filter((lane) => lane.column !== undefined)
    const unseen = row.needs.filter((need) => laneOf[need]!.omitted)
    const out = laneOf[at]
    for (const lane of into) lane.left--
    const ends = seen.filter((lane) => lane.left === 0).map((lane) => lane.column!)
    const avoid = row.needs.includes(bare.at) ? -1 : bare.mark
    const mark = markColumn({ base, seen, ends, out, live, most, avoid })

    for (const column of ends) live[column] = undefined
    if (out && out.column === undefined && !out.omitted) {
      // Not where something ends in this very line: that would look as if it went on.
      for (const column of ends) if (column !== mark) live[column] = before[column]
      const beside = out.sources > 1
      const right = Math.max(mark, highest()) + 1
      // Room for what will hang at a lane left of it, lest that has to join it from its right.
      const forks = live.findLastIndex((lane) => lane !== undefined && lane.targets > 1)
      const crowded = forks >= 0 && !live.slice(forks + 1, right).includes(undefined)
      const choices = beside
        ? [...(crowded ? [firstFree(right + 1)] : []), firstFree(right), firstFree(mark + 1), firstFree(mark)]
        : [firstFree(mark)]
      choices.push(firstFree(base))
      for (const ending of ends) live[ending] = undefined
      open(out, choices)
    }
    bare = { at, mark: live[mark] ? -1 : mark }
    if (row.group) bases[at] = Math.min(most, Math.max(mark, highest()) + 1)
    const touched = seen.map((lane) => lane.column!)
    if (out?.column !== undefined) touched.push(out.column)
    return { ...signsOf(before, live, touched, mark, out?.column, style), unseen }
  })
}

/** Where the mark stands: on the lane that it continues, else in the first free column right of the lanes that go on. */
function markColumn(given: {
  base: number
  seen: Lane[]
  ends: number[]
  out: Lane | undefined
  live: (Lane | undefined)[]
  most: number
  /** Not there, unless it hangs at a lane. */
  avoid: number
}): number {
  const { base, seen, ends, out, live, most, avoid } = given
  const [only] = seen
  if (seen.length === 1 && only!.sources === 1 && only!.targets === 1) return only!.column!
  const continues = out !== undefined && out.column === undefined
  let from = base
  for (const lane of seen) {
    const last = ends.includes(lane.column!)
    // The last of several that fork hangs at its lane like the others, unless something goes on from it.
    if (!last || (seen.length === 1 && lane.targets > 1 && !continues)) from = Math.max(from, lane.column! + 1)
  }
  const hangs = seen.length === 1 && only!.targets > 1
  for (let column = from; column < most; column++) {
    if ((column !== avoid || hangs) && (!live[column] || ends.includes(column))) return column
  }
  return most
}

const distinct = <T>(list: T[]): T[] => (list.length > 1 ? [...new Set(list)] : list)
