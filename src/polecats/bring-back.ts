/**
 * Brings a run to its next session: after a reboot or the end of the runtime in the same conversation, after `gt handoff` and
 * `gt park` in a fresh one with the worker's notes. Run, fence, branch and worktree stay, and no attempt is counted.
 *
 * The step is in the ledger before anything is ended, so a driver that dies here leaves a run that the next one brings back.
 * Where the conversation cannot be taken up, a fresh one begins in the same worktree; where that fails too, the run fails.
 */
import { existsSync } from 'node:fs'
import { briefOf } from '../agents/brief.ts'
import { putInInbox } from '../agents/inbox.ts'
import { agentDir } from '../agents/launch.ts'
import { presetFor } from '../agents/preset.ts'
import { freeAgainText, resumedText } from '../agents/standstill.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { usageOps } from '../costs/settle.ts'
import { inheritedBy } from '../kernel/ladder.ts'
import { mergeOf } from '../kernel/merges.ts'
import { advance } from '../kernel/runs.ts'
import { restart, unpark } from '../kernel/sessions.ts'
import type { OpenTown } from '../kernel/town.ts'
import { cameOfAll, mayGoOn } from '../meow/gates/waits.ts'
import { toldOf } from '../meow/told.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { permissionMode } from '../town/permissions.ts'
import { self } from '../town/processes.ts'
import { launchSession } from './launch.ts'
import { endWorker, oneHandOn, unwind } from './unwind.ts'

/** Of a reason in the trail. */
const WHY_CHARS = 500

/** False: somebody else was faster, or it is not to be brought back any more. */
export async function bringBack(
  town: OpenTown,
  id: string,
  fence: string,
  how: { mode: 'resume' | 'fresh'; why: string; by: string },
): Promise<Result<boolean>> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const run = runOf(town, id, fence)
  if (run === undefined) return ok(false)
  const taken = await next(town, run, how)
  if (taken.kind === 'error' || taken.value === null) return taken.kind === 'error' ? taken : ok(false)
  const ended = await endWorker(town, run)
  if (ended.kind === 'error') return ended
  return startNext(town, taken.value, how)
}

/**
 * What a parked run waited for is over: a fresh session in its worktree, told what came. False: no worker slot is free, or it is
 * not parked any more.
 */
export async function bringBackParked(town: OpenTown, id: string, fence: string, by: string): Promise<Result<boolean>> {
  // Whoever ends its old session must have done so, or see that it is not parked any more.
  const taken = await oneHandOn(town, { fence }, by, async (): Promise<Result<Run | null>> => {
    const read = town.ledger.refresh()
    if (read.kind === 'error') return read
    const run = runOf(town, id, fence)
    if (run?.state !== 'parked' || !mayGoOn(town.ledger.state, run)) return ok(null)
    const over = run.parked?.budget ? 'its budget is free again' : cameOfAll(town.ledger.state, run).join('; ')
    const why = `what it waited for is over: ${over}`.slice(0, WHY_CHARS)
    const conversation = resumes(run) ? run.conversation! : crypto.randomUUID()
    const how = { conversation, dispatcher: self(), at: town.now().toISOString(), by, why }
    const written = town.ledger.write(unpark(run, town.settings.workers.max, how))
    if (written.kind === 'error') return written
    if (!written.value.applied) return ok(null)
    const ended = await endWorker(town, run)
    if (ended.kind === 'error') return ended
    // Its inbox may still hold the word about the end of its budget. Without this one it would believe that; no more.
    if (run.told_budget !== undefined) putInInbox(agentDir(town.root, { fence, address: run.agent }), freeAgainText)
    return ok(runOf(town, id, fence) ?? null)
  })
  if (taken.kind === 'error') return taken
  if (taken.value === null) return ok(false)
  const mode = resumes(taken.value) ? 'resume' : 'fresh'
  return startNext(town, taken.value, { mode, why: 'it was parked', by })
}

