/**
 * What lies in a town's folders against what the ledger claims: for `gt doctor`, which tells, and the Dogs, which put it
 * away. Looking changes nothing; what is put away is archived before (law 4).
 */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { withLease } from '../beads/leases.ts'
import type { Ledger } from '../beads/ledger.ts'
import type { Archived } from '../git/archive.ts'
import { archiveWorktree } from '../git/archive.ts'
import { canonical } from '../git/places.ts'
import { TRASH } from '../git/removal.ts'
import type { WorktreeEntry } from '../git/worktrees.ts'
import { listWorktrees, removeWorktree } from '../git/worktrees.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { findRun, isTerminal } from './runs.ts'

/** Worktrees of a rig that no run claims which the kernel still has to clear. */
export interface Unclaimed {
  /** All that git knows of, claimed or not. */
  registered: number
  /** Folders in one of the homes that are no worktree of the repository. */
  strays: string[]
  /** Known to git, but the files are gone; anywhere. */
  gone: WorktreeEntry[]
  /** Known to git, in one of the homes, and there. */
  standing: WorktreeEntry[]
}

/**
 * @param homes folders whose subfolders are worktrees
 * @param runs called after the folders were looked at: a run is in the ledger before it has a folder, so what was there
 * earlier and is claimed by none is nobody's
 */
export async function unclaimedWorktrees(
  gitDir: string,
  homes: string[],
  runs: () => Result<Run[]>,
): Promise<Result<Unclaimed>> {
  const folders = (await Promise.all(homes.map(foldersIn))).flat()
  const listed = await listWorktrees(gitDir)
  if (listed.kind === 'error') return listed
  if (listed.kind === 'unknown') return fail('E_GIT', listed.why)
  const all = runs()
  if (all.kind === 'error') return all
  const entries = listed.kind === 'ok' ? listed.value : []
  const known = new Set(await Promise.all(entries.map(({ path }) => canonical(path))))
  const held = await claimedPaths(all.value)
  const free = entries.filter(({ path }) => !held.has(path))
  const roots = new Set(await Promise.all(homes.map(canonical)))
  return ok({
    registered: entries.length,
    strays: folders.filter((path) => !known.has(path) && !held.has(path)),
    gone: free.filter(({ prunable }) => prunable),
    standing: free.filter(({ path, prunable }) => !prunable && roots.has(dirname(path))),
  })
}

/** Paths of runs that the kernel has not cleared yet, in whatever state they are; as written and canonical. */
async function claimedPaths(runs: Run[]): Promise<Set<string>> {
  const paths = runs.filter((run) => !isTerminal(run) || !run.cleared).map((run) => run.worktree)
  return new Set([...paths, ...(await Promise.all(paths.map(canonical)))])
}

async function foldersIn(home: string): Promise<string[]> {
  let names: string[]
  try {
    names = readdirSync(home, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(TRASH))
      .map((entry) => entry.name)
  } catch {
    return []
  }
  return Promise.all(names.map((name) => canonical(join(home, name))))
}

/** The fence in the name of a run's worktree (`toast-<fence>`, `merge-<fence>`: polecats/place.ts); undefined for any other name. */
export const fenceIn = (path: string): string | undefined =>
  /^[a-z][a-z0-9_-]*-([0-9a-z]{13})$/.exec(basename(path))?.[1]

/** Under which fence a worktree is archived: its run's, or one made of its name where it has none. */
export function fenceOf(path: string): string {
  const name = basename(path).replace(/[^A-Za-z0-9_-]/g, '-')
  return fenceIn(path) ?? name.replace(/^[-_]+/, '')
}

export interface PutAway {
  rig: string
  gitDir: string
  path: string
  fence: string
  branch?: string
  why: string
  by: string
}

const TURN_MS = 30_000

/**
 * Archives a worktree, then removes it and git's entry for it; one at a time per rig, as with all registering. Killed
 * anywhere, the same call finishes it.
 *
 * @param stillFree asked between the two: archiving takes a while, and somebody may have come to work there
 * @returns what was archived, `null` when there was nothing; `kept` when it was not free any more. Errors: those of
 * archiveWorktree and removeWorktree, E_BUSY
 */
export async function putAway(
  ledger: Ledger,
  what: PutAway,
  stillFree: () => Promise<boolean> = async () => true,
): Promise<Result<Archived | null | 'kept'>> {
  const archived = await archiveWorktree(what)
  if (archived.kind === 'error') return archived
  if (archived.kind === 'unknown') {
    return fail('E_ARCHIVE', `${what.path} could not be archived: ${archived.why}.`, { kept: 'It stays.' })
  }
  const remove = async (): Promise<Result<boolean>> => {
    if (!(await stillFree())) return ok(false)
    const removed = await removeWorktree(what)
    if (removed.kind === 'error') return removed
    const deleted = await removed.value.deleted
    return deleted.kind === 'error' ? deleted : ok(true)
  }
  const gone = await withLease(ledger, `worktrees:${what.rig}`, what.by, remove, { waitMs: TURN_MS })
  if (gone.kind === 'error') return gone
  return ok(!gone.value ? 'kept' : archived.kind === 'ok' ? archived.value : null)
}

/** Folders of `.gt/runs` by what the ledger says of their run: cleared, or not known at all. The others are in use. */
export function spentRunFolders(names: string[], state: State): { cleared: string[]; unknown: string[] } {
  const found = { cleared: [] as string[], unknown: [] as string[] }
  for (const name of names) {
    const run = findRun(state.beads.values(), name)?.run
    if (run === undefined) found.unknown.push(name)
    else if (run.cleared === true) found.cleared.push(name)
  }
  return found
}
