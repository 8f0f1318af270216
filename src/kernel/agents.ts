/**
 * The books of the long-lived agents that a person talks to: the Mayor and the crew. Each has one bead of type `agent`, with
 * its present session, its past conversations and what the last one left to the next (beads/agent-facts.ts). Pure: each
 * function answers the change to write. Whoever writes one holds the agent's lease (`agentLease`).
 */
import type { AgentFacts, Conversation, ConversationEnd } from '../beads/agent-facts.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import type { State } from '../beads/fold.ts'
import { newBeadId } from '../beads/ids.ts'
import { gtPath } from './runs.ts'

/** Who writes these; not the person who asked, whose `gt undo` means another change. */
const BY = 'gt'
/** A town's own beads (town/rigs.ts). */
const PREFIX = 'hq'
/** Clients forget conversations after a month or so; a list without end would only make the ledger slow. */
export const CONVERSATIONS_KEPT = 50

export interface AgentBead {
  id: string
  agent: AgentFacts
}

/** One hand at a time on an agent: its sessions, its worktree, its bead. */
export const agentLease = (address: string): string => `agent:${address}`

/** Every long-lived agent that ever was, those that were removed too; in the order of their addresses. */
export function allAgents(state: State): AgentBead[] {
  const found: AgentBead[] = []
  for (const bead of state.beads.values()) {
    const { agent } = facts(bead)
    if (agent !== undefined && bead.status !== 'tombstone') found.push({ id: bead.id, agent })
  }
  return found.sort((a, b) => (a.agent.address < b.agent.address ? -1 : 1))
}

/** Those that are there. */
export const standingAgents = (state: State): AgentBead[] =>
  allAgents(state).filter(({ agent }) => agent.crew?.state !== 'removed')

/** The agent at that address, unless it was removed. */
export const agentAt = (state: State, address: string): AgentBead | undefined =>
  standingAgents(state).find(({ agent }) => agent.address === address)

/** The change that makes an agent's bead, and its id. */
export function newAgent(state: State, agent: AgentFacts, at: string): { id: string; change: ChangeInput } {
  const id = newBeadId(PREFIX, (taken) => state.beads.has(taken))
  const bead: Bead = {
    id,
    title: `Agent: ${agent.address}`,
    description: 'A record of this agent and its conversations, no task. gt seance lists them.',
    status: 'closed',
    priority: 4,
    issue_type: 'agent',
    created_at: at,
    created_by: BY,
    updated_at: at,
    closed_at: at,
    close_reason: 'a record, not a task',
    pinned: true,
    metadata: { gt: { version: 0, outcome: 'done', ...(agent.crew && { rig: agent.crew.rig }), agent } },
  }
  return {
    id,
    change: {
      by: BY,
      why: `${agent.address} is known to the town`,
      when: [{ if: 'absent', id }],
      ops: [{ op: 'create', bead }],
    },
  }
}

/** What is in the agent's pane: nothing that lives, or a session with this fence. */
export type InPane = { lives: false } | { lives: true; fence: string }

/** What has to be done so that the agent sits in the session that the books want. */
export type NextSession =
  | { is: 'in' }
  /** Take the conversation up again; a session that is not the wanted one gives way. */
  | { is: 'resume'; conversation: string }
  /** `after`: how the conversation before ended, if there was one. */
  | { is: 'fresh'; after: ConversationEnd | undefined }

/**
 * Decides from the books and the pane. `preset`: the agent table that is to play it; another one cannot take up a
 * conversation that is not its own.
 */
export function nextSession(agent: AgentFacts, pane: InPane, preset: string): NextSession {
  const { session, cycle, conversations } = agent
  if (cycle === 'asked') return { is: 'fresh', after: 'handoff' }
  if (pane.lives && pane.fence === session?.fence) return { is: 'in' }
  if (session === undefined) return { is: 'fresh', after: undefined }
  const before = conversations[session.conversation]
  if (before === undefined || before.preset !== preset) return { is: 'fresh', after: 'stopped' }
  return { is: 'resume', conversation: session.conversation }
}

export interface Opening {
  fence: string
  conversation: string
  entry: Conversation
  /** How the one before ended, when this one is another. */
  after: ConversationEnd | undefined
  /** Table to keep for later starts, when it was chosen by name. */
  preset: string | undefined
  at: string
}

/**
 * The session that begins now. Written before its process starts, so that what is found in the pane later can be told from
 * it by its fence; and with a fresh conversation the notes of the last are addressed to it.
 */
