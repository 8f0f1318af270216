/** `gt mayor start | attach | stop`. */
import type { Command } from 'commander'
import { startMayor, stopMayor } from '../mayor/mayor.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const mayor = program
    .command('mayor')
    .description('The Mayor: tell it what you want; it makes beads, slings them and reports.')
    .addHelpText('after', '\nExample:\n  gt mayor attach')
  action(
    mayor
      .command('start')
      .description('Start it in the background.')
      .option('--agent <name>', 'which agent plays the Mayor'),
    (options: { agent?: string }) => start(context, options.agent),
  )
  action(
    mayor
      .command('attach')
      .description('Talk to it; started if need be. Ctrl-b d comes back.')
      .option('--agent <name>', 'which agent plays the Mayor'),
    async (options: { agent?: string }) => {
      const started = await start(context, options.agent)
      if (started.kind === 'error') return started
      const { attach } = await import('./polecat.ts')
      return attach(context, 'mayor')
    },
  )
  action(mayor.command('stop').description('End its session; the conversation is kept.'), () => stop(context))
}

function start(context: Context, agent?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const started = await startMayor(town, agent)
    if (started.kind === 'error') return started
    const text = started.value.started
      ? 'The Mayor is in. Next: gt mayor attach'
      : 'The Mayor was in already. Next: gt mayor attach'
    const { session, started: fresh } = started.value
    return ok({ data: { session, started: fresh }, text })
  })
}

function stop(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const stopped = await stopMayor(town)
    return stopped.kind === 'error'
      ? stopped
      : ok({ data: { running: false }, text: 'The Mayor is out; the conversation is kept.' })
  })
}
