/** `gt up`, `gt down`, `gt deacon run | start | stop | status | install`. */
import type { Command } from 'commander'
import { continueDrivers, daemonProcess, runDaemon, startDaemon, stopDrivers } from '../deacon/daemon.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { needPrograms } from '../scratch/programs.ts'
import { holdWords, lookAtHold, removeHold } from '../town/hold.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import type { DownOptions } from './down.ts'
import { down, refuseEnd } from './down.ts'
import type { InstallOptions } from './service.ts'
import { install } from './service.ts'
import { withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  action(
    program
      .command('up')
      .description('Start the town’s daemon. Doing it twice is doing it once.')
      .addHelpText('after', '\nExample:\n  gt up && gt sling ap-x3k9f app'),
    () => start(context),
  )
  action(
    program
      .command('down')
      .description('End every session and the daemon. Work in progress is archived and goes on with the next gt up.')
      .option('--drain', 'first let workers hand in and the queue land; nothing new starts')
      .option('--timeout <time>', 'with --drain: wait this long at the most', '30m')
      .option('--then-stop', 'with --drain: when the time is over, end what still runs')
      .addHelpText('after', '\nExample:\n  gt down --drain --timeout 1h && gt status'),
    (options: DownOptions) => down(context, options),
  )
  const deacon = program
    .command('deacon')
    .description('The daemon: it keeps the town true, with a heartbeat of two minutes.')
    .addHelpText('after', '\nExample:\n  gt deacon status\n  gt deacon run    (in the foreground, to watch it)')
  action(deacon.command('run').description('Run in the foreground.'), () => run(context))
  action(deacon.command('start').description('Start in the background.'), () => start(context))
  action(deacon.command('stop').description('Stop it; workers go on.'), () => stop(context))
  action(deacon.command('status').description('Does it run?'), () => status(context))
  action(
    deacon
      .command('install')
      .description('Make it a service of this machine (systemd, launchd): it comes back after a crash or a reboot.')
      .option('--print', 'only show the file')
      .option('--enable', 'also run the commands that start it')
      .option('--uninstall', 'take the service away'),
    (options: InstallOptions) => install(context, options),
  )
}

function start(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const before = lookAtHold(town.root)
    if (isAgent(town.env) && before.kind === 'ok' && before.value.drain !== undefined) {
      const how = { kept: 'It goes down.', exit: EXIT.needsPerson }
      return fail('E_NOT_FOR_AGENTS', 'The town is going down (gt down --drain): only a person calls that off.', how)
    }
    const able = needDrivers(town)
    if (able.kind === 'error') return able
    const woken = continueDrivers(town)
    const started = await startDaemon(town)
    if (started.kind === 'error') return started
    const { process, started: fresh } = started.value
    const up = fresh ? `The town is up (pid ${process.pid}).` : `The town was up already (pid ${process.pid}).`
    const held = aboutHold(town)
    if (held.kind === 'error') return held
    const goOn = woken.map((pid) => `Process ${pid}, which drives the town, was stopped by a signal. It goes on.`)
    const text = [up, ...goOn, await bringBack(town), held.value.text].filter(Boolean).join('\n')
    return ok({ data: { running: true, pid: process.pid, started: fresh, held: held.value.reason }, text })
  })
}

/** It would stand at every landing for as long as it runs, since it keeps the PATH that it began with. */
const needDrivers = (town: OpenTown): Result<void> =>
  needPrograms(town.env, 'The daemon', 'Nothing was started; the town is as it was.')

/** The Mayor and the crew that were in when the town went down. That they cannot come does not keep the town down. */
async function bringBack(town: OpenTown): Promise<string> {
  const { bringAttendedBack } = await import('../deacon/attended.ts')
  const lines: string[] = []
  for (const { address, back } of await bringAttendedBack(town)) {
    const name = address === 'mayor' ? 'The Mayor' : address
    if (back.kind === 'error') lines.push(`${name} could not come back: ${back.failure.message}   ${startOf(address)}`)
    else if (back.value) lines.push(`${name} is back: gt attach ${address}`)
  }
  return lines.join('\n')
}

const startOf = (address: string): string => (address === 'mayor' ? 'gt mayor start' : `gt crew start ${address}`)

/** Who goes up does not go down: the hold of a drain is lifted. Any other stays, and is said. */
function aboutHold(town: OpenTown): Result<{ reason: string | null; text: string }> {
  const hold = lookAtHold(town.root)
  if (hold.kind !== 'ok') {
    const text = hold.kind === 'unknown' ? hold.why : hold.kind === 'error' ? hold.failure.message : ''
    return ok({ reason: text || null, text })
  }
  if (hold.value.drain === undefined) {
    const reason = holdWords(hold.value)
    return ok({ reason, text: `It is held, so nothing new starts: ${reason}. Next: gt thaw` })
  }
  const lifted = removeHold(town.root)
  if (lifted.kind === 'error') return lifted
  town.ledger.write({ by: 'deacon', why: 'gt up called the drain off', ops: [] })
  return ok({ reason: null, text: 'The gt down --drain that was under way, or was cut short, is called off.' })
}

function run(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const able = needDrivers(town)
    if (able.kind === 'error') return able
    const ran = await runDaemon(town, context.signal)
    return ran.kind === 'error' ? ran : ok({ data: { running: false }, text: 'The Deacon is down.' })
  })
}

function stop(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const refused = refuseEnd(town.env)
    if (refused !== undefined) return refused
    const stopped = await stopDrivers(town)
    if (stopped.kind === 'error') return stopped
    const text =
      stopped.value > 0
        ? 'The Deacon is down; workers go on, and nothing lands until gt up.'
        : 'The Deacon was not running.'
    return ok({ data: { running: false, stopped: stopped.value }, text })
  })
}

function status(context: Context): Promise<Answer> {
  return withTown(context, (town) => {
    const process = daemonProcess(town)
    const text = process ? `The Deacon runs (pid ${process.pid}).` : 'The Deacon does not run. Next: gt up'
    return ok({ data: { running: process !== undefined, pid: process?.pid ?? null }, text })
  })
}
