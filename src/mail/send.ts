/**
 * Sends a message: written to the ledger first, then laid into the inbox of whoever has a session. It may be called by
 * everybody who has an open town; nothing is awaited, and nothing is typed into anybody's screen (wake.ts does that).
 */
import { existsSync } from 'node:fs'
import { sanitize } from '../agents/fence.ts'
import type { Bead } from '../beads/bead.ts'
import type { Condition, Json } from '../beads/change.ts'
import type { Run } from '../beads/facts.ts'
import { LIVE_RUN } from '../beads/facts.ts'
import { lookUp } from '../beads/fold.ts'
import { newBeadId } from '../beads/ids.ts'
import type { Delivery, MessageFacts } from '../beads/message-facts.ts'
import { runPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { resolveAll } from './addresses.ts'
import { directoryOf } from './directory.ts'
import { nameOf, place } from './folder.ts'
import type { Recipient } from './message.ts'
import { HUMAN, keyOf, messageOf } from './message.ts'
import { folderOf } from './sync.ts'

export interface Letter {
  /** Address of the sender: an agent's, `human`, or a part of the town such as `deacon`. */
  from: string
  /** Addresses as people write them (addresses.ts). */
  to: string | readonly string[]
  /** One line, at most 500 bytes; empty: the first line of the body. */
  subject: string
  body: string
  /** 0 (urgent) to 4; default 2. 0 and 1 wake idle workers. */
  priority?: number
  /** Default: that of the message it replies to, or one of its own. */
  thread?: string
  /** Id of the message that this one answers. */
  replyTo?: string
  /** For programs: what kind of message; default `note`. */
  type?: string
  /** For programs: what goes with the type. */
  data?: Json
  /** Not shown any more after so many milliseconds; default: `mail.expire` of town.toml. */
  expiresMs?: number
  /** Wakes its recipients if they are idle, whatever its priority. */
  wake?: boolean
}

export interface Sent {
  id: string
  thread: string
  to: Recipient[]
}

const BODY_CHARS = 100_000
const DATA_CHARS = 16_000
/** Somebody's run may end while we write to it; then we look again. */
const TRIES = 3

/**
 * @returns E_ADDRESS, E_NOBODY, E_AMBIGUOUS (nothing was sent), E_TOO_LONG, E_USAGE, E_NO_BEAD (of `replyTo`); those of the ledger.
 * A message that is in the ledger is sent, also where its recipient has no session yet.
 */
export function send(town: OpenTown, letter: Letter): Result<Sent> {
  const wrong = wrongLetter(letter)
  if (wrong !== undefined) return wrong
  const answered = letter.replyTo === undefined ? undefined : messageOf(lookUp(town.ledger.state, letter.replyTo))
  if (letter.replyTo !== undefined && answered === undefined)
    return fail('E_NO_BEAD', `There is no message ${letter.replyTo}.`, {
      kept: 'Nothing was sent.',
      hint: 'gt mail inbox',
    })
  const fence = ownFence(town, letter.from)
  const from: Recipient = { address: letter.from, ...(fence !== undefined && { run: fence }) }
  for (let tries = 1; ; tries++) {
    const directory = directoryOf(town)
    if (directory.kind === 'error') return directory
    const to = resolveAll(directory.value, [letter.to].flat(), from)
    if (to.kind === 'error') return to
    const id = newBeadId('hq', (taken) => lookUp(town.ledger.state, taken) !== undefined)
    const thread = letter.thread ?? answered?.mail.thread ?? id
    const bead = messageBead(letter, {
      id,
      thread,
      from,
      to: to.value,
      at: town.now(),
      expireMs: town.settings.mail.expire,
    })
    const written = town.ledger.write({
      by: letter.from === HUMAN ? 'person' : letter.from,
      ...(fence !== undefined && { fence }),
      why: `message ${id} to ${to.value
        .map(({ address }) => address)
        .join(', ')
        .slice(0, 200)}`,
      when: [{ if: 'absent', id }, ...stillLive(town, to.value)],
      ops: [{ op: 'create', bead }],
    })
    if (written.kind === 'error') return written
    if (written.value.applied) {
      for (const one of to.value) lay(town, bead, one)
      return ok({ id, thread, to: to.value })
    }
    if (tries === TRIES) {
      return fail('E_CHANGED', 'The recipients changed while the message was written.', {
        kept: 'Nothing was sent.',
        hint: 'try again',
        exit: EXIT.tryAgain,
      })
    }
  }
}

/** Under which fence an agent speaks for itself; the town's own parts, and people, have none. */
const ownFence = ({ env }: OpenTown, from: string): string | undefined =>
  env.GT_AGENT === from && env.GT_RUN ? env.GT_RUN : undefined

/** The bead of a message; pure. */
export function messageBead(
  letter: Letter,
  how: { id: string; thread: string; from: Recipient; to: Recipient[]; at: Date; expireMs: number },
): Bead {
  const at = how.at.toISOString()
  const deliveries: Record<string, Delivery> = {}
  for (const one of how.to) deliveries[keyOf(one)] = { ...one, state: 'queued', queued: at }
  const mail: MessageFacts = {
    from: letter.from,
    ...(how.from.run !== undefined && { from_run: how.from.run }),
    to: [...[letter.to].flat()],
    thread: how.thread,
    ...(letter.replyTo !== undefined && { reply_to: letter.replyTo }),
    type: letter.type ?? 'note',
    ...(letter.data !== undefined && { data: letter.data }),
    expires: new Date(how.at.getTime() + (letter.expiresMs ?? how.expireMs)).toISOString(),
    ...(letter.wake && { wake: true as const }),
    deliveries,
  }
  const [only] = how.to.length === 1 ? how.to : []
  return {
    id: how.id,
    title: titleOf(letter),
    ...(letter.body !== '' && { description: letter.body }),
    status: 'open',
    priority: letter.priority ?? 2,
    issue_type: 'message',
    // As the format's own tools write a message.
    ...(only !== undefined && { assignee: only.address }),
    sender: letter.from,
    created_at: at,
    created_by: letter.from,
    updated_at: at,
    metadata: { gt: { version: 0, message: mail } },
  }
}

function titleOf({ subject, body }: Letter): string {
  const line = subject.trim() === '' ? (body.trim().split('\n', 1)[0] ?? '') : subject
  const plain = sanitize(line).replace(/\s+/g, ' ').trim()
  if (subject.trim() !== '' || plain.length <= 80) return plain || '(no subject)'
  return `${plain.slice(0, 79).replace(/[\ud800-\udbff]$/, '')}…`
}

function wrongLetter({ subject, body, priority, type, thread, data, to }: Letter): Result<never> | undefined {
  const kept = 'Nothing was sent.'
  if (subject.trim() === '' && body.trim() === '' && data === undefined)
    return fail('E_EMPTY', 'The message is empty.', { kept, hint: 'gt mail send mayor --subject "…" --body "…"' })
  if (Buffer.byteLength(subject) > 500)
    return fail('E_BAD_TITLE', 'The subject has more than 500 bytes.', {
      kept,
      hint: 'Say the rest in the body (--body).',
    })
  if (body.length > BODY_CHARS) {
    return fail('E_TOO_LONG', `The message has ${body.length} characters; ${BODY_CHARS} is the most.`, {
      kept,
      hint: 'Put it in a file that the recipient can read, and say where.',
    })
  }
  if (data !== undefined && JSON.stringify(data).length > DATA_CHARS)
    return fail('E_TOO_LONG', `The data of a message may have ${DATA_CHARS} characters as JSON.`, { kept })
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 4))
    return fail('E_BAD_PRIORITY', `${priority} is no priority.`, {
      kept,
      hint: 'Priorities are 0 (urgent), 1, 2 (normal), 3 and 4.',
    })
  if (type !== undefined && !/^[a-z][a-z0-9_.-]{0,49}$/.test(type))
    return fail('E_BAD_TYPE', `"${type.slice(0, 60)}" is no type of message.`, {
      kept,
      hint: 'Lower case, one word, such as review-request.',
    })
  if (thread !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(thread))
    return fail('E_USAGE', `"${thread.slice(0, 60)}" is no thread.`, {
      kept,
      hint: 'Letters, digits, `.`, `-` and `_`.',
    })
  if ([to].flat().length > 64)
    return fail('E_USAGE', 'A message has at most 64 addresses.', { kept, hint: 'Write to a group: @all' })
  return undefined
}

/** Whoever gets it under a fence still has that run. */
function stillLive(town: OpenTown, to: Recipient[]): Condition[] {
  const runs = new Map<string, Run>([...town.ledger.state.live.values()].flat().map((run) => [run.fence, run]))
  return to.flatMap(({ run: fence }) => {
    const run = fence === undefined ? undefined : runs.get(fence)
    if (run === undefined) return []
    return [{ if: 'in' as const, id: run.bead, path: runPath(run.fence, 'state'), values: [...LIVE_RUN] }]
  })
}

/** The folder is derived: what cannot be laid there now is, by the driver or when the session begins. */
function lay(town: OpenTown, bead: Bead, to: Recipient): void {
  const folder = folderOf(town, to)
  if (to.address !== HUMAN && existsSync(folder)) place(folder, nameOf(bead))
}
