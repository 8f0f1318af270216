/**
 * A town without processes: random moves of people, workers, drivers and the daemon, each built from a reading that may
 * be old, as it is between processes. The builders' own conditions are all that keeps order. Only for tests.
 */
import fc from 'fast-check'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { ChangeInput } from '../../src/beads/change.ts'
import type { MergeState, Run, RunState } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { activeRuns } from '../../src/beads/fold.ts'
import { fixedAgent } from '../../src/kernel/ladder.ts'
import type { MergeRequest } from '../../src/kernel/merges.ts'
import { land, mergeOf, step, submit } from '../../src/kernel/merges.ts'
import * as runs from '../../src/kernel/runs.ts'
import { park, unpark } from '../../src/kernel/sessions.ts'
import { order } from '../../src/polecats/sling.ts'
import { aBead, aRun, at, stateOf, write } from './support.ts'

export const CAP = 2
const IDS = ['gp-a', 'gp-b', 'gp-c', 'gp-d']
/** Fewer names than beads, so that they clash. */
const NAMES = ['toast', 'rust', 'chrome']
const POLICY = { attempts: 3, backoffMs: 1000 }

const STEPS = ['provisioning', 'starting', 'working', 'quiet', 'rate_limited'] as const
const MERGE_STEPS = ['queued', 'building', 'testing', 'landing', 'conflict', 'red', 'could_not_run', 'held'] as const
const KINDS = [
  'forward',
  'claim',
  ...STEPS,
  'comeBack',
  'handOver',
  'submit',
  'lost',
  'failed',
  'stop',
  'shelve',
  'decline',
  'park',
  'unpark',
  'clear',
  'needsHuman',
  'sling',
  'land',
  ...MERGE_STEPS.map((state) => `merge:${state}` as const),
] as const
export type Kind = (typeof KINDS)[number]

export interface Move {
  kind: Kind
  bead: number
  /** Which of the bead's runs, counted from the newest. */
  run: number
  name: number
  bend: number
  /** How many changes ago the ledger was read. */
  age: number
}

const aMove: fc.Arbitrary<Move> = fc.record({
  // Half of the moves are the ordinary next step, so that the way to `landed` is walked often.
  kind: fc.oneof(
    { weight: 1, arbitrary: fc.constant('forward' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...KINDS) },
  ),
  bead: fc.nat(IDS.length - 1),
  run: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
  name: fc.nat(NAMES.length - 1),
  bend: fc.nat(6),
  age: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
})
export const someMoves = fc.array(aMove, { minLength: 20, maxLength: 120 })

type Beads = ReadonlyMap<string, Bead>

export interface Town {
  state: State
  /** What the ledger held before each applied change, newest last. */
  past: Beads[]
  clock: number
}

export function newTown(): Town {
  return { state: stateOf(...IDS.map((id) => aBead(id))), past: [], clock: 0 }
}

/** What the mover knows: the bead and a run of it as they were when it looked. */
interface Seen {
  bead: Bead
  run: Run | undefined
  request: MergeRequest | undefined
}

/** Makes one move. Answers the change and whether it applied; null when the mover saw nothing to move. */
export function play(town: Town, move: Move): { input: ChangeInput; applied: boolean } | null {
  const view = town.past[town.past.length - move.age] ?? town.state.beads
  const bead = view.get(IDS[move.bead]!)!
  const run = runs.runsOf(bead).reverse()[move.run]
  const request = mergeOf(run?.merge_request === undefined ? undefined : view.get(run.merge_request))
  const clock = ++town.clock
  const input = build({ bead, run, request }, move, clock)
  if (input === null) return null
  const before: Beads = new Map(town.state.beads)
  const { applied } = write(town.state, input, at(clock))
  if (applied) town.past.push(before)
  return { input, applied }
}