export function opens({ id, agent }: AgentBead, how: Opening): ChangeInput {
  const { fence, conversation, entry, after, preset, at } = how
  const path = (...keys: string[]): string[] => gtPath('agent', ...keys)
  const before = agent.session?.conversation
  const known = agent.conversations[conversation]
  const ops: Op[] = [
    { op: 'set', id, path: path('session'), value: { fence, conversation, since: at } },
    { op: 'set', id, path: path('in'), value: true },
    // Taken up again: as it was, and not over any more.
    { op: 'set', id, path: path('conversations', conversation), value: known ? reopened(known) : entry },
    { op: 'unset', id, path: path('cycle') },
  ]
  if (preset !== undefined) ops.push({ op: 'set', id, path: path('preset'), value: preset })
  if (before !== undefined && before !== conversation && after !== undefined) {
    ops.push(...closing(id, agent, before, after, at))
  }
  if (before !== conversation && agent.notes !== undefined && agent.notes.for === undefined) {
    ops.push({ op: 'set', id, path: path('notes', 'for'), value: conversation })
  }
  ops.push(...forgetting(id, agent, conversation))
  const why =
    before === conversation
      ? 'its conversation is taken up again'
      : `a fresh conversation begins${after ? ` (${after})` : ''}`
  return { by: BY, why: `${agent.address}: ${why}`, ops }
}

/** What was written for a session that did not come about is taken back. */
export const asBefore = ({ id, agent }: AgentBead, address: string): ChangeInput => ({
  by: BY,
  why: `${address}: its session could not be started`,
  ops: [{ op: 'set', id, path: gtPath('agent'), value: agent }],
})

const reopened = ({ ended: _, how: __, ...entry }: Conversation): Conversation => entry

/** The conversation is over, unless that was said before. */
function closing(id: string, agent: AgentFacts, conversation: string, how: ConversationEnd, at: string): Op[] {
  const entry = agent.conversations[conversation]
  if (entry === undefined || entry.ended !== undefined) return []
  return [{ op: 'set', id, path: gtPath('agent', 'conversations', conversation), value: { ...entry, ended: at, how } }]
}

/** The oldest go when there are too many. */
function forgetting(id: string, agent: AgentFacts, fresh: string): Op[] {
  const old = Object.entries(agent.conversations).filter(([name]) => name !== fresh)
  if (old.length < CONVERSATIONS_KEPT) return []
  old.sort(([, a], [, b]) => (a.started < b.started ? -1 : 1))
  return old
    .slice(0, old.length - CONVERSATIONS_KEPT + 1)
    .map(([name]) => ({ op: 'unset', id, path: gtPath('agent', 'conversations', name) }))
}

/** Its session is over. `home`: somebody sent it home, so it does not come back by itself. */
export function leaves({ id, agent }: AgentBead, how: 'stopped' | 'down', at: string): ChangeInput | null {
  const ops: Op[] = []
  if (agent.session !== undefined) ops.push(...closing(id, agent, agent.session.conversation, how, at))
  if (how === 'stopped' && agent.in) ops.push({ op: 'set', id, path: gtPath('agent', 'in'), value: false })
  return ops.length === 0 ? null : { by: BY, why: `${agent.address}: its session is over (${how})`, ops }
}

/** It asks for a fresh conversation and leaves word for it; the newest word counts. Applies only to the session that it is in. */
export function asksForCycle({ id, agent }: AgentBead, notes: string, by: string, at: string): ChangeInput {
  return {
    by,
    why: 'asks for a fresh session',
    rule: 'handoff',
    when: [{ if: 'in', id, path: gtPath('agent', 'session'), values: [agent.session ?? null] }],
    ops: [
      { op: 'set', id, path: gtPath('agent', 'notes'), value: { text: notes, at } },
      { op: 'set', id, path: gtPath('agent', 'cycle'), value: 'asked' },
    ],
  }
}

/**
 * The client in its session went over to another conversation by itself (`/clear`, or `/resume` at its prompt): from now on
 * that one is taken up again. Null when that is known already, or said by a session that is not its present one.
 */
export function wentOver(
  { id, agent }: AgentBead,
  fence: string,
  conversation: string,
  at: string,
): ChangeInput | null {
  const { session, conversations } = agent
  if (session?.fence !== fence || session.conversation === conversation) return null
  const before = conversations[session.conversation]
  if (before === undefined) return null
  const known = conversations[conversation]
  const entry = known !== undefined ? reopened(known) : { ...reopened(before), started: at }
  return {
    by: BY,
    why: `${agent.address}: its client went over to another conversation`,
    when: [{ if: 'in', id, path: gtPath('agent', 'session'), values: [session] }],
    ops: [
      { op: 'set', id, path: gtPath('agent', 'session', 'conversation'), value: conversation },
      { op: 'set', id, path: gtPath('agent', 'conversations', conversation), value: entry },
      ...closing(id, agent, session.conversation, 'cleared', at),
      ...forgetting(id, agent, conversation),
    ],
  }
}

/** What the last conversation left to this one; undefined: nothing. */
export function notesFor(
  agent: AgentFacts,
  conversation: string | undefined,
): { text: string; at: string } | undefined {
  const { notes } = agent
  return notes?.for !== undefined && notes.for === conversation ? notes : undefined
}
