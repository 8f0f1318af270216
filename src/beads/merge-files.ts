/**
 * Three files as git's merge driver gets them. Records are taken as they stand: what neither side touched comes out with
 * the very bytes it went in with, what one side changed with that side's bytes.
 */
import { readFileSync } from 'node:fs'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { bytewise } from './canonical.ts'
import type { Conflict, Raw } from './merge.ts'
import { mergeRecord } from './merge.ts'
import { mergeSets } from './merge-set.ts'
import { asMeant, writerOf } from './merge-writer.ts'

interface Parsed {
  records: Map<string, Raw>
  /** The line of a record that was read as it stands; none for one that was put together from several lines. */
  lines: Map<Raw, string>
  /** Lines of other kinds (memories, a schema header). */
  others: Set<string>
}

export interface MergedFile {
  text: string
  conflicts: Conflict[]
  renamed: { from: string; to: string }[]
}

/**
 * Merges files. E_LEDGER_PARSE names path and line; E_SHRINK as in `mergeSets`; E_FILE when one cannot be read.
 *
 * @param elsewhere ids of the archive files of both sides
 */
export function mergeFiles(
  paths: { base: string; ours: string; theirs: string },
  elsewhere?: ReadonlySet<string>,
): Result<MergedFile> {
  const base = parse(paths.base)
  if (base.kind !== 'ok') return base
  const ours = parse(paths.ours, base.value)
  if (ours.kind !== 'ok') return ours
  const theirs = parse(paths.theirs, base.value)
  if (theirs.kind !== 'ok') return theirs
  const meant = (side: Parsed) => asMeant(side.records, base.value.records, writerOf(side.records, base.value.records))
  const merged = mergeSets(base.value.records, meant(ours.value), meant(theirs.value), elsewhere)
  if (merged.kind !== 'ok') return merged
  const lineOf = (id: string): string => {
    const record = merged.value.records.get(id)!
    const [b, l, r] = [base.value, ours.value, theirs.value].map((side) => side.lines.get(side.records.get(id)!))
    const [mine, their] = [ours.value.lines.get(record), theirs.value.lines.get(record)]
    // The same record written in two ways (other escapes, say): the way that is new, or always the same one.
    if (l && r && JSON.stringify(JSON.parse(l)) === JSON.stringify(JSON.parse(r)) && (mine || their))
      return l === b ? r : r === b || bytewise(l, r) <= 0 ? l : r
    return mine ?? their ?? JSON.stringify(record)
  }
  const ids = [...merged.value.records.keys()].sort(bytewise)
  const lines = ids.map(lineOf)
  const others = [...ours.value.others, ...theirs.value.others].filter(
    (line) => !base.value.others.has(line) || (ours.value.others.has(line) && theirs.value.others.has(line)),
  )
  const all = [...[...new Set(others)].sort(bytewise), ...lines]
  return ok({
    text: all.map((line) => `${line}\n`).join(''),
    conflicts: merged.value.conflicts,
    renamed: merged.value.renamed,
  })
}

function parse(path: string, base?: Parsed): Result<Parsed> {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    return fail('E_FILE', `${path} could not be read: ${messageOf(error)}.`, { kept: 'Nothing was changed.' })
  }
  return parseRecords(bytes, path, base?.records)
}

/**
 * Records of a file, by id. The same id twice is one bead that an older merge tore in two: put together with the rules
 * of any merge.
 */
export function parseRecords(bytes: Buffer, file: string, base?: ReadonlyMap<string, Raw>): Result<Parsed> {
  const parsed: Parsed = { records: new Map(), lines: new Map(), others: new Set() }
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  let number = 0
  for (const ended of text.split('\n')) {
    number += 1
    const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended
    if (line.trim() === '') continue
    if (line.includes('\uFFFD') && !bytes.includes('\uFFFD')) return unreadable(file, number, 'it is not UTF-8')
    if (/^(<{7}|={7}|>{7}|\|{7})/.test(line)) return unreadable(file, number, 'it is a conflict marker of git')
    let record: Raw
    try {
      record = JSON.parse(line)
    } catch (error) {
      return unreadable(file, number, messageOf(error))
    }
    if (record === null || typeof record !== 'object' || Array.isArray(record))
      return unreadable(file, number, 'it is no object')
    if ('_schema' in record || record._type === 'memory') {
      parsed.others.add(line)
      continue
    }
    if (typeof record.id !== 'string' || record.id === '') return unreadable(file, number, 'it has no id')
    const twin = parsed.records.get(record.id)
    const one = twin ? mergeRecord(base?.get(record.id), twin, record).record : record
    parsed.records.set(record.id, one)
    if (!twin) parsed.lines.set(record, line)
  }
  return ok(parsed)
}

function unreadable(file: string, line: number, why: string): Result<never> {
  return fail('E_LEDGER_PARSE', `${file} line ${line} is not a bead: ${why}.`, {
    kept: 'Nothing was changed.',
    hint: `Mend line ${line} of ${file}, then run the command again.`,
    details: { file, line },
  })
}
