/**
 * A drill from its beginning to its end: a scratch town, a person who looks after it, a row of faults; then rest, `gt down`,
 * and the laws. One engine for `gt drill` and for the fault test.
 */
import { rmSync } from 'node:fs'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { isTerminal, runsOf } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import type { Pace } from './agent.ts'
import { gather } from './evidence.ts'
import { workingRuns } from './fault.ts'
import { FAULTS } from './faults.ts'
import { judge } from './laws.ts'
import type { Person } from './person.ts'
import { person } from './person.ts'
import type { Report } from './report.ts'
import { reportOf } from './report.ts'
import { fork } from './rng.ts'
import type { Kind, Planned } from './schedule.ts'
import { KINDS, schedule } from './schedule.ts'
import type { Shape } from './shape.ts'
import type { DrillTown } from './town.ts'
import { makeTown } from './town.ts'
import { Watch } from './watch.ts'

export interface DrillOptions {
  seed: number
  /** Faults that must have hit something. */
  faults: number
  shape: Shape
  /** At most so many beads; absent: as many as keep the workers busy. */
  beads?: number | undefined
  /** Mean time between two faults, in ms. */
  everyMs: number
  pace: Pace
  /** How long the town may take to come to rest afterwards, in ms. */
  restMs: number
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  say(line: string): void
}

/** Faults that are under way together at most: each may last for seconds. */
const TOGETHER = 8
/** A disk is full or it is not. */
const ONE_AT_A_TIME: ReadonlySet<Kind> = new Set(['disk', 'clock'])
/** Of those drawn, so many for each that shall hit: a town in which nothing can be hit any more must not drill for ever. */
const DRAWN = 4
const LOOK_MS = 200
/** How long the first workers may take. */
const WARM_MS = 40_000

/** What a drill leaves behind until it is taken down: its town, as far as it came. */
export interface Stage {
  town: DrillTown | undefined
}

/**
 * Runs a drill in `dir` (absolute, empty); its town stands in `stage` as soon as it is made, and is down when this answers ok.
 * Errors: what kept the town from being made, E_INTERRUPTED, a ledger or repository that cannot be read afterwards.
 */
export async function drill(dir: string, options: DrillOptions, stage: Stage): Promise<Result<Report>> {
  const began = Date.now()
  const made = await makeTown(dir, options.shape, options.pace, options.env)
  if (made.kind === 'error') return made
  stage.town = made.value
  const town = made.value
  const watch = new Watch(town, options, began)
  const duty = {
    town,
    rng: fork(options.seed, -1),
    beads: options.beads,
    pause: watch.pause,
    stopped: () => options.signal.aborted,
  }
  const someone = person(duty)
  await atWork(town, options.beads, watch)
  const untried = await strikeAll(town, options, watch)
  someone.finish()
  watch.say(`${watch.clock()}  No more faults: the town comes to rest.`)
  const rested = await comeToRest(town, options, someone, watch)
  await someone.leave()
  if (options.signal.aborted) return interrupted()
  const down = await town.gt('down')
  const downAgain = await town.gt('down')
  if (options.signal.aborted) return interrupted()
  const remembered = { acknowledged: someone.acknowledged, hits: watch.hits }
  const evidence = await gather(town, remembered, fork(options.seed, -2))
  if (evidence.kind === 'error') return evidence
  for (const said of [down, downAgain]) {
    if (said.code !== 0) evidence.value = { ...evidence.value, left: [...evidence.value.left, `gt down: ${said.text}`] }
  }
  watch.tell(true)
  const { answered, ups, rests } = someone
  return ok(
    reportOf({
      seed: options.seed,
      evidence: evidence.value,
      laws: judge(evidence.value),
      struck: watch.struck(evidence.value.timeline),
      untried,
      seconds: (Date.now() - began) / 1000,
      restSeconds: rested / 1000,
      person: { answered, ups, rests },
    }),
  )
}

/** The faults begin when all workers are there: each waits before its first step until the last one has come. */
async function atWork(town: DrillTown, beads: number | undefined, watch: Watch): Promise<void> {
  const all = Math.min(town.shape.workers, beads ?? town.shape.workers)
  for (const end = Date.now() + WARM_MS; Date.now() < end && !watch.stopped; await watch.pause(LOOK_MS)) {
    if (workingRuns(town).length >= all) break
  }
  rmSync(town.hold, { force: true })
}

export const interrupted = (): Result<never> =>
  fail('E_INTERRUPTED', 'The drill was stopped before its end.', { exit: EXIT.tryAgain })

/** Strikes until enough faults hit; answers the kinds that cannot be tried here, with the reason. */
async function strikeAll(town: DrillTown, options: DrillOptions, watch: Watch): Promise<Report['untried']> {
  const untried = KINDS.flatMap((kind) => {
    const why = FAULTS[kind].missing(town)
    return why === null ? [] : [{ kind, title: FAULTS[kind].title, why }]
  })
  const kinds = KINDS.filter((kind) => !untried.some((one) => one.kind === kind))
  const underWay = new Map<number, { kind: Kind; over: Promise<void> }>()
  const mayBegin = (kind: Kind): boolean =>
    underWay.size < TOGETHER &&
    watch.hits.length + underWay.size < options.faults &&
    !(ONE_AT_A_TIME.has(kind) && [...underWay.values()].some((one) => one.kind === kind))
  for (const planned of schedule(options.seed, kinds, options.everyMs)) {
    await watch.pause(planned.waitMs)
    while (!mayBegin(planned.kind) && underWay.size > 0) {
      await Promise.race([...underWay.values()].map(({ over }) => over))
    }
    const enough = watch.hits.length >= options.faults || planned.n > DRAWN * options.faults
    if (enough || options.signal.aborted) break
    const over = strike(town, planned, watch).finally(() => underWay.delete(planned.n))
    underWay.set(planned.n, { kind: planned.kind, over })
  }
  await Promise.all([...underWay.values()].map(({ over }) => over))
  return untried
}

/** A fault that cannot be done at this moment (a file went away under it) is one that found nothing to hit. */
async function strike(town: DrillTown, { n, kind, rng }: Planned, watch: Watch): Promise<void> {
  try {
    const struck = await FAULTS[kind].strike({ town, rng, pause: watch.pause })
    if (struck !== null) watch.note({ ...struck, n, kind })
  } catch (thrown) {
    watch.say(`${watch.clock()}  #${n} ${kind} could not be done: ${messageOf(thrown)}`)
  }
}

/** Waits until every bead landed and its runs are cleared, or the time is over; answers how long it took, in ms. */
async function comeToRest(town: DrillTown, options: DrillOptions, someone: Person, watch: Watch): Promise<number> {
  const began = Date.now()
  while (!options.signal.aborted && Date.now() - began < options.restMs) {
    town.ledger.refresh()
    if (someone.acknowledged.every((id) => atRest(town.ledger.state.beads.get(id)))) break
    watch.tell(false)
    await watch.pause(LOOK_MS)
  }
  return Date.now() - began
}

const atRest = (bead: Bead | undefined): boolean =>
  bead === undefined ||
  (facts(bead).outcome === 'landed' && runsOf(bead).every((run) => isTerminal(run) && run.cleared === true))
