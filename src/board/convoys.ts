/** Work that was sent off together and how far it is, as `gt convoy list` has it (src/convoys). Derived at each look (law 11). Pure. */
import type { State } from '../beads/fold.ts'
import { convoyViews } from '../convoys/list.ts'
import type { Pace, Surroundings } from '../convoys/pace.ts'
import type { ConvoyState, ConvoyView } from '../convoys/view.ts'
import { mainCause } from '../convoys/view.ts'

export interface ConvoyLine {
  id: string
  title: string
  kind: ConvoyView['kind']
  total: number
  /** Over, in whatever way; `landed` of these are seen in their target. */
  closed: number
  landed: number
  /** On a worker, or in the merge queue. */
  running: number
  /** Go on by nobody, until somebody does something. */
  stuck: number
  /** Go on by themselves: when a slot is free, or what they need has landed. */
  waiting: number
  state: ConvoyState
  /** What keeps it, or will; null: nothing does. */
  cause: string | null
  since: string
}

/** In the order of `gt convoy list`, without beads that were slung alone: those are among the agents, or wait. */
export function convoysOf(state: State, around: Surroundings): ConvoyLine[] {
  return convoyViews(state, around)
    .filter(({ kind }) => kind !== 'bead')
    .map(lineOf)
}

function lineOf({ bead, kind, state, progress, members, standstills }: ConvoyView): ConvoyLine {
  const { total, landed, open, unknown } = progress
  const count = (pace: Pace): number => members.filter((one) => one.pace === pace).length
  const cause = mainCause(state, standstills)
  return {
    id: bead.id,
    title: bead.title,
    kind,
    total,
    closed: total - open - unknown.length,
    landed,
    running: count('now'),
    stuck: count('stuck'),
    waiting: count('later'),
    state,
    cause: cause === undefined ? null : `${cause.bead}: ${cause.text}`,
    since: bead.created_at,
  }
}
