/** What waits for a person outside the ledger: hold, budgets, attended agents at a dialog, rigs that cannot go on, a town that nobody drives. Looks only. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { activityOf, readBeat } from '../agents/beat.ts'
import type { SessionView } from '../agents/runtime.ts'
import { claudeMayType } from '../agents/screen.ts'
import { budgetsOf } from '../costs/purses.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Read } from '../result.ts'
import { holdPath, readHold } from '../town/hold.ts'
import { newsOf } from './budgets.ts'
import { obstaclesOf } from './rigs.ts'
import { unstarted } from './unstarted.ts'
import type { Driver, Extras } from './waiting.ts'

/** A dialog is drawn a moment after its hook, and gone a moment before the next one. */
const DRAWN_MS = 2_000
const SCREEN_LINES = 50

/**
 * @param patienceMs only dialogs that are open, and rigs that stand still, for as long: somebody may sit in front of a new one
 * @param driven somebody carries out what the town wants
 */
export async function lookOutside(town: OpenTown, patienceMs = 0, driven = true): Promise<Extras> {
  const budgets = await budgetsOf(town)
  const obstacles = await obstaclesOf(town, driven)
  const lasting = (since: string): boolean => town.now().getTime() - Date.parse(since) >= patienceMs
  return {
    hold: holdOf(town),
    dialogs: await dialogsOf(town, patienceMs),
    obstacles: obstacles.filter(({ since }) => lasting(since)),
    ...(budgets !== undefined && { budgets: newsOf(town.ledger.state, budgets, unstarted(town.ledger.state)) }),
  }
}

/**
 * All of it, for a screen: who is at a dialog just now too, and which sessions there are to go to.
 *
 * @param driver who carries out what the town wants (deacon/daemon.ts)
 * @param listed the town's sessions; absent: nobody asks where one can go
 */
export async function lookAround(town: OpenTown, driver: Driver, listed?: Read<SessionView[]>): Promise<Extras> {
  const driven = driver.is === 'alive'
  const stopped = driver.is === 'stopped' && { stopped: driver.pid }
  const undriven = driven ? undefined : { since: lastWord(town), ...stopped }
  return { ...(await lookOutside(town, 0, driven)), undriven, sessions: listed && namesOf(listed) }
}

/** Undefined: it cannot be told. */
function namesOf(listed: Read<SessionView[]>): ReadonlySet<string> | undefined {
  if (listed.kind === 'empty') return new Set()
  if (listed.kind !== 'ok') return undefined
  return new Set(listed.value.filter(({ alive }) => alive).map(({ name }) => name))
}

/** When the daemon last wrote something down, or since it never did, when the town was set up: nobody drove it after that. */
function lastWord({ paths, now }: OpenTown): string {
  const seen = [join(paths.logs, 'deacon.log'), paths.toml].map((file) => statSync(file, { throwIfNoEntry: false }))
  return (seen.find((one) => one !== undefined)?.mtime ?? now()).toISOString()
}

function holdOf({ root }: OpenTown): Extras['hold'] {
  const hold = readHold(root)
  if (hold.kind !== 'ok') return undefined
  const { reason, frozen, drain } = hold.value
  const since = statSync(holdPath(root), { throwIfNoEntry: false })?.mtime ?? new Date(0)
  return { reason, frozen, drain: drain !== undefined, since: since.toISOString() }
}

/** Agents that have a folder by their address are attended ones; workers have one for each run, and the Witness. */
async function dialogsOf(town: OpenTown, patienceMs: number): Promise<{ agent: string; since: string }[]> {
  const found: { agent: string; since: string }[] = []
  const agents = join(town.paths.runtime, 'agents')
  let names: string[]
  try {
    names = readdirSync(agents)
  } catch {
    return found
  }
  for (const name of names) {
    const beat = readBeat(join(agents, name))
    if (beat.kind !== 'ok' || activityOf(beat.value) !== 'waiting') continue
    if (town.now().getTime() - beat.value.at < Math.max(patienceMs, DRAWN_MS)) continue
    const agent = decodeURIComponent(name.replaceAll('~', '%2F'))
    if (await showsDialog(town, agent)) found.push({ agent, since: new Date(beat.value.at).toISOString() })
  }
  return found
}

/** Esc closes a dialog without a hook, and a session may have ended: the screen knows. What cannot be looked at counts. */
async function showsDialog(town: OpenTown, agent: string): Promise<boolean> {
  const sessions = await town.runtime.list()
  if (sessions.kind !== 'ok') return sessions.kind !== 'empty'
  const session = sessions.value.find(({ labels, alive }) => labels.agent === agent && alive)
  if (session === undefined) return false
  const screen = await town.runtime.peek(session.name, SCREEN_LINES)
  if (screen.kind !== 'ok') return screen.kind !== 'empty'
  const may = claudeMayType(screen.value)
  return may.kind === 'error' && may.failure.code === 'E_DIALOG'
}
