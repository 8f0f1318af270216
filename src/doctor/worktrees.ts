/** Worktrees of a rig: every folder registered, every registration with a folder. Files are never deleted here. */
import { hasOldTrash } from '../git/removal.ts'
import type { WorktreeEntry } from '../git/worktrees.ts'
import { sweepTrash } from '../git/worktrees.ts'
import { standingAgents } from '../kernel/agents.ts'
import { fenceOf, putAway, unclaimedWorktrees } from '../kernel/leftovers.ts'
import { allRuns } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Finding } from './check.ts'
import { findingOf } from './check.ts'
import type { TownSubject } from './subject.ts'
import { writing } from './subject.ts'

/** One finding for all worktrees of a rig. */
export async function worktrees(town: TownSubject, rig: string, base: Pick<Finding, 'id' | 'title'>): Promise<Finding> {
  const where = town.paths.rig(rig)
  const homes = [where.polecats, where.refinery, where.crew]
  const found = await unclaimedWorktrees(where.repo, homes, () => {
    const ledger = town.ledger()
    if (ledger.kind === 'error') return ledger
    return ok([...allRuns(ledger.value.state.beads.values())].map(({ run }) => run))
  })
  if (found.kind === 'error') return findingOf(base.id, base.title, found.failure, 'unknown')
  const { strays, registered } = found.value
  const crew = crewOf(town)
  // Whose files are gone is a person's to know, and its branch is not ours to prune.
  const lost = found.value.gone.filter(({ path }) => crew.has(path))
  const empty = found.value.gone.filter(({ path }) => !crew.has(path))
  const trash = homes.filter((home) => hasOldTrash(home))
  const text: string[] = []
  if (strays.length > 0) {
    text.push(`Not a registered worktree, nothing was touched: ${some(strays)}.`)
  }
  if (lost.length > 0) text.push(`The files of ${some(lost.map(({ path }) => crew.get(path)!))} are gone.`)
  if (empty.length > 0) text.push(`Registered, but the files are gone: ${some(empty.map(({ path }) => path))}.`)
  if (trash.length > 0) text.push(`Left over from a removal that was broken off: ${some(trash)}.`)
  if (text.length === 0) return { ...base, verdict: 'good', text: `${registered} registered.` }
  const finding: Finding = { ...base, verdict: 'bad', text: text.join(' ') }
  if (lost.length > 0) finding.hint = `gt crew remove ${crew.get(lost[0]!.path)}   archives its commits.`
  if (strays.length > 0) finding.hint = `Look at ${strays[0]}, keep what you need, then remove it.`
  if (empty.length > 0 || trash.length > 0) {
    const what = [empty.length > 0 && 'prune the empty registrations', trash.length > 0 && 'delete what was left over']
    finding.mend = { what: what.filter(Boolean).join(' and '), apply: () => tidy(town, rig, empty, trash) }
  }
  return finding
}

/** Addresses of the crew by worktree. */
function crewOf(town: TownSubject): Map<string, string> {
  const ledger = town.ledger()
  if (ledger.kind === 'error') return new Map()
  return new Map(
    standingAgents(ledger.value.state).flatMap(({ agent }) =>
      agent.crew === undefined ? [] : [[agent.crew.worktree, agent.address]],
    ),
  )
}

/** One by one instead of `git worktree prune`, which would also drop those whose run still lives. */
async function tidy(town: TownSubject, rig: string, empty: WorktreeEntry[], trash: string[]): Promise<Result<void>> {
  const gitDir = town.paths.rig(rig).repo
  for (const { path } of empty) {
    // A detached HEAD may be the only name of its commits; the archive keeps one (law 4).
    const removed = await writing(town, (ledger) =>
      putAway(ledger, { rig, gitDir, path, fence: fenceOf(path), why: 'its folder is gone', by: 'person' }),
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
