/** The run that a person means: by fence, by its worker, or by its bead. */
import { archivedBeads } from '../beads/archive-read.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { allRuns, findRun, liveRun } from '../kernel/runs.ts'
import { lastRun } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'

export interface FoundRun {
  bead: Bead
  run: Run
}

/** A run by fence, by worker address (`app/toast` too), or the newest of a bead. */
export function findAnyRun(town: OpenTown, who: string): Result<FoundRun> {
  const beads = town.ledger.state.beads
  const byFence = findRun(beads.values(), who)
  if (byFence) return ok(byFence)
  const worker = runOfWorker(town, who)
  if (worker) return ok(worker)
  const bead = lookUp(town.ledger.state, who)
  const run = bead && lastRun(bead)
  if (bead && run) return ok({ bead, run })
  // What a run of long ago left behind is kept (law 4), so its name is still known.
  const archived = findRun(archivedBeads(town.ledger.dir), who)
  if (archived) return ok(archived)
  return fail('E_NO_RUN', `There is no run, worker or bead with a run called ${who}.`, { hint: 'gt polecat list' })
}

/** Parts of an address that name a session of the rig's own, not a polecat. */
const OWN = new Set(['refinery', 'witness'])

/** The live run of a worker, else its newest: `app/polecats/toast`, `app/toast`, `app/refinery`. */
export function runOfWorker(town: OpenTown, who: string): FoundRun | undefined {
  const [rig, ...rest] = who.split('/')
  if (rest.length === 0) return undefined
  const own = rest.length === 1 && OWN.has(rest[0]!)
  const address = own ? who : `${rig}/polecats/${rest.at(-1)}`
  return newest(town, ({ agent }) => agent === address)
}

/** The same for a bare name (`toast`), when just one rig has a worker of that name at work, or else ever had. */
export function runOfName(town: OpenTown, name: string): FoundRun | undefined {
  const isNamed = ({ agent }: Run): boolean => agent.endsWith(`/polecats/${name}`)
  const live = [...town.ledger.state.live.values()].flat().filter(isNamed)
  const rigs = new Set(
    live.length > 0
      ? live.map(({ rig }) => rig)
      : [...allRuns(town.ledger.state.beads.values())].filter(({ run }) => isNamed(run)).map(({ run }) => run.rig),
  )
  const [rig] = rigs
  return rigs.size === 1 ? runOfWorker(town, `${rig}/${name}`) : undefined
}

function newest(town: OpenTown, wanted: (run: Run) => boolean): FoundRun | undefined {
  const all = [...allRuns(town.ledger.state.beads.values())].filter(({ run }) => wanted(run))
  all.sort((a, b) => (a.run.claimed_at < b.run.claimed_at ? 1 : -1))
  return all.find(({ bead, run }) => liveRun(bead)?.fence === run.fence) ?? all[0]
}

/** Runs whose fence begins so. */
export function runsByPrefix(town: OpenTown, prefix: string): FoundRun[] {
  return [...allRuns(town.ledger.state.beads.values())].filter(({ run }) => run.fence.startsWith(prefix))
}

/** Names that somebody may have meant: beads of the town, live runs, their workers. */
export function namesOf(state: State): string[] {
  const live = [...state.live.values()].flat()
  const short = live.map(({ agent }) => agent.replace('/polecats/', '/'))
  const names = [...state.beads.values()].filter(({ status }) => status !== 'tombstone').map(({ id }) => id)
  for (const bead of state.beads.values())
    if (facts(bead).runs !== undefined) names.push(...Object.keys(facts(bead).runs!))
  return [
    ...names,
    ...live.map(({ agent }) => agent),
    ...short,
    ...short.map((name) => name.slice(name.indexOf('/') + 1)),
  ]
}
