/** `gt refinery run`: works a merge queue by hand. */
import type { Command } from 'commander'
import { openMerges } from '../kernel/merges.ts'
import { workQueue } from '../refinery/queue.ts'
import { EXIT, fail, ok } from '../result.ts'
import { frozenSince } from '../town/hold.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const refinery = program
    .command('refinery')
    .description('The Refinery: tests and merges, one verified step at a time.')
    .addHelpText('after', '\nExample:\n  gt refinery run app --once')
  action(
    refinery
      .command('run')
      .description('Work the queue of a rig now, in the foreground.')
      .argument('<rig>')
      .option('--once', 'one merge request only'),
    (rig: string, options: { once?: boolean }) => runQueue(context, rig, options.once === true),
  )
}

function runQueue(context: Context, rig: string, once: boolean): Promise<Answer> {
  return withTown(context, async (town) => {
    if (frozenSince(town.root, Number.POSITIVE_INFINITY)) {
      return fail('E_HELD', 'Everything is frozen in this town, and its queues with it.', {
        exit: EXIT.needsPerson,
        hint: 'gt thaw',
      })
    }
    const worked = await workQueue(town, rig, { once, signal: context.signal })
    if (worked.kind === 'error') return worked
    if (worked.value.busy)
      return fail('E_BUSY', `Somebody else works the queue of ${rig} right now.`, {
        exit: EXIT.tryAgain,
        hint: 'gt mq list',
      })
    const left = openMerges(town.ledger.state.beads.values(), rig)
    const text = left.length === 0 ? 'The queue is empty.' : `${left.length} in the queue: gt mq list --rig ${rig}`
    return ok({ data: { steps: worked.value.steps, left: left.length }, text })
  })
}
