/**
 * The laws that a drill holds a town to (design section 3), checked from what is left of it: the history of its ledger, its
 * repositories, the journals that it could not reach, and the process table. Pure: evidence in, verdicts out. None asks how
 * the town recovered, only whether it kept its word.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { runsOf } from '../kernel/runs.ts'
import type { Landing } from '../scratch/landings.ts'
import type { Marks } from './agent.ts'
import type { Hit } from './fault.ts'
import type { Shape } from './shape.ts'
import type { Move, Timeline } from './timeline.ts'

/** A law, and whether it held. */
export interface Verdict {
  law: string
  held: boolean
  /** What was seen instead; at most `SEEN`, with a count of the rest. */
  seen: string[]
}

/** One rig's main, read from git. */
export interface MainLine {
  rig: string
  /** The commit that it began with. */
  first: string
  landings: Landing[]
  /** Trees that the gate was run on, by its own journal. */
  tested: ReadonlySet<string>
}

export interface Evidence {
  shape: Shape
  timeline: Timeline
  /** Work beads as they are in the end, by id. */
  beads: ReadonlyMap<string, Bead>
  /** Beads that `gt bead create` answered for. */
  acknowledged: readonly string[]
  hits: readonly Hit[]
  marks: Marks
  mains: readonly MainLine[]
  /** Marks (`bead run step`) whose file is neither on main nor in the archive of its run. */
  missing: readonly string[]
  /** What `gt restore` did not bring back, of the runs it was tried with. */
  notRestored: readonly string[]
  /** Landed changes whose receipt does not hold, in words. */
  unverified: readonly string[]
  /** What `git fsck` says of the repositories; nothing is good. */
  damage: readonly string[]
  /** What is left after `gt down`: processes, a tmux server, worktrees. */
  left: readonly string[]
  /** What `gt doctor` calls bad. */
  bad: readonly string[]
}

const SEEN = 5

/** Every law, in the order of the report. */
export function judge(evidence: Evidence): Verdict[] {
  return [
    law('Every bead that was acknowledged is there.', acknowledged(evidence)),
    law('Every bead landed in the end.', unlanded(evidence)),
    law('No bead landed twice, and landed means it is in main.', landings(evidence)),
    law('main only ever moved to a tree whose gate had passed.', untested(evidence)),
    law('Every landing has a receipt that holds.', evidence.unverified),
    law('No bead ever had two live runs.', evidence.timeline.twice),
    law('Nobody worked beyond the cap, the attempts or the rounds.', excess(evidence)),
    law('No agent that lives was called dead.', calledDead(evidence)),
    law(
      'Nobody who was replaced could change anything.',
      evidence.hits.flatMap(({ wrong }) => wrong ?? []),
    ),
    law('Nothing that an agent wrote is lost.', [...evidence.missing, ...evidence.notRestored]),
    law('The repositories are whole.', evidence.damage),
    law('After gt down nothing is left: no process, no session, no worktree.', evidence.left),
    law('gt doctor finds nothing bad.', evidence.bad),
  ]
}

function law(text: string, wrong: readonly string[]): Verdict {
  const more = wrong.length > SEEN ? [`and ${wrong.length - SEEN} more`] : []
  return { law: text, held: wrong.length === 0, seen: [...wrong.slice(0, SEEN), ...more] }
}

const acknowledged = ({ acknowledged: ids, beads }: Evidence): string[] => ids.filter((id) => !beads.has(id))

function unlanded({ acknowledged: ids, beads }: Evidence): string[] {
  return ids.flatMap((id) => {
    const bead = beads.get(id)
    if (bead === undefined || facts(bead).outcome === 'landed') return []
    const run = runsOf(bead).at(-1)
    return `${id} is ${bead.status}, ${facts(bead).needs?.text ?? run?.reason ?? run?.state ?? 'and nobody took it'}`
  })
}

function landings({ mains, beads, timeline }: Evidence): string[] {
  const wrong: string[] = []
  const onMain = new Map<string, string>()
  for (const { bead, commit } of mains.flatMap((main) => main.landings).flatMap((landing) => landing.changes)) {
    if (onMain.has(bead)) wrong.push(`${bead} is in main twice: ${onMain.get(bead)} and ${commit}`)
    onMain.set(bead, commit)
    const said = facts(beads.get(bead) ?? ({} as Bead)).landed?.commit
    if (said !== commit) wrong.push(`${bead} is in main as ${commit}, the ledger says ${said ?? 'nothing'}`)
  }
  for (const [bead, commits] of timeline.landed) {
    if (commits.length > 1) wrong.push(`${bead} was called landed as ${commits.join(' and ')}`)
    if (!onMain.has(bead)) wrong.push(`${bead} is called landed as ${commits[0]}, and is not in main`)
  }
  return wrong
}

function untested({ mains }: Evidence): string[] {
  return mains.flatMap(({ rig, first, landings: steps, tested }) =>
    steps.flatMap((step, i) => {
      const onto = steps[i - 1]?.commit ?? first
      if (step.parents[0] !== onto) return [`${rig}: ${step.commit} does not stand on ${onto}`]
      return tested.has(step.tree) ? [] : [`${rig}: the gate was never run on the tree of ${step.commit}`]
    }),
  )
}

function excess({ timeline, shape }: Evidence): string[] {
  const wrong: string[] = []
  if (timeline.mostActive > shape.workers) wrong.push(`${timeline.mostActive} at once, and the cap is ${shape.workers}`)
  for (const { from, run, bead, attempt } of timeline.moves) {
    // The Refinery's own session may exceed the attempts by one (kernel/ladder.ts).
    if (from === null && attempt > shape.attempts + 1) wrong.push(`${run} was attempt ${attempt} of ${bead}`)
  }
  for (const { run, bead, round } of timeline.moves) {
    if (round > shape.rounds + 1) wrong.push(`${run} went into round ${round} of ${bead}`)
  }
  return [...new Set(wrong)]
}

/**
 * Runs with an agent at work that were ended or started anew, though nobody killed the agent and it did not end by itself:
 * death needs proof (law 5). One that has no process on record never lived; what `gt down` ends is told to.
 */
function calledDead({ timeline, hits, marks }: Evidence): string[] {
  return timeline.moves
    .filter((move) => ENDED.has(move.to) && move.reason !== DOWN && move.hasProcess && AGENT.has(move.from ?? ''))
    .filter((move) => !endedItself(move, marks, timeline) && !wasKilled(move, hits, timeline))
    .map((move) => `${move.run} of ${move.bead} became ${move.to} from ${move.from}: ${move.reason.slice(0, 120)}`)
}

const AGENT: ReadonlySet<string> = new Set(['working', 'quiet', 'rate_limited'])
const ENDED: ReadonlySet<string> = new Set(['lost', 'failed', 'stopped', 'starting'])
/** The reason that `gt down` writes (deacon/down.ts). */
const DOWN = 'the town went down'

/** Since its session began; one of an earlier round proves nothing of this one. */
function endedItself(move: Move, marks: Marks, { moves }: Timeline): boolean {
  const began = moves.findLast(({ run, to, at }) => run === move.run && to === 'starting' && at < move.at)?.at ?? 0
  return (marks.left.get(move.run) ?? []).some((at) => at >= began && at <= move.at)
}

function wasKilled(move: Move, hits: readonly Hit[], timeline: Timeline): boolean {
  const began = timeline.moves.find((one) => one.run === move.run)?.at ?? move.at
  return hits.some((hit) => {
    if (hit.at > move.at) return false
    return hit.killed?.includes(move.run) === true || (hit.kind === 'tmux' && hit.at >= began)
  })
}
