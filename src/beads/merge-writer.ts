/**
 * What a program that rewrote the file could not have known is not edited. Every known tool writes its own struct and
 * drops the rest; which keys it knows is read off the shape of what it wrote (reference: field table, and the columns of
 * what each tool loses).
 */
import type { Dependency } from './bead.ts'
import type { Raw } from './merge.ts'
import { versionOf } from './merge.ts'
import type { Side } from './merge-set.ts'

/** `bd-2026`: bd 1.x exports. `br`: beads_rust. `bd`: bd up to 0.49, and others that know as little. `whole`: knows all. */
export type Writer = 'whole' | 'bd' | 'bd-2026' | 'br'

/** Known to all of them; leaving one out means that it was cleared. */
const COMMON = (
  'description design acceptance_criteria notes assignee estimated_minutes closed_at close_reason external_ref ' +
  'labels sender ephemeral pinned is_template compacted_at compacted_at_commit'
).split(' ')
const GRAVE = ['deleted_at', 'deleted_by', 'delete_reason', 'original_type']
const KNOWN: Record<Exclude<Writer, 'whole'>, ReadonlySet<string>> = {
  bd: new Set([...COMMON, ...GRAVE, 'await_type', 'await_id', 'timeout', 'waiters']),
  br: new Set([...COMMON, ...GRAVE, 'owner', 'closed_by_session', 'due_at', 'defer_until', 'source_system']),
  'bd-2026': new Set(
    [
      ...COMMON,
      ...(
        'spec_id owner started_at closed_by_session due_at defer_until source_system metadata no_history wisp_type ' +
        'bonded_from await_type await_id timeout waiters source_formula source_location mol_type work_type event_kind ' +
        'actor target payload comments'
      ).split(' '),
    ].filter((key) => key !== 'sender'),
  ),
}

/**
 * Who wrote a file, by its shape: `_type` and counts are bd's of 2026, `source_repo` or a zero `compaction_level` br's.
 * A file whose records lost gt's own facts was written by a program that knows as little as bd did.
 */
export function writerOf(side: Side, base: Side): Writer {
  let lost = 0
  for (const [id, record] of side) {
    if (record._type === 'issue') return 'bd-2026'
    if ('source_repo' in record || record.compaction_level === 0) return 'br'
    const before = base.get(id)
    if (before && versionOf(before) >= 0 && versionOf(record) < 0) lost += 1
  }
  return lost > 0 ? 'bd' : 'whole'
}

/** The side as its writer meant it: keys that it cannot know, and lists that it leaves out, are as in the base. */
export function asMeant(side: Side, base: Side, writer: Writer): Side {
  if (writer === 'whole') return side
  const known = KNOWN[writer]
  const meant = new Map<string, Raw>()
  for (const [id, record] of side) {
    const before = base.get(id)
    meant.set(id, before ? filled(record, before, known) : record)
  }
  return meant
}

function filled(record: Raw, base: Raw, known: ReadonlySet<string>): Raw {
  const missing = Object.keys(base).filter((key) => !(key in record) && !known.has(key))
  const edges = Array.isArray(record.dependencies) && Array.isArray(base.dependencies)
  if (missing.length === 0 && !edges) return record
  const full: Raw = { ...record }
  for (const key of missing) full[key] = base[key]
  if (edges) {
    // They write what belongs to an edge anew, or not at all.
    const before = new Map(
      (base.dependencies as Dependency[]).map((edge) => [`${edge.type} ${edge.depends_on_id}`, edge]),
    )
    full.dependencies = (record.dependencies as Dependency[]).map(
      (edge) => before.get(`${edge.type} ${edge.depends_on_id}`) ?? edge,
    )
  }
  return full
}
