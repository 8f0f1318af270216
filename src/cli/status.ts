/** Plain `gt`, and `gt status`: one screen, three answers. */
import type { Command } from 'commander'
import { daemonProcess } from '../deacon/daemon.ts'
import type { Status } from '../kernel/status.ts'
import { statusOf } from '../kernel/status.ts'
import type { OpenTown } from '../kernel/town.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, plain, withTown } from './town.ts'

/** Rows of each part, so that everything fits a screen of 24 lines most of the time. */
const ROWS = 6

export function register(program: Command, context: Context): void {
  const command = program
    .command('status', { isDefault: true })
    .description('What runs, what waits for you, what landed.')
    .addHelpText('after', '\nExample:\n  gt            (the same)\n  gt status --json')
  action(command, () => status(context))
}

function status(context: Context): Promise<Answer> {
  return withTown(context, (town) => {
    const now = town.now()
    const data = statusOf(town.ledger.state, now)
    const daemon = daemonProcess(town)
    return ok({
      data: {
        town: town.name,
        path: town.root,
        daemon: { running: daemon !== undefined, pid: daemon?.pid ?? null },
        ...data,
      },
      text: screen(town, data, daemon !== undefined, now),
    })
  })
}

function screen(town: OpenTown, status: Status, up: boolean, now: Date): string {
  const lines = [`${town.name}  ${town.root}  ${up ? 'up' : 'down (gt up starts it)'}`]
  const part = (title: string, rows: string[][], none: string): void => {
    lines.push('', `${title}${rows.length > 0 ? ` (${rows.length})` : ''}`)
    if (rows.length === 0) lines.push(`  ${none}`)
    else
      lines.push(
        ...columns(rows.slice(0, ROWS))
          .split('\n')
          .map((line) => `  ${line}`),
      )
    if (rows.length > ROWS) lines.push(`  … and ${rows.length - ROWS} more`)
  }
  const running = status.running.map((one) => [
    one.bead,
    one.state,
    age(one.since, now),
    one.agent,
    plain(one.title, 50),
  ])
  part(
    'Running',
    running,
    status.ready > 0
      ? `nothing; ${status.ready} ready: gt sling <bead> <rig>`
      : 'nothing; gt bead create "<title>" begins',
  )
  if (status.waiting.length > 0) {
    part(
      'Slung, not started',
      status.waiting.map((one) => [one.bead, plain(one.reason || 'waits for a free worker', 60), plain(one.title, 40)]),
      '',
    )
  }
  part(
    'Waits for you',
    status.needs_you.map((one) => [one.bead, age(one.since, now), one.cause, plain(one.text, 80)]),
    'nothing',
  )
  part(
    'Landed',
    status.landed.map((one) => [one.bead, `${age(one.at, now)} ago`, one.commit.slice(0, 10), plain(one.title, 60)]),
    'nothing yet',
  )
  return lines.join('\n')
}
