/** How each crew member stands: asked of git, the runtime and its hooks at the moment, never stored. */
import { existsSync } from 'node:fs'
import type { Activity } from '../agents/beat.ts'
import { activityOf, readBeat } from '../agents/beat.ts'
import { agentDir } from '../agents/launch.ts'
import { git } from '../git/run.ts'
import { uncommitted } from '../git/worktrees.ts'
import type { OpenTown } from '../kernel/town.ts'
import { mine, openMessages } from '../mail/message.ts'
import type { Crew } from './who.ts'
import { allCrew, isThere } from './who.ts'

export interface CrewView {
  address: string
  rig: string
  name: string
  branch: string
  worktree: string
  state: 'making' | 'ready'
  /** `gone`: its session ended by itself. `unknown`: the runtime did not answer. */
  session: 'in' | 'out' | 'gone' | 'unknown'
  /** What its hooks said last, while it is in. */
  doing: Activity | null
  /** Last hook, else when its session began. RFC 3339. */
  last_seen: string | null
  agent: string | null
  conversation: string | null
  /** Commits that the target has not, and those of the target that it has not. Null: it could not be told. */
  ahead: number | null
  behind: number | null
  /** Uncommitted paths. */
  dirty: number | null
  /** Messages that it was not shown yet. */
  unread: number
}

export async function lookAtCrew(town: OpenTown, rig?: string): Promise<CrewView[]> {
  const there = allCrew(town.ledger.state).filter((one) => isThere(one) && (rig === undefined || one.crew.rig === rig))
  if (there.length === 0) return []
  const sessions = await town.runtime.list()
  const living =
    sessions.kind === 'ok'
      ? new Set(sessions.value.filter(({ alive }) => alive).map(({ labels }) => labels.agent))
      : sessions.kind === 'empty'
        ? new Set<string>()
        : undefined
  const views = await Promise.all(there.map((one) => viewOf(town, one, living)))
  return views.sort((a, b) => (a.address < b.address ? -1 : 1))
}

async function viewOf(
  town: OpenTown,
  own: Crew,
  living: ReadonlySet<string | undefined> | undefined,
): Promise<CrewView> {
  const { agent, crew } = own
  const sits = living?.has(agent.address)
  const session = sits === undefined ? 'unknown' : sits ? 'in' : agent.in ? 'gone' : 'out'
  const beat = readBeat(agentDir(town.root, { address: agent.address }))
  const seen = beat.kind === 'ok' ? new Date(beat.value.at).toISOString() : agent.session?.since
  const entry = agent.session && agent.conversations[agent.session.conversation]
  const [ahead, behind] = await distance(town, own)
  const dirty = existsSync(crew.worktree) ? await uncommitted(crew.worktree) : undefined
  return {
    address: agent.address,
    rig: crew.rig,
    name: crew.name,
    branch: crew.branch,
    worktree: crew.worktree,
    state: crew.state === 'ready' ? 'ready' : 'making',
    session,
    doing: session === 'in' && beat.kind === 'ok' ? activityOf(beat.value) : null,
    last_seen: seen ?? null,
    agent: entry?.preset ?? agent.preset ?? null,
    conversation: agent.session?.conversation ?? null,
    ahead,
    behind,
    dirty: dirty?.kind === 'ok' ? dirty.value.length : null,
    unread: unreadOf(town, agent.address),
  }
}

/** Letters that it was not shown yet. */
export function unreadOf(town: OpenTown, address: string): number {
  let unread = 0
  for (const { mail } of openMessages(town.ledger.state.beads.values())) {
    if (mine(mail, { address })?.delivery.state === 'queued') unread++
  }
  return unread
}

/** Against the target as this repository last saw it; no network is asked. */
async function distance(town: OpenTown, { crew }: Crew): Promise<[number | null, number | null]> {
  const rig = await town.rig(crew.rig)
  if (rig.kind === 'error' || !existsSync(crew.worktree)) return [null, null]
  const range = `HEAD...refs/remotes/origin/${rig.value.branch}`
  const counted = await git(['rev-list', '--left-right', '--count', range, '--'], { worktree: crew.worktree })
  const match = counted.kind === 'ok' ? /^(\d+)\s+(\d+)/.exec(counted.value.stdout) : null
  return match === null ? [null, null] : [Number(match[1]), Number(match[2])]
}
