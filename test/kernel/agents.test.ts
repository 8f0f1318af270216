/** The books of the Mayor and the crew: which session they should be in, and what is kept of the ones before. */
import { describe, expect, it } from 'vitest'
import type { AgentFacts } from '../../src/beads/agent-facts.ts'
import type { ChangeInput } from '../../src/beads/change.ts'
import { notReadyBecause, readyBeads } from '../../src/beads/ready.ts'
import {
  agentAt,
  asBefore,
  asksForCycle,
  CONVERSATIONS_KEPT,
  leaves,
  newAgent,
  nextSession,
  notesFor,
  opens,
  wentOver,
} from '../../src/kernel/agents.ts'
import { statusOf } from '../../src/kernel/status.ts'
import { waitsOf } from '../../src/kernel/waiting.ts'
import { at, stateOf, write } from './support.ts'

const FRESH: AgentFacts = { address: 'gp/crew/max', role: 'crew', in: false, conversations: {} }
const ENTRY = { preset: 'claude', cwd: '/w', started: at(1), config: '/home/.claude' }

function known(agent: AgentFacts = FRESH) {
  const state = stateOf()
  write(state, newAgent(state, agent, at(0)).change)
  const own = () => agentAt(state, agent.address)!
  const put = (change: ChangeInput | null) => change !== null && write(state, change).applied
  const open = (conversation: string, fence: string, after?: 'handoff' | 'lost') =>
    put(opens(own(), { fence, conversation, entry: ENTRY, after, preset: undefined, at: at(1) }))
  return { state, own, put, open }
}

it('a record of an agent is never a task', () => {
  const { state } = known()
  const now = new Date(at(9))
  const [bead] = [...state.beads.values()]
  expect(readyBeads(state, { now })).toEqual([])
  expect(notReadyBecause(state, bead!, now)).not.toBeNull()
  const { running, landed, waiting, ready } = statusOf(state, now)
  expect(waitsOf(state)).toEqual([])
  expect({ running, landed, waiting, ready }).toEqual({
    running: [],
    landed: [],
    waiting: [],
    ready: 0,
  })
})

describe('which session comes next', () => {
  const lives = (fence: string) => ({ lives: true as const, fence })
  const empty = { lives: false as const }

  it('the first one is a fresh conversation; afterwards the same is taken up', () => {
    const { own, open } = known()
    expect(nextSession(own().agent, empty, 'claude')).toEqual({ is: 'fresh', after: undefined })
    open('c1', 'f1')
    expect(nextSession(own().agent, lives('f1'), 'claude')).toEqual({ is: 'in' })
    expect(nextSession(own().agent, empty, 'claude')).toEqual({ is: 'resume', conversation: 'c1' })
  })

  it('a pane that holds an older session gives way to the one that was written down', () => {
    const { own, open, put } = known()
    open('c1', 'f1')
    put(asksForCycle(own(), 'go on', 'gp/crew/max', at(2)))
    expect(nextSession(own().agent, lives('f1'), 'claude')).toEqual({ is: 'fresh', after: 'handoff' })
    // Killed after this: the pane still shows f1.
    open('c2', 'f2', 'handoff')
    expect(nextSession(own().agent, lives('f1'), 'claude')).toEqual({ is: 'resume', conversation: 'c2' })
    expect(notesFor(own().agent, 'c2')?.text).toBe('go on')
    expect(own().agent).toMatchObject({ conversations: { c1: { how: 'handoff', ended: at(1) }, c2: { cwd: '/w' } } })
    expect(own().agent.cycle).toBeUndefined()
    expect(nextSession(own().agent, lives('f2'), 'claude')).toEqual({ is: 'in' })
  })

  it('another agent table does not take up a conversation that is not its own', () => {
    const { own, open } = known()
    open('c1', 'f1')
    expect(nextSession(own().agent, empty, 'codex')).toEqual({ is: 'fresh', after: 'stopped' })
  })
})

it('notes are for one conversation: the next that begins', () => {
  const { own, open, put } = known()
  open('c1', 'f1')
  put(asksForCycle(own(), 'first', 'gp/crew/max', at(2)))
  open('c2', 'f2', 'handoff')
  open('c3', 'f3', 'lost')
  expect(notesFor(own().agent, 'c2')?.text).toBe('first')
  expect(notesFor(own().agent, 'c3')).toBeUndefined()
  expect(notesFor(own().agent, undefined)).toBeUndefined()
})

it('a session that was replaced has no word any more', () => {
  const { own, open, put } = known()
  open('c1', 'f1')
  const old = own()
  open('c1', 'f2')
  expect(put(asksForCycle(old, 'late', 'gp/crew/max', at(3)))).toBe(false)
  expect(wentOver(own(), 'f1', 'c9', at(3))).toBeNull()
  expect(own().agent.notes).toBeUndefined()
})

it('follows its client to another conversation, and back', () => {
  const { own, open, put } = known()
  open('c1', 'f1')
  expect(wentOver(own(), 'f1', 'c1', at(2))).toBeNull()
  put(wentOver(own(), 'f1', 'c2', at(2)))
  expect(own().agent).toMatchObject({
    session: { fence: 'f1', conversation: 'c2' },
    conversations: { c1: { how: 'cleared' } },
  })
  put(wentOver(own(), 'f1', 'c1', at(3)))
  expect(own().agent.conversations.c1?.ended).toBeUndefined()
  expect(own().agent.conversations.c2).toMatchObject({ how: 'cleared', ended: at(3) })
})

it('who is sent home does not come back by itself; who went down with the town does', () => {
  const { own, open, put } = known()
  open('c1', 'f1')
  put(leaves(own(), 'down', at(2)))
  expect(own().agent).toMatchObject({ in: true, conversations: { c1: { how: 'down' } } })
  expect(leaves(own(), 'down', at(3))).toBeNull()
  open('c1', 'f2')
  expect(own().agent.conversations.c1).toEqual(ENTRY)
  put(leaves(own(), 'stopped', at(4)))
  expect(own().agent).toMatchObject({ in: false, conversations: { c1: { how: 'stopped' } } })
})

it('a start that failed leaves the books as they were', () => {
  const { own, open, put } = known()
  open('c1', 'f1')
  const before = own()
  open('c2', 'f2', 'lost')
  put(asBefore(before, 'gp/crew/max'))
  expect(own().agent).toEqual(before.agent)
})

it('keeps the newest conversations', () => {
  const { own, open } = known()
  for (let n = 0; n < CONVERSATIONS_KEPT + 5; n++) open(`c${n}`, `f${n}`, 'lost')
  const names = Object.keys(own().agent.conversations)
  expect(names).toHaveLength(CONVERSATIONS_KEPT)
  expect(names).toContain(`c${CONVERSATIONS_KEPT + 4}`)
})
