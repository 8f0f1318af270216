/** A text that somebody hands to a command in a file, or by standard input. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'

/** The ledger keeps each text for ever, and every command reads the ledger: a log or a dump does not belong there. */
export const TEXT_BYTES = 1_000_000

/**
 * The text of a file, or of standard input (`-`), which may have no end: no more is read than a text may have.
 * E_FILE: it cannot be read; E_TOO_LONG: it has more than `TEXT_BYTES`.
 */
export function readText(file: string): Result<string> {
  let from: number | undefined
  try {
    from = file === '-' ? 0 : openSync(file, 'r')
    const read = readUpTo(from, TEXT_BYTES + 1)
    if (read.length <= TEXT_BYTES) return ok(read.toString('utf8'))
    return fail('E_TOO_LONG', `The text has more than ${TEXT_BYTES} bytes.`, {
      hint: 'Put it in a file that whoever needs it can read, and say where.',
    })
  } catch (error) {
    return fail('E_FILE', `The text could not be read: ${messageOf(error)}.`, {
      hint: 'Name a file, or - for standard input.',
    })
  } finally {
    if (from !== undefined && from !== 0) closeSync(from)
  }
}

function readUpTo(from: number, most: number): Buffer {
  const bytes = Buffer.alloc(most)
  let length = 0
  for (;;) {
    const more = length < most ? readSync(from, bytes, length, most - length, null) : 0
    if (more === 0) return bytes.subarray(0, length)
    length += more
  }
}
