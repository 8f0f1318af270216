/**
 * The state of the town in a few lines, for whoever has to know it without asking: the Mayor at the start of a session. Pure; titles
 * and questions in it are other people's words, so it belongs in a fence (agents/fence.ts).
 */
import { oneLine } from '../agents/fence.ts'
import { ageOf } from '../town/duration.ts'
import type { Status } from './status.ts'

/** Rows of each kind; there is a command for all of them. */
const ROWS = 5
const TITLE = 70
const WORDS = 110

/** What waits for the person, the most pressing first (attention/). */
type Waits = readonly { id: string; cause: string; since: string; text: string }[]

/** `closed`: why nothing new starts, if so. At most about 2,500 characters (600 tokens). */
export function outlook(status: Status, waits: Waits, now: Date, closed: string | null): string {
  const since = (at: string): string => ageOf(now.getTime() - Date.parse(at))
  const lines = [
    `${status.running.length} running, ${status.waiting.length} slung and not started, ${waits.length} waiting for the person, ${status.queue.length} in the merge queue, ${status.ready} ready to be slung.`,
  ]
  if (closed !== null) lines.push(`Nothing new starts: ${oneLine(closed, WORDS)}`)
  const part = (title: string, rows: string[]): void => {
    if (rows.length === 0) return
    lines.push(`${title}:`, ...rows.slice(0, ROWS).map((row) => `  ${row}`))
    if (rows.length > ROWS) lines.push(`  and ${rows.length - ROWS} more`)
  }
  part(
    'Waits for the person',
    waits.map((one) => `${one.id} ${one.cause}, ${since(one.since)}: ${oneLine(one.text, WORDS)}`),
  )
  part(
    'Running',
    status.running.map(
      (one) => `${one.bead} ${one.agent} ${one.state} ${since(one.since)}: ${oneLine(one.title, TITLE)}`,
    ),
  )
  part(
    'Slung, not started',
    status.waiting.map((one) => `${one.bead} ${oneLine(one.title, TITLE)} (${oneLine(one.reason, TITLE)})`),
  )
  part(
    'Landed last',
    status.landed.map((one) => `${one.bead} ${since(one.at)} ago: ${oneLine(one.title, TITLE)}`),
  )
  return lines.join('\n')
}
