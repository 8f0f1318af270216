/**
 * The snapshot: `issues.jsonl`, one bead per line, sorted bytewise by id. Written in one way only (canonical.ts), read
 * from many hands (reference: interop checklist).
 */
import type { Read, Result } from '../result.ts'
import { empty, fail, messageOf, ok } from '../result.ts'
import type { Bead, Comment, Dependency } from './bead.ts'
import { bytewise, lineOf, normal, rememberLine } from './canonical.ts'

/** The canonical text of some beads. Ephemeral ones are left out: they never reach a snapshot or git. */
export function snapshotText(beads: Iterable<Bead>): string {
  const kept = [...beads].filter((bead) => bead.ephemeral !== true)
  kept.sort((a, b) => bytewise(a.id, b.id))
  return kept.map((bead) => `${lineOf(bead)}\n`).join('')
}

/**
 * Beads of a snapshot that we wrote ourselves, in the order of the file.
 *
 * @param file named in the error: E_LEDGER_PARSE with file and line
 */
export function readOwnSnapshot(text: string, file: string): Result<Bead[]> {
  const beads: Bead[] = []
  let number = 0
  for (const line of text.split('\n')) {
    number += 1
    if (line === '') continue
    try {
      const bead = JSON.parse(line) as Bead
      rememberLine(bead, line)
      beads.push(bead)
    } catch (error) {
      return unreadable(file, number, messageOf(error))
    }
  }
  return ok(beads)
}

/**
 * Beads of a file that another program or a person may have written. Only the keys that the file gives are there
 * (`complete` adds the rest), because a missing key is not an edit. Timestamps become UTC; derived keys go.
 * A line that is no bead is an error that names file and line, and nothing of the file is used.
 */
export function readForeignSnapshot(bytes: Buffer, file: string): Result<Partial<Bead>[]> {
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  const byId = new Map<string, Partial<Bead>>()
  let number = 0
  for (const line of text.split('\n')) {
    number += 1
    if (line.trim() === '') continue
    if (line.includes('\uFFFD') && !bytes.includes('\uFFFD')) return unreadable(file, number, 'it is not UTF-8')
    if (/^(<{7}|={7}|>{7}|\|{7})/.test(line)) return unreadable(file, number, 'it is a conflict marker of git')
    const bead = foreignBead(line)
    if (bead.kind === 'empty') continue
    if (bead.kind !== 'ok') return unreadable(file, number, bead.kind === 'error' ? bead.failure.message : bead.why)
    const id = bead.value.id!
    const twin = byId.get(id)
    byId.set(id, twin ? newer(twin, bead.value) : bead.value)
  }
  return ok([...byId.values()])
}

/** A bead made whole from what a foreign line gave: what the format leaves out has a meaning (absent priority is 0). */
export function complete(given: Partial<Bead>): Bead {
  const created = given.created_at ?? given.updated_at ?? '1970-01-01T00:00:00Z'
  const updated = given.updated_at ?? created
  const bead: Bead = {
    status: 'open',
    issue_type: 'task',
    priority: 0,
    ...given,
    id: given.id!,
    title: given.title!,
    created_at: created,
    updated_at: Date.parse(updated) < Date.parse(created) ? created : updated,
  }
  if (bead.dependencies) {
    bead.dependencies = bead.dependencies.map((edge) => ({ ...edge, created_at: edge.created_at ?? created }))
  }
  if (bead.status === 'closed') bead.closed_at ??= bead.updated_at
  return normal(bead)
}

/** A line of a beads file that cannot be read. */
export function unreadable(file: string, line: number, why: string): Result<never> {
  return fail('E_LEDGER_PARSE', `${file} line ${line} is not a bead: ${why}.`, {
    kept: 'Nothing was overwritten; everything written through gt is safe in the journal.',
    hint: `Mend line ${line} of ${file} (or put the last committed file back), then run the command again.`,
    details: { file, line },
  })
}

/** Keys that other programs derive or number for themselves; they say nothing about the bead. */
export const DERIVED = [
  '_type',
  'dependency_count',
  'dependent_count',
  'comment_count',
  'parent',
  'content_hash',
  'source_repo',
]
const TIMES = [
  'created_at',
  'updated_at',
  'started_at',
  'closed_at',
  'due_at',
  'defer_until',
  'deleted_at',
  'compacted_at',
  'last_activity',
]

