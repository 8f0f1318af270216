/** Whether a recipient of mail can be woken now, and if not, why. Reads only. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Doing } from '../agents/doing.ts'
import { doingNow } from '../agents/doing.ts'
import { limitFor } from '../agents/limit.ts'
import type { SessionView } from '../agents/runtime.ts'
import { readyFile } from '../agents/table-files.ts'
import { isLimiting, readTrouble } from '../agents/trouble.ts'
import type { Limit, Run, RunState } from '../beads/facts.ts'
import { agentAt } from '../kernel/agents.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Read } from '../result.ts'
import { EXIT, fail } from '../result.ts'
import type { Recipient } from './message.ts'
import { folderOf } from './sync.ts'

/** States in which a run has a session that works, or could. */
const THERE: ReadonlySet<RunState> = new Set(['starting', 'working', 'quiet'])
/** A client that tells nothing of itself sits at its first prompt by then, unless its screen shows otherwise. */
const BEGUN_MS = 15_000

interface There {
  session: string
  folder: string
  /** Its hooks show it what waits; one without reads it by hand. */
  hears: boolean
}

/** Whether a recipient can be woken. `later`: it is there, and nothing may be typed at this moment. `away`: nobody hears. */
export type Reach = (There & { is: 'idle' | 'busy' }) | { is: 'later' | 'away'; failure: Failure }

/** What is seen of a recipient now; `sessions` is what the runtime answered a moment ago. Reads only. */
export function reachOf(town: Pick<OpenTown, 'root' | 'ledger'>, to: Recipient, sessions: Read<SessionView[]>): Reach {
  const { address } = to
  if (sessions.kind === 'error') return { is: 'later', failure: sessions.failure }
  if (sessions.kind === 'unknown') {
    const why = `Cannot tell whether ${address} runs: ${sessions.why}.`
    return later('E_RUNTIME', why, 'Repeat it in a moment.')
  }
  const own = sessions.kind === 'ok' ? sessions.value.find((one) => one.alive && isOf(town, to, one)) : undefined
  const run = own && runOf(town, own)
  if (own === undefined || (own.labels.run !== undefined && run === undefined))
    return away('E_NO_SESSION', `${address} has no session now.`, startOf(address))
  if (run !== undefined && !THERE.has(run.state))
    return later('E_NOT_IDLE', `The run of ${address} is ${run.state}.`, `gt run show ${address}`)
  const folder = folderOf(town, to)
  const there = { session: own.name, folder, hears: existsSync(join(folder, 'hook.sh')) }
  if (!there.hears) {
    // What it does, only its screen tells, to whoever is about to type.
    if (existsSync(readyFile(folder))) return { is: 'idle', ...there }
    const why = `The agent of ${address} has no hooks, and nothing tells its empty prompt: no mail reaches it.`
    return away('E_NO_HOOKS', why, `gt attach ${address}`)
  }
  const limit = limitOf(folder)
  if (limit !== undefined && Date.parse(limit.until) > Date.now()) {
    const why = `${address} is stopped by its provider until ${limit.until} at the least: ${limit.text}`
    return later('E_LIMIT', why, `gt peek ${address}`)
  }
  return byDoing(doingNow(folder, own.process), address, there)
}

/** What stopped its last turn, if its provider did. */
function limitOf(folder: string): Limit | undefined {
  const trouble = readTrouble(folder)
  return trouble.kind === 'ok' && isLimiting(trouble.value) ? limitFor(trouble.value, undefined) : undefined
}

function byDoing(doing: Doing, address: string, there: There): Reach {
  switch (doing.is) {
    case 'idle':
    case 'busy':
      return { is: doing.is, ...there }
    case 'starting':
      if (Date.now() - (doing.since ?? Date.now()) > BEGUN_MS) return { is: 'idle', ...there }
      return later('E_NOT_IDLE', `The session of ${address} is only beginning.`, `gt peek ${address}`)
    case 'waiting': {
      const what = doing.waitingFor === undefined ? '' : ` (${doing.waitingFor})`
      return later(
        'E_DIALOG',
        `${address} waits at a dialog${what}, where Enter would mean yes.`,
        `gt attach ${address}`,
      )
    }
    default: {
      const what = doing.is === 'unknown' ? 'nothing was heard of it yet' : doing.is
      return later('E_NOT_IDLE', `${address} is not known to sit at its prompt (${what}).`, `gt peek ${address}`)
    }
  }
}

const later = (code: Failure['code'], message: string, hint: string): Reach => ({
  is: 'later',
  failure: fail(code, message, { hint, exit: EXIT.tryAgain }).failure,
})
const away = (code: Failure['code'], message: string, hint: string): Reach => ({
  is: 'away',
  failure: fail(code, message, { hint }).failure,
})

/** Its present session, and not one that an older session of this address left behind. */
function isOf({ ledger }: Pick<OpenTown, 'ledger'>, to: Recipient, { labels }: SessionView): boolean {
  if (labels.agent !== to.address || (to.run !== undefined && labels.run !== to.run)) return false
  const attended = agentAt(ledger.state, to.address)
  return attended === undefined || (labels.fence ?? '') === (attended.agent.session?.fence ?? '')
}

function runOf({ ledger }: Pick<OpenTown, 'ledger'>, { labels }: SessionView): Run | undefined {
  return [...ledger.state.live.values()].flat().find((run) => run.fence === labels.run)
}

function startOf(address: string): string {
  if (address === 'mayor') return 'gt mayor start'
  return address.includes('/crew/') ? `gt crew start ${address}` : `gt run show ${address}`
}
