/**
 * The hold: while the file `hold` lies in the town's folder, nothing new starts; what runs goes on. Anybody may put it
 * there (`touch ~/gt/hold`), with a reason in it or without. A plain file, so that it works while gt does not, and one
 * fact in one place: there is no other record of it.
 *
 * Lines that begin with `gt: ` are what gt itself has to know of a hold that it wrote: `gt: frozen` (everything is
 * stopped where it stood, polecats/freeze.ts), and `gt: drain <pid> <start>` (a `gt down --drain` waits; its hold ends with
 * that process, however it ends).
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { empty, fail, messageOf, ok, unknown } from '../result.ts'
import { writeFileAtomic } from './atomic.ts'
import { happenedSince } from './moments.ts'
import type { ProcessId } from './processes.ts'
import { isRunning } from './processes.ts'

export interface Hold {
  /** Why, one line; empty when nobody said. */
  reason: string
  /** Every agent and gate is stopped where it stood, and is to stay so. */
  frozen: boolean
  /** The `gt down --drain` whose hold it is. */
  drain?: ProcessId
}

const REASON_LENGTH = 200

/** Absolute path of the file. */
export const holdPath = (root: string): string => join(root, 'hold')

/**
 * The hold in force: `empty` when there is none, or only that of a drain whose process is gone. A file that cannot be read
 * is a hold all the same; `unknown` when it cannot even be told whether one is there. One system call where there is none.
 */
export function readHold(root: string): Read<Hold> {
  const found = lookAtHold(root)
  if (found.kind !== 'ok' || found.value.drain === undefined) return found
  const alive = isRunning(found.value.drain)
  return alive.kind === 'ok' && !alive.value ? empty : found
}

/** The hold as it is written, that of a dead drain included. */
export function lookAtHold(root: string): Read<Hold> {
  try {
    return ok(parseHold(readFileSync(holdPath(root), 'utf8')))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return empty
    if (code === 'EISDIR' || code === 'EACCES') return ok({ reason: '', frozen: false })
    return unknown(`${holdPath(root)} could not be read: ${messageOf(error)}`)
  }
}

/** What the text of the file says. Never fails: whatever lies there holds the town. */
export function parseHold(text: string): Hold {
  const lines = text.slice(0, 65_536).split('\n')
  const reason = lines
    .filter((line) => !line.startsWith('gt: '))
    .join(' ')
    .replace(/[\s\x00-\x1f\x7f-\x9f]+/g, ' ')
    .trim()
    .slice(0, REASON_LENGTH)
  const hold: Hold = { reason, frozen: lines.some((line) => /^gt: frozen\s*$/.test(line)) }
  const drain = lines.map((line) => /^gt: drain (\d+) (\S+)\s*$/.exec(line)).find((match) => match !== null)
  if (drain) hold.drain = { pid: Number(drain[1]), started: drain[2]! }
  return hold
}

/** The text that `parseHold` reads back as this hold. */
export function holdText(hold: Hold): string {
  // A reason that looks like one of our own lines is somebody's words.
  const reason = hold.reason.replace(/\s+/g, ' ').trim().replace(/^gt: /, 'gt:')
  const lines = [reason, ...(hold.frozen ? ['gt: frozen'] : [])]
  if (hold.drain) lines.push(`gt: drain ${hold.drain.pid} ${hold.drain.started}`)
  return `${lines.join('\n')}\n`
}

/** Puts a hold there, in place of one that is there already. Durable when it answers. Error: E_WRITE. */
export function writeHold(root: string, hold: Hold): Result<void> {
  return writeFileAtomic(holdPath(root), holdText(hold))
}

/** Takes the hold away, whoever put it there; answers whether there was one. Error: E_HOLD. */
export function removeHold(root: string): Result<boolean> {
  try {
    const there = statSync(holdPath(root), { throwIfNoEntry: false }) !== undefined
    rmSync(holdPath(root), { force: true })
    return ok(there)
  } catch (error) {
    return fail('E_HOLD', `The hold could not be lifted: ${messageOf(error)}.`, {
      kept: 'Nothing new starts in this town while that file is there.',
      hint: `rm ${holdPath(root)}`,
    })
  }
}

/** Takes away the hold of this very drain, and no other. Error: E_HOLD. */
export function removeDrain(root: string, drain: ProcessId): Result<boolean> {
  const now = lookAtHold(root)
  const ours = now.kind === 'ok' && now.value.drain?.pid === drain.pid && now.value.drain.started === drain.started
  return ours ? removeHold(root) : ok(false)
}

/**
 * Whether the town was frozen at any time since that instant (ms since the epoch), or is now: clocks went on meanwhile, so
 * what took too long, or failed, may have been fine.
 */
export function frozenSince(root: string, since: number): boolean {
  if (happenedSince(root, 'thawed', since)) return true
  const hold = lookAtHold(root)
  return hold.kind === 'ok' && hold.value.frozen
}

/** Why a town is held, in words for people: completes "held: …". */
export function holdWords({ reason, frozen }: Hold): string {
  return `${frozen ? 'everything is frozen, ' : ''}${reason || 'no reason given'}`
}
