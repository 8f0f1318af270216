/** Carries out one action of the plan. Every branch is idempotent; errors are answered, never thrown. */
import { facts } from '../beads/bead.ts'
import { mendEpic } from '../kernel/integration.ts'
import { advance, needsHuman } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { clearRun } from '../polecats/clear.ts'
import { dispatch } from '../polecats/dispatch.ts'
import { handOverRun, tellUnstartable } from '../polecats/handover.ts'
import { rework } from '../polecats/rework.ts'
import { unwind } from '../polecats/unwind.ts'
import { handInEpic, sweepBranch } from '../refinery/integration.ts'
import { workQueue } from '../refinery/queue.ts'
import { sweep } from '../refinery/radar-sweep.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok, unreachable } from '../result.ts'
import type { Action } from './plan.ts'

const BY = 'deacon'

/** What carrying out an action answers: whether the town may have changed, so that a new plan is worth making. */
export async function act(town: OpenTown, action: Action, signal: AbortSignal): Promise<Result<boolean>> {
  try {
    return await carryOut(town, action, signal)
  } catch (thrown) {
    return fail('E_BUG', `${action.do} stumbled: ${messageOf(thrown)}`, { details: thrown })
  }
}

async function carryOut(town: OpenTown, action: Action, signal: AbortSignal): Promise<Result<boolean>> {
  switch (action.do) {
    case 'dispatch': {
      const done = await dispatch(town, action.bead, BY)
      if (done.kind === 'error') return tellUnstartable(town, action.bead, done.failure, BY)
      return ok(done.value.is === 'running')
    }
    case 'lose': {
      const screen = await lastWords(town, action.bead, action.fence)
      const reason = action.reason + screen
      return changed(await unwind(town, action.bead, action.fence, { to: action.to, reason, by: BY }))
    }
    case 'unwind':
      return changed(await unwind(town, action.bead, action.fence, { to: 'failed', reason: action.reason, by: BY }))
    case 'alive':
      return write(town, advance(action.run, 'working', town.now().toISOString(), BY, 'a sign of life'))
    case 'quiet': {
      const why = `no hook event for ${Math.round(action.sinceMs / 60_000)} min`
      return write(town, advance(action.run, 'quiet', town.now().toISOString(), BY, why))
    }
    case 'end-session':
      return changed(await town.runtime.end(action.run.session))
    case 'clear':
      return changed(await clearRun(town, action.run, BY))
    case 'rework': {
      const bead = town.ledger.state.beads.get(action.bead)
      if (bead === undefined) return ok(false)
      const done = await rework(town, bead, action.run, action.request, BY)
      return done.kind === 'error' ? done : ok(done.value === 'running')
    }
    case 'hand-over':
      return handOverRun(town, action.bead, action.run.fence, action.to, BY)
    case 'ask-person': {
      const bead = town.ledger.state.beads.get(action.bead)
      if (bead === undefined || facts(bead).needs !== undefined) return ok(false)
      return write(town, needsHuman(bead, action.cause, action.text, town.now().toISOString(), BY))
    }
    case 'refine': {
      const worked = await workQueue(town, action.rig, { signal })
      return worked.kind === 'error' ? worked : ok(worked.value.steps > 0)
    }
    case 'radar':
      // Done either way: the clock says when the next turn is due.
      return changed(await sweep(town, action.rig))
    case 'integrate':
      return integrate(town, action.bead, action.why)
    case 'mend': {
      const epic = town.ledger.state.beads.get(action.bead)
      if (epic === undefined) return ok(false)
      const how = { by: BY, at: town.now().toISOString() }
      const made = mendEpic(town.ledger.state, epic, action.request, how)
      return made.kind === 'error' ? made : write(town, made.value.input)
    }
    case 'sweep': {
      const epic = town.ledger.state.beads.get(action.bead)
      return epic === undefined ? ok(false) : sweepBranch(town, epic, BY)
    }
    default:
      return unreachable(action)
  }
}

async function integrate(town: OpenTown, id: string, why: string): Promise<Result<boolean>> {
  const epic = town.ledger.state.beads.get(id)
  if (epic === undefined) return ok(false)
  const done = await handInEpic(town, epic, { by: BY, why })
  if (done.kind === 'error') {
    // A branch that is gone comes back by nobody's waiting.
    if (done.failure.code !== 'E_BRANCH_GONE') return done
    const { message, hint } = done.failure
    return write(town, needsHuman(epic, 'branch-gone', `${message} ${hint ?? ''}`, town.now().toISOString(), BY))
  }
  if (done.value.is !== 'empty') return ok(done.value.is === 'queued')
  const text = `All children of ${id} are closed, and its integration branch holds nothing to land: gt bead close ${id}`
  return write(town, needsHuman(epic, 'nothing-to-land', text, town.now().toISOString(), BY))
}

const changed = (result: Result<unknown>): Result<boolean> => (result.kind === 'error' ? result : ok(true))

function write(town: OpenTown, change: Parameters<OpenTown['ledger']['write']>[0]): Result<boolean> {
  const written = town.ledger.write(change)
  return written.kind === 'error' ? written : ok(written.value.applied)
}

/** The end of a dead agent's screen, for the record. */
async function lastWords(town: OpenTown, bead: string, fence: string): Promise<string> {
  const run = facts(town.ledger.state.beads.get(bead) ?? ({} as never)).runs?.[fence]
  if (run === undefined) return ''
  const screen = await town.runtime.peek(run.session, 8)
  if (screen.kind !== 'ok') return ''
  const text = screen.value
    .replace(/^Pane is dead .*$/m, '')
    .trim()
    .slice(-600)
  return text === '' ? '' : `; its last words: ${text}`
}
