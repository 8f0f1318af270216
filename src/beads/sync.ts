/**
 * Two clones of a ledger become one again: fetch, merge the whole set (live and archived), commit with both as parents,
 * push with a lease; once more when somebody else was faster.
 *
 * What was merged goes through the journal as one change under the condition that nobody touched those beads meanwhile.
 * So a town goes on working while it syncs, and a crash at any place leaves a state from which the next sync goes on:
 * merging again what was merged changes nothing.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { asItIs, monthFile, neededBy, outOf, placeInArchive, settleArchive } from './archive.ts'
import { readArchive } from './archive-read.ts'
import type { Bead } from './bead.ts'
import { lineOf } from './canonical.ts'
import type { Condition, Op } from './change.ts'
import { commitLedger, initLedgerRepo, isAncestor } from './git.ts'
import type { Git } from './git-run.ts'
import { commitOf, gitFailed, gitIn } from './git-run.ts'
import { withLease } from './leases.ts'
import type { Ledger } from './ledger.ts'
import type { Conflict, Raw } from './merge.ts'
import type { MergedSet } from './merge-set.ts'
import { mergeSets } from './merge-set.ts'
import { isOver } from './ready.ts'
import { complete, readForeignSnapshot } from './snapshot.ts'

export interface Synced {
  remote: string
  branch: string
  commit: string
  /** Beads that changed here because of what the others did. */
  received: number
  /** Whether the remote got anything. */
  pushed: boolean
  /** What both sides changed; the value that lost is kept in the bead. */
  conflicts: Conflict[]
  renamed: { from: string; to: string }[]
}

/** Pushes that were overtaken before giving up. */
const TRIES = 8
/** For another process that moves beads to the archive. */
const WAIT = { waitMs: 10_000 }

/**
 * Brings this ledger and a remote of its repository together.
 *
 * @param options.remote name of a remote of the ledger's repository; default `origin`
 * @returns E_NO_REMOTE when there is none of that name; E_REMOTE when it cannot be reached or refuses; E_LEDGER_PARSE
 * with file and line and E_SHRINK when what stands there is no sound set of beads; E_BUSY when others were always faster
 */
export async function syncLedger(
  ledger: Ledger,
  options: { remote?: string; now?: Date } = {},
): Promise<Result<Synced>> {
  const remote = options.remote ?? 'origin'
  const { dir } = ledger
  const git = gitIn(dir)
  const made = await initLedgerRepo(dir)
  if (made.kind === 'error') return made
  const known = await hasRemote(git, dir, remote)
  if (known.kind === 'error') return known
  const total: Pick<Synced, 'received' | 'conflicts' | 'renamed'> = { received: 0, conflicts: [], renamed: [] }
  try {
    const branch = (await git(['symbolic-ref', '--short', 'HEAD'])).trim()
    for (let tries = 0; tries < TRIES; tries++) {
      const settled = await withLease(ledger, 'archive', 'sync', async () => settleArchive(ledger), WAIT)
      if (settled.kind === 'error') return settled
      const before = await commitLedger(ledger, options.now ? { now: options.now } : {})
      if (before.kind === 'error') return before
      const fetched = await fetch(git, remote, branch)
      if (fetched.kind === 'error') return fetched
      const theirs = fetched.value
      const done = (commit: string, pushed: boolean): Result<Synced> => ok({ remote, branch, commit, pushed, ...total })
      let head = await commitOf(git, 'HEAD')
      if (theirs !== '' && theirs !== head && !(await isAncestor(git, theirs, head))) {
        const merged = await takeIn(ledger, git, { head, theirs, name: `${remote}/${branch}` })
        if (merged.kind === 'error') return merged
        total.received += merged.value.received
        total.conflicts.push(...merged.value.conflicts)
        total.renamed.push(...merged.value.renamed)
        const committed = await commitLedger(ledger, {
          merged: theirs,
          message: `merge ${remote}/${branch}`,
          ...(options.now ? { now: options.now } : {}),
        })
        if (committed.kind === 'error') return committed
        head = await commitOf(git, 'HEAD')
      }
      if (head === theirs) return done(head, false)
      const pushed = await push(git, remote, branch, head, theirs)
      if (pushed.kind === 'error') return pushed
      if (pushed.value) return done(head, true)
    }
  } catch (error) {
    return gitFailed('sync the ledger', error)
  }
  return fail('E_BUSY', `Others pushed to ${remote} first, ${TRIES} times in a row.`, {
    kept: 'Everything is merged and committed here; only the remote is behind.',
    hint: 'gt bead sync',
    exit: EXIT.tryAgain,
  })
}

