/**
 * The radar as the Deacon turns it: a look at the heads, a scan when they changed, a word to whoever came later. What a
 * sweep saw is kept in `.gt/radar/<rig>.json`: safe to lose, at the price of a warning given again.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { putInInbox } from '../agents/inbox.ts'
import { agentDir } from '../agents/launch.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import { headsOf, scan } from './radar.ts'
import type { Radar } from './radar-plan.ts'
import { stillTold, warningsOf, warningText, watched } from './radar-plan.ts'

/** What the last sweep saw. */
export interface Sweep {
  /** When the heads were last looked at, RFC 3339. */
  at: string
  /** Times that the heads were looked at, and times that they had changed. */
  looks: number
  sweeps: number
  heads: Record<string, string>
  /** By fence: what the branch changed; at most `FILES_KEPT` of it. */
  touched: Record<string, { head: string; target: string; files: string[] }>
  pairs: Radar['pairs']
  hot: Radar['hot']
  /** Keys of the warnings given. */
  warned: string[]
}

/** A branch that touches more is looked at afresh each time; for the order of waiting beads these are plenty. */
const FILES_KEPT = 500
const HOT_KEPT = 100

const NOTHING: Sweep = { at: '', looks: 0, sweeps: 0, heads: {}, touched: {}, pairs: [], hot: [], warned: [] }

/** A rig's name is a word, except in a ledger that somebody else wrote. */
const fileOf = (runtime: string, rig: string): string => join(runtime, 'radar', `${encodeURIComponent(rig)}.json`)

/** The last sweep of a rig; undefined when there was none, or nothing of it is left. */
export function readSweep(runtime: string, rig: string): Sweep | undefined {
  try {
    const read: Sweep = JSON.parse(readFileSync(fileOf(runtime, rig), 'utf8'))
    const parts = [read.heads, read.touched, read.pairs, read.hot, read.warned]
    return typeof read.at === 'string' && parts.every((part) => typeof part === 'object' && part !== null)
      ? read
      : undefined
  } catch {
    return undefined
  }
}

/** Reads last sweeps again only when they were written since: a driver asks at every pass. */
export class Sweeps {
  readonly #runtime: string
  readonly #held = new Map<string, { mark: string; sweep: Sweep | undefined }>()

  constructor(runtime: string) {
    this.#runtime = runtime
  }

  of(rig: string): Sweep | undefined {
    const stat = statSync(fileOf(this.#runtime, rig), { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    const mark = `${stat.ino} ${stat.mtimeMs} ${stat.size}`
    const held = this.#held.get(rig)
    if (held?.mark === mark) return held.sweep
    const sweep = readSweep(this.#runtime, rig)
    this.#held.set(rig, { mark, sweep })
    return sweep
  }
}

/**
 * One turn for a rig: true when heads had changed and were compared. Warnings are written down before they are given:
 * twice is worse than lost with a crash in between.
 *
 * Errors: those of the rig's settings and repository; E_WRITE, E_RADAR. The turn counts all the same.
 */
export async function sweep(town: OpenTown, rig: string): Promise<Result<boolean>> {
  const settings = await town.rig(rig)
  if (settings.kind === 'error') return settings
  const { runtime } = town.paths
  const last = readSweep(runtime, rig) ?? NOTHING
  const turn: Sweep = { ...last, at: town.now().toISOString(), looks: last.looks + 1 }
  const runs = watched(town.ledger.state, rig)
  const heads = await headsOf(town, rig, runs)
  if (heads.kind === 'error') return keep(runtime, rig, turn, heads)
  const seen = Object.fromEntries(heads.value)
  if (sameHeads(seen, last.heads)) return keep(runtime, rig, turn, ok(false))
  const whole = Object.entries(last.touched).filter(([, { files }]) => files.length < FILES_KEPT)
  const radar = await scan(town, rig, runs, heads.value, new Map(whole))
  if (radar.kind === 'error') return keep(runtime, rig, turn, radar)

  const live = new Set([...town.ledger.state.live.values()].flat().map((run) => run.fence))
  const told = stillTold(last.warned, live)
  const warnings = warningsOf(radar.value, new Set(told))
  const kept = keep(
    runtime,
    rig,
    {
      ...turn,
      sweeps: turn.sweeps + 1,
      heads: seen,
      touched: touchedOf(radar.value),
      pairs: radar.value.pairs,
      hot: radar.value.hot.slice(0, HOT_KEPT),
      warned: [...told, ...warnings.map(({ key }) => key)],
    },
    ok(true),
  )
  if (kept.kind === 'error') return kept
  for (const warning of warnings) {
    const title = town.ledger.state.beads.get(warning.about.run.bead)?.title ?? ''
    // An agent without hooks has nobody who delivers it; there it lies unread, and goes with the folder.
    const folder = agentDir(town.root, { fence: warning.to.fence, address: warning.to.agent })
    const put = putInInbox(folder, warningText(warning, title))
    if (put.kind === 'error') return put
  }
  return kept
}

/** Writes the turn down and answers `result`; where that fails, why. */
function keep(runtime: string, rig: string, turn: Sweep, result: Result<boolean>): Result<boolean> {
  const file = fileOf(runtime, rig)
  try {
    mkdirSync(join(file, '..'), { recursive: true })
  } catch (error) {
    return fail('E_RADAR', `The folder of ${file} cannot be made: ${messageOf(error)}.`)
  }
  const written = writeFileAtomic(file, JSON.stringify(turn))
  return written.kind === 'error' ? written : result
}

function touchedOf({ branches }: Radar): Sweep['touched'] {
  return Object.fromEntries(
    branches.map(({ run, head, target, files }) => [run.fence, { head, target, files: files.slice(0, FILES_KEPT) }]),
  )
}

function sameHeads(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
