/**
 * What a change of the ledger means to people, in their words: somebody began, handed in, landed, asked. Pure, from the
 * operations alone. What only keeps the books (leases, heartbeats, steps of the queue) is marked `system` (pain H14).
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Change, Op } from '../beads/change.ts'

export type HappeningKind =
  | 'created'
  | 'slung'
  | 'claimed'
  | 'started'
  | 'said'
  | 'asked'
  | 'answered'
  | 'needs_you'
  | 'parked'
  | 'limited'
  | 'quiet'
  | 'step'
  | 'handed_in'
  | 'queue'
  | 'red'
  | 'conflict'
  | 'held'
  | 'landed'
  | 'closed'
  | 'reopened'
  | 'failed'
  | 'stopped'
  | 'edited'
  | 'books'

export interface Happening {
  /** Id of the change, and `.2` … for the further happenings of one change. */
  id: string
  /** RFC 3339 UTC. */
  at: string
  by: string
  kind: HappeningKind
  /** The task that it is about. */
  bead?: string
  /** Fence of the run that it is about. */
  run?: string
  /** One line without the bead's id and title. */
  text: string
  /** Only keeps the books. */
  system: boolean
}

/** What happened with one bead, before it is put together with the change. */
type Found = Pick<Happening, 'kind' | 'text'> & { bead?: string; run?: string; system?: true }

/** Types of beads that are no task of anybody: what happens to them is the books'. */
const NO_TASK = new Set(['merge-request', 'message', 'gate', 'event', 'agent', 'role', 'rig', 'digest'])

/** So many new beads in one change are told in one line. */
const SEPARATELY = 3

/** Every happening of a change that applied, in the order of the change; never none. */
export function happeningsOf(change: Change): Happening[] {
  const found = [...creations(change.ops), ...beadsOf(change.ops).flatMap((ops) => ofBead(change, ops))]
  if (found.length === 0) found.push({ kind: 'books', text: change.why, system: true, ...only(change) })
  return found.map(({ kind, text, bead, run, system = false as boolean }, n) => ({
    id: n === 0 ? change.id : `${change.id}.${n + 1}`,
    at: change.at,
    by: change.by,
    kind,
    ...(bead !== undefined && { bead }),
    ...((run ?? change.fence) !== undefined && { run: run ?? change.fence }),
    text,
    system,
  }))
}

/** The one bead that a change is about. */
function only({ ops }: Change): { bead?: string } {
  const ids = new Set(ops.flatMap((op) => ('bead' in op ? [op.bead.id] : 'id' in op ? [op.id] : [])))
  return ids.size === 1 ? { bead: [...ids][0]! } : {}
}

function creations(ops: readonly Op[]): Found[] {
  const made = ops.flatMap((op) => (op.op === 'create' ? [op.bead] : [])).filter(isTask)
  const calls = made.filter((bead) => facts(bead).needs !== undefined)
  const others = made.filter((bead) => facts(bead).needs === undefined)
  return [
    ...(others.length > SEPARATELY
      ? [{ kind: 'created' as const, bead: others[0]!.id, text: `created, with ${others.length - 1} more` }]
      : others.map((bead): Found => ({ kind: 'created', bead: bead.id, text: 'created' }))),
    ...calls.map((bead): Found => ({ kind: 'needs_you', bead: bead.id, text: facts(bead).needs!.text })),
  ]
}

/** Somebody’s work, not one of the records around it. */
export function isTask(bead: Bead): boolean {
  const { step, dog, order, digest_of } = facts(bead)
  return !NO_TASK.has(bead.issue_type) && !step && !dog && !order && !digest_of && bead.ephemeral !== true
}

type OnBead = Op & { id: string; path: string[] }

/** The operations inside beads, by bead, in their order. */
function beadsOf(ops: readonly Op[]): OnBead[][] {
  const found = new Map<string, OnBead[]>()
  for (const op of ops) {
    if (!('path' in op)) continue
    const own = found.get(op.id)
    if (own) own.push(op)
    else found.set(op.id, [op])
  }
  return [...found.values()]
}

/** What the operations on one bead say; the weightiest alone, but for a call for a person, which stands beside it. */
function ofBead(change: Change, ops: OnBead[]): Found[] {
  const bead = ops[0]!.id
  const values = new Map(ops.map((op) => [op.path.join('.'), op]))
  const set = (path: string): unknown => {
    const op = values.get(path)
    return op?.op === 'set' ? op.value : undefined
  }
  const merge = set('metadata.gt.merge.state')
  if (merge !== undefined) return ofMerge(change, String(merge), bead)
  const needs = needsOf(change, bead, values.get('metadata.gt.needs'))
  const asks = needs?.kind === 'asked' || needs?.kind === 'needs_you' ? [needs] : []
  const run = ofRun(change, bead, ops)
  if (run !== undefined) return [run, ...asks]
  if (needs !== undefined && set('metadata.gt.outcome') === undefined && set('metadata.gt.slung') === undefined)
    return [needs]
  const plain = ofFields(change, bead, ops, set)
  return plain === undefined ? asks : [plain, ...asks]
}

