/**
 * What red runs teach about single entries. Pure. A red run over a group says "at least one of these is bad", and goes on
 * saying so of those that are left when others of the group have landed, on whatever base. It chooses what is tested
 * next; it convicts nobody: an entry is sent back only for reds on its own tree, alone on a target that passes.
 */

/** A run over a group that ended red. */
export interface RedRun {
  run: string
  /** ms since the epoch. */
  at: number
  members: { id: string; head: string }[]
}

export interface Standing {
  head: string
  /** ms since the epoch: reds from before the work was handed in say nothing of it. */
  since: number
}

/** A group that certainly (but for flakes) holds a bad entry. */
export interface RedSet {
  run: string
  at: number
  ids: string[]
}

/**
 * The groups that still hold an unexplained bad entry. `waiting`: entries in line; `landed`: whether this head of an
 * entry is in the target. A group is explained once one of its members was sent back, withdrawn or mended.
 */
export function openReds(
  runs: Iterable<RedRun>,
  waiting: ReadonlyMap<string, Standing>,
  landed: (id: string, head: string) => boolean,
): RedSet[] {
  const open: RedSet[] = []
  for (const { run, at, members } of runs) {
    const ids: string[] = []
    let explained = false
    for (const { id, head } of members) {
      const now = waiting.get(id)
      if (now !== undefined && now.head === head && now.since <= at) ids.push(id)
      else if (!landed(id, head)) explained = true
    }
    if (!explained && ids.length > 0) open.push({ run, at, ids })
  }
  return open
}

/** Length of the shortest prefix of `row` that covers one of the groups; 0 when none is covered. */
export function suspectPrefix(row: readonly string[], reds: readonly RedSet[]): number {
  const place = new Map(row.map((id, index) => [id, index + 1]))
  let shortest = 0
  for (const { ids } of reds) {
    const places = ids.map((id) => place.get(id) ?? Number.POSITIVE_INFINITY)
    const length = Math.max(...places)
    if (Number.isFinite(length) && (shortest === 0 || length < shortest)) shortest = length
  }
  return shortest
}

/** The probability that an entry is good although it was red `reds` times on its own. */
export function innocence(p: number, f: number, reds: number): number {
  const good = (1 - p) * f ** reds
  return good / (good + p)
}
