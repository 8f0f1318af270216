/**
 * A change is one record of the journal: operations that apply together or not at all, and the conditions under
 * which they do. Whether it applied is a pure function of the records before it, so every reader reaches the same
 * verdict and a claim needs no lock (design section 5).
 */

import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { ProcessId } from '../town/processes.ts'
import type { Bead } from './bead.ts'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

export type Op =
  | { op: 'create'; bead: Bead }
  /** Sets the value at a path such as ['metadata','gt','runs','k3x9','state']; missing parents become objects. */
  | { op: 'set'; id: string; path: string[]; value: unknown }
  | { op: 'unset'; id: string; path: string[] }
  /** Adds to a list unless its key is there: labels by value, dependencies by depends_on_id, comments by id. */
  | { op: 'add'; id: string; path: string[]; value: unknown }
  /** Takes the element with that key out of a list. */
  | { op: 'remove'; id: string; path: string[]; key: string }
  /**
   * Puts a bead in exactly this form, there or not: the result of a merge with another clone, or one that comes back
   * from the archive. Only its version never stands still (fold.ts).
   */
  | { op: 'put'; bead: Bead }
  /** Takes a bead that is over out of the live set: it stands in an archive file (archive.ts). */
  | { op: 'archive'; id: string }
  /** Takes an ephemeral bead out for good: nothing of it was ever in a snapshot, and the journals keep what was said. */
  | { op: 'drop'; id: string }
  /** Gives or returns a named lease (one holder; see leases.ts). */
  | { op: 'lease'; name: string; holder: LeaseHolder | null }

export interface LeaseHolder extends ProcessId {
  /** Unique per acquisition. */
  token: string
}

export type Condition =
  | { if: 'absent'; id: string }
  | { if: 'version'; id: string; is: number }
  /** The value at the path is one of these (deep equality; null stands for "not there"). */
  | { if: 'in'; id: string; path: string[]; values: unknown[] }
  /** The bead has no run in a live state (law 6). */
  | { if: 'no-live-run'; id: string }
  /** Fewer than `max` runs of the whole town are active: the cap. */
  | { if: 'active-runs-below'; max: number }
  /** No live run has this agent address. */
  | { if: 'agent-free'; agent: string }
  /** The lease is held with this token, or by nobody (null). */
  | { if: 'lease'; name: string; token: string | null }

/** What a caller asks for; the ledger adds id, time and checksum. */
export interface ChangeInput {
  /** Who: an agent address, or `person`, `deacon`, `refinery` … */
  by: string
  /** Run fence under which it is said, when an agent says it. */
  fence?: string
  /** One line for the trail: why, from what evidence. */
  why: string
  /** Name of the rule that decided, such as `dead-process`; for whoever asks why. Conditions never look at it. */
  rule?: string
  /** Facts that it rested on, one line each. */
  evidence?: string[]
  ops: Op[]
  when?: Condition[]
  /** Id of the change that this one takes back (undo.ts). */
  undoes?: string
}

export interface Change extends ChangeInput {
  /** Unique; a record met twice is applied once. */
  id: string
  /** RFC 3339 UTC. */
  at: string
}

/** Whether a durable change applied, and if not, the first condition that did not hold. */
export type Verdict = { applied: true; change: Change } | { applied: false; change: Change; unmet: Condition }

/** Whether a write took effect, where it does not matter which condition stood in its way. */
export const applied = (written: Result<Verdict>): Result<boolean> =>
  written.kind === 'error' ? written : ok(written.value.applied)
