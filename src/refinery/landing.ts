/**
 * Lands a green prefix of a row: the ledger first, then the receipt, then one compare-and-swap of the target to exactly
 * the commit that was tested, then the books of every entry in it. Killed anywhere in between, the next driver finds
 * out from the target itself how far it came (queue.ts, recover).
 */
import { signatureOf } from '../git/authors.ts'
import { publish } from '../git/land.ts'
import { patchesPresent } from '../git/merge.ts'
import { addNote } from '../git/notes.ts'
import { allContained } from '../git/revisions.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { self } from '../town/processes.ts'
import type { RigSettings } from '../town/settings.ts'
import { version } from '../town/version.ts'
import { endAlarm } from './alarm.ts'
import { moveAndTell, moveTogether, recordLandings, requeue, tellPerson } from './books.ts'
import { landingCommit } from './chain.ts'
import type { EndLine, GateLog } from './log.ts'
import { endOf } from './log.ts'
import { groupMessage } from './messages.ts'
import { receiptOf } from './receipt.ts'
import type { Lane } from './rows.ts'
import { nameCandidate } from './testing.ts'
import type { Verdict } from './verdict.ts'
import { isGreen, reportOf } from './verdict.ts'

/** `moved`: the target is elsewhere by now. `apart`: the group was refused; each has to be tried by itself. */
export type Landed = 'landed' | 'moved' | 'apart' | 'refused' | 'changed'

interface Landing {
  town: OpenTown
  rig: RigSettings
  log: GateLog
  lane: Lane
  batch: { request: MergeRequest; change: string }[]
  commit: string
  tree: string
  verdict: Verdict
}

/** Errors: what passes by itself (E_REMOTE_UNREACHABLE …), with every entry back in line; a ledger that refuses. */
export async function landPrefix(
  town: OpenTown,
  rig: RigSettings,
  log: GateLog,
  lane: Lane,
  count: number,
): Promise<Result<Landed>> {
  const links = lane.links.slice(0, count)
  const last = links.at(-1)!
  const batch = links.map((link) => ({ request: lane.requests.get(link.id)!, change: link.commit }))
  const beads = batch.map(({ request }) => town.ledger.state.beads.get(request.merge.bead)!)
  const merges = rig.landing.strategy === 'merge' || batch.some(({ request }) => request.merge.run === undefined)
  const around = { message: groupMessage(beads, rig.name), author: signatureOf(`${rig.name}/refinery`) }
  const gitDir = town.paths.rig(rig.name).repo
  const commit = await landingCommit(gitDir, lane.base.commit, links, merges, around)
  if (commit.kind === 'error') return commit
  const landing = { town, rig, log, lane, batch, commit: commit.value, tree: last.tree, verdict: last.verdict }
  const proven = await proveComplete(landing)
  if (proven.kind === 'error' || !proven.value) return proven.kind === 'error' ? proven : ok('refused')
  const announced = announce(landing)
  if (announced.kind === 'error') return announced
  if (!announced.value) return ok('changed')
  const noted = await leaveReceipt(landing)
  if (noted.kind === 'error') return hindered(landing, noted.failure)
  const { target } = lane
  const pushed = await publish({ gitDir, branch: target, commit: landing.commit, expected: lane.base.commit })
  if (pushed.kind === 'error') return hindered(landing, pushed.failure)
  switch (pushed.value.kind) {
    case 'moved': {
      const back = backInLine(landing, `${target} moved to ${pushed.value.now.slice(0, 12)} meanwhile`)
      return back.kind === 'error' ? back : ok('moved')
    }
    case 'refused':
      return refused(landing, pushed.value.reason, pushed.value.local_changes === true)
    case 'landed':
      return recordAll(landing)
  }
}

/**
 * Every patch of every branch is in what would be pushed, before it is: a merge holds the branch itself, anything else is
 * asked for patch by patch (pain B09). False: one of them is not, and waits for a person now.
 */
async function proveComplete({ town, rig, batch, commit }: Landing): Promise<Result<boolean>> {
  const gitDir = town.paths.rig(rig.name).repo
  const heads = batch.map(({ request }) => request.merge.head)
  const merged = await allContained(gitDir, heads, commit)
  if (merged.kind === 'error' || merged.value) return merged
  for (const { request, change } of batch) {
    const { base, head } = request.merge
    const patches = await patchesPresent({ gitDir, base, head, target: change })
    if (patches.kind === 'ok' && patches.value.missing.length === 0) continue
    const which = patches.kind === 'ok' ? patches.value.missing.join(', ') : 'unknown'
    const given = giveUp(
      town,
      request,
      `not every patch of its branch would be in the target: ${which}. Nothing was pushed.`,
    )
    return given.kind === 'error' ? given : ok(false)
  }
  return ok(true)
}

/** Written before anything moves: from here on a dead driver's entries are recovered by looking at the target. */
function announce(landing: Landing): Result<boolean> {
  const { town, rig, lane, batch, commit, tree, verdict } = landing
  const fresh = batch.filter(({ request }) => request.merge.state === 'queued')
  const taken = moveTogether(
    town,
    fresh.map(({ request }) => ({ request, note: { executor: self() } })),
    'building',
    'every gate has a verdict on this content already',
  )
  if (taken.kind === 'error' || !taken.value) return taken
  const command = rig.gates.map((gate) => gate.run).join(' && ') || '(no gate: landing.unverified = true)'
  const gate = reportOf(verdict, tree, command, town.now().toISOString())
  const steps = batch.map(({ request, change }) => ({
    request,
    note: { executor: self(), candidate: { commit, tree, onto: lane.base.commit, change }, gate },
  }))
  const why = `${verdict.is}: landing ${batch.length === 1 ? 'exactly the tested commit' : `${batch.length} tested together`}`
  return moveTogether(town, steps, 'landing', why)
}

