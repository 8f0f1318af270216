/**
 * Escalations: somebody, mostly an agent, tells people that something is wrong beyond its own task. Each is a bead of type
 * `event` with an open need: nobody's work, never ready, never slung. It makes no agent, no other bead and no escalation of its
 * own (depth 1), the same cause is counted up and told once, and a run has few open at a time. Pure.
 */
import { createHash } from 'node:crypto'
import { oneLine, sanitize } from '../agents/fence.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import type { Escalation } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { prefixOfId } from '../beads/ids.ts'
import { isOver } from '../beads/ready.ts'
import { gtPath } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Severity } from './severity.ts'
import { weight } from './severity.ts'

/** So many a run (or an agent without one) may have open at once. */
export const MOST_OPEN = 3
const TEXT_CHARS = 8_000
const TITLE_CHARS = 120

export interface Raise {
  text: string
  /** What is the same each time; without it the text, numbers aside. */
  cause?: string
  severity: Severity
  /** The bead that it is about. */
  about?: Bead
  from: string
  fence?: string
  at: string
}

export interface Raised {
  id: string
  /** It was open already, and is counted up. */
  again: boolean
  input: ChangeInput
}

export const escalationOf = (bead: Bead): Escalation | undefined => facts(bead).escalation

/** Open ones, oldest first. */
export function openEscalations(state: State): { bead: Bead; escalation: Escalation }[] {
  const found: { bead: Bead; escalation: Escalation }[] = []
  for (const bead of state.beads.values()) {
    const escalation = bead.issue_type === 'event' && !isOver(bead) ? escalationOf(bead) : undefined
    if (escalation !== undefined) found.push({ bead, escalation })
  }
  return found.sort((a, b) => (a.bead.created_at < b.bead.created_at ? -1 : 1))
}

/**
 * The change that tells people, or counts up what they were told. Errors: E_EMPTY; E_DEPTH, about an escalation or an incident;
 * E_TOO_MANY, of an agent that has enough open.
 */
export function escalate(state: State, raise: Raise): Result<Raised> {
  const { about, from, fence, severity, at } = raise
  const text = sanitize(raise.text).trim().slice(0, TEXT_CHARS)
  if (text === '') return fail('E_EMPTY', 'An escalation needs some words.', { hint: 'gt escalate "what is wrong"' })
  if (about !== undefined && (escalationOf(about) ?? facts(about).incident) !== undefined) {
    return fail('E_DEPTH', `${about.id} was told to people already; what people know is not escalated again.`, {
      kept: 'Nothing was written.',
      hint: `gt bead comment ${about.id} "…"`,
    })
  }
  const cause = causeOf(raise.cause ?? text)
  const open = openEscalations(state)
  const subject = about?.id ?? from
  const same = open.find(({ escalation: one }) => one.cause === cause && (one.about ?? one.from) === subject)
  if (same !== undefined)
    return ok({ id: same.bead.id, again: true, input: countUp(same.bead, same.escalation, raise) })
  const own = open.filter(({ escalation }) =>
    fence === undefined ? escalation.from === from : escalation.run === fence,
  )
  if (from !== 'person' && own.length >= MOST_OPEN) {
    return fail('E_TOO_MANY', `You have ${own.length} escalations open; people know of them.`, {
      kept: 'Nothing was written.',
      hint: 'Go on with what you can do, or: gt ask "…", then end your turn. What is over: gt escalate close <id>',
    })
  }
  const rig = about && facts(about).rig
  const id = idOf(state, about === undefined ? 'hq' : prefixOfId(about.id), `${subject} ${cause}`)
  const escalation: Escalation = {
    from,
    ...(fence !== undefined && { run: fence }),
    ...(about !== undefined && { about: about.id }),
    cause,
    severity,
    count: 1,
    last: at,
  }
  const bead: Bead = {
    id,
    title: oneLine(text, TITLE_CHARS),
    description: text,
    status: 'open',
    priority: 4 - weight(severity),
    issue_type: 'event',
    created_at: at,
    created_by: from,
    updated_at: at,
    labels: ['gt:escalation'],
    ...(about !== undefined && {
      dependencies: [{ issue_id: id, depends_on_id: about.id, type: 'related', created_at: at, created_by: from }],
    }),
    metadata: {
      gt: { version: 0, ...(rig !== undefined && { rig }), escalation, needs: { cause: 'escalation', text, at } },
    },
  }
  const why = `escalates: ${oneLine(text, TITLE_CHARS)}`
  const when = [{ if: 'absent' as const, id }]
  return ok({ id, again: false, input: { ...speaker(from, fence), why, when, ops: [{ op: 'create', bead }] } })
}

/** Said again: counted, and as grave as it was ever called. The instant stays, so nobody is told twice. */
function countUp({ id }: Bead, before: Escalation, { severity, from, fence, at }: Raise): ChangeInput {
  const graver = weight(severity) > weight(before.severity) ? severity : before.severity
  const value: Escalation = { ...before, severity: graver, count: before.count + 1, last: at }
  return {
    ...speaker(from, fence),
    why: `escalates again (${value.count} times): ${before.cause}`,
    when: [{ if: 'in', id, path: gtPath('escalation', 'count'), values: [before.count] }],
    ops: [{ op: 'set', id, path: gtPath('escalation'), value }],
  }
}

/** It is over: a person says so, or who raised it. */
export function closeEscalation(bead: Bead, reason: string, by: string, fence?: string): ChangeInput {
  const { id, status } = bead
  const ops: Op[] = [
    { op: 'set', id, path: ['status'], value: 'closed' },
    { op: 'set', id, path: ['close_reason'], value: oneLine(reason, 500) },
    { op: 'set', id, path: gtPath('outcome'), value: 'done' },
    { op: 'unset', id, path: gtPath('needs') },
  ]
  const why = `escalation over: ${oneLine(reason, TITLE_CHARS)}`
  return { ...speaker(by, fence), why, when: [{ if: 'in', id, path: ['status'], values: [status] }], ops }
}

const speaker = (by: string, fence: string | undefined) => ({ by, ...(fence !== undefined && { fence }) })

/** Words that stand for the same trouble at another hour: without numbers, ids and case. */
function causeOf(words: string): string {
  const line = sanitize(words)
    .toLowerCase()
    .replace(/[0-9]+/g, '#')
    .replace(/[^\p{L}#]+/gu, ' ')
  return line.trim().slice(0, 100) || 'unnamed'
}

/** The same for everybody who says the same at once; another one once an earlier one is over. */
function idOf(state: State, prefix: string, key: string): string {
  for (let n = 0; ; n++) {
    const sum = createHash('sha256').update(`${key} ${n}`).digest('hex').slice(0, 12)
    const id = `${prefix}-e${BigInt(`0x${sum}`).toString(36).padStart(10, '0')}`
    if (lookUp(state, id) === undefined) return id
  }
}
