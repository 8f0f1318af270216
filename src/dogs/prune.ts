/**
 * The chore `prune`: old journals are packed (beads/pack.ts: nothing of the trail is lost), and archives of work that is
 * settled and was kept for `dogs.keep_work` are given up, each named with its commit.
 */
import { existsSync } from 'node:fs'
import { archivedBeads } from '../beads/archive-read.ts'
import { facts } from '../beads/bead.ts'
import type { PackPlan } from '../beads/pack.ts'
import { packJournals, packPlan } from '../beads/pack.ts'
import type { Kept } from '../git/archives.ts'
import { dropArchive, isElsewhere, listArchives } from '../git/archives.ts'
import { allRuns } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { Seen } from './chores.ts'
import type { Claim } from './expired.ts'
import { expired } from './expired.ts'
import type { Report } from './report.ts'
import { rigsOf } from './rigs.ts'

interface Plan {
  packs: PackPlan
  archives: { rig: string; gitDir: string; kept: Kept }[]
  /** A rig that could not be looked at; the others were. */
  wrong?: Failure
}

export async function look(town: OpenTown): Promise<Result<Seen>> {
  const plan = await planOf(town)
  if (plan.kind === 'error') return plan
  const { packs, archives, wrong } = plan.value
  const todo = packs.left.length + packs.packs.length + archives.length
  return todo === 0 && wrong !== undefined ? { kind: 'error', failure: wrong } : ok({ todo, lines: [] })
}

export async function run(town: OpenTown, signal: AbortSignal): Promise<Result<Report>> {
  const plan = await planOf(town)
  if (plan.kind === 'error') return plan
  const report: Report = { did: 0, lines: [], ...(plan.value.wrong !== undefined && { wrong: plan.value.wrong }) }
  if (report.wrong !== undefined) report.lines.push(report.wrong.message)
  const packed = await packJournals(town.ledger.dir, plan.value.packs, signal)
  if (packed.kind === 'error') {
    report.wrong ??= packed.failure
    report.lines.push(packed.failure.message)
  } else if (packed.value.journals > 0) {
    const { journals, before, after } = packed.value
    report.did += journals
    report.lines.push(
      `packed ${journals} journals, ${kilobytes(before)} became ${kilobytes(after)}; gt trail reads them`,
    )
  }
  for (const { rig, gitDir, kept } of plan.value.archives) {
    if (signal.aborted) break
    const branches = await branchesOf(town, rig)
    const elsewhere = await isElsewhere(gitDir, kept.commit, branches)
    const dropped = await dropArchive(gitDir, kept)
    if (dropped.kind === 'error') {
      report.wrong ??= dropped.failure
      report.lines.push(dropped.failure.message)
    } else if (dropped.value) {
      report.did++
      const what = elsewhere ? 'all of it is in the target' : 'kept long enough, never landed as it was'
      report.lines.push(`${rig}: gave up ${kept.ref} (${what}); its commit was ${kept.commit}`)
    }
  }
  return ok(report)
}

async function planOf(town: OpenTown): Promise<Result<Plan>> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const rigs = rigsOf(town)
  if (rigs.kind === 'error') return rigs
  let packs: PackPlan
  try {
    packs = packPlan(town.ledger.dir, town.now())
  } catch (error) {
    return fail('E_STORE', `The journals could not be looked at: ${messageOf(error)}.`, { hint: 'gt doctor' })
  }
  const plan: Plan = { packs, archives: [] }
  let claims: Map<string, Claim> | undefined
  for (const rig of rigs.value) {
    const gitDir = town.paths.rig(rig).repo
    if (!existsSync(gitDir)) continue
    const all = await listArchives(gitDir)
    if (all.kind === 'error') {
      plan.wrong ??= all.failure
      continue
    }
    if (all.value.length === 0) continue
    claims ??= claimsOf(town)
    const old = expired(all.value, claims, town.settings.dogs.keep_work, town.now())
    plan.archives.push(...old.map((kept) => ({ rig, gitDir, kept })))
  }
  return ok(plan)
}

/** What the ledger says of the run behind each archive, the archived beads included. */
function claimsOf(town: OpenTown): Map<string, Claim> {
  const claims = new Map<string, Claim>()
  const hot = [...town.ledger.state.beads.values()]
  for (const { bead, run } of [...allRuns(archivedBeads(town.ledger.dir)), ...allRuns(hot)]) {
    const open = bead.status !== 'closed' && bead.status !== 'tombstone'
    claims.set(run.fence, { since: Date.parse(run.since), wanted: open || run.cleared !== true })
  }
  // What one run left may be what the next one begins from.
  for (const bead of hot) {
    const from = facts(bead).handover?.run
    const claim = from === undefined ? undefined : claims.get(from)
    if (claim !== undefined && bead.status !== 'closed') claim.wanted = true
  }
  return claims
}

async function branchesOf(town: OpenTown, rig: string): Promise<string[]> {
  const settings = await town.rig(rig)
  return settings.kind === 'ok' ? [`refs/remotes/origin/${settings.value.branch}`] : []
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KB`