/** What a comment is: a question to people (`gt ask`), their answer, or a word. */
export function spoken(text: string): { kind: 'asked' | 'answered' | 'said'; words: string } {
  const [, head, words = ''] = /^(Question|Answer): (.*)$/s.exec(text) ?? []
  if (head === undefined) return { kind: 'said', words: text }
  return { kind: head === 'Question' ? 'asked' : 'answered', words }
}

function needsOf({ why, ops }: Change, bead: string, op: Op | undefined): Found | undefined {
  if (op?.op === 'unset') {
    const comment = ops.find((one) => one.op === 'add' && one.id === bead && one.path[0] === 'comments')
    const said = comment?.op === 'add' ? spoken(String((comment.value as { text?: unknown }).text)) : undefined
    return { kind: 'answered', bead, text: said?.kind === 'answered' ? said.words : why }
  }
  if (op?.op !== 'set') return undefined
  const { cause, text } = op.value as { cause?: string; text?: string }
  return { kind: cause === 'ask' ? 'asked' : 'needs_you', bead, text: text ?? why }
}

/** A run's own record: `metadata.gt.runs.<fence>`, as a whole or in parts. */
function ofRun({ why, by }: Change, bead: string, ops: OnBead[]): Found | undefined {
  const own = ops.filter((op) => op.path[1] === 'gt' && op.path[2] === 'runs' && op.path.length >= 4)
  const first = own[0]
  if (first === undefined) return undefined
  const run = first.path[3]!
  const claimed = own.find((op) => op.path.length === 4 && op.op === 'set')
  if (claimed?.op === 'set') {
    const { agent } = claimed.value as { agent?: string }
    return { kind: 'claimed', bead, run, text: `given to ${agent ?? by}`, system: true }
  }
  const state = own.find((op) => op.path[4] === 'state' && op.op === 'set')
  const to = state?.op === 'set' ? String(state.value) : ''
  const spoke = own.some((op) => op.path[4] === 'spoke')
  const said = (kind: HappeningKind, text: string, system?: true): Found => ({
    kind,
    bead,
    run,
    text,
    ...(system && { system }),
  })
  switch (to) {
    case 'working':
      return spoke ? said('started', 'at work') : said('books', why, true)
    case 'submitted':
      return said('handed_in', why.replace(/^done: /, 'handed in: '))
    case 'finished':
      // Told by the bead's own end, in the same change.
      return undefined
    case 'parked':
      return said('parked', why)
    case 'rate_limited':
      return said('limited', why)
    case 'quiet':
      return said('quiet', why, true)
    case 'lost':
    case 'failed':
      return said('failed', why)
    case 'stopped':
      return said('stopped', why)
    default:
      return said('books', why, true)
  }
}

/** What the queue says of its own step is the books'; what sends work home or holds it is news. */
function ofMerge({ why, ops }: Change, to: string, request: string): Found[] {
  const run = ops.find((op) => 'path' in op && op.path[2] === 'runs')
  // Handing in, landing and the end of a run are told by the task's own bead, in the same change.
  if (run !== undefined || to === 'landed') return []
  if (to === 'red' || to === 'conflict') return [{ kind: to, bead: request, text: why }]
  if (to === 'held' || to === 'could_not_run') return [{ kind: 'held', bead: request, text: why }]
  return [{ kind: 'queue', bead: request, text: `${to}: ${why}`, system: true }]
}

function ofFields(change: Change, bead: string, ops: OnBead[], set: (path: string) => unknown): Found | undefined {
  const { why, ops: all } = change
  if (set('metadata.gt.landed') !== undefined) {
    const { commit = '', target = '' } = set('metadata.gt.landed') as { commit?: string; target?: string }
    return { kind: 'landed', bead, text: `landed on ${target} as ${commit.slice(0, 10)}` }
  }
  const slung = set('metadata.gt.slung') as { rig?: string; agent?: string } | undefined
  if (slung !== undefined) return { kind: 'slung', bead, text: `slung to ${slung.agent ?? slung.rig}` }
  const comment = ops.find((op) => op.op === 'add' && op.path[0] === 'comments')
  if (comment?.op === 'add') return { kind: 'said', bead, text: String((comment.value as { text?: unknown }).text) }
  if (set('status') === 'closed') {
    // A merge request is closed with its task; a step has its own words.
    if (all.some((op) => 'path' in op && op.id !== bead && op.path[2] === 'landed')) return undefined
    if (change.rule === 'step-done') return { kind: 'step', bead, text: why }
    const outcome = set('metadata.gt.outcome')
    const reason = set('close_reason')
    if (outcome === undefined) return { kind: 'books', bead, text: why, system: true }
    return { kind: 'closed', bead, text: `${outcome}${typeof reason === 'string' ? `: ${reason}` : ''}` }
  }
  if (set('status') === 'open' && why.startsWith('reopened ')) return { kind: 'reopened', bead, text: 'opened again' }
  if (ops.some((op) => op.path[0] !== 'metadata' && op.path[0] !== 'updated_at'))
    return { kind: 'edited', bead, text: why, system: true }
  return { kind: 'books', bead, text: why, system: true }
}
