/** `gt attend` and `gt answer`: what waits for a person, and a person's words to whoever asked. */
import type { Command } from 'commander'
import type { SessionView } from '../agents/runtime.ts'
import type { Answered } from '../attention/answer.ts'
import { answer } from '../attention/answer.ts'
import { attention } from '../attention/attention.ts'
import type { Item } from '../attention/item.ts'
import { commandOf } from '../attention/item.ts'
import { lookAround } from '../attention/look.ts'
import { about, rowOf } from '../attention/screen.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { driverSeen } from '../deacon/daemon.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Read } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { printable } from './text.ts'
import { columns, findBead, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  action(
    program
      .command('attend')
      .description('What waits for you, the most pressing first. In a terminal one key answers it.')
      .argument('[id]', 'one of them, with all that is said of it')
      .option('--plain', 'print the list, also in a terminal')
      .addHelpText('after', '\nExample:\n  gt attend\n  gt attend ap-x3k9f\n  gt attend --json'),
    (id: string | undefined, options: { plain?: boolean }) => attend(context, id, options.plain === true),
  )
  action(
    program
      .command('answer')
      .description('Your words to the agent that asked (gt ask) or told you of something (gt escalate).')
      .argument('<bead>', 'what waits for you, as gt attend names it')
      .argument('<text...>')
      .addHelpText('after', '\nExample:\n  gt answer ap-x3k9f "Keep the old format; add the new one beside it."'),
    (id: string, words: string[]) => say(context, id, words.join(' ')),
  )
}

/** What waits now, seen from outside the driver. `listed`: the sessions, where somebody may go to one. */
export async function itemsOf(town: OpenTown, listed?: Read<SessionView[]>): Promise<Item[]> {
  return attention(town.ledger.state, await lookAround(town, driverSeen(town), listed))
}

function attend(context: Context, id: string | undefined, print: boolean): Promise<Answer> {
  return withTown(context, async (town) => {
    const look = async (): Promise<Item[]> => itemsOf(town, await town.runtime.list())
    const items = await look()
    if (id !== undefined) return one(town, items, id)
    if (!print && context.interactive && process.stdout.isTTY) {
      const { attendHere } = await import('./attend-screen.ts')
      const { env, signal } = context
      const left = await attendHere({ town, env, signal, look })
      return left.kind === 'error' ? left : ok({ data: null, text: '' })
    }
    const now = town.now()
    const list = columns(items.map((item) => rowOf(item, now).map((cell) => plain(cell, 60))))
    const text = list === '' ? 'Nothing waits for you.' : `${list}\n\nOne of them with its answers: gt attend <id>`
    return ok({ data: items, text })
  })
}

function one(town: OpenTown, items: Item[], id: string): Answer {
  const exact = items.find((item) => item.id === id)
  const bead = exact === undefined ? findBead(town, id) : undefined
  const item = exact ?? items.find((each) => bead?.kind === 'ok' && each.bead === bead.value.id)
  if (item === undefined) {
    if (bead?.kind === 'error') return bead
    return fail('E_NOT_ASKED', `${id} does not wait for you.`, { hint: 'gt attend' })
  }
  const ways = item.answers.map((way) => [`  ${way.key}`, way.label, plain(commandOf(way), 300)])
  const head = `${item.id}  ${plain(item.title, 200)}\n${plain(about(item, town.now()), 300)}`
  const said = item.text.trim() === item.title ? '' : `${printable(item.text)}\n\n`
  return ok({ data: item, text: `${head}\n\n${said}${columns(ways)}` })
}

function say(context: Context, id: string, text: string): Promise<Answer> {
  return withTown(context, async (town) => {
    // The Mayor speaks for the person, and its name goes with the words.
    if (isAgent(context.env) && context.env.GT_ROLE !== 'mayor') {
      return fail('E_NOT_FOR_AGENTS', 'Questions to people are answered by people.', {
        kept: 'The question stands.',
        hint: 'gt progress "…"   leaves a note on your bead',
      })
    }
    const found = findBead(town, id)
    if (found.kind === 'error') return found
    const done = await answer(town, found.value, text, actor(town.env))
    if (done.kind === 'error') return done
    const { bead } = done.value
    return ok({ data: done.value, text: `${bead}: ${outcome(found.value, done.value)}` })
  })
}

function outcome(bead: Bead, { to, woken, hears, budget }: Answered): string {
  if (to === null && facts(bead).escalation !== undefined)
    return 'closed with your words. Whoever raised it is not there any more.'
  if (to === null) return 'answered. Nobody is at it now; whoever comes reads your words with the task.'
  if (budget !== null) return `your words are kept for ${to}, which goes on when its budget allows. ${budget}`
  if (!hears && woken) return `answered; ${to} has no hooks, so a line at its prompt tells it to read your words.`
  if (!hears) return `answered; ${to} has no hooks, so tell it there as well: gt attach ${to}`
  return woken
    ? `${to} has your words and goes on.`
    : `your words are in the inbox of ${to}; its next hook delivers them.`
}