const isText = (value: unknown): boolean => typeof value === 'string'
const isRecord = (value: unknown): boolean => value !== null && typeof value === 'object' && !Array.isArray(value)
const isListOf = (one: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(one)
/** What code here relies on; everything else survives as it is. */
const SHAPES: Record<string, (value: unknown) => boolean> = {
  status: isText,
  issue_type: isText,
  priority: (value) => Number.isInteger(value),
  created_at: isText,
  updated_at: isText,
  labels: isListOf(isText),
  dependencies: isListOf((edge) => isRecord(edge) && isText((edge as Dependency).depends_on_id)),
  comments: isListOf((comment) => isRecord(comment) && isText((comment as Comment).created_at)),
  metadata: isRecord,
}

/** `empty` for lines of other kinds that some exporters add (a schema header, memories). */
export function foreignBead(line: string): Read<Partial<Bead>> {
  let raw: Record<string, unknown>
  try {
    raw = JSON.parse(line)
  } catch (error) {
    return fail('E_LEDGER_PARSE', messageOf(error))
  }
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) return fail('E_LEDGER_PARSE', 'it is no object')
  if ('_schema' in raw || raw._type === 'memory') return empty
  if (typeof raw.id !== 'string' || raw.id === '') return fail('E_LEDGER_PARSE', 'it has no id')
  if (typeof raw.title !== 'string') return fail('E_LEDGER_PARSE', 'it has no title')
  const wrong = Object.keys(SHAPES).find((key) => key in raw && raw[key] !== null && !SHAPES[key]!(raw[key]))
  if (wrong) return fail('E_LEDGER_PARSE', `its ${wrong} is not of the type that the format has`)
  for (const key of [...DERIVED, '__proto__']) delete raw[key]
  if (raw.wisp === true) raw.ephemeral = true
  delete raw.wisp
  for (const key of Object.keys(SHAPES)) if (raw[key] === null) delete raw[key]
  for (const key of TIMES) if (typeof raw[key] === 'string') raw[key] = utc(raw[key])
  if (raw.status === 'deleted' || raw.deleted_at) raw.status = 'tombstone'
  if (Array.isArray(raw.dependencies)) raw.dependencies = raw.dependencies.map((edge) => foreignEdge(edge, raw))
  if (Array.isArray(raw.comments)) {
    raw.comments = (raw.comments as Comment[]).map((comment) => ({ ...comment, created_at: utc(comment.created_at) }))
  }
  return ok(raw as Partial<Bead>)
}

function foreignEdge(edge: Dependency, bead: Record<string, unknown>): Dependency {
  const type = edge.type === 'parent_child' ? 'parent-child' : (edge.type ?? 'blocks')
  const made = { ...edge, issue_id: edge.issue_id ?? bead.id, type }
  if (edge.created_at) made.created_at = utc(edge.created_at)
  return made
}

/** RFC 3339 with any offset, as UTC with `Z`; digits of the second's fraction stay. Anything else stays as it is. */
function utc(stamp: string): string {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d:\d\d)$/.exec(stamp)
  if (!parts) return stamp
  const time = new Date(`${parts[1]}${parts[3]}`)
  return Number.isNaN(time.getTime()) ? stamp : `${time.toISOString().slice(0, 19)}${parts[2] ?? ''}Z`
}

/** The same id twice in a file: the younger one, with the labels and edges of both. */
function newer(a: Partial<Bead>, b: Partial<Bead>): Partial<Bead> {
  const time = (bead: Partial<Bead>): number => Date.parse(bead.updated_at ?? '') || 0
  const [first, last] = time(b) >= time(a) ? [a, b] : [b, a]
  const both: Partial<Bead> = { ...last }
  if (first.labels || last.labels) both.labels = [...(last.labels ?? []), ...(first.labels ?? [])]
  if (first.dependencies || last.dependencies) {
    both.dependencies = [...(last.dependencies ?? []), ...(first.dependencies ?? [])]
  }
  return both
}
