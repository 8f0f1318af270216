/**
 * Every conversation that the ledger knows of, and which one is meant: those of the Mayor and the crew stand with their beads,
 * a worker's with its run (of a run with several sessions the last one). Pure.
 */
import type { AgentFacts } from '../beads/agent-facts.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { nearest } from '../town/nearest.ts'
import { isTerminal } from './runs.ts'

export interface PastSession {
  address: string
  conversation: string
  /** Agent table. */
  agent: string
  /** Model that it was begun with; null: none was chosen. */
  model: string | null
  account: string | null
  /** RFC 3339. */
  started: string
  /** Null: it goes on, or nobody said that it ended. */
  ended: string | null
  /** How: a conversation's end, or the state of a run. */
  how: string | null
  run: string | null
  bead: string | null
  title: string | null
  cwd: string
  /** Where its client keeps it, where that was written down. */
  config: string | null
}

/** All of them, the newest first. */
export function pastSessions(beads: Iterable<Bead>): PastSession[] {
  const found: PastSession[] = []
  for (const bead of beads) {
    const { agent, runs } = facts(bead)
    if (agent !== undefined) found.push(...ofAgent(agent))
    for (const run of Object.values(runs ?? {})) {
      if (run.conversation !== undefined) found.push(ofRun(bead, run, run.conversation))
    }
  }
  return found.sort((a, b) => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0))
}

const ofAgent = ({ address, conversations }: AgentFacts): PastSession[] =>
  Object.entries(conversations).map(([conversation, one]) => ({
    address,
    conversation,
    agent: one.preset,
    model: one.model ?? null,
    account: one.account ?? null,
    started: one.started,
    ended: one.ended ?? null,
    how: one.how ?? null,
    run: null,
    bead: null,
    title: null,
    cwd: one.cwd,
    config: one.config ?? null,
  }))

const ofRun = (bead: Bead, run: Run, conversation: string): PastSession => ({
  address: run.agent,
  conversation,
  agent: run.preset,
  model: run.model ?? null,
  account: run.account ?? null,
  started: run.claimed_at,
  ended: isTerminal(run) ? run.since : null,
  how: isTerminal(run) ? run.state : null,
  run: run.fence,
  bead: bead.id,
  title: bead.title,
  cwd: run.worktree,
  config: null,
})

/** Enough of a conversation's id to be no accident. */
const ID_CHARS = 6

/**
 * The sessions that a person means: one by conversation (or its beginning) or run, all of an address (`gp/toast` for a
 * worker, `gp/max` for the crew) or of a bead. Errors: E_NO_SESSIONS with the nearest name.
 */
export function sessionsOf(all: PastSession[], who: string): Result<PastSession[]> {
  const exact = all.filter(({ conversation, run }) => conversation === who || run === who)
  if (exact.length > 0) return ok(exact)
  const short = (address: string): string => address.replace(/\/(polecats|crew)\//, '/')
  const named = all.filter(({ address, bead }) => address === who || short(address) === who || bead === who)
  if (named.length > 0) return ok(named)
  const begun = who.length < ID_CHARS ? [] : all.filter(({ conversation }) => conversation.startsWith(who))
  if (begun.length === 1) return ok(begun)
  const near = nearest(who, [...new Set(all.flatMap(({ address }) => [address, short(address)]))])
  return fail('E_NO_SESSIONS', `Nobody called ${JSON.stringify(who.slice(0, 100))} ever had a session here.`, {
    hint: near === undefined ? 'gt seance   lists them' : `Did you mean ${near}?`,
  })
}

/**
 * Which of an address's sessions answers: the newest that is over, else the one that goes on. `own`: the caller's own
 * conversation, which need not be asked.
 */
export function toAsk(
  sessions: PastSession[],
  askable: (one: PastSession) => boolean,
  own: string | undefined,
): PastSession | undefined {
  const open = sessions.filter((one) => one.conversation !== own && askable(one))
  return open.find(({ ended }) => ended !== null) ?? open[0]
}
