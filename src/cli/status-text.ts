/** The screen of plain `gt`: three questions, answered within one terminal. Pure. */
import type { Item } from '../attention/item.ts'
import { rowOf } from '../attention/screen.ts'
import type { Status } from '../kernel/status.ts'
import type { Size } from '../screen/lines.ts'
import { aligned, wrap } from '../screen/lines.ts'
import { cutTo, harmless } from '../screen/width.ts'
import { ageOf } from '../town/duration.ts'

export interface StatusScreen {
  /** The town, where it lies, and whether it is up. */
  head: string
  /** What else is to know of it as a whole; empty ones are left out. */
  notes: string[]
  status: Status
  waits: Item[]
  /** Why nothing new starts. */
  closed: string | null
  /** Who is there for long. */
  crew: string[]
  now: Date
}

interface Part {
  title: string
  rows: string[][]
  /** Instead of rows, where there are none. */
  none: string
  /** How to see the rows that did not fit. */
  all: string
  /** So many at most, and at least. */
  most: number
  least: number
}

/** `size`: of the terminal; undefined: there is none, and nothing is cut but what nobody reads. */
export function statusText(screen: StatusScreen, size?: Size): string {
  const columns = size?.columns ?? 200
  const parts = partsOf(screen, columns)
  const notes = screen.notes.filter((note) => note !== '').flatMap((note) => noteLines(note, columns))
  const crew = screen.crew.length === 0 ? [] : ['', ...wrap(`Crew  ${screen.crew.join(', ')}`, columns)]
  // The shell's prompt needs a line of its own.
  const room = size === undefined ? Infinity : size.rows - 2 - notes.length - crew.length
  const shown = fitted(parts, room)
  const body = parts.flatMap((part, i) => linesOf(part, shown[i]!))
  return [screen.head, ...notes, ...body, ...crew].map((line) => cutTo(line, columns)).join('\n')
}

/** Two lines at most: the rest is said where it matters. */
function noteLines(note: string, columns: number): string[] {
  const [first = '', ...more] = wrap(harmless(note), columns)
  return more.length === 0 ? [first] : [first, more.join(' ')]
}

/** How many rows of each part: what fits, taken from the longest first. */
function fitted(parts: readonly Part[], room: number): number[] {
  const shown = parts.map(({ rows, most }) => Math.min(rows.length, most))
  const height = (): number => parts.reduce((sum, part, i) => sum + linesOf(part, shown[i]!).length, 0)
  while (height() > room) {
    const spare = parts.map(({ least }, i) => shown[i]! - least)
    const longest = Math.max(...spare)
    if (longest <= 0) break
    shown[spare.lastIndexOf(longest)]!--
  }
  return shown
}

function linesOf({ title, rows, none, all }: Part, shown: number): string[] {
  if (rows.length === 0) return ['', title, `  ${none}`]
  const left = rows.length - shown
  // Aligned as a whole: rows stay in their columns, however many are shown.
  const lines = aligned(rows)
    .slice(0, shown)
    .map((line) => `  ${line.trimEnd()}`)
  return ['', title, ...lines, ...(left > 0 ? [`  … and ${left} more: ${all}`] : [])]
}

function partsOf({ status, waits, closed, now }: StatusScreen, columns: number): Part[] {
  const age = (since: string): string => ageOf(now.getTime() - Date.parse(since))
  const short = (address: string): string => address.replace('/polecats/', '/')
  const { running, landed, ready } = status
  const parts: Part[] = [
    {
      title: waits.length === 0 ? 'Waits for you' : `Waits for you (${waits.length})   gt attend answers`,
      rows: waits.map((item) => rowOf(item, now, columns)),
      none: 'nothing',
      all: 'gt attend',
      most: 8,
      least: 2,
    },
    {
      title: running.length === 0 ? 'Running' : `Running (${running.length}: ${tally(running)})`,
      rows: [...running]
        .sort((a, b) => strangeness(b.state) - strangeness(a.state) || (a.since < b.since ? -1 : 1))
        .map((one) => [one.bead, one.state, age(one.since), short(one.agent), harmless(one.title)]),
      none: ready > 0 ? `nothing; ${ready} ready: gt sling <bead> <rig>` : 'nothing; gt bead create "<title>" begins',
      all: 'gt polecat list',
      most: 8,
      least: 1,
    },
  ]
  if (status.waiting.length > 0) {
    parts.push({
      title: `Slung, not started (${status.waiting.length})`,
      rows: byReason(status.waiting, closed),
      none: '',
      all: 'gt bead list --status open',
      most: 6,
      least: 1,
    })
  }
  const { landed_today: today } = status
  parts.push({
    title: today === 0 ? 'Landed' : `Landed (${today} today)`,
    rows: landed.map((one) => [one.bead, `${age(one.at)} ago`, one.commit.slice(0, 10), harmless(one.title)]),
    none: 'nothing yet',
    all: 'gt feed --plain',
    most: 6,
    least: 1,
  })
  return parts
}

/** `12 working, 3 quiet`, the most first. */
function tally(running: Status['running']): string {
  const counts = new Map<string, number>()
  for (const { state } of running) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([state, n]) => `${n} ${state.replaceAll('_', ' ')}`)
    .join(', ')
}

/** What is worth a look comes first; work in peace last, and what is handed in, which has a queue of its own. */
const STRANGE = ['submitted', 'parked', 'working', 'starting', 'provisioning', 'claimed', 'rate_limited', 'quiet']
const strangeness = (state: string): number => STRANGE.indexOf(state)

/** Beads that wait for the same stand in one row. */
function byReason(waiting: Status['waiting'], closed: string | null): string[][] {
  const free = closed === null ? 'waits for a free worker' : 'nothing new starts'
  const found = new Map<string, Status['waiting']>()
  for (const one of waiting) found.set(one.reason || free, [...(found.get(one.reason || free) ?? []), one])
  return [...found].map(([reason, beads]) => {
    const [first] = beads
    const what = beads.length === 1 ? harmless(first!.title) : beads.map(({ bead }) => bead).join(', ')
    return [beads.length === 1 ? first!.bead : `${beads.length} beads`, cutTo(harmless(reason), 44), what]
  })
}
