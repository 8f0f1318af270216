/** What was added to a file of lines since it was read last. */
import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK = 1024 * 1024
const NEWLINE = 0x0a

/**
 * The whole lines behind `from` that can say something of an answer, and how far that is; a torn last line waits for its end.
 * Most lines of a transcript are prompts and tool results of many kilobytes: those are passed over as bytes. Throws what
 * the system says.
 */
export function readAdded(path: string, from: number): { lines: string[]; bytes: number } {
  const file = openSync(path, 'r')
  const lines: string[] = []
  let bytes = from
  try {
    let rest = Buffer.alloc(0)
    const chunk = Buffer.alloc(CHUNK)
    for (let at = from; ; ) {
      const count = readSync(file, chunk, 0, CHUNK, at)
      if (count === 0) break
      at += count
      const text = rest.length === 0 ? chunk.subarray(0, count) : Buffer.concat([rest, chunk.subarray(0, count)])
      let start = 0
      for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, start)) {
        const line = text.subarray(start, end)
        if (line.includes('"usage"')) lines.push(line.toString('utf8'))
        bytes += end + 1 - start
        start = end + 1
      }
      rest = Buffer.from(text.subarray(start))
    }
  } finally {
    closeSync(file)
  }
  return { lines, bytes }
}
