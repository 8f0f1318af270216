/**
 * The few ways in which the ledger touches the disk: every one durable, every failure exact. Synchronous on purpose:
 * a ledger call is one small write, and what is acknowledged must be on disk.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Err, Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { identify, self } from '../town/processes.ts'

export const errno = (thrown: unknown): string | undefined => (thrown as NodeJS.ErrnoException | null)?.code

/**
 * A failure of the disk in words. `what` completes "Could not …".
 */
export function diskFailure(thrown: unknown, what: string, path: string): Err {
  const kept = 'This change was not acknowledged; everything that was acknowledged before is safe.'
  switch (errno(thrown)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail('E_DISK_FULL', `Could not ${what}: no space left for ${path}.`, {
        kept,
        hint: 'Free some space (df -h shows where), then run the command again.',
        exit: EXIT.tryAgain,
      })
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return fail('E_READ_ONLY', `Could not ${what}: ${path} cannot be written (${messageOf(thrown)}).`, {
        kept,
        hint: `Make ${dirname(path)} writable for this user, then run the command again.`,
      })
    default:
      return fail('E_STORE', `Could not ${what}: ${messageOf(thrown)} (${path}).`, {
        kept,
        hint: 'Run `gt doctor`, which checks the ledger and its disk.',
      })
  }
}

/** One `write` of all bytes at the end of an O_APPEND file, then fdatasync. A short write is a full disk. */
export function appendDurably(fd: number, bytes: Buffer, path: string): Result<void> {
  try {
    const written = writeSync(fd, bytes)
    if (written !== bytes.length) {
      const full = Object.assign(new Error(`only ${written} of ${bytes.length} bytes fitted`), { code: 'ENOSPC' })
      return diskFailure(full, 'write the change', path)
    }
    fdatasyncSync(fd)
    return ok(undefined)
  } catch (error) {
    return diskFailure(error, 'write the change', path)
  }
}

export function fsyncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

let counter = 0

/** Writes a new file durably under a temporary name in `folder`; the name says who we are, for `reapTemporary`. Throws. */
export function writeTemporary(folder: string, content: string | Buffer, beforeClose?: (fd: number) => void): string {
  counter += 1
  const { pid, started } = self()
  const chance = Math.floor(Math.random() * 36 ** 4).toString(36)
  const path = join(folder, `tmp.${pid}.${counter}.${chance}.${started}`)
  const fd = openSync(path, 'wx', 0o644)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
    beforeClose?.(fd)
  } catch (error) {
    discard(path)
    throw error
  } finally {
    closeSync(fd)
  }
  return path
}

/**
 * Puts a durable file in place under a final name that nobody else has taken: true when it is ours, false when
 * someone was first. Throws.
 */
export function linkNew(content: string | Buffer, path: string): boolean {
  const temporary = writeTemporary(dirname(path), content)
  try {
    linkSync(temporary, path)
    return true
  } catch (error) {
    if (errno(error) === 'EEXIST') return false
    throw error
  } finally {
    discard(temporary)
    fsyncFolder(dirname(path))
  }
}

/** Renames a durable temporary file over its final name, and makes the rename durable. Throws. */
export function renameOver(temporary: string, path: string): void {
  try {
    renameSync(temporary, path)
  } catch (error) {
    discard(temporary)
    throw error
  }
  fsyncFolder(dirname(path))
}

/** Takes away a file that may be gone already. */
export function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone, or not ours to take: either way nothing depends on it.
  }
}

/** Takes away temporary files whose process is gone: what a kill in the middle of a roll left behind. */
export function reapTemporary(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid, started] = /^tmp\.(\d+)\.\d+\.[^.]*(?:\.(.+))?$/.exec(name) ?? []
    if (pid === undefined || Number(pid) === process.pid) continue
    // A pid that came back, with another start, is somebody else's.
    const now = identify(Number(pid))
    const gone = now.kind === 'empty' || (now.kind === 'ok' && started !== undefined && now.value.started !== started)
    if (gone) discard(join(folder, name))
  }
}

/** SHA-256 in hex. `node:crypto` is loaded on first use: most commands never hash anything. */
export function sha256(content: string | Buffer): string {
  crypto ??= createRequire(import.meta.url)('node:crypto') as typeof import('node:crypto')
  return crypto.createHash('sha256').update(content).digest('hex')
}
let crypto: typeof import('node:crypto') | undefined

/** Blocks this thread for some milliseconds; only for the rare wait for another process in the middle of a roll. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** The bytes of an open file from one offset up to another, or to its end where that comes first. Throws. */
export function readRange(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, to - from))
  let at = 0
  while (at < bytes.length) {
    const count = readSync(fd, bytes, at, bytes.length - at, from + at)
    if (count === 0) break
    at += count
  }
  return bytes.subarray(0, at)
}
