/** `gt mail read` and `gt mail wait`. */
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { resolveAll } from '../mail/addresses.ts'
import { directoryOf } from '../mail/directory.ts'
import { isUnread, received, threadOf } from '../mail/inbox.ts'
import type { Message } from '../mail/message.ts'
import { messageOf } from '../mail/message.ts'
import { fresh, markRead } from '../mail/read.ts'
import { letterText } from '../mail/text.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import type { Answer, Context } from './context.ts'
import { mailBeads } from './mail-list.ts'
import { whoAmI } from './mail-send.ts'
import { letterPage, rowOf, threadLines } from './mail-text.ts'
import { findBead, withTown } from './town.ts'

/** The message that a whole or partial id names. E_NO_MESSAGE: there is none, or it is another kind of bead. */
export function findMessage(town: OpenTown, partial: string): Result<Message> {
  const bead = findBead(town, partial)
  if (bead.kind === 'error' && bead.failure.code !== 'E_NO_BEAD') return bead
  const message = bead.kind === 'ok' ? messageOf(bead.value) : undefined
  const id = bead.kind === 'ok' ? bead.value.id : partial
  return message === undefined
    ? fail('E_NO_MESSAGE', `${id} is no message.`, { hint: 'gt mail inbox --all' })
    : ok(message)
}

export function read(context: Context, id: string | undefined): Promise<Answer> {
  return withTown(context, (town) => {
    const message = id === undefined ? nextUnread(town) : findMessage(town, id)
    if (message.kind === 'error') return message
    const marked = markRead(town, message.value, whoAmI(town))
    return marked.kind === 'error' ? marked : page(town, fresh(town, message.value))
  })
}

function nextUnread(town: OpenTown): Result<Message> {
  const [next] = received(mailBeads(town, false), whoAmI(town))
  return next !== undefined && isUnread(next.delivery)
    ? ok(next.message)
    : fail('E_NOTHING', 'You have no unread message.', { hint: 'gt mail inbox --all' })
}

/** A message as it is printed, with its thread. An agent gets it in a fence, under a label: another's words are data. */
function page(town: OpenTown, message: Message): Answer {
  const { bead, mail } = message
  // The archive is asked only where the thread began long ago.
  const old = messageOf(town.ledger.state.beads.get(mail.thread)) === undefined && mail.thread !== bead.id
  const thread = threadOf(mailBeads(town, old), mail.thread)
  const data = {
    ...rowOf(message),
    body: bead.description ?? '',
    reply_to: mail.reply_to ?? null,
    data: mail.data ?? null,
    expires: mail.expires ?? null,
    messages: thread.map(rowOf),
  }
  const now = town.now()
  const text = isAgent(town.env)
    ? [letterText(message), ...threadLines(message, thread, now)].join('\n')
    : letterPage(message, thread, now)
  return ok({ data, text })
}

export function wait(
  context: Context,
  options: { from?: string[]; thread?: string; timeout?: string },
): Promise<Answer> {
  return withTown(context, async (town) => {
    const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout)
    if (options.timeout !== undefined && timeoutMs === undefined) {
      const hint = 'gt mail wait --timeout 10m'
      return fail('E_USAGE', `"${options.timeout}" is no duration.`, { hint, exit: EXIT.usage })
    }
    const from = options.from === undefined ? ok(undefined) : sendersOf(town, options.from)
    if (from.kind === 'error') return from
    const about = options.thread === undefined ? undefined : findMessage(town, options.thread)
    // A thread may bear a name of its own.
    const thread = about?.kind === 'ok' ? about.value.mail.thread : options.thread
    const { waitForMail } = await import('../mail/wait.ts')
    const came = await waitForMail(town, whoAmI(town), {
      signal: context.signal,
      ...(from.value !== undefined && { from: from.value }),
      ...(thread !== undefined && { thread }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    })
    if (came.kind === 'error') return came
    if (came.value !== 'timeout' && came.value !== 'interrupted') return page(town, came.value)
    const how = { kept: 'What comes waits until it is read.', hint: 'gt mail wait', exit: EXIT.tryAgain }
    return came.value === 'timeout'
      ? fail('E_TIMEOUT', 'No message came in time.', how)
      : fail('E_INTERRUPTED', 'Stopped waiting.', how)
  })
}

/** Whose words are awaited. */
function sendersOf(town: OpenTown, words: string[]): Result<string[]> {
  const directory = directoryOf(town)
  if (directory.kind === 'error') return directory
  const meant = resolveAll(directory.value, words, { address: '' })
  if (meant.kind === 'ok') return ok(meant.value.map(({ address }) => address))
  return { kind: 'error', failure: { ...meant.failure, kept: 'Nothing was read.' } }
}
