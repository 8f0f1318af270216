/** `gt stop <run>`, `gt stop --all`, `gt thaw`. */
import type { Command } from 'commander'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Standing } from '../polecats/freeze.ts'
import { freezeTown, thawTown } from '../polecats/freeze.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { lookAtHold, readHold, removeHold, writeHold } from '../town/hold.ts'
import { noteMoment } from '../town/moments.ts'
import type { Answer, Context, Output } from './context.ts'
import { action } from './context.ts'
import { stopOne } from './polecat.ts'
import { withTownAnyhow } from './town.ts'

interface StopOptions {
  all?: boolean
  reason?: string
}

export function register(program: Command, context: Context): void {
  const stop = program
    .command('stop')
    .description('Stop one run: its work is archived. With --all: freeze every agent and gate where it stands.')
    .argument('[run]', 'fence, worker or bead')
    .option('--all', 'the emergency stop; gt thaw lets everything go on')
    .option('--reason <text>', 'why')
    .addHelpText(
      'after',
      '\nExample:\n  gt stop app/toast --reason "wrong bead"\n  gt stop --all --reason "the disk is full"',
    )
  action(stop, (who: string | undefined, options: StopOptions) => stopCommand(context, who, options))
  const thaw = program
    .command('thaw')
    .description('Lift the hold; what gt stop --all froze goes on from where it stood.')
    .addHelpText('after', '\nExample:\n  gt thaw')
  action(thaw, () => thawAll(context))
}

function stopCommand(context: Context, who: string | undefined, options: StopOptions): Answer | Promise<Answer> {
  if ((who === undefined) !== (options.all === true)) {
    return fail('E_USAGE', 'Say which run, or --all.', { hint: 'gt stop <run>   or   gt stop --all', exit: EXIT.usage })
  }
  return who === undefined
    ? freezeAll(context, options.reason)
    : stopOne(context, who, options.reason ?? 'stopped by a person')
}

/** The hold first: whatever happens to this process, nothing new starts from here on. */
function freezeAll(context: Context, reason: string | undefined): Promise<Answer> {
  return withTownAnyhow(context, async (town) => {
    if (context.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker may not stop the town.')
    const before = readHold(town.root)
    const why = reason ?? ((before.kind === 'ok' && before.value.reason) || 'gt stop --all')
    // A full disk is no reason to let them run on.
    const written = writeHold(town.root, { reason: why, frozen: true })
    tellDrivers(town, `everything is frozen: ${why}`)
    const frozen = await freezeTown(town)
    if (frozen.kind === 'error') return frozen
    const { by, processes, refused, unsure } = frozen.value
    const lines = [processes === 0 ? 'Nobody was at work.' : `Frozen: ${wordsOf(by)}.`]
    if (unsure !== undefined) lines.push(`Not every session was seen, so run it again: ${unsure}`)
    if (written.kind === 'ok') lines.push('Nothing new starts and nothing lands.')
    lines.push('To go on: gt thaw   To end everything: gt down')
    const output = { data: { reason: why, ...shown(frozen.value) }, text: lines.join('\n') }
    const problem = problemOf(written, refused)
    return ok(problem === undefined ? output : { ...output, exit: EXIT.failed, problem })
  })
}

/** What of the emergency stop did not come true, if anything. */
function problemOf(written: Result<void>, refused: number[]): Output['problem'] {
  if (written.kind === 'error') {
    const { message, hint } = written.failure
    const text = `What runs is frozen, but the town is not held, so new work may start: ${message}`
    return { code: 'E_NOT_HELD', message: text, ...(hint !== undefined && { hint }) }
  }
  if (refused.length === 0) return undefined
  const message = `These processes did not stop: ${refused.join(', ')}.`
  return { code: 'E_NOT_FROZEN', message, hint: 'gt stop --all   once more, or end everything: gt down' }
}

function thawAll(context: Context): Promise<Answer> {
  return withTownAnyhow(context, async (town) => {
    // Somebody stopped the town or held it; an agent does not take that back.
    if (isAgent(context.env)) return fail('E_NOT_FOR_AGENTS', 'Only a person lets a held town go on.')
    const hold = lookAtHold(town.root)
    // First the processes: should this process end half-way, the town says still that it is frozen.
    const thawed = await thawTown(town)
    if (thawed.kind === 'error') return thawed
    const { by, processes, refused } = thawed.value
    if (refused.length > 0) {
      return fail('E_STILL_FROZEN', `These processes did not go on: ${refused.join(', ')}.`, {
        kept: 'The hold stays.',
        hint: `ps -o pid,stat,user,args -p ${refused.join(',')}   then: gt thaw`,
      })
    }
    if (processes > 0 || (hold.kind === 'ok' && hold.value.frozen)) noteMoment(town.root, 'thawed')
    const lifted = removeHold(town.root)
    if (lifted.kind === 'error') return lifted
    if (lifted.value) tellDrivers(town, 'the hold is lifted')
    const what = processes > 0 ? `On they go: ${wordsOf(by)}.` : 'Nothing was frozen.'
    const held = lifted.value ? 'The hold is lifted.' : 'The town was not held.'
    return ok({ data: { lifted: lifted.value, ...shown(thawed.value) }, text: `${what} ${held}` })
  })
}

/** An empty change: whoever drives the town looks at the hold at once. A ledger that refuses it is told so at the next pass. */
function tellDrivers(town: OpenTown, why: string): void {
  town.ledger.write({ by: actor(town.env), why, ops: [] })
}

const shown = ({ by, processes, refused }: Standing): Pick<Standing, 'by' | 'processes' | 'refused'> => ({
  by,
  processes,
  refused,
})

const wordsOf = (by: Record<string, number>): string =>
  Object.entries(by)
    .map(([name, count]) => `${name} (${count} process${count === 1 ? '' : 'es'})`)
    .join(', ')
