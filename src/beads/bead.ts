/**
 * A bead: one task, one JSON object on one line, in the field's own JSONL format. Field names and types are the
 * format's; keys we do not know stay where they are. Our own typed facts live under `metadata.gt` (facts.ts).
 */
import type { GtFacts } from './facts.ts'

export type BeadStatus =
  | 'open'
  | 'in_progress'
  | 'blocked'
  | 'deferred'
  | 'hooked'
  | 'closed'
  | 'tombstone'
  | (string & {})

export interface Dependency {
  /** The bead that waits. */
  issue_id: string
  /** The bead that it needs (for `parent-child`: the parent). */
  depends_on_id: string
  type: 'blocks' | 'parent-child' | 'conditional-blocks' | 'waits-for' | (string & {})
  created_at: string
  created_by?: string
  metadata?: string
  thread_id?: string
}

export interface Comment {
  id: number | string
  issue_id: string
  author: string
  text: string
  created_at: string
}

export interface Bead {
  id: string
  title: string
  description?: string
  design?: string
  acceptance_criteria?: string
  notes?: string
  status: BeadStatus
  /** 0 (urgent) to 4; always written, because an absent one reads as 0 elsewhere. */
  priority: number
  issue_type: string
  assignee?: string
  /** RFC 3339, UTC. */
  created_at: string
  created_by?: string
  updated_at: string
  closed_at?: string
  close_reason?: string
  defer_until?: string
  labels?: string[]
  dependencies?: Dependency[]
  comments?: Comment[]
  ephemeral?: boolean
  pinned?: boolean
  is_template?: boolean
  metadata?: { gt?: GtFacts; [key: string]: unknown }
  [key: string]: unknown
}

/** Our typed facts of a bead; an empty record where it has none yet. */
export function facts(bead: Bead): GtFacts {
  return bead.metadata?.gt ?? { version: 0 }
}