async function hasRemote(git: Git, dir: string, remote: string): Promise<Result<void>> {
  const names = (await git(['remote']).catch(() => '')).split('\n').filter(Boolean)
  if (names.includes(remote)) return ok(undefined)
  const others = names.length > 0 ? ` It has ${names.join(', ')}.` : ''
  return fail('E_NO_REMOTE', `The ledger's repository has no remote named ${remote}.${others}`, {
    kept: 'Nothing was changed.',
    hint:
      names.length > 0
        ? `gt bead sync --remote ${names[0]}`
        : `git -C ${dir} remote add ${remote} <url of an empty repository>   then: gt bead sync`,
  })
}

const unreachable = (remote: string, what: string, error: unknown): Result<never> =>
  fail('E_REMOTE', `The remote ${remote} ${what}: ${messageOf(error)}.`, {
    kept: 'Every bead is safe in the ledger here.',
    hint: 'Look whether the remote is right and can be reached, then run the command again.',
    exit: EXIT.tryAgain,
  })

/** The commit that the remote's branch is at; empty text when it has no such branch yet. */
async function fetch(git: Git, remote: string, branch: string): Promise<Result<string>> {
  const ref = `refs/remotes/${remote}/${branch}`
  try {
    await git(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', remote, `+refs/heads/${branch}:${ref}`])
    return ok(await commitOf(git, ref))
  } catch (error) {
    if (/couldn't find remote ref/i.test(messageOf(error))) return ok('')
    return unreachable(remote, 'could not be read', error)
  }
}

/** True when it is there; false when somebody else was faster. */
async function push(git: Git, remote: string, branch: string, head: string, theirs: string): Promise<Result<boolean>> {
  const ref = `refs/heads/${branch}`
  try {
    await git(['push', '--quiet', `--force-with-lease=${ref}:${theirs}`, remote, `${head}:${ref}`])
    await git(['update-ref', `refs/remotes/${remote}/${branch}`, head])
    return ok(true)
  } catch (error) {
    if (/stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref/i.test(messageOf(error)))
      return ok(false)
    return unreachable(remote, 'did not take the push', error)
  }
}

type Taken = Pick<Synced, 'received' | 'conflicts' | 'renamed'>

/** Merges what a commit holds into the ledger: base from the common ancestor, ours as it is now. */
async function takeIn(
  ledger: Ledger,
  git: Git,
  at: { head: string; theirs: string; name: string },
): Promise<Result<Taken>> {
  const ancestor = await git(['merge-base', at.head, at.theirs]).catch(() => '')
  const base = ancestor === '' ? ok(new Committed()) : await read(git, ancestor, 'the common ancestor')
  if (base.kind === 'error') return base
  const theirs = await read(git, at.theirs, at.name)
  if (theirs.kind === 'error') return theirs
  const merge = async (): Promise<Result<Taken>> => {
    for (let tries = 0; tries < 20; tries++) {
      const applied = apply(ledger, base.value, theirs.value)
      if (applied.kind === 'error') return applied
      if (applied.value !== null) return ok(applied.value)
    }
    return busy()
  }
  return withLease(ledger, 'archive', 'sync', merge, WAIT)
}

const busy = (): Result<never> =>
  fail('E_BUSY', 'The beads changed faster than they could be merged, or another process is moving them.', {
    kept: 'Everything is safe; only the merge was not made.',
    hint: 'gt bead sync',
    exit: EXIT.tryAgain,
  })

/** The beads of a commit, and which of them are archived there. */
class Committed {
  readonly beads = new Map<string, Bead>()
  readonly cold = new Set<string>()
}

/** Reads `issues.jsonl` and the archive of a commit. In both, the live one counts. */
async function read(git: Git, commit: string, name: string): Promise<Result<Committed>> {
  const all = (await git(['ls-tree', '-r', '--name-only', '-z', commit])).split('\0')
  const files = all.filter((path) => path === 'issues.jsonl' || /^archive\/\d{4}-\d\d\.jsonl$/.test(path)).sort()
  const found = new Committed()
  for (const path of files) {
    const text = await git(['cat-file', 'blob', `${commit}:${path}`])
    const beads = readForeignSnapshot(Buffer.from(text), `${name}:${path}`)
    if (beads.kind === 'error') return beads
    for (const given of beads.value) {
      const bead = complete(given)
      found.beads.set(bead.id, bead)
      if (path === 'issues.jsonl') found.cold.delete(bead.id)
      else found.cold.add(bead.id)
    }
  }
  return ok(found)
}

/** One try: null when a bead was touched between looking and writing. */
function apply(ledger: Ledger, base: Committed, theirs: Committed): Result<Taken | null> {
  const refreshed = ledger.refresh()
  if (refreshed.kind === 'error') return refreshed
  const ours = wholeSet(ledger)
  if (ours.kind === 'error') return ours
  const merged = mergeSets(asRecords(base), asRecords(ours.value), asRecords(theirs))
  if (merged.kind === 'error') return merged
  const plan = planOf(ledger, merged.value, ours.value, theirs)
  const placed = placeInArchive(ledger, plan.archived)
  if (placed.kind === 'error') return placed
  const taken = { received: plan.ops.length, conflicts: merged.value.conflicts, renamed: merged.value.renamed }
  if (plan.ops.length === 0) return ok(taken)
  const why = `merged ${plan.ops.length} beads from another clone`
  const written = ledger.write({ by: 'sync', why, ops: plan.ops, when: plan.when })
  if (written.kind === 'error') return written
  if (!written.value.applied) return ok(null)
  // Those that came back from the archive are in it no more.
  const cleared = placeInArchive(ledger, [])
  return cleared.kind === 'error' ? cleared : ok(taken)
}

const asRecords = (set: Committed): Map<string, Raw> => set.beads as Map<string, Raw>

/** Everything that this ledger would commit. */
function wholeSet({ dir, state }: Ledger): Result<Committed> {
  const found = new Committed()
  const archived = existsSync(join(dir, 'archive')) ? readArchive(dir) : ok(new Map<string, string>())
  if (archived.kind === 'error') return archived
  for (const [id, line] of archived.value) {
    found.beads.set(id, JSON.parse(line) as Bead)
    found.cold.add(id)
  }
  for (const bead of state.beads.values()) {
    if (bead.ephemeral === true) continue
    // As it will be read from git: the base was, too.
    found.beads.set(bead.id, complete(bead))
    found.cold.delete(bead.id)
  }
  return ok(found)
}

interface Plan {
  ops: Op[]
  when: Condition[]
  /** Beads that the archive must hold in this form. */
  archived: Bead[]
}

/** A bead that a side has archived is archived, unless it is not over any more or one that is alive needs it. */
function planOf({ state }: Ledger, merged: MergedSet, ours: Committed, theirs: Committed): Plan {
  const beads = [...merged.records.values()].map((record) => complete(record as Partial<Bead>))
  const mayBeCold = (bead: Bead): boolean =>
    (ours.cold.has(bead.id) || theirs.cold.has(bead.id)) && isOver(bead) && !state.live.has(bead.id)
  const cold = new Map(beads.filter(mayBeCold).map((bead) => [bead.id, bead]))
  for (const id of neededBy(
    beads.filter((bead) => !cold.has(bead.id)),
    cold,
  ))
    cold.delete(id)
  const plan: Plan = { ops: [], when: [], archived: [] }
  for (const bead of beads) {
    const held = state.beads.get(bead.id)
    const archived = ours.cold.has(bead.id) ? ours.beads.get(bead.id) : undefined
    if (cold.has(bead.id)) {
      if (held) plan.ops.push(outOf(held))
      if (held || !archived || lineOf(archived) !== lineOf(bead) || monthFile(archived) !== monthFile(bead))
        plan.archived.push(bead)
    } else if (held && lineOf(held) === lineOf(bead)) continue
    else plan.ops.push({ op: 'put', bead })
    if (held) plan.when.push(asItIs(held))
    else if (!cold.has(bead.id)) plan.when.push({ if: 'absent', id: bead.id })
  }
  return plan
}
