/** What the shapes of several answers share (shapes.ts). */
import { z } from 'zod'

export const id = z.string().min(1)
export const time = z.iso.datetime()
export const standing = z.enum([
  'open',
  'blocked',
  'deferred',
  'waiting',
  'hooked',
  'in_progress',
  'parked',
  'submitted',
  'needs_human',
  'landed',
  'done',
  'declined',
  'cancelled',
])
export const runState = z.enum([
  'claimed',
  'provisioning',
  'starting',
  'working',
  'quiet',
  'rate_limited',
  'parked',
  'submitted',
  'finished',
  'lost',
  'failed',
  'stopped',
])
export const mergeState = z.enum([
  'queued',
  'building',
  'testing',
  'landing',
  'landed',
  'conflict',
  'red',
  'could_not_run',
  'held',
  'rejected',
])

/** A bead as the ledger keeps it; fields of other tools stay where they are. */
export const bead = z.looseObject({
  id,
  title: z.string(),
  status: z.string(),
  priority: z.int().min(0).max(4),
  issue_type: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
})

export const run = z.looseObject({
  fence: id,
  bead: id,
  rig: id,
  agent: z.string().regex(/^[\w-]+\/(polecats\/[\w-]+|refinery|witness)$/),
  preset: id,
  attempt: z.int().min(1),
  round: z.int().min(1),
  state: runState,
  claimed_at: time,
  since: time,
  target: id,
  branch: id,
  worktree: id,
  session: id,
})

export const mergeRequest = z.looseObject({
  id,
  bead: id,
  /** Absent for an integration branch. */
  run: id.optional(),
  rig: id,
  worker: id,
  branch: id,
  head: id,
  target: id,
  state: mergeState,
  queued_at: time,
  since: time,
})

/** On a run that has or should have a session (src/witness/evaluate.ts). */
export const verdict = z.looseObject({
  is: z.enum(['alive', 'quiet', 'detecting', 'dead', 'unknown']),
  rule: id,
  evidence: z.array(z.string()).min(1),
})