/** It was stopped by a budget, without a word to a fresh session. */
const resumes = (run: Run): boolean => run.parked?.budget?.resume === true && run.conversation !== undefined

/** Starts the session that was written down; where that fails, the run has failed. */
async function startNext(
  town: OpenTown,
  run: Run,
  how: { mode: 'resume' | 'fresh'; why: string; by: string },
): Promise<Result<boolean>> {
  const { bead: id, fence } = run
  let started = await startIn(town, run, how.mode, how.by)
  if (started.kind === 'error' && how.mode === 'resume') {
    const again = runOf(town, id, fence)
    const fresh =
      again && (await next(town, again, { ...how, mode: 'fresh', why: `could not resume: ${started.failure.message}` }))
    if (fresh?.kind === 'ok' && fresh.value !== null) started = await startIn(town, fresh.value, 'fresh', how.by)
  }
  if (started.kind === 'ok') return ok(true)
  const reason = `could not be brought back: ${started.failure.message}`
  const undone = await unwind(town, id, fence, { to: 'failed', reason, by: how.by, cause: 'start' })
  return undone.kind === 'error' ? undone : started
}

function runOf(town: OpenTown, id: string, fence: string): Run | undefined {
  const bead = town.ledger.state.beads.get(id)
  return bead && facts(bead).runs?.[fence]
}

/** Writes the step; the run as it stands then, or null when it did not apply. */
async function next(
  town: OpenTown,
  run: Run,
  how: { mode: 'resume' | 'fresh'; why: string; by: string },
): Promise<Result<Run | null>> {
  const conversation = how.mode === 'resume' && run.conversation !== undefined ? run.conversation : crypto.randomUUID()
  const at = town.now().toISOString()
  const bead = town.ledger.state.beads.get(run.bead)
  const change = restart(run, { ...how, conversation, dispatcher: self(), at })
  const used = bead === undefined || conversation === run.conversation ? [] : await usageOps(town, bead, run)
  const written = town.ledger.write({ ...change, ops: [...change.ops, ...used] })
  if (written.kind === 'error') return written
  return ok(written.value.applied ? (runOf(town, run.bead, run.fence) ?? null) : null)
}

async function startIn(town: OpenTown, run: Run, mode: 'resume' | 'fresh', by: string): Promise<Result<void>> {
  const bead = town.ledger.state.beads.get(run.bead)
  const rig = await town.rig(run.rig)
  if (rig.kind === 'error') return rig
  const preset = presetFor(run.preset, town.settings.agents)
  if (preset.kind === 'error') return preset
  if (bead === undefined || !existsSync(run.worktree)) {
    return fail('E_NO_WORKTREE', `The worktree ${run.worktree} is not there any more.`)
  }
  const evidence = mergeOf(town.ledger.state.beads.get(run.merge_request ?? ''))?.merge.evidence
  // A client that takes up a conversation knows its task; every other one is told all of it, with what was left for it.
  const knows = mode === 'resume' && (preset.value.hooks === 'claude' || preset.value.resume !== undefined)
  const brief = knows
    ? resumedText(run)
    : briefOf({
        bead,
        run,
        evidence,
        inherited: inheritedBy(bead, run),
        goesOn: { notes: run.notes?.text, waited: cameOfAll(town.ledger.state, run) },
        steps: toldOf(town.ledger.state, bead, town.now()),
      })
  const started = await launchSession(town, {
    bead,
    run,
    // With the model that it was begun with, whatever the settings say by now.
    preset: { ...preset.value, model: run.model },
    permission: permissionMode(town.settings, rig.value),
    mode: mode === 'resume' ? 'resume' : 'start',
    by,
    brief,
    ...(evidence !== undefined && { evidence }),
  })
  if (started.kind === 'error') return started
  const at = town.now().toISOString()
  const written = town.ledger.write(advance(started.value, 'working', at, by, 'its session goes on'))
  // Not applied: the agent was quicker and has handed in already.
  return written.kind === 'error' ? written : ok(undefined)
}
