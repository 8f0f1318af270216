/** Plain `gt`, and `gt status`: one screen, three answers. */
import type { Command } from 'commander'
import type { Item } from '../attention/item.ts'
import { gateNow } from '../costs/gate.ts'
import { budgetsOf, lastBudgets } from '../costs/purses.ts'
import { measure } from '../costs/refusal.ts'
import { daemonProcess } from '../deacon/daemon.ts'
import { standingAgents } from '../kernel/agents.ts'
import { hostSays } from '../kernel/host.ts'
import { statusOf } from '../kernel/status.ts'
import type { OpenTown } from '../kernel/town.ts'
import { ok } from '../result.ts'
import { holdWords, readHold } from '../town/hold.ts'
import { readHost } from '../town/host.ts'
import { itemsOf } from './attend.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { statusText } from './status-text.ts'
import { plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const command = program
    .command('status', { isDefault: true })
    .description('What runs, what waits for you, what landed.')
    .addHelpText('after', '\nExample:\n  gt            (the same)\n  gt status --json')
  action(command, () => status(context))
}

function status(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const now = town.now()
    await budgetsOf(town)
    const status = statusOf(town.ledger.state, now, gateNow(town, now))
    const items = await itemsOf(town)
    // `hold` and `daemon` have fields of their own.
    const needs = items.filter(({ cause }) => cause !== 'hold' && cause !== 'daemon')
    const data = { ...status, needs_you: needs.map(waits) }
    const daemon = daemonProcess(town)
    const start = startOf(town)
    const today = lastBudgets(town)?.purses.get('day')
    const line = today && `spent today: ${measure(today)}`
    const crew = crewOf(town)
    return ok({
      data: {
        town: town.name,
        path: town.root,
        daemon: { running: daemon !== undefined, pid: daemon?.pid ?? null },
        hold: start.hold,
        closed: start.closed,
        ...data,
        crew,
      },
      text: statusText(
        {
          head: `${town.name}  ${town.root}  ${daemon === undefined ? 'down (gt up starts it)' : 'up'}`,
          notes: [start.line, line ?? ''],
          status,
          waits: items,
          closed: start.closed,
          crew: crew.map((one) => `${one.address} (${one.in ? 'in' : 'out'})`),
          now,
        },
        process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : undefined,
      ),
    })
  })
}

interface Member {
  address: string
  branch: string
  in: boolean
}

const crewOf = (town: OpenTown): Member[] =>
  standingAgents(town.ledger.state).flatMap(({ agent }) =>
    agent.crew === undefined ? [] : [{ address: agent.address, branch: agent.crew.branch, in: agent.in }],
  )

/** In the order of `gt attend`, and by its words. */
const waits = ({ id, title, cause, text, since, severity, behind }: Item) => ({
  bead: id,
  title,
  cause,
  text,
  since,
  severity,
  behind: behind.n,
})

interface Start {
  hold: { reason: string; frozen: boolean } | null
  /** Why nothing new starts, a hold or the machine; null: it may. */
  closed: string | null
  /** The same for the screen; empty: it may. */
  line: string
}

/** Whether something new may start. */
function startOf(town: OpenTown): Start {
  const hold = readHold(town.root)
  const verdict = hostSays(readHost(town.root), town.settings.host, hold)
  if (verdict.is === 'open') return { hold: null, closed: null, line: '' }
  if (hold.kind !== 'ok')
    return { hold: null, closed: verdict.why, line: `nothing new starts: ${plain(verdict.why, 300)}` }
  const { reason, frozen } = hold.value
  const line = `held: ${plain(holdWords(hold.value), 200)} (${hold.value.drain ? 'gt up' : 'gt thaw'})`
  return { hold: { reason, frozen }, closed: verdict.why, line }
}
