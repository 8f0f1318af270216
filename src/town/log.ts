/** Log files of a town: `.gt/logs/<who>.log`, one JSON object a line. */
import { appendFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Town } from './paths.ts'
import { paths } from './paths.ts'

/**
 * Opens the log of `who` (`deacon`, `refinery` …). Each line is written before the call returns. Never throws and never
 * fails: with a full disk or a town that is gone, lines are dropped, because no work may stop for want of a log.
 */
export async function openLog(town: Pick<Town, 'root'>, who: string): Promise<Logger> {
  // The default export: in the bundle a CommonJS package has no other.
  const { default: pino } = await import('pino')
  const { root, logs } = paths(town)
  const file = join(logs, `${who.replace(/[^A-Za-z0-9_-]+/g, '-')}.log`)
  try {
    // A town that was deleted must not come back as a folder with a log in it.
    if (existsSync(root)) mkdirSync(logs, { recursive: true })
  } catch {
    // The lines below are dropped then.
  }
  // Opened anew for each line (20 µs), so that a log moved away or deleted by a Dog is simply begun again.
  const write = (line: string): void => {
    try {
      appendFileSync(file, line)
    } catch {
      // See above: dropped.
    }
  }
  const level = process.env.GT_DEBUG === '1' ? 'debug' : 'info'
  return pino({ level, base: { who, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}
