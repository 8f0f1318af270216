/** Everybody who works in the town, one line each: live runs first of all, and sessions that belong to none. Pure. */
import { roleOf } from '../agents/roles.ts'
import type { SessionView } from '../agents/runtime.ts'
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { Alive, Verdict } from '../witness/evaluate.ts'
import type { Sightings } from './sightings.ts'

export interface AgentLine {
  /** `app/polecats/toast`, `mayor`, `app/crew/ann`. */
  address: string
  role: 'mayor' | 'crew' | 'polecat' | 'witness' | 'refinery' | (string & {})
  rig: string | null
  bead: string | null
  title: string | null
  /** Fence. */
  run: string | null
  /** The run's state; of a session without a run `in`, or `ended` once its process is gone. */
  state: string
  since: string | null
  /** What was seen of it just now; null for whoever was not looked at (handed in, parked). */
  health: 'alive' | 'quiet' | 'detecting' | 'dead' | 'unknown' | null
  doing: 'starting' | 'busy' | 'idle' | 'waiting' | 'ended' | (string & {}) | null
  /** What it waits for, in its client's words. */
  waiting_for: string | null
  /** The last sign of life. */
  seen: string | null
  /** Percent of its context in use. */
  context: number | null
  /** Runtime session, for `gt peek` and `gt attach`; null: it has none now. */
  session: string | null
  /** Agent table: `claude`, `script` … */
  agent: string | null
  model: string | null
  attempt: number | null
  round: number | null
  /** It takes one of the town's worker slots. */
  slot: boolean
}

/** The order of roles on a screen. */
const RANK: Record<string, number> = { mayor: 0, crew: 1, polecat: 2, refinery: 3, witness: 4 }

/** In a steady order, so that rows stay where the eye left them: by role, then by address. */
export function agentsOf(state: State, sightings: Sightings, now: Date): AgentLine[] {
  const runs = [...state.live.entries()].flatMap(([bead, held]) => held.map((run) => ({ bead, run })))
  const byFence = new Map(sightings.sessions.map((one) => [one.labels.run ?? '', one]))
  const fences = new Set(runs.map(({ run }) => run.fence))
  const lines = runs.map(({ bead, run }) =>
    ofRun(run, state.beads.get(bead)?.title ?? null, byFence.get(run.fence), sightings, now),
  )
  for (const session of sightings.sessions) {
    const { run, agent } = session.labels
    // A session whose run is over is on its way out: clearing it is the daemon's.
    if (run !== undefined || agent === undefined || fences.has(run ?? '')) continue
    lines.push(ofSession(session, agent, sightings))
  }
  const rank = ({ role }: AgentLine): number => RANK[role] ?? 5
  return lines.sort((a, b) => rank(a) - rank(b) || (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
}

function ofRun(
  run: Run,
  title: string | null,
  session: SessionView | undefined,
  { verdicts, context }: Sightings,
  now: Date,
): AgentLine {
  const verdict = verdicts.get(run.fence)
  const { doing, newest } = insideOf(verdict)
  const full = session === undefined ? undefined : context.get(session.name)
  return {
    address: run.agent,
    role: roleOf(run),
    rig: run.rig,
    bead: run.bead,
    title,
    run: run.fence,
    state: run.state,
    since: run.since,
    health: verdict?.is ?? null,
    doing: wordFor(run, doing?.is),
    waiting_for: doing?.waitingFor ?? null,
    seen: newest === undefined ? null : new Date(Math.min(newest.at, now.getTime())).toISOString(),
    context: full ?? null,
    session: session?.name ?? null,
    agent: run.preset,
    model: run.model ?? null,
    attempt: run.attempt,
    round: run.round,
    slot: ACTIVE_RUN.has(run.state),
  }
}

/** An agent without hooks gives no further sign once it works: that is no starting. */
const wordFor = ({ state }: Run, is: Alive['doing']['is'] | undefined): AgentLine['doing'] =>
  is === undefined || is === 'unknown' || (is === 'starting' && state === 'working') ? null : is

const insideOf = (verdict: Verdict | undefined): Partial<Pick<Alive, 'doing' | 'newest'>> =>
  verdict?.is === 'alive' || verdict?.is === 'quiet' ? verdict : {}

function ofSession(session: SessionView, address: string, { signs, context }: Sightings): AgentLine {
  const { role = 'agent', rig, bead } = session.labels
  const sign = signs.get(session.name)
  return {
    address,
    role,
    rig: rig ?? null,
    bead: bead ?? null,
    title: null,
    run: null,
    state: session.alive ? 'in' : 'ended',
    since: null,
    health: session.alive ? 'alive' : 'dead',
    doing: session.alive ? (sign?.doing ?? null) : 'ended',
    waiting_for: null,
    seen: sign?.at == null ? null : new Date(sign.at).toISOString(),
    context: context.get(session.name) ?? null,
    session: session.name,
    agent: null,
    model: null,
    attempt: null,
    round: null,
    slot: false,
  }
}
