/**
 * The part of an agent's inbox folder that stands for messages of the ledger. It is derived: lost or wrong, it is made anew
 * (sync.ts). The hook guard only looks whether anything visible is there.
 *
 *   <name>.mail   a message waits. Empty, or `again <token>`: it was shown under this token, but nobody confirmed that
 *   .taken~…      a hook has it in its hands: pid, start of the process, token, name. The only hidden one
 *   <name>.seen   it was shown; holds the token. The next hook of this session confirms it, and takes this away
 *
 * `<name>` is the message's time and id, so that names sort by age.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bead } from '../beads/bead.ts'
import { randomBase36 } from '../beads/ids.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { isRunning, self } from '../town/processes.ts'

const WAITS = '.mail'
const SEEN = '.seen'
const TAKEN = '.taken~'

const inboxOf = (folder: string): string => join(folder, 'inbox')

/** The name of a message in folders. */
export const nameOf = ({ id, created_at }: Pick<Bead, 'id' | 'created_at'>): string =>
  `${Date.parse(created_at).toString(36).padStart(9, '0')}-${id}`

/** The id of the message that a name stands for. */
export const idOf = (name: string): string => name.slice(name.indexOf('-') + 1)

/** Lets a message wait there. `after`: the token of a showing that nobody confirmed. */
export function place(folder: string, name: string, after?: string): Result<void> {
  try {
    mkdirSync(inboxOf(folder), { recursive: true })
    rmSync(join(inboxOf(folder), `${name}${SEEN}`), { force: true })
    writeFileSync(join(inboxOf(folder), `${name}${WAITS}`), after === undefined ? '' : `again ${after}`)
    return ok(undefined)
  } catch (error) {
    return fail('E_INBOX', `The inbox in ${folder} cannot be written: ${messageOf(error)}.`)
  }
}

export interface Inbox {
  /** Names of what waits, oldest first. */
  waiting: string[]
  /** Names of what was shown and not confirmed yet. */
  seen: string[]
}

/** What lies there. What a killed hook held waits again. No folder: nothing. */
export function look(folder: string): Inbox {
  const inbox = inboxOf(folder)
  let names: string[]
  try {
    names = readdirSync(inbox)
  } catch {
    return { waiting: [], seen: [] }
  }
  let back = false
  for (const name of names) if (name.startsWith(TAKEN)) back = giveBack(inbox, name) || back
  if (back) names = readdirSync(inbox)
  const ending = (end: string): string[] =>
    names
      .filter((name) => name.endsWith(end) && !name.startsWith('.'))
      .map((name) => name.slice(0, -end.length))
      .sort()
  return { waiting: ending(WAITS), seen: ending(SEEN) }
}

/** Whether a living hook has it in its hands. */
export function isInHand(folder: string, name: string): boolean {
  try {
    return readdirSync(inboxOf(folder)).some((each) => each.startsWith(TAKEN) && each.endsWith(`~${name}`))
  } catch {
    return false
  }
}

/** A hook's hold of one message. */
export interface Taken {
  name: string
  /** Chance, for this showing. */
  token: string
  /** The token of an earlier showing that it may be shown after. */
  after: string | undefined
  path: string
}

/** Takes a message that waits, so that of several hooks one shows it; undefined: another one has it. */
export function take(folder: string, name: string): Taken | undefined {
  const inbox = inboxOf(folder)
  const { pid, started } = self()
  const token = randomBase36(8)
  const path = join(inbox, `${TAKEN}${pid}~${started}~${token}~${name}`)
  try {
    renameSync(join(inbox, `${name}${WAITS}`), path)
    const after = /^again (\w+)$/.exec(readFileSync(path, 'utf8'))?.[1]
    return { name, token, after, path }
  } catch {
    return undefined
  }
}

/** It was shown: what is left is the mark that waits for the confirmation. */
export function markSeen(folder: string, taken: Taken): void {
  writeFileSync(taken.path, taken.token)
  renameSync(taken.path, join(inboxOf(folder), `${taken.name}${SEEN}`))
}

/** Not shown, for now: it waits again. */
export function putBack(folder: string, taken: Taken): void {
  if (existsSync(taken.path)) renameSync(taken.path, join(inboxOf(folder), `${taken.name}${WAITS}`))
}

/** Not for showing: it is settled, or somebody else's. */
export function drop(taken: Taken): void {
  rmSync(taken.path, { force: true })
}

/** The token of a mark; undefined when another hook took it away. */
export function seenToken(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(inboxOf(folder), `${name}${SEEN}`), 'utf8')
  } catch {
    return undefined
  }
}

export function dropSeen(folder: string, name: string): void {
  rmSync(join(inboxOf(folder), `${name}${SEEN}`), { force: true })
}

/**
 * What a hook held that was killed waits again, under the token of its showing: if the ledger knows that one, it may have been
 * spoken or not.
 */
function giveBack(inbox: string, held: string): boolean {
  const [pid = '', started = '', token = '', name = ''] = held.slice(TAKEN.length).split('~')
  const alive = isRunning({ pid: Number(pid), started })
  if (alive.kind !== 'ok' || alive.value || name === '') return false
  try {
    writeFileSync(join(inbox, held), `again ${token}`)
    renameSync(join(inbox, held), join(inbox, `${name}${WAITS}`))
    return true
  } catch {
    // Another one gave it back.
    return false
  }
}
