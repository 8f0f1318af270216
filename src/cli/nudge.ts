/** `gt nudge`: a word to an agent that it reads now, and how far it came. */
import type { Command } from 'commander'
import { HUMAN } from '../mail/message.ts'
import type { Nudge, Outcome } from '../mail/nudge.ts'
import { EXIT, fail, ok } from '../result.ts'
import { ageOf, parseDuration } from '../town/duration.ts'
import { bodyOf } from './bead-options.ts'
import type { Answer, Context, Output } from './context.ts'
import { action } from './context.ts'
import { whoAmI } from './mail-send.ts'
import { withTown } from './town.ts'

interface Options {
  file?: string
  wait?: true
  timeout: string
}

const KEPT = 'Nothing was sent.'

export function register(program: Command, context: Context): void {
  action(
    program
      .command('nudge')
      .description(
        'A word to an agent: it reads it now. One at work sees it with its next tool call; one that sits idle is woken.',
      )
      .argument('<address>', 'mayor, app/toast, app/crew/max, a fence, @crew …')
      .argument('[text...]', 'what is said; - reads it from standard input')
      .option('--file <file>', 'the text from a file, or - for standard input')
      .option('--wait', 'wait until it is acknowledged, and try again what cannot be typed now')
      .option('--timeout <time>', 'with --wait: so long at the most', '2m')
      .addHelpText(
        'after',
        '\nExample:\n  gt nudge app/toast "main is green again: rebase" --wait\n  gt nudge mayor --file plan.md',
      ),
    (address: string, words: string[], options: Options) => nudgeOne(context, address, words, options),
  )
}

function nudgeOne(context: Context, address: string, words: string[], options: Options): Promise<Answer> {
  return withTown(context, async (town) => {
    const waitMs = parseDuration(options.timeout)
    if (waitMs === undefined)
      return fail('E_USAGE', `"${options.timeout}" is no duration.`, {
        kept: KEPT,
        hint: '--timeout 2m',
        exit: EXIT.usage,
      })
    if (options.file !== undefined && words.length > 0) {
      const hint = `gt nudge ${address} --file <file>`
      return fail('E_USAGE', 'The text is given twice: as words, and by --file.', {
        kept: KEPT,
        hint,
        exit: EXIT.usage,
      })
    }
    if (address === HUMAN || address === 'person')
      return fail('E_USAGE', 'A person is not nudged.', {
        kept: KEPT,
        hint: 'gt mail send person -m "…"',
        exit: EXIT.usage,
      })
    const file = options.file ?? (words.join(' ') === '-' ? '-' : undefined)
    const text = file === undefined ? ok(words.join(' ')) : bodyOf({ bodyFile: file })
    if (text.kind === 'error') return { kind: 'error', failure: { ...text.failure, kept: KEPT } }
    if (!text.value?.trim())
      return fail('E_EMPTY', 'The nudge has no text.', {
        kept: KEPT,
        hint: `gt nudge ${address} "…"`,
        exit: EXIT.usage,
      })
    const { nudge } = await import('../mail/nudge.ts')
    const said: Nudge = {
      from: whoAmI(town).address,
      to: address,
      text: text.value,
      waitMs: options.wait ? waitMs : undefined,
      signal: context.signal,
    }
    const done = await nudge(town, said)
    if (done.kind === 'error') return done
    const { id, thread, to } = done.value
    const data = { id, thread, to: to.map(rowOf) }
    // Of one that failed alone the error says it all.
    const lines = to.length === 1 && to[0]!.failure !== undefined ? [] : to.map((one) => lineOf(id, one))
    return ok({ data, text: lines.join('\n'), ...problemOf(id, to, said) })
  })
}

const rowOf = ({ address, run, state, failure }: Outcome) => ({
  address,
  run,
  state,
  code: failure?.code ?? null,
  reason: failure?.message ?? null,
  next: failure?.hint ?? null,
})

function lineOf(id: string, { address, state }: Outcome): string {
  switch (state) {
    case 'acknowledged':
      return `${id}: ${address} has it.`
    case 'injected':
      return `${id}: ${address} was shown it.`
    case 'queued':
      return address === HUMAN
        ? `${id}: it waits in your mail (gt mail read).`
        : `${id}: ${address} is at work, and sees it with its next tool call.`
    case 'expired':
      return `${id}: ${address} was gone before it was shown.`
    case 'undelivered':
      return `${id}: ${address} was not woken; it waits in its inbox.`
  }
}

/** Undelivered, or not acknowledged although that was waited for: exit 75. */
function problemOf(id: string, to: Outcome[], { waitMs, signal }: Nudge): Pick<Output, 'exit' | 'problem'> {
  const exit = EXIT.tryAgain
  const lost = to.find(({ failure }) => failure !== undefined)
  if (lost?.failure !== undefined) {
    const { code, message, hint } = lost.failure
    const words = `${id} waits for ${lost.address}, undelivered. ${message}`
    const kept = 'The message: it is shown with its next turn, and whoever drives the town tries again to wake it.'
    return { exit, problem: { code, message: words, kept, ...(hint !== undefined && { hint }) } }
  }
  const gone = to.find(({ state }) => state === 'expired')
  if (gone !== undefined) {
    const message = `${gone.address} was gone before it was shown ${id}.`
    return { exit: EXIT.failed, problem: { code: 'E_NOBODY', message, hint: 'gt polecat list' } }
  }
  const open =
    waitMs === undefined ? undefined : to.find(({ state, address }) => state !== 'acknowledged' && address !== HUMAN)
  if (open === undefined) return {}
  const hint = `gt mail read ${id}   says how far it came`
  const what = `${open.address} has not acknowledged ${id}: it is ${open.state}`
  if (signal.aborted) return { exit, problem: { code: 'E_INTERRUPTED', message: `Stopped waiting. ${what}.`, hint } }
  return { exit, problem: { code: 'E_TIMEOUT', message: `${what} after ${ageOf(waitMs!)}.`, hint } }
}
