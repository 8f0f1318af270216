/** `gt order list | run | add | pause | resume | remove`: formulas on a timetable, carried out while their condition holds. */
import type { Command } from 'commander'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { VAR, varsOf } from './mol-options.ts'
import { listOrders } from './order-list.ts'
import { plain, withTown } from './town.ts'

interface AddOptions {
  every?: string
  at?: string
  when?: string
  var?: string[]
  agent?: string
}

export function register(program: Command, context: Context): void {
  const order = program
    .command('order')
    .description('Formulas on a timetable. The Deacon carries each out at its turn, while its condition holds.')
    .addHelpText(
      'after',
      `\nExample:\n  gt order add docs docs-pass app --every 7d --at 03:00 \\\n    --when 'git --git-dir "$GT_REPO" log --since="$GT_LAST" --format=%h origin/main | grep -q .'\n  gt order run docs`,
    )
  action(order.command('list').description('Each order: its formula, its next turn, what came of the last one.'), () =>
    withTown(context, listOrders),
  )
  action(
    order
      .command('run')
      .description('Carry an order out now. One whose last work is not over is not begun again.')
      .argument('<name>')
      .option('--force', 'without a look at its condition'),
    (name: string, options: { force?: boolean }) => run(context, name, options.force === true),
  )
  action(
    order
      .command('add')
      .description('Write a new order into town.toml.')
      .argument('<name>')
      .argument('<formula>')
      .argument('<rig>')
      .option('--every <time>', 'from one turn to the next, at least 1m (default: 1d)')
      .option('--at <HH:MM>', 'time of day, with whole days')
      .option('--when <command>', 'for sh -c; exit 0: do it (default: always)')
      .option(...VAR)
      .option('--agent <name>', 'which agent does it'),
    (name: string, formula: string, rig: string, options: AddOptions) => add(context, name, formula, rig, options),
  )
  action(order.command('pause').description('Skip its turns until it is resumed.').argument('<name>'), (name: string) =>
    pause(context, name, true),
  )
  action(order.command('resume').description('Go on with its next turn.').argument('<name>'), (name: string) =>
    pause(context, name, false),
  )
  action(
    order.command('remove').description('Take it out of town.toml. What it made stays.').argument('<name>'),
    (name: string) => remove(context, name),
  )
}

function run(context: Context, name: string, force: boolean): Promise<Answer> {
  return withTown(context, async (town) => {
    const { runOrder } = await import('../polecats/orders.ts')
    const done = await runOrder(town, name, { by: actor(town.env), force, signal: context.signal })
    if (done.kind === 'error') return done
    if (done.value === null) return fail('E_INTERRUPTED', 'Its condition was not waited for.', { exit: EXIT.tryAgain })
    const { did, said, molecule } = done.value
    const { driverAlive } = await import('../deacon/daemon.ts')
    const hint =
      did === 'slung' && !driverAlive(town) ? '\nThe town’s daemon is not running, so nobody begins yet: gt up' : ''
    const data = { order: name, did, molecule: molecule ?? null, said }
    const output = { data, text: `${name}: ${did}: ${plain(said, 400)}${hint}` }
    if (did !== 'failed') return ok(output)
    return ok({
      ...output,
      exit: EXIT.failed,
      problem: { code: 'E_ORDER', message: `The order ${name} failed: ${said}.` },
    })
  })
}

function add(context: Context, name: string, formula: string, rig: string, options: AddOptions): Promise<Answer> {
  return forPeople(context, 'made', async (town) => {
    const vars = varsOf(options.var)
    if (vars.kind === 'error') return vars
    const cooks = await wouldCook(town, formula, rig, vars.value)
    if (cooks.kind === 'error') return { kind: 'error', failure: { kept: 'Nothing was changed.', ...cooks.failure } }
    const { addOrder, editTown } = await import('../town/order-tables.ts')
    const { every, at, when, agent } = options
    const order = { formula, rig, every, at, when, agent, vars: vars.value }
    const file = editTown(town.root, (text, path) => addOrder(text, name, order, path))
    if (file.kind === 'error') return file
    return told(town, name, file.value, 'added', `${name} is an order now.   (${file.value})\nNext: gt order list`)
  })
}

/** Whether the formula is there and takes these values: said now, not at three in the morning. */
async function wouldCook(
  town: OpenTown,
  formula: string,
  rig: string,
  vars: Record<string, string>,
): Promise<Result<void>> {
  const found = await town.rig(rig)
  if (found.kind === 'error') return found
  const { cookFor, frozenNamed } = await import('../meow/make.ts')
  const frozen = frozenNamed(town, formula, rig)
  if (frozen.kind === 'error') return frozen
  const cooked = cookFor(frozen.value, { vars })
  return cooked.kind === 'error' ? cooked : ok(undefined)
}

function pause(context: Context, name: string, paused: boolean): Promise<Answer> {
  return forPeople(context, paused ? 'paused' : 'resumed', async (town) => {
    const known = existing(town, name)
    if (known.kind === 'error') return known
    // Turns that passed while it was paused are not made up for, whether or not the daemon saw them.
    const [{ markOrders }, { quietOrder }] = await Promise.all([
      import('../meow/orders/mark.ts'),
      import('../polecats/orders.ts'),
    ])
    markOrders(town, town.now().getTime())
    const { setConfig } = await import('../town/config.ts')
    const done = setConfig(town.root, `orders.${name}.paused`, String(paused))
    if (done.kind === 'error') return done
    const quiet = paused ? quietOrder(town, name, actor(town.env)) : ok(undefined)
    if (quiet.kind === 'error') return quiet
    const text = paused ? `${name} is paused: gt order resume ${name}` : `${name} goes on: gt order list`
    return told(town, name, done.value.file, paused ? 'paused' : 'resumed', text)
  })
}

function remove(context: Context, name: string): Promise<Answer> {
  return forPeople(context, 'removed', async (town) => {
    const { editTown, removeOrder } = await import('../town/order-tables.ts')
    const file = editTown(town.root, (text, path) => removeOrder(text, name, path))
    if (file.kind === 'error') return file
    const { forgetOrder } = await import('../polecats/orders.ts')
    const closed = forgetOrder(town, name, actor(town.env))
    if (closed.kind === 'error') return closed
    return told(town, name, file.value, 'removed', `${name} is no order any more. What it made stays as it is.`)
  })
}

function existing(town: OpenTown, name: string): Result<void> {
  if (Object.hasOwn(town.settings.orders, name)) return ok(undefined)
  return fail('E_NO_ORDER', `There is no order ${JSON.stringify(name)}.`, { hint: 'gt order list' })
}

/** An order runs commands of its own outside every permission mode, so no agent may make or change one. */
function forPeople(context: Context, verb: string, body: (town: OpenTown) => Promise<Answer>): Promise<Answer> {
  return withTown(context, async (town) => {
    if (!isAgent(context.env)) return body(town)
    return fail('E_NOT_FOR_AGENTS', `Orders are ${verb} by people.`, {
      kept: 'Nothing was changed.',
      hint: 'gt ask "…"   says which order, and why',
      exit: EXIT.needsPerson,
    })
  })
}

/** Notes it in the trail, which also wakes the daemon. */
function told(town: OpenTown, order: string, file: string, did: string, text: string): Answer {
  town.ledger.write({ by: actor(town.env), why: `order ${order} ${did}`, ops: [] })
  return ok({ data: { order, did, file }, text })
}
