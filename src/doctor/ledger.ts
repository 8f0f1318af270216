/** The ledger: does it open, is every record whole, is the published copy current, is its git repository there. */
import { closeSync, existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { initLedgerRepo } from '../beads/git.ts'
import { logPath, numbers, openJournal } from '../beads/journal.ts'
import { journalNumbers, journalReader } from '../beads/packs.ts'
import type { Published } from '../beads/publish.ts'
import { damagedBases, issuesPath, lookAtPublished } from '../beads/publish.ts'
import { scan } from '../beads/record.ts'
import { readForeignSnapshot } from '../beads/snapshot.ts'
import { git } from '../git/run.ts'
import type { Result } from '../result.ts'
import { messageOf, ok } from '../result.ts'
import type { Check, Finding } from './check.ts'
import { findingOf } from './check.ts'
import type { TownSubject } from './subject.ts'
import { writing } from './subject.ts'

export const ledgerOpens: Check<TownSubject> = (town) => {
  const base = { id: 'ledger', title: 'Ledger' }
  const opened = town.ledger()
  if (opened.kind === 'ok') {
    const { beads, live } = opened.value.state
    return [{ ...base, verdict: 'good', text: `${beads.size} beads, ${live.size} with a live run.` }]
  }
  if (opened.failure.code !== 'E_NO_LEDGER') return [findingOf(base.id, base.title, opened.failure)]
  if (existsSync(issuesPath(town.paths.beads))) {
    const mend = {
      what: 'begin a journal that continues issues.jsonl',
      apply: () => writing(town, () => ok(undefined)),
    }
    return [{ ...base, verdict: 'bad', text: 'There is a snapshot but no journal, as in a fresh clone.', mend }]
  }
  const text = `${opened.failure.message} If it ever had one, put that folder back first.`
  return [{ ...base, verdict: 'bad', text, hint: `gt install ${town.root}   begins an empty ledger` }]
}

/** A line of a journal that is no record. */
interface Broken {
  where: string
  text: string
  /** Cut off in the middle: a write that was never acknowledged. Otherwise bytes of a written record changed. */
  torn: boolean
}

/** Reads every journal anew, the sealed ones too: the audit trail is kept, so it is checked. */
export const ledgerRecords: Check<TownSubject> = (town) => {
  const base = { id: 'ledger.records', title: 'Records' }
  const [changed] = damagedBases(town.paths.beads)
  if (changed !== undefined) {
    const text = `${relative(town.root, changed)} is not the snapshot that its journal continues: its bytes changed.`
    const hint = `Put an undamaged copy back (git has older ones: git -C ${town.paths.beads} log issues.jsonl)`
    return [{ ...base, verdict: 'bad', text, hint }]
  }
  const read = journalReader(town.paths.beads)
  const broken = journalNumbers(town.paths.beads).flatMap((n) => brokenIn(town, n, read))
  const damaged = broken.filter(({ torn }) => !torn)
  if (damaged.length > 0) {
    const text = `${count(damaged.length, 'damaged record')}, which no longer count: ${named(damaged)}`
    const hint = 'Read what it said there, and do it again where it is missing: gt bead list --status all'
    return [{ ...base, verdict: 'bad', text, hint }]
  }
  if (broken.length > 0) {
    const text = `${count(broken.length, 'unfinished write')} (a crash or a full disk; never acknowledged): ${named(broken)}`
    return [{ ...base, verdict: 'unknown', text }]
  }
  return [{ ...base, verdict: 'good', text: 'Every record of every journal is whole.' }]
}

function brokenIn(town: TownSubject, n: number, read: (n: number) => Buffer): Broken[] {
  // A packed journal is named as if it lay there by itself.
  const name = relative(town.root, logPath(town.paths.beads, n))
  let bytes: Buffer
  try {
    bytes = read(n)
  } catch (error) {
    return [{ where: name, text: messageOf(error), torn: false }]
  }
  const found = scan(bytes, 0)
  const seal = found.records.find(({ record }) => record.kind === 'seal')?.offset ?? Number.POSITIVE_INFINITY
  const lines = found.damage.map(({ offset, text }) => ({ offset, text }))
  const rest = bytes.subarray(found.consumed).toString('utf8')
  if (rest.trim() !== '') lines.push({ offset: found.consumed, text: rest })
  return lines
    .filter(({ offset }) => offset < seal)
    .map(({ offset, text }) => ({
      where: `${name} byte ${offset}`,
      text,
      // A record ends with its checksum; what lacks it never reached its end.
      torn: !/\t[0-9a-f]{8}$/.test(text),
    }))
}

function named(broken: Broken[]): string {
  const some = broken.slice(0, 3).map(({ where, text }) => `${where}: ${JSON.stringify(text.slice(0, 100))}`)
  return `${some.join('; ')}${broken.length > 3 ? `; and ${broken.length - 3} more` : ''}.`
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** Rolling over and renaming is not one step: a copy that is stale for a moment is no finding. */
const LOOKS = 3
const BETWEEN_MS = 100

/** issues.jsonl: what git keeps and what other beads tools read. */
export const ledgerPublished: Check<TownSubject> = async (town) => {
  const base = { id: 'ledger.published', title: 'Snapshot' }
  if (town.ledger().kind === 'error') return []
  const path = issuesPath(town.paths.beads)
  for (let looks = 1; ; looks++) {
    const seen = published(town)
    if (seen.kind === 'error') return [findingOf(base.id, base.title, seen.failure)]
    if (seen.value.is === 'current') return [{ ...base, verdict: 'good', text: 'issues.jsonl is current.' }]
    if (seen.value.is === 'foreign') return [foreign(base, seen.value.bytes, path)]
    if (looks === LOOKS) break
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
  }
  const text = existsSync(path) ? 'issues.jsonl is an older state of the ledger.' : 'issues.jsonl is missing.'
  const mend = { what: 'publish it again', apply: () => writing(town, () => ok(undefined)) }
  return [{ ...base, verdict: 'bad', text: `${text} The beads themselves are safe in the journal.`, mend }]
}

function foreign(base: { id: string; title: string }, bytes: Buffer, path: string): Finding {
  const read = readForeignSnapshot(bytes, path)
  if (read.kind === 'error') return findingOf(base.id, base.title, read.failure)
  return { ...base, verdict: 'good', text: 'Another program changed issues.jsonl; the next command of gt merges that.' }
}

function published(town: TownSubject): Result<Published> {
  const dir = town.paths.beads
  const journal = openJournal(dir, numbers(dir, 'log').at(-1) ?? 1)
  if (journal.kind === 'error') return journal
  try {
    return ok(lookAtPublished(journal.value))
  } finally {
    closeSync(journal.value.fd)
  }
}

export const ledgerRepository: Check<TownSubject> = async (town) => {
  const base = { id: 'ledger.repository', title: 'Ledger’s git' }
  if (!existsSync(town.paths.beads)) return []
  const gitDir = join(town.paths.beads, '.git')
  if (!existsSync(gitDir)) {
    const mend = { what: 'make .beads a git repository', apply: () => initLedgerRepo(town.paths.beads) }
    return [{ ...base, verdict: 'bad', text: 'The ledger has no git repository.', mend }]
  }
  const seen = await git(['rev-parse', '--git-dir'], { gitDir })
  if (seen.kind === 'ok') return [{ ...base, verdict: 'good', text: gitDir }]
  const { code, message } = seen.failure
  if (code !== 'E_GIT') return [findingOf(base.id, base.title, seen.failure, 'unknown')]
  const hint = `Move ${gitDir} away, then: gt doctor --fix`
  return [{ ...base, verdict: 'bad', text: `${gitDir} is not a git repository. ${message}`, hint }]
}
