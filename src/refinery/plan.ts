/**
 * What the Refinery does next with what is in line. Pure: `(rows with verdicts, what runs, estimates, clock) → actions`.
 * The executor (queue.ts) can be killed at any instruction: the next plan starts from the ledger, the repository and the
 * log of gate runs. One row is a line of entries on one target that have to be tested on top of each other:
 *
 *   green prefix ────────────────→ land it
 *   lone suspect, red on its tree → once: test again · twice: send it back
 *   red, target not known ───────→ test the target
 *   target red twice ────────────→ freeze the row; only a repair is tested, alone
 *   otherwise ───────────────────→ test the prefixes that the search chooses (search.ts)
 */
import type { Policy } from './search.ts'
import { prefixes } from './search.ts'
import type { RedSet } from './suspects.ts'
import { innocence, suspectPrefix } from './suspects.ts'
import type { GateKey, Verdict } from './verdict.ts'
import { isGreen, isRed } from './verdict.ts'

/** One entry merged onto those before it. */
export interface Link {
  id: string
  commit: string
  tree: string
  verdict: Verdict
}

export interface Row {
  /** Names it in logs: the target, and which of its lanes. */
  name: string
  base: { commit: string; tree: string; verdict: Verdict }
  /** In the order in which they would land. */
  links: Link[]
  reds: RedSet[]
  /** The row as it will be when its first entry, a lone suspect, is sent back; empty when there is none. */
  spare: Link[]
  /** Something waits for this target to be green: entries, or the bead that stands for its being red. */
  alarmed: boolean
}

/** A gate run under way. No ids: it tests a target. */
export interface Running {
  /** Its name in the log. */
  run: string
  tree: string
  /** What it runs, by content: a tree that needs nothing else waits for it, whatever else is in that tree. */
  keys: readonly string[]
  ids: string[]
}

export interface View {
  rows: Row[]
  running: Running[]
  slots: number
  /** Probability that an entry is bad, and that a run on good code is red (estimate.ts). */
  p: number
  f: number
  /** ms since the epoch. */
  now: number
  policy?: Policy
}

export type Rule =
  | 'red twice on the same tree, alone on a target that passes'
  | 'red on its own tree; that it is good is less likely than one in a thousand'
  | 'the target is red, and with this change it still is'

export type Action =
  /** Run the missing gates on a tree; `ids` are the entries in it, none for the target itself. */
  | { do: 'test'; row: Row; commit: string; tree: string; gates: GateKey[]; ids: string[]; why: string }
  /** Move the target to the tree of the first `count` links. */
  | { do: 'land'; row: Row; count: number }
  | { do: 'return'; row: Row; link: Link; rule: Rule }
  /** The target itself does not pass. */
  | { do: 'freeze'; row: Row }
  | { do: 'thaw'; row: Row }
  /** A run that can teach nothing any more. */
  | { do: 'stop'; run: string; why: string }

/** Reds on one tree that make a verdict: the run and its confirmation. */
const CONFIRMED = 2
/** A suspect that is good with less than this probability gets no second run. */
const NEGLIGIBLE = 1 / 1000
/** How long a red target rests before it is run again (it may have been the machine); doubles up to an hour. */
const RETEST_MS = 5 * 60_000
const LONGEST_RETEST_MS = 60 * 60_000

/** Everything that can be done now. Landings and returns change the rows: what follows from them is planned next time. */
export function plan(view: View): Action[] {
  const actions: Action[] = []
  const wanted: Test[][] = []
  for (const row of view.rows) {
    const settled = settle(row, view)
    actions.push(...settled)
    if (!settled.some((action) => action.do === 'land' || action.do === 'return')) wanted.push(testsOf(row, view))
  }
  const stops = useless(view)
  actions.push(...stops)
  const stopped = new Set(stops.map(({ run }) => run))
  const busy = view.running.filter(({ run }) => !stopped.has(run)).map(({ keys }) => new Set(keys))
  for (const test of inTurn(wanted)) {
    if (busy.length >= view.slots) break
    if (holdsRed(test.row, test.ids)) continue
    if (busy.some((keys) => test.gates.every(({ key }) => keys.has(key)))) continue
    busy.push(new Set(test.gates.map(({ key }) => key)))
    actions.push(test)
  }
  return actions
}

/** When time alone would change the plan: the next look at a red target, ms since the epoch. */
export function due(rows: Row[]): number | undefined {
  const times = rows.filter((row) => isFrozen(row)).map(({ base }) => retestAt(base.verdict))
  return times.length > 0 ? Math.min(...times) : undefined
}

export const isFrozen = (row: Pick<Row, 'base'>): boolean =>
  isRed(row.base.verdict) && row.base.verdict.reds >= CONFIRMED

function retestAt(verdict: Verdict): number {
  const rest = Math.min(LONGEST_RETEST_MS, RETEST_MS * 2 ** (verdict.reds - CONFIRMED))
  return (verdict.redAt ?? 0) + rest
}

