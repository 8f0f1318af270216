/**
 * Incidents: the beads that stand for breakers that opened, one for each node and cause however many workers fail there.
 * Pure. Opened when nothing may start any more, updated while more fails, closed by themselves when it works again. A
 * person is told once, by the bead's open need; whoever closes it by hand is not told again of the same trouble.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import type { Cause, Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { INTENSITY } from './breaker-tree.ts'
import { troubleTitle } from './breaker-words.ts'
import type { Breaker } from './intensity.ts'
import { failuresAt, isWithin, QUIET_MS, TOWN } from './outcomes.ts'
import { gtPath } from './runs.ts'

/** Name of the rule, as `gt why` shows it. */
export const INTENSITY_RULE = 'restart-intensity'

/** The rule in words. */
export const INTENSITY_WORDS =
  `${INTENSITY.failures} failures of one cause within ${INTENSITY.windowMs / 60_000} min, of at least ${INTENSITY.beads} beads: ` +
  `nothing starts there for ${INTENSITY.restMs / 1000} s; then one run tries, and each time it fails the rest doubles, up to ` +
  `${INTENSITY.longestRestMs / 60_000} min`

const BY = 'deacon'
/** Failures quoted in the text for people; all of them: `gt why <incident>`. */
const QUOTED = 3
const REASON_CHARS = 140

type Incident = NonNullable<ReturnType<typeof facts>['incident']>

/** The bead of an incident with what is in it; undefined for other beads. */
export const incidentOf = (bead: Bead): Incident | undefined => facts(bead).incident

const isOpen = (bead: Bead): boolean => bead.status !== 'closed' && bead.status !== 'tombstone'

/** Changes that make the incidents what the breakers say now; none when they are. */
export function incidents(state: State, breakers: readonly Breaker[], now: Date): ChangeInput[] {
  const at = now.toISOString()
  const standing = openIncidents(state)
  const changes: ChangeInput[] = []
  const broken = breakers.filter((one) => one.state !== 'closed')
  for (const breaker of broken) {
    const bead = standing.get(keyOf(breaker))
    if (bead !== undefined) changes.push(...update(state, bead, breaker, at))
    // What stands above it has told it already.
    else if (!broken.some((one) => one !== breaker && one.cause === breaker.cause && isWithin(breaker.node, one.node)))
      changes.push(...open(state, breaker, at))
  }
  for (const [key, bead] of standing) {
    if (broken.some((one) => keyOf(one) === key)) continue
    changes.push(
      close(
        bead,
        breakers.find((one) => keyOf(one) === key),
      ),
    )
  }
  return changes
}

const keyOf = ({ node, cause }: { node: string; cause: Cause }): string => `${node} ${cause}`

function openIncidents(state: State): Map<string, Bead> {
  const found = new Map<string, Bead>()
  for (const bead of state.beads.values()) {
    if (bead.issue_type !== 'event') continue
    const incident = incidentOf(bead)
    if (incident !== undefined && isOpen(bead)) found.set(keyOf(incident), bead)
  }
  return found
}

function open(state: State, breaker: Breaker, at: string): ChangeInput[] {
  const { node, cause, first, last, failures } = breaker
  const id = idOf(breaker)
  // It stood already, and somebody closed it.
  if (state.beads.has(id)) return []
  const rig = node === TOWN ? undefined : node.split('/')[0]!
  const bead: Bead = {
    id,
    title: troubleTitle(node, cause),
    description: `Found by counting: ${INTENSITY_WORDS}. It is closed by itself once something that was started there works.`,
    status: 'open',
    priority: 1,
    issue_type: 'event',
    created_at: at,
    created_by: BY,
    updated_at: at,
    labels: ['gt:incident'],
    metadata: {
      gt: {
        version: 0,
        ...(rig !== undefined && { rig }),
        incident: { node, cause, count: failures.length, first, last },
        needs: { cause: 'breaker', text: asksFor(state, id, breaker), at },
      },
    },
  }
  const why = `${troubleTitle(node, cause)}: ${failures.length} times since ${first}`
  return [{ ...said(state, breaker, why), when: [{ if: 'absent', id }], ops: [{ op: 'create', bead }] }]
}

