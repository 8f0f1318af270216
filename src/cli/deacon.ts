/** `gt up`, `gt down`, `gt deacon run | start | stop | status`. */
import type { Command } from 'commander'
import { daemonProcess, runDaemon, startDaemon, stopDrivers } from '../deacon/daemon.ts'
import { goDown } from '../deacon/down.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
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
      .addHelpText('after', '\nExample:\n  gt down && gt status'),
    () => down(context),
  )
  const deacon = program
    .command('deacon')
    .description('The daemon: it keeps the town true, with a heartbeat of two minutes.')
    .addHelpText('after', '\nExample:\n  gt deacon status\n  gt deacon run    (in the foreground, to watch it)')
  action(deacon.command('run').description('Run in the foreground.'), () => run(context))
  action(deacon.command('start').description('Start in the background.'), () => start(context))
  action(deacon.command('stop').description('Stop it; workers go on.'), () => stop(context))
  action(deacon.command('status').description('Does it run?'), () => status(context))
}

function start(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const started = await startDaemon(town)
    if (started.kind === 'error') return started
    const { process, started: fresh } = started.value
    const text = fresh ? `The town is up (pid ${process.pid}).` : `The town was up already (pid ${process.pid}).`
    return ok({ data: { running: true, pid: process.pid, started: fresh }, text })
  })
}

function run(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const ran = await runDaemon(town, context.signal)
    return ran.kind === 'error' ? ran : ok({ data: { running: false }, text: 'The Deacon is down.' })
  })
}

function stop(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
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

function down(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    context.progress('Going down …')
    const went = await goDown(town)
    if (went.kind === 'error') return went
    const { runs } = went.value
    const kept = runs.length > 0 ? ` ${runs.length} run(s) were archived and go on with the next gt up.` : ''
    return ok({ data: went.value, text: `The town is down.${kept}` })
  })
}