/** Verdicts that are complete: what lands, what goes home, whether the target itself is red. */
function settle(row: Row, view: View): Action[] {
  const green = row.links.findLastIndex((link) => isGreen(link.verdict))
  if (green >= 0) return [{ do: 'land', row, count: green + 1 }]
  if (isFrozen(row)) {
    const repair = row.links[0]
    const freeze: Action = { do: 'freeze', row }
    if (repair === undefined || !isRed(repair.verdict)) return [freeze]
    const rule = 'the target is red, and with this change it still is'
    return [freeze, { do: 'return', row, link: repair, rule }]
  }
  // Not known to be red: what waited for it is tried again; a green one also ends the alarm.
  const thaw: Action[] = row.alarmed && !isRed(row.base.verdict) ? [{ do: 'thaw', row }] : []
  const suspect = row.links[0]
  if (suspect === undefined || !isRed(suspect.verdict) || !isGreen(row.base.verdict)) return thaw
  const reds = redsOf(suspect, row)
  if (reds >= CONFIRMED) {
    const rule = 'red twice on the same tree, alone on a target that passes'
    return [...thaw, { do: 'return', row, link: suspect, rule }]
  }
  if (innocence(view.p, view.f, reds) >= NEGLIGIBLE) return thaw
  const rule = 'red on its own tree; that it is good is less likely than one in a thousand'
  return [...thaw, { do: 'return', row, link: suspect, rule }]
}

/** Reds that speak of this entry alone: runs whose other members have landed since, or that had none. */
function redsOf(link: Link, row: Row): number {
  const alone = row.reds.filter(({ ids }) => ids.length === 1 && ids[0] === link.id).length
  return Math.max(link.verdict.reds, alone)
}

type Test = Extract<Action, { do: 'test' }>

/** What a row would like to run, the most urgent first. */
function testsOf(row: Row, view: View): Test[] {
  const base = (why: string): Test => ({
    do: 'test',
    row,
    commit: row.base.commit,
    tree: row.base.tree,
    gates: row.base.verdict.missing,
    ids: [],
    why,
  })
  if (isFrozen(row)) {
    const again = view.now >= retestAt(row.base.verdict) ? [base('whether the target is still red')] : []
    const repair = row.links[0]
    return repair && !isRed(repair.verdict)
      ? [prefix(row, row.links, 1, 'a repair of the red target'), ...again]
      : again
  }
  if (isRed(row.base.verdict)) return [base('the target was red: once more, to be sure')]
  const m = shortestRed(row.links, row.reds)
  const unknown = m > 0 && !isGreen(row.base.verdict) ? [base('a red was found: does the target pass by itself?')] : []
  return [...unknown, ...search(row, view, m)]
}

function search(row: Row, view: View, m: number): Test[] {
  const { links } = row
  const { p, policy, slots } = view
  if (m === 1) {
    const again = prefix(row, links, 1, 'a lone suspect: once more, to be sure')
    return [again, ...(slots > 1 ? without(row, view) : [])]
  }
  const why = m > 0 ? `at least one of the first ${m} is bad` : 'nothing is known of these yet'
  return prefixes({ n: links.length, m, slots, p }, policy).map((size) => prefix(row, links, size, why))
}

/** Most suspects are guilty, so the row without it is worth a slot that is free. What is known of that row counts. */
function without(row: Row, { p, policy, slots }: View): Test[] {
  const { links, spare, reds } = row
  const green = spare.findLastIndex((link) => isGreen(link.verdict)) + 1
  const others = reds.filter(({ ids }) => !ids.includes(links[0]!.id))
  const m = Math.max(0, shortestRed(spare, others) - green)
  const sizes = prefixes({ n: spare.length - green, m, slots: slots - 1, p }, policy)
  return sizes.map((size) => prefix(row, spare, green + size, 'the row as it will be without the suspect'))
}

/** Length of the shortest prefix that is known to be red, by a group in it or by its own tree; 0 when none is. */
function shortestRed(links: Link[], reds: RedSet[]): number {
  const ids = links.map(({ id }) => id)
  const group = suspectPrefix(ids, reds)
  const own = links.findIndex((link) => isRed(link.verdict)) + 1
  return own > 0 && group > 0 ? Math.min(own, group) : Math.max(own, group)
}

function prefix(row: Row, links: Link[], size: number, why: string): Test {
  const { commit, tree, verdict } = links[size - 1]!
  return { do: 'test', row, commit, tree, gates: verdict.missing, ids: links.slice(0, size).map(({ id }) => id), why }
}

/** The first wish of every row, then the second of every row …: no row waits for another's search. */
function* inTurn(rows: Test[][]): Generator<Test> {
  const most = Math.max(0, ...rows.map((row) => row.length))
  for (let rank = 0; rank < most; rank++) {
    for (const row of rows) yield* row.slice(rank, rank + 1)
  }
}

/** Runs that no tree of a row needs any more, and runs over a group that holds a smaller group known to be red. */
function useless(view: View): Extract<Action, { do: 'stop' }>[] {
  const stops: Extract<Action, { do: 'stop' }>[] = []
  for (const { run, keys, ids } of view.running) {
    const row = view.rows.find(({ base, links, spare }) =>
      [base, ...links, ...spare].some(({ verdict }) => verdict.missing.some(({ key }) => keys.includes(key))),
    )
    if (row === undefined) stops.push({ do: 'stop', run, why: 'nothing in line needs it any more' })
    // Its own red may be in the log already, while what it left running is still being ended.
    else if (holdsRed(row, ids, run)) {
      stops.push({ do: 'stop', run, why: 'a part of it is known to be red' })
    }
  }
  return stops
}

/** A group with a smaller one in it that is known to be red teaches nothing. `run`: the group's own run, if it has one. */
function holdsRed({ reds }: Row, ids: string[], run?: string): boolean {
  return ids.length > 1 && reds.some((red) => red.run !== run && red.ids.every((id) => ids.includes(id)))
}
