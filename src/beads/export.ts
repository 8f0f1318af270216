/**
 * Beads as a file for other programs (reference: interop checklist). Pure. Nothing is changed in silence: what a program
 * would refuse is said instead of written, what it would drop is noted.
 */
import type { Bead, Comment } from './bead.ts'
import { facts } from './bead.ts'
import { bytewise, normal } from './canonical.ts'
import type { State } from './fold.ts'

/** For whom: `gt` keeps everything; `bd` and `br` get what they accept. */
export type Reader = 'gt' | 'bd' | 'br'

export interface BeadRemark {
  id: string
  text: string
}

export interface Export {
  /** One bead a line, by id. */
  text: string
  count: number
  /** What the reader will drop or not understand. */
  notes: BeadRemark[]
  /** What makes the reader refuse the whole file. */
  refused: BeadRemark[]
}

/**
 * @param query `rig`: only that project's beads. Ephemeral beads are never exported
 */
export function exportBeads(state: State, query: { rig?: string; reader: Reader }): Export {
  const { rig, reader } = query
  const beads = [...state.beads.values()].filter(
    (bead) => bead.ephemeral !== true && (rig === undefined || facts(bead).rig === rig),
  )
  beads.sort((a, b) => bytewise(a.id, b.id))
  const made: Export = { text: '', count: beads.length, notes: [], refused: [] }
  const lines: string[] = []
  for (const bead of beads) {
    const out = reader === 'gt' ? withoutVersion(bead) : spelled(withoutVersion(bead))
    const line = JSON.stringify(out)
    lines.push(`${line}\n`)
    if (reader !== 'gt') remarks(out, line, reader, made)
  }
  if (reader !== 'gt') twins(beads, reader, made)
  made.text = lines.join('')
  return made
}

/** The count of changes means something in one ledger only. */
export function withoutVersion(bead: Bead): Bead {
  if (bead.metadata?.gt === undefined) return bead
  const { version: _version, ...gt } = bead.metadata.gt
  const { gt: _gt, ...metadata } = bead.metadata
  const kept = Object.keys(gt).length > 0 ? { ...metadata, gt } : metadata
  return normal({ ...bead, metadata: kept as Bead['metadata'] } as Bead)
}

/** Facts in the spelling that the stricter readers want. */
function spelled(bead: Bead): Bead {
  const next: Bead = { ...bead }
  if (next.comments) next.comments = numbered(next.comments)
  if (next.dependencies) {
    next.dependencies = next.dependencies.map((edge) => ({
      ...edge,
      issue_id: bead.id,
      created_at: edge.created_at ?? bead.created_at,
    }))
  }
  if (Date.parse(next.updated_at) < Date.parse(next.created_at)) next.updated_at = next.created_at
  return next
}

/** Comment ids as positive integers, each once; those that are keep theirs. */
function numbered(comments: Comment[]): Comment[] {
  const isNumber = (id: unknown): id is number => Number.isSafeInteger(id) && (id as number) > 0
  const used = new Set<number>()
  let next = 1
  return comments.map((comment) => {
    let { id } = comment
    if (!isNumber(id) || used.has(id)) {
      const taken = (n: number): boolean => used.has(n) || comments.some((other) => other.id === n)
      while (taken(next)) next += 1
      id = next
    }
    used.add(id)
    return { ...comment, id }
  })
}

/** Types that every bd knows; others it takes only when they are configured. */
const BD_TYPES = new Set(['bug', 'feature', 'task', 'epic', 'chore', 'message', 'molecule', 'gate', 'event'])
const STATUSES = new Set(['open', 'in_progress', 'blocked', 'deferred', 'closed', 'tombstone', 'pinned', 'hooked'])
const ID = /^[a-z0-9][a-z0-9._-]*-[a-z0-9]+(\.[0-9]+)*$/

function remarks(bead: Bead, line: string, reader: Reader, made: Export): void {
  const { id } = bead
  const refuse = (text: string): void => void made.refused.push({ id, text })
  const note = (text: string): void => void made.notes.push({ id, text })
  const titleBytes = Buffer.byteLength(bead.title)
  if (titleBytes === 0 || titleBytes > 500) refuse(`its title has ${titleBytes} bytes; 1 to 500 are taken`)
  if (bead.priority < 0 || bead.priority > 4) refuse(`its priority is ${bead.priority}; 0 to 4 are taken`)
  for (const key of ['created_at', 'updated_at', 'closed_at', 'deleted_at', 'due_at', 'defer_until']) {
    const time = bead[key]
    if (time !== undefined && Number.isNaN(Date.parse(String(time)))) refuse(`its ${key} is no time`)
  }
  if (bead.status === 'tombstone' && bead.deleted_at === undefined) refuse('it is a tombstone without deleted_at')
  if (reader === 'br') {
    if (!ID.test(id)) refuse('its id has other characters than a-z, 0-9 and hyphens, or children that are no numbers')
    if (/\s/.test(String(bead.external_ref ?? ''))) refuse('its external_ref has a space in it')
    if (Buffer.byteLength(bead.description ?? '') > 100 * 1024) refuse('its description is longer than 100 KiB')
    if (bead.metadata !== undefined) note('br drops its metadata, what gt knows of it among that')
    return
  }
  if (id.split('.').length > 4) note('bd 0.4x leaves out ids with more than three dots')
  if (!BD_TYPES.has(bead.issue_type))
    note(`bd wants the type configured: bd config set types.custom ${bead.issue_type}`)
  if (!STATUSES.has(bead.status)) note(`bd wants the status ${bead.status} configured (status.custom)`)
  if (bead.status === 'tombstone') note('bd since 1.0 skips tombstones: delete it there by hand')
  if (Buffer.byteLength(line) > 64 * 1024) note('the merge driver of bd 0.4x fails on lines longer than 64 KiB')
}

/** What readers want to be unique in a file. */
function twins(beads: Bead[], reader: Reader, made: Export): void {
  const refs = new Map<string, string>()
  const contents = new Map<string, string>()
  for (const bead of beads) {
    const ref = bead.external_ref
    if (typeof ref === 'string' && ref !== '') {
      const first = refs.get(ref)
      if (first === undefined) refs.set(ref, bead.id)
      else made.refused.push({ id: bead.id, text: `its external_ref ${ref} is that of ${first}, too` })
    }
    if (reader !== 'bd') continue
    const content = JSON.stringify([bead.title, bead.description, bead.issue_type, bead.status, bead.assignee])
    const first = contents.get(content)
    if (first === undefined) contents.set(content, bead.id)
    else
      made.notes.push({ id: bead.id, text: `bd 0.4x takes it for ${first}: title, body, type and status are the same` })
  }
}