function build(seen: Seen, move: Move, clock: number): ChangeInput | null {
  const { bead, run, request } = seen
  const kind = move.kind === 'forward' ? ordinary(seen, move.bend) : move.kind
  const now = at(clock)
  const by = 'test'
  if (kind === 'claim') {
    const attempt = (facts(bead).attempts ?? 0) + 1
    const agent = fixedAgent(bead) ?? `gp/polecats/${NAMES[move.name]}`
    const claimed_at = now
    return runs.claim(aRun(`r${clock}`, bead.id, { agent, attempt, state: 'claimed', claimed_at }), CAP, by)
  }
  if (kind === 'needsHuman') return runs.needsHuman(bead, 'ask', 'which?', now, by)
  if (kind === 'sling') {
    const ordered = order(bead, { rig: 'gp', by, at: now })
    return ordered.kind === 'ok' ? ordered.value : null
  }
  if (run === undefined) return null
  switch (kind) {
    case 'comeBack':
      return runs.comeBack(run, CAP, { pid: 1, started: 'x' }, now, by, 'next round')
    case 'handOver': {
      const to = move.bend % 2 === 0 ? 'worker' : 'refinery'
      const asks = move.bend === 3 ? { cause: 'red', text: 'neither could the Refinery' } : undefined
      const ref = `refs/gt/archive/${run.fence}`
      return runs.handOver(bead, run, { to, ref, evidence: 'red', asks, reason: 'rounds used up', at: now, by })
    }
    case 'submit':
      return submit(bead, run, request, { head: `head-${clock}`, at: now, id: `gp-m${clock}` })
    case 'lost':
    case 'failed':
      return runs.giveBack(bead, run, { to: kind, reason: 'gone', cause: 'crash', at: new Date(now), by }, POLICY)
    case 'stop':
      return runs.stop(bead, run, 'enough', now, by)
    case 'shelve':
      return runs.shelve(bead, run, now, by)
    case 'decline':
      return runs.decline(bead, run, 'not mine', now)
    case 'clear':
      return runs.note(run, { cleared: true }, by, 'cleared')
    case 'park':
      return park(run, [`g${move.bend % 2}`], { at: now, by })
    case 'unpark':
      return unpark(run, CAP, { conversation: 'c', dispatcher: { pid: 1, started: 'x' }, at: now, by, why: 'open' })
    case 'land':
      return request === undefined ? null : land(request, bead, run, { commit: `commit-${clock}` }, now, 'seen')
    case 'provisioning':
    case 'starting':
    case 'working':
    case 'quiet':
    case 'rate_limited':
      return runs.advance(run, kind, now, by, 'a step')
    default:
      return request === undefined ? null : step(request, kind.slice('merge:'.length) as MergeState, now, 'a step')
  }
}

/** What happens next when nothing goes wrong; with a bend, one of the ordinary other ways. */
function ordinary({ bead, run, request }: Seen, bend: number): Exclude<Kind, 'forward'> {
  if (facts(bead).needs !== undefined) return 'sling'
  switch (run?.state) {
    case 'claimed':
      return 'provisioning'
    case 'provisioning':
      return 'starting'
    case 'starting':
      return 'working'
    case 'working':
      return bend === 1 ? 'quiet' : bend === 2 ? 'rate_limited' : bend === 3 ? 'park' : 'submit'
    case 'parked':
      return 'unpark'
    case 'quiet':
    case 'rate_limited':
      return bend === 1 ? 'lost' : bend === 2 ? 'failed' : bend === 3 ? 'working' : 'submit'
    case 'submitted':
      break
    default:
      return 'claim'
  }
  switch (request?.merge.state) {
    case 'queued':
      return bend === 1 ? 'merge:held' : 'merge:building'
    case 'building':
      return bend === 1 ? 'merge:conflict' : 'merge:testing'
    case 'testing':
      return bend === 1 ? 'merge:red' : bend === 2 ? 'merge:could_not_run' : 'merge:landing'
    case 'landing':
      return bend === 1 ? 'merge:queued' : bend === 2 ? 'merge:could_not_run' : 'land'
    case 'conflict':
    case 'red':
      return bend === 1 ? 'handOver' : 'comeBack'
    default:
      return bend === 1 ? 'merge:red' : 'merge:queued'
  }
}

/** Legal ways of a run, as drawn in src/beads/facts.ts: the drawing again, not the table of the builders. */
const LIVE: RunState[] = [
  'claimed',
  'provisioning',
  'starting',
  'working',
  'quiet',
  'rate_limited',
  'parked',
  'submitted',
]
const ENDS: RunState[] = ['lost', 'failed', 'stopped']
export const RUN_EDGES: Record<RunState, RunState[]> = {
  claimed: ['provisioning', ...ENDS],
  provisioning: ['starting', ...ENDS],
  starting: ['working', 'submitted', ...ENDS],
  working: ['quiet', 'rate_limited', 'parked', 'submitted', ...ENDS],
  quiet: ['working', 'rate_limited', 'parked', 'submitted', ...ENDS],
  parked: ['starting', 'stopped'],
  rate_limited: ['working', 'submitted', ...ENDS],
  // `failed` only by handing over: `wrong` looks that it was.
  submitted: ['finished', 'starting', 'stopped', 'failed'],
  finished: [],
  lost: ['submitted'],
  failed: [],
  stopped: [],
}

/** Legal ways of a merge request, the same. */
export const MERGE_EDGES: Record<MergeState, MergeState[]> = {
  queued: ['building', 'held', 'red', 'conflict', 'could_not_run', 'landed', 'rejected'],
  building: ['testing', 'landing', 'conflict', 'red', 'could_not_run', 'held', 'queued', 'landed', 'rejected'],
  testing: ['landing', 'conflict', 'red', 'could_not_run', 'held', 'queued', 'landed', 'rejected'],
  landing: ['landed', 'held', 'could_not_run', 'queued'],
  landed: [],
  conflict: ['queued', 'rejected'],
  red: ['queued', 'rejected'],
  could_not_run: ['queued', 'red', 'landed', 'rejected'],
  held: ['queued', 'red', 'conflict', 'could_not_run', 'landed', 'rejected'],
  rejected: [],
}

