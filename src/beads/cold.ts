/**
 * Single beads out of a base that is not read whole: it is sorted by id, so a line is found by halving. A year-old
 * town's base has 50 MB; ten small reads find a bead in it.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Result } from '../result.ts'
import { messageOf, ok } from '../result.ts'
import type { Bead } from './bead.ts'
import { bytewise, rememberLine } from './canonical.ts'
import { readRange } from './disk.ts'
import { unreadable } from './snapshot.ts'

const NEWLINE = 0x0a
/** Below this many bytes, reading on is cheaper than halving again. */
const WINDOW = 32_768
const PROBE = 4096
/** Enough for the beginning of a line with an id of any usual length. */
const ID_BYTES = 128

export interface Base {
  fd: number
  size: number
}

/** Throws when it is not there. */
export function openBase(path: string): Base {
  const fd = openSync(path, 'r')
  return { fd, size: fstatSync(fd).size }
}

export const closeBase = (base: Base): void => closeSync(base.fd)

/** A canonical line as a bead that remembers its text. Throws when the line is damaged. */
export function beadOf(line: string): Bead {
  const bead = JSON.parse(line) as Bead
  rememberLine(bead, line)
  return bead
}

/** The bead with this id. Throws when the file cannot be read or is no base of ours. */
export function findInBase({ fd, size }: Base, id: string): Bead | undefined {
  // The line looked for begins in [from, to); both are beginnings of lines.
  let from = 0
  let to = size
  while (to - from > WINDOW) {
    const middle = lineAfter(fd, (from + to) >> 1, to, size)
    if (middle === undefined) break
    if (bytewise(id, middle.id) < 0) to = middle.at
    else from = middle.at
  }
  const text = readRange(fd, from, to)
  for (let at = 0; at < text.length; ) {
    const end = endOfLine(text, at)
    const held = idOf(text.toString('utf8', at, Math.min(end, at + PROBE)))
    if (held === id) return beadOf(text.toString('utf8', at, end))
    at = end + 1
  }
  return undefined
}

/** How much of a base is text at one time while it is read whole. */
const PIECE = 1 << 20

/**
 * Every bead of a base, in its order. Piece by piece, so that a large text is never held beside its beads. E_LEDGER_PARSE
 * with the line that is damaged; throws when the file cannot be read.
 */
export function eachBead(path: string, each: (bead: Bead) => void): Result<void> {
  const base = openBase(path)
  try {
    let number = 0
    for (let from = 0; from < base.size; ) {
      const to = from + PIECE < base.size ? lineBeginAfter(base.fd, from + PIECE, base.size) : base.size
      for (const line of readRange(base.fd, from, to).toString('utf8').split('\n')) {
        if (line === '') continue
        number += 1
        try {
          each(JSON.parse(line))
        } catch (error) {
          return unreadable(path, number, messageOf(error))
        }
      }
      from = to
    }
    return ok(undefined)
  } finally {
    closeBase(base)
  }
}

/** All lines of a base. */
export function baseLines({ fd, size }: Base): string[] {
  const text = readRange(fd, 0, size).toString('utf8')
  return text.split('\n').filter((line) => line !== '')
}

const endOfLine = (text: Buffer, at: number): number => {
  const end = text.indexOf(NEWLINE, at)
  return end < 0 ? text.length : end
}

/** Where the first line begins that begins at or after `at` (one byte before it is a newline); `to` when none does. */
function lineBeginAfter(fd: number, at: number, to: number): number {
  for (let place = at - 1; place < to; place += PROBE) {
    const found = readRange(fd, place, Math.min(place + PROBE, to)).indexOf(NEWLINE)
    if (found >= 0) return Math.min(place + found + 1, to)
  }
  return to
}

/** Memory that is new to the process costs more than the reading. */
const probed = Buffer.alloc(PROBE)

/** The line that begins first at or after `at`, with its id; undefined when none does before `to`. */
function lineAfter(fd: number, at: number, to: number, size: number): { at: number; id: string } | undefined {
  const length = readSync(fd, probed, 0, PROBE, at - 1)
  const found = probed.subarray(0, length).indexOf(NEWLINE)
  const begin = found < 0 ? lineBeginAfter(fd, at + length, to) : at + found
  if (begin >= to) return undefined
  // Most often the id stands in what was read already.
  const id = found < 0 ? undefined : idOf(probed.toString('utf8', found + 1, Math.min(found + 1 + ID_BYTES, length)))
  return { at: begin, id: id ?? idAt(fd, begin, size) }
}

function idAt(fd: number, at: number, size: number): string {
  const id = idOf(readRange(fd, at, Math.min(at + PROBE, size)).toString('utf8'))
  if (id === undefined) throw new Error(`no bead begins at byte ${at}`)
  return id
}

/** Every line of ours begins with the id. */
function idOf(line: string): string | undefined {
  const found = /^\{"id":("(?:[^"\\]|\\.)*")/.exec(line)?.[1]
  return found === undefined ? undefined : JSON.parse(found)
}