async function leaveReceipt(landing: Landing): Promise<Result<void>> {
  const { town, rig, lane, batch, commit, tree, verdict } = landing
  const gitDir = town.paths.rig(rig.name).repo
  await nameCandidate(gitDir, lane.target, commit)
  const receipt = receiptOf({
    rig,
    target: lane.target,
    landing: { commit, tree, onto: lane.base.commit },
    batch,
    verdict,
    at: town.now().toISOString(),
    version: version(),
  })
  // On a commit that does not land it harms nobody.
  return addNote({ gitDir, commit, text: `${JSON.stringify(receipt)}\n` })
}

async function recordAll(landing: Landing): Promise<Result<Landed>> {
  const { town, log, lane, batch, commit, verdict } = landing
  const landed = batch.map(({ request, change }) => ({
    request,
    place: { commit: change, ...(change !== commit && { landing: commit }) },
  }))
  const recorded = await recordLandings(town, landed)
  if (recorded.kind === 'error') return recorded
  // What landed is the target now, and it passed. With nothing left in line nobody would look at the target again.
  if (lane.alarm !== undefined && isGreen(verdict)) {
    const ended = town.ledger.write(endAlarm(lane.alarm, commit))
    if (ended.kind === 'error') return ended
  }
  let saved = savedMs(landing)
  const lines: EndLine[] = []
  for (const { request } of batch) {
    const { red_head, head } = request.merge
    const false_red = red_head === head && { false_red: true }
    lines.push(endOf(request, 'landed', town.now(), { size: batch.length, saved_ms: saved, ...false_red }))
    saved = 0
  }
  const logged = log.append(...lines)
  return logged.kind === 'error' ? logged : ok('landed')
}

/** Gate time that this landing did not cost, because the results were there: a worker's own run, or the target's. */
function savedMs({ log, batch, verdict }: Landing): number {
  const ids = batch.map(({ request }) => request.bead.id).join()
  const own = new Set<string>()
  for (const line of log.lines) {
    if (line.k === 'gate' && line.members?.map(({ id }) => id).join() === ids) own.add(line.run)
  }
  return verdict.parts.reduce((sum, { finding }) => sum + (own.has(finding.run) ? 0 : finding.ms), 0)
}

function backInLine({ town, batch }: Landing, why: string): Result<void> {
  for (const { request } of batch) {
    const moved = requeue(town, request, why)
    if (moved.kind === 'error') return moved
  }
  return ok(undefined)
}

/**
 * Something around the work failed. What passes by itself, and a remote that will not have us, put the entries back and
 * are answered as an error, so that the driver rests before it tries again; of the latter a person is told, once for all.
 * Anything else is about these entries, and for a person.
 */
function hindered(landing: Landing, failure: Failure): Result<Landed> {
  const byRemote = failure.code.startsWith('E_REMOTE')
  if (failure.exit === EXIT.tryAgain || byRemote) {
    const back = backInLine(landing, failure.message)
    if (back.kind === 'error') return back
    const [first] = landing.batch
    if (failure.exit !== EXIT.tryAgain && first !== undefined) {
      const text = `${failure.message} Nothing can land on ${landing.lane.target} until that is mended; it is tried again by itself.`
      const told = tellPerson(landing.town, first.request, 'remote', text)
      if (told.kind === 'error') return told
    }
    return { kind: 'error', failure }
  }
  for (const { request } of landing.batch) {
    const told = giveUp(landing.town, request, failure.message)
    if (told.kind === 'error') return told
  }
  return ok('refused')
}

/** An entry that cannot be tested or landed for a reason that a person has to mend. */
export function giveUp(town: OpenTown, request: MergeRequest, reason: string): Result<void> {
  const { id } = request.bead
  const text = `${id} could not be tested: ${reason} Mend that, then: gt mq retry ${id}`
  const note = { reason, executor: undefined }
  return moveAndTell(town, request, 'could_not_run', note, { cause: 'could_not_run', text })
}

function refused(landing: Landing, said: string, localChanges: boolean): Result<Landed> {
  const { town, rig, batch, lane } = landing
  const first = batch[0]
  if (first === undefined) return fail('E_BUG', 'There was nothing to land.')
  if (batch.length > 1) {
    // One of them is in the way, and the remote does not say which.
    const back = backInLine(
      landing,
      `the remote refused ${batch.length} together (${said.slice(0, 200)}); one by one now`,
    )
    return back.kind === 'error' ? back : ok('apart')
  }
  const reason = localChanges
    ? `Your checkout at ${rig.remote} has uncommitted changes in files that this landing changes (${said.slice(0, 200)}). They were not touched.`
    : `The remote refused the landing on ${lane.target}: ${said}`
  const note = { reason, held_for: 'refused' as const, executor: undefined, candidate: undefined }
  const next = localChanges ? 'Commit them or put them aside' : 'Mend that'
  const text = `${reason} ${next}, then: gt mq retry ${first.request.bead.id}`
  const told = moveAndTell(town, first.request, 'held', note, { cause: 'refused', text })
  return told.kind === 'error' ? told : ok('refused')
}
