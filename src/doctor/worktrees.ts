/** Worktrees of a rig: every folder registered, every registration with a folder. Files are never deleted here. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Run } from '../beads/facts.ts'
import { withLease } from '../beads/leases.ts'
import { archiveWorktree } from '../git/archive.ts'
import { canonical } from '../git/places.ts'
import type { WorktreeEntry } from '../git/worktrees.ts'
import { listWorktrees, removeWorktree, sweepTrash } from '../git/worktrees.ts'
import { allRuns, isTerminal } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Finding } from './check.ts'
import { findingOf } from './check.ts'
import type { TownSubject } from './subject.ts'
import { writing } from './subject.ts'

const TRASH = /^\.trash-/
/** Younger trash is still being deleted by whoever moved it aside. */
const TRASH_MS = 60_000
const TURN_MS = 30_000

/** One finding for all worktrees of a rig. */
export async function worktrees(town: TownSubject, rig: string, base: Pick<Finding, 'id' | 'title'>): Promise<Finding> {
  const where = town.paths.rig(rig)
  const homes = [where.polecats, where.refinery, where.crew]
  // Folders first: what is registered after this look is no stray.
  const folders = (await Promise.all(homes.map(foldersIn))).flat()
  const listed = await listWorktrees(where.repo)
  if (listed.kind === 'error') return findingOf(base.id, base.title, listed.failure, 'unknown')
  const ledger = town.ledger()
  if (ledger.kind === 'error') return { ...base, verdict: 'unknown', text: 'The ledger could not be read.' }
  const entries = listed.kind === 'ok' ? listed.value : []
  const known = new Set(await Promise.all(entries.map(({ path }) => canonical(path))))
  const held = await heldPaths([...allRuns(ledger.value.state.beads.values())].map(({ run }) => run))
  const strays = folders.filter((path) => !known.has(path) && !held.has(path))
  const empty = entries.filter(({ path, prunable }) => prunable && !held.has(path))
  const trash = homes.filter(hasOldTrash)
  const text: string[] = []
  if (strays.length > 0) {
    text.push(`Not a registered worktree, nothing was touched: ${some(strays)}.`)
  }
  if (empty.length > 0) text.push(`Registered, but the files are gone: ${some(empty.map(({ path }) => path))}.`)
  if (trash.length > 0) text.push(`Left over from a removal that was broken off: ${some(trash)}.`)
  if (text.length === 0) return { ...base, verdict: 'good', text: `${entries.length} registered.` }
  const finding: Finding = { ...base, verdict: 'bad', text: text.join(' ') }
  if (strays.length > 0) finding.hint = `Look at ${strays[0]}, keep what you need, then remove it.`
  if (empty.length > 0 || trash.length > 0) {
    const what = [empty.length > 0 && 'prune the empty registrations', trash.length > 0 && 'delete what was left over']
    finding.mend = { what: what.filter(Boolean).join(' and '), apply: () => tidy(town, rig, empty, trash) }
  }
  return finding
}

/** Paths of runs that the kernel has not cleared yet: they are its business, in whatever state they are. */
async function heldPaths(runs: Run[]): Promise<Set<string>> {
  const open = runs.filter((run) => !isTerminal(run) || !run.cleared)
  return new Set([
    ...open.map((run) => run.worktree),
    ...(await Promise.all(open.map((run) => canonical(run.worktree)))),
  ])
}

async function foldersIn(home: string): Promise<string[]> {
  let names: string[]
  try {
    names = readdirSync(home, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !TRASH.test(entry.name))
      .map((entry) => entry.name)
  } catch {
    return []
  }
  return Promise.all(names.map((name) => canonical(join(home, name))))
}

function hasOldTrash(home: string): boolean {
  try {
    const names = readdirSync(home).filter((name) => TRASH.test(name))
    return names.some((name) => Date.now() - statSync(join(home, name)).ctimeMs > TRASH_MS)
  } catch {
    return false
  }
}

/** One by one instead of `git worktree prune`, which would also drop those whose run still lives. */
async function tidy(town: TownSubject, rig: string, empty: WorktreeEntry[], trash: string[]): Promise<Result<void>> {
  const gitDir = town.paths.rig(rig).repo
  for (const { path } of empty) {
    // A detached HEAD may be the only name of its commits; the archive keeps one (law 4).
    const fence = basename(path)
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .replace(/^[-_]+/, '')
    const archived = await archiveWorktree({ gitDir, path, fence, why: 'its folder is gone' })
    if (archived.kind === 'error') return archived
    const removed = await writing(town, (ledger) =>
      withLease(ledger, `worktrees:${rig}`, 'person', () => removeWorktree({ gitDir, path }), { waitMs: TURN_MS }),
    )
    if (removed.kind === 'error') return removed
  }
  for (const home of trash) {
    const swept = await sweepTrash(home)
    if (swept.kind === 'error') return swept
  }
  return ok(undefined)
}

const some = (paths: string[]): string =>
  `${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`
