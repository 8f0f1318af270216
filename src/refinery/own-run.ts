/**
 * A gate run that somebody asks for: a worker before `gt done`, a crew member, a person. It happens in a clean slot like
 * the Refinery's and is remembered like the Refinery's, so that a green one makes the landing of an unchanged tree free.
 */
import { join } from 'node:path'
import type { Lease } from '../beads/leases.ts'
import { acquire, release } from '../beads/leases.ts'
import { mergeCandidate } from '../git/merge.ts'
import { fetchRemote, resolveCommit, treeOf } from '../git/repository.ts'
import { git } from '../git/run.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { RigSettings } from '../town/settings.ts'
import { runGates } from './gate.ts'
import { GateKeys } from './keys.ts'
import type { GateLog } from './log.ts'
import type { Verdict } from './verdict.ts'
import { verdictOf } from './verdict.ts'

export interface OwnRun {
  /** The commit whose tree was tested. */
  commit: string
  tree: string
  verdict: Verdict
  /** Gates that ran now; the others were remembered. */
  ran: string[]
}

/** Between two looks for a free slot. */
const LOOK_MS = 200

/**
 * Tests a commit of the worktree at `top` (fetched from there, should the rig not have it), or with `merged` the target
 * with that commit merged in. `again`: also what is known already.
 *
 * Errors: E_NO_GATE, E_CONFLICT (with `merged`), E_BUSY (exit 75: no slot in time), those of git and of slots.
 */
export async function ownRun(
  town: OpenTown,
  rig: RigSettings,
  log: GateLog,
  what: { top: string; head: string; merged: boolean; again: boolean; waitMs: number; signal: AbortSignal },
): Promise<Result<OwnRun>> {
  if (rig.gates.length === 0) {
    return fail('E_NO_GATE', `Rig ${rig.name} has no gate.`, {
      hint: `gt config set rig.${rig.name}.gate "<command>"`,
    })
  }
  const gitDir = town.paths.rig(rig.name).repo
  const here = await bring(gitDir, what.top, what.head)
  if (here.kind === 'error') return here
  const commit = what.merged ? await merged(gitDir, rig, what.head) : ok(what.head)
  if (commit.kind === 'error') return commit
  const tree = await treeOf(gitDir, commit.value)
  if (tree.kind === 'error') return tree
  if (tree.kind !== 'ok') return fail('E_NO_COMMIT', `The commit ${commit.value} has no tree.`)
  const read = log.refresh()
  if (read.kind === 'error') return read
  const keys = await new GateKeys(gitDir, rig).of(tree.value)
  if (keys.kind === 'error') return keys
  // A red of before is worth a second look when somebody asks; a green is not.
  const known = verdictOf(keys.value, log.found, Number.POSITIVE_INFINITY)
  const wanted = what.again ? keys.value : known.missing
  const answer = (verdict: Verdict): OwnRun => ({
    commit: commit.value,
    tree: tree.value,
    verdict,
    ran: wanted.map(({ name }) => name),
  })
  if (wanted.length === 0) return ok(answer(known))
  const slot = await freeSlot(town, rig, what.waitMs, what.signal)
  if (slot.kind === 'error') return slot
  const since = town.now().getTime()
  try {
    const ended = await runGates(town, log, {
      rig,
      id: `own-${since.toString(36)}-${process.pid.toString(36)}`,
      commit: commit.value,
      tree: tree.value,
      gates: wanted,
      slot: join(town.paths.rig(rig.name).refinery, `own-${slot.value.number}`),
      by: actor(town.env),
      signal: what.signal,
    })
    if (ended.kind === 'error') return ended
    if (ended.value.is === 'stopped') return fail('E_INTERRUPTED', 'The gate was stopped.', { exit: EXIT.tryAgain })
    return ok(answer(verdictOf(keys.value, log.found, since)))
  } finally {
    release(slot.value.lease)
  }
}

/** Makes a commit of another clone known to the rig's repository; nothing is written in the clone. */
async function bring(gitDir: string, top: string, head: string): Promise<Result<void>> {
  const there = await resolveCommit(gitDir, head)
  if (there.kind === 'ok') return ok(undefined)
  if (there.kind === 'error') return there
  const fetched = await git(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', top, 'HEAD'], { gitDir })
  return fetched.kind === 'ok' ? ok(undefined) : fetched
}

async function merged(gitDir: string, rig: RigSettings, head: string): Promise<Result<string>> {
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
  const onto = await resolveCommit(gitDir, `refs/remotes/origin/${rig.branch}`)
  if (onto.kind === 'error') return onto
  if (onto.kind !== 'ok') return fail('E_NO_BRANCH', `The remote has no branch ${rig.branch}.`)
  const author = { name: 'gt gate run', email: 'gt@localhost' }
  const joined = await mergeCandidate({ gitDir, onto: onto.value, head, message: 'gt gate run', author, mode: 'merge' })
  if (joined.kind === 'error') return joined
  switch (joined.value.kind) {
    case 'clean':
      return ok(joined.value.commit)
    case 'already':
      return ok(onto.value)
    case 'conflict':
      return fail('E_CONFLICT', `It conflicts with ${rig.branch} in ${joined.value.files.slice(0, 5).join(', ')}.`, {
        hint: `git merge ${onto.value}   in the worktree, resolve, commit`,
      })
  }
}

/** Slots of their own, as many as the Refinery has: a worker's run never takes the queue's place. */
async function freeSlot(
  town: OpenTown,
  rig: RigSettings,
  waitMs: number,
  signal: AbortSignal,
): Promise<Result<{ number: number; lease: Lease }>> {
  const deadline = performance.now() + waitMs
  while (!signal.aborted) {
    for (let number = 1; number <= rig.refinery.slots; number++) {
      const lease = acquire(town.ledger, `gate:${rig.name}:${number}`, actor(town.env))
      if (lease.kind === 'error') return lease
      if (lease.value !== null) return ok({ number, lease: lease.value })
    }
    if (performance.now() >= deadline) break
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return fail('E_BUSY', `Every slot for gates of ${rig.name} is in use.`, {
    hint: 'try again in a moment, or wait longer: --timeout 30m',
    exit: EXIT.tryAgain,
  })
}
