/** `gt mail send` and `gt mail reply`. */
import type { Json } from '../beads/change.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { directoryOf } from '../mail/directory.ts'
import type { Recipient } from '../mail/message.ts'
import { HUMAN } from '../mail/message.ts'
import { markRead } from '../mail/read.ts'
import { answerSubject, answerTo } from '../mail/reply.ts'
import type { Letter } from '../mail/send.ts'
import { send } from '../mail/send.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import { bodyOf, priorityOf } from './bead-options.ts'
import type { Answer, Context } from './context.ts'
import { findMessage } from './mail-read.ts'
import { withTown } from './town.ts'

export interface LetterOptions {
  subject?: string
  body?: string
  bodyFile?: string
  priority?: string
  type?: string
  data?: string
  expires?: string
  replyTo?: string
}

const KEPT = 'Nothing was sent.'

/** Whose mail this process has: that of the agent it runs in, or the person's. */
export function whoAmI({ env }: Pick<OpenTown, 'env'>): Recipient {
  if (!env.GT_AGENT) return { address: HUMAN }
  return { address: actor(env), ...(env.GT_RUN && { run: env.GT_RUN }) }
}

export function sendTo(context: Context, to: string[], options: LetterOptions): Promise<Answer> {
  return withTown(context, (town) => {
    const words = to.flatMap((word) => word.split(',')).filter((word) => word.trim() !== '')
    // A common slip, and no address has one.
    const text = words.find((word) => /\s/.test(word.trim()))
    if (text !== undefined)
      return fail('E_USAGE', `"${text.slice(0, 60)}" is no address.`, {
        kept: KEPT,
        hint: `gt mail send ${words.find((word) => word !== text) ?? 'mayor'} --body "…"`,
        exit: EXIT.usage,
      })
    const answered = options.replyTo === undefined ? undefined : findMessage(town, options.replyTo)
    if (answered?.kind === 'error') return answered
    return post(town, options, { to: words, ...(answered !== undefined && { replyTo: answered.value.bead.id }) })
  })
}

export function reply(context: Context, id: string, options: LetterOptions): Promise<Answer> {
  return withTown(context, (town) => {
    const message = findMessage(town, id)
    if (message.kind === 'error') return message
    const directory = directoryOf(town)
    if (directory.kind === 'error') return directory
    const to = answerTo(directory.value, message.value, whoAmI(town))
    if (to.kind === 'error') return to
    const { id: replyTo, title } = message.value.bead
    const said = post(town, options, { to: to.value, replyTo, subject: answerSubject(title) })
    if (said.kind === 'error') return said
    // It was sent; that its question was read could be said later, too.
    markRead(town, message.value, whoAmI(town))
    return said
  })
}

/** `subject` where the options say none. */
function post(
  town: OpenTown,
  options: LetterOptions,
  { subject, ...where }: Pick<Letter, 'to' | 'replyTo'> & { subject?: string },
): Answer {
  const letter = letterOf(options)
  if (letter.kind === 'error') return letter
  const line = letter.value.subject || (subject ?? '')
  const sent = send(town, { from: whoAmI(town).address, ...where, ...letter.value, subject: line })
  if (sent.kind === 'error') return sent
  const { id, thread, to } = sent.value
  const data = { id, thread, to: to.map(({ address, run }) => ({ address, run: run ?? null })) }
  return ok({ data, text: `${id} is sent to ${to.map(({ address }) => address).join(', ')}.` })
}

/** What the options say. E_EMPTY, E_FILE, E_PRIORITY, E_USAGE. */
function letterOf(options: LetterOptions): Result<Pick<Letter, 'subject' | 'body' | 'priority' | 'type' | 'data'>> {
  const body = bodyOf(options)
  if (body.kind === 'error') return { kind: 'error', failure: { ...body.failure, kept: KEPT } }
  const subject = options.subject ?? ''
  if (`${subject}${body.value ?? ''}`.trim() === '' && options.data === undefined)
    return fail('E_EMPTY', 'The message is empty.', { kept: KEPT, hint: '--body "…", or --body-file <file>' })
  const priority = priorityOf(options.priority)
  if (priority.kind === 'error') return priority
  const expiresMs = options.expires === undefined ? undefined : parseDuration(options.expires)
  if (options.expires !== undefined && expiresMs === undefined)
    return usage(`"${options.expires}" is no duration.`, '--expires 2h')
  const data = options.data === undefined ? ok(undefined) : jsonOf(options.data)
  if (data.kind === 'error') return data
  return ok({
    subject,
    body: body.value ?? '',
    priority: priority.value,
    ...(options.type !== undefined && { type: options.type }),
    ...(data.value !== undefined && { data: data.value }),
    ...(expiresMs !== undefined && { expiresMs }),
  })
}

function jsonOf(text: string): Result<Json> {
  try {
    return ok(JSON.parse(text) as Json)
  } catch {
    return usage('What follows --data is no JSON.', `--data '{"bead":"ap-x3k9f"}'`)
  }
}

const usage = (message: string, hint: string): Result<never> =>
  fail('E_USAGE', message, { kept: KEPT, hint, exit: EXIT.usage })