export const isLive = (run: Run): boolean => LIVE.includes(run.state)

const runsIn = (beads: Beads): Run[] => [...beads.values()].flatMap((bead) => runs.runsOf(bead))

export interface Step {
  before: Beads
  after: Beads
}

/** Every change of state between two moments: `run working→quiet`, `merge queued→building`. */
export function edges({ before, after }: Step): string[] {
  const found: string[] = []
  for (const run of runsIn(after)) {
    const old = facts(before.get(run.bead)!).runs?.[run.fence]?.state
    if (old !== run.state) found.push(`run ${old ?? 'nothing'}→${run.state}`)
  }
  for (const bead of after.values()) {
    const old = mergeOf(before.get(bead.id))?.merge.state
    const now = mergeOf(bead)?.merge.state
    if (old !== now) found.push(`merge ${old ?? 'nothing'}→${now}`)
  }
  return found
}

export const LEGAL: ReadonlySet<string> = new Set([
  'run nothing→claimed',
  'merge nothing→queued',
  ...Object.entries(RUN_EDGES).flatMap(([from, to]) => to.map((state) => `run ${from}→${state}`)),
  ...Object.entries(MERGE_EDGES).flatMap(([from, to]) => to.map((state) => `merge ${from}→${state}`)),
])

/** Everything that is wrong after a step, as sentences; empty when all is well. */
export function wrong(state: State, { before, after }: Step): string[] {
  const found = edges({ before, after }).filter((edge) => !LEGAL.has(edge))
  const live = runsIn(after).filter(isLive)
  const names = live.map((run) => run.agent)
  if (new Set(names).size < names.length) found.push(`one name twice: ${names.join(', ')}`)
  if (activeRuns(state).length > CAP) found.push(`${activeRuns(state).length} active runs, the cap is ${CAP}`)
  for (const run of runsIn(after)) {
    const old = facts(before.get(run.bead)!).runs?.[run.fence]?.state
    if (old !== 'submitted' || run.state !== 'failed') continue
    const { handover } = facts(after.get(run.bead)!)
    const merge = (beads: Beads) => mergeOf(beads.get(run.merge_request ?? ''))?.merge.state ?? ''
    const returned = ['red', 'conflict'].includes(merge(before)) && merge(after) === 'rejected'
    if (handover?.run !== run.fence || run.archive !== handover.ref || !returned)
      found.push(`${run.fence} failed after it had handed in`)
  }
  for (const bead of after.values()) {
    const held = live.filter((run) => run.bead === bead.id)
    if (held.length > 1) found.push(`${bead.id} has ${held.length} live runs`)
    if (facts(bead).landed !== undefined && facts(bead).handover !== undefined)
      found.push(`${bead.id} landed and is handed over`)
    if (facts(bead).landed !== undefined && bead.status !== 'closed')
      found.push(`${bead.id} landed and is ${bead.status}`)
    if (bead.issue_type === 'merge-request') found.push(...wrongMerge(bead, after))
    else if (bead.status === 'open' && held.length > 0) found.push(`${bead.id} is open and a run is on it`)
    else if (bead.status !== 'open' && bead.status !== 'closed' && held.length === 0)
      found.push(`${bead.id} is ${bead.status} and nobody is on it`)
    const revived = held.find((run) => facts(before.get(bead.id)!).runs?.[run.fence]?.state === 'lost')
    if (revived !== undefined && before.get(bead.id)?.status !== 'open')
      found.push(`${revived.fence} came back from lost`)
  }
  return found
}

/** Whether the state's index of live runs is what its beads say. */
export function indexIsTrue(state: State): boolean {
  const byId = (one: State): string => JSON.stringify([...one.live].sort(([a], [b]) => (a < b ? -1 : 1)))
  return byId(state) === byId(stateOf(...state.beads.values()))
}

/** A merge request and its run tell one story. */
function wrongMerge(bead: Bead, beads: Beads): string[] {
  const { merge } = mergeOf(bead)!
  const run = facts(beads.get(merge.bead)!).runs![merge.run ?? '']!
  const ours = run.merge_request === bead.id
  const say = (text: string): string[] => [`${bead.id} is ${merge.state}, ${text} (run ${run.fence} is ${run.state})`]
  const over = merge.state === 'landed' || merge.state === 'rejected'
  if (over !== (bead.status === 'closed')) return say(`its bead ${bead.status}`)
  switch (merge.state) {
    case 'landed':
      return run.state === 'finished' && ours ? [] : say('its run is not finished')
    case 'rejected':
      return ours && isLive(run) ? say('and its run goes on with it') : []
    case 'conflict':
    case 'red':
      return ours && isLive(run) ? [] : say('and nobody will mend it')
    default:
      return ours && run.state === 'submitted' ? [] : say('and its work was not handed in')
  }
}