function update(state: State, bead: Bead, breaker: Breaker, at: string): ChangeInput[] {
  const { id } = bead
  const { incident, needs } = facts(bead)
  const { first, last, failures } = breaker
  if (incident === undefined || incident.count === failures.length) return []
  const value = { node: breaker.node, cause: breaker.cause, count: failures.length, first, last }
  const ops: Op[] = [{ op: 'set', id, path: gtPath('incident'), value }]
  // What a person answered stays answered. The instant stays too: the same trouble is told once.
  if (needs?.cause === 'breaker')
    ops.push({ op: 'set', id, path: gtPath('needs', 'text'), value: asksFor(state, id, breaker) })
  const why = `still: ${failures.length} failures, the last at ${last === at ? 'this moment' : last}`
  return [{ ...said(state, breaker, why), when: unchanged(bead, incident), ops }]
}

function close(bead: Bead, breaker: Breaker | undefined): ChangeInput {
  const { id } = bead
  const incident = incidentOf(bead)!
  const proof = breaker?.closedBy
  const why = proof === undefined ? `nothing failed there for ${QUIET_MS / 60_000} min` : `run ${proof} works`
  const ops: Op[] = [
    { op: 'set', id, path: ['status'], value: 'closed' },
    { op: 'set', id, path: ['close_reason'], value: `over by itself: ${why}` },
    { op: 'set', id, path: gtPath('outcome'), value: 'done' },
    { op: 'unset', id, path: gtPath('needs') },
  ]
  return { by: BY, why: `over: ${why}`, rule: INTENSITY_RULE, when: unchanged(bead, incident), ops }
}

/** Of two drivers who look at once, one writes. */
const unchanged = ({ id, status }: Bead, { count }: Incident): NonNullable<ChangeInput['when']> => [
  { if: 'in', id, path: ['status'], values: [status] },
  { if: 'in', id, path: gtPath('incident', 'count'), values: [count] },
]

function said(state: State, breaker: Breaker, why: string): Pick<ChangeInput, 'by' | 'why' | 'rule' | 'evidence'> {
  return { by: BY, why, rule: INTENSITY_RULE, evidence: newest(state, breaker).map(line) }
}

function newest(state: State, { node, cause, first, last }: Breaker): Run[] {
  return failuresAt(state, node, cause, first, last)
    .slice(-QUOTED)
    .map(({ run }) => run)
}

function line({ fence, bead, reason }: Run): string {
  const words = (reason ?? 'no reason given').replace(/\s+/g, ' ').trim()
  return `${fence} (${bead}): ${words.length > REASON_CHARS ? `${words.slice(0, REASON_CHARS - 1)}…` : words}`
}

/** What a person reads: how often, how the last ones ended, what to type. */
function asksFor(state: State, id: string, breaker: Breaker): string {
  const { failures, beads, cause } = breaker
  const count = `${failures.length} failures of ${beads.length} beads since ${breaker.first.slice(11, 16)} UTC`
  const last = newest(state, breaker).map(line).join('; ')
  return `${count}; until it is mended one run at a time tries by itself. ${WAYS[cause]} All of it: gt why ${id}. The last: ${last}`
}

const WAYS: Record<Cause, string> = {
  start: 'Mend what keeps them from starting (the reasons say what): gt doctor.',
  exit: 'See what the agents said last, and whether they run by hand: gt config get workers.agent.',
  crash: 'See what ends them (the system’s log), and what they left: gt restore <run>.',
  memory: 'Let fewer run at once: gt config set workers.max <n>.',
}

/** The same for everybody who sees the same trouble, so that two drivers make one bead. */
function idOf({ node, cause, first, beads }: Breaker): string {
  const prefix = node === TOWN ? 'hq' : (beads[0]?.split('-')[0] ?? 'hq')
  return `${prefix}-i${digest(`${node} ${cause} ${first}`)}`
}

/** Twelve characters of base 36 of two 32-bit FNV-1a sums: for telling apart, not for secrets. */
function digest(text: string): string {
  const sum = (seed: number): string => {
    let hash = seed
    for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
    return hash.toString(36).padStart(7, '0').slice(-6)
  }
  return sum(0x811c9dc5) + sum(0x9dc5811c)
}
