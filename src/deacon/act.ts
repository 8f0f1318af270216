/** Carries out one action of the plan. Every branch is idempotent; errors are answered, never thrown. */
import { putInInbox } from '../agents/inbox.ts'
import { limitOver } from '../agents/limit.ts'
import { nearlyFullText, resumeLine } from '../agents/standstill.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import { applied } from '../beads/change.ts'
import type { Run, RunState } from '../beads/facts.ts'
import { tallyRun } from '../costs/settle.ts'
import { runChore } from '../dogs/run.ts'
import { incidents } from '../kernel/incidents.ts'
import { mendEpic } from '../kernel/integration.ts'
import { breakers } from '../kernel/intensity.ts'
import { causeOfUnwound } from '../kernel/outcomes.ts'
import { advance, findRun, liveRun, needsHuman, note } from '../kernel/runs.ts'
import { limited, park } from '../kernel/sessions.ts'
import type { OpenTown } from '../kernel/town.ts'
import { layAnew, settleMail } from '../mail/settle.ts'
import { wakeFor } from '../mail/wake.ts'
import { checkGate } from '../meow/gates/check.ts'
import { bringBack, bringBackParked } from '../polecats/bring-back.ts'
import { clearRun } from '../polecats/clear.ts'
import { dispatch } from '../polecats/dispatch.ts'
import { freezeTown } from '../polecats/freeze.ts'
import { handOverRun, tellUnstartable } from '../polecats/handover.ts'
import { endParked } from '../polecats/park.ts'
import { rework } from '../polecats/rework.ts'
import { shelveRun } from '../polecats/shelve.ts'
import { stopRun } from '../polecats/stop.ts'
import { oneHandOn, unwind } from '../polecats/unwind.ts'
import { handInEpic, sweepBranch } from '../refinery/integration.ts'
import { workQueue } from '../refinery/queue.ts'
import { sweep } from '../refinery/radar-sweep.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok, unreachable } from '../result.ts'
import { dropQuestion } from '../witness/diagnosis.ts'
import { runFolder } from '../witness/observe.ts'
import type { Action } from './actions.ts'
import { help, wakeRun } from './help.ts'

const BY = 'deacon'
/** What a dead starter leaves behind. */
const UNSTARTED: ReadonlySet<RunState> = new Set(['claimed', 'provisioning', 'starting'])

/** What carrying out an action answers: whether the town may have changed, so that a new plan is worth making. */
export async function act(town: OpenTown, action: Action, signal: AbortSignal): Promise<Result<boolean>> {
  try {
    return await carryOut(town, action, signal)
  } catch (thrown) {
    return fail('E_BUG', `${action.do} stumbled: ${messageOf(thrown)}`, { details: thrown })
  }
}

async function carryOut(town: OpenTown, action: Action, signal: AbortSignal): Promise<Result<boolean>> {
  const bead = 'bead' in action ? town.ledger.state.beads.get(action.bead) : undefined
  const at = town.now().toISOString()
  switch (action.do) {
    case 'dispatch': {
      const done = await dispatch(town, action.bead, BY)
      if (done.kind === 'error') return tellUnstartable(town, action.bead, done.failure, BY)
      return ok(done.value.is === 'running')
    }
    case 'lose': {
      const { run, to, cause, grounds } = action
      const reason = action.reason + (await lastWords(town, run))
      const ifStill = (now: Run): boolean =>
        now.process?.pid === run.process?.pid && now.process?.started === run.process?.started
      return changed(await unwind(town, action.bead, run.fence, { to, reason, cause, by: BY, ...grounds, ifStill }))
    }
    case 'unwind': {
      const { bead: id, run, reason } = action
      const ending = { to: 'failed', reason, cause: causeOfUnwound(run), by: BY } as const
      return changed(await unwind(town, id, run.fence, { ...ending, ifStill: ({ state }) => UNSTARTED.has(state) }))
    }
    case 'bring-back': {
      const { run, mode, why } = action
      return bringBack(town, run.bead, run.fence, { mode, why, by: BY })
    }
    case 'shelve': {
      const done = await oneHandOn(town, action.run, BY, () => shelveRun(town, action.run, action.reason, BY))
      return done.kind === 'error' ? done : ok(done.value !== null)
    }
    case 'alive': {
      const { run, why } = action
      // A limit that is over before its time pauses nobody else any more.
      const over = run.state === 'rate_limited' && run.limit ? { limit: limitOver(run.limit, town.now()) } : {}
      return write(town, advance(run, 'working', at, BY, why, over))
    }
    case 'quiet': {
      const why = `no sign of any kind for ${Math.round(action.sinceMs / 60_000)} min`
      return write(town, { ...advance(action.run, 'quiet', at, BY, why), ...action.grounds })
    }
    case 'limit': {
      const about = town.ledger.state.beads.get(action.run.bead)
      if (about === undefined) return ok(false)
      const how = { at, by: BY, ...(action.asks !== undefined && { asks: action.asks }) }
      return write(town, limited(about, action.run, action.limit, how))
    }
    case 'go-on':
      return wakeRun(town, action.run, resumeLine(action.run))
    case 'help': {
      const about = town.ledger.state.beads.get(action.run.bead)
      return about === undefined ? ok(false) : help(town, about, action.run, action.help, BY)
    }
    case 'ask-hand-off': {
      const { run, percent } = action
      const why = `the context of ${run.agent} is ${percent} % full: it is asked to hand off`
      const noted = write(town, note(run, { asked_to_hand_off: at }, BY, why))
      if (noted.kind === 'error' || !noted.value) return noted
      return changed(putInInbox(runFolder(town, run), nearlyFullText(percent)))
    }
    case 'wake': {
      const woke = await wakeFor(town, action.to, BY)
      return woke.kind === 'error' ? woke : ok(woke.value === 'woken')
    }
    case 'budget-tell': {
      const { run, text, told, why } = action
      const noted = write(town, note(run, { told_budget: told }, BY, `${run.agent} is told: ${why}`))
      if (noted.kind === 'error' || !noted.value) return noted
      return changed(putInInbox(runFolder(town, run), text))
    }
    case 'budget-park': {
      const { run, budget, why } = action
      return write(town, park(run, [], { at, by: BY, budget, why }))
    }
    case 'cycle': {
      const { startAgent } = await import('./attended.ts')
      return changed(await startAgent(town, action.address))
    }
    case 'drop-question': {
      if (bead === undefined) return ok(false)
      const run = liveRun(bead)
      if (run === undefined) return write(town, dropQuestion(bead, BY))
      return changed(await stopRun(town, bead, run, 'nobody needs the answer any more', BY))
    }
    case 'incidents': {
      const { state } = town.ledger
      for (const change of incidents(state, breakers(state, town.now()), town.now())) {
        const written = write(town, change)
        if (written.kind === 'error') return written
      }
      return ok(true)
    }
    case 'freeze': {
      const stands = await freezeTown(town)
      // Nothing to do with the next plan: it is asked for again at each pass.
      return stands.kind === 'error' ? stands : ok(false)
    }
    case 'chore': {
      const ran = await runChore(town, action.chore, BY, signal)
      return ran.kind === 'error' ? ran : ok(true)
    }
    case 'order': {
      const { runOrder } = await import('../polecats/orders.ts')
      const done = await runOrder(town, action.name, { by: BY, signal })
      return done.kind === 'error' ? done : ok(done.value !== null)
    }
    case 'end-session':
      if (action.run.state === 'parked') return endParked(town, action.run.fence, BY)
      return changed(await town.runtime.end(action.run.session))
    case 'tally':
      return tally(town, action.run)
    case 'clear':
      return changed(await clearRun(town, action.run, BY))
    case 'rework': {
      if (bead === undefined) return ok(false)
      const done = await rework(town, bead, action.run, action.request, BY)
      return done.kind === 'error' ? done : ok(done.value === 'running')
    }
    case 'hand-over':
      return handOverRun(town, action.bead, action.run.fence, action.to, BY)
    case 'ask-person': {
      if (bead === undefined || facts(bead).needs !== undefined) return ok(false)
      return write(town, needsHuman(bead, action.cause, action.text, at, BY))
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
      if (bead === undefined) return ok(false)
      const made = mendEpic(town.ledger.state, bead, action.request, { by: BY, at })
      return made.kind === 'error' ? made : write(town, made.value.input)
    }
    case 'check-gate': {
      const found = await checkGate(town, action.gate, BY, signal)
      // A look that found nothing new is done as well: its next turn is written down.
      return found.kind === 'error' ? found : ok(found.value.changed || found.value.next !== null)
    }
    case 'unpark':
      return bringBackParked(town, action.run.bead, action.run.fence, BY)
    case 'settle': {
      const { settled } = await import('../meow/settle.ts')
      const { dismissed } = await import('../meow/unwanted.ts')
      const { state } = town.ledger
      const change = bead && (settled(state, bead, { by: BY, at }) ?? dismissed(state, bead, BY))
      return change === undefined ? ok(false) : write(town, change)
    }
    case 'convoy': {
      const { sayConvoy } = await import('../convoys/say.ts')
      return sayConvoy(town, action.bead, BY)
    }
    case 'mail':
      return settleMail(town, action.bead, BY)
    case 'lay':
      return layAnew(town, action.to)
    case 'sweep':
      return bead === undefined ? ok(false) : sweepBranch(town, bead, BY)
    default:
      return unreachable(action)
  }
}

/** What it used so far is written down: it may wait long for its landing. */
function tally(town: OpenTown, run: Run): Promise<Result<boolean>> | Result<boolean> {
  const found = findRun(town.ledger.state.beads.values(), run.fence)
  return found === undefined ? ok(false) : tallyRun(town, found.bead, found.run, BY)
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

const write = (town: OpenTown, change: ChangeInput): Result<boolean> => applied(town.ledger.write(change))

/** The end of a dead agent's screen, for the record. */
async function lastWords(town: OpenTown, run: Run): Promise<string> {
  const screen = await town.runtime.peek(run.session, 8)
  if (screen.kind !== 'ok') return ''
  const text = screen.value
    .replace(/^Pane is dead .*$/m, '')
    .trim()
    .slice(-600)
  return text === '' ? '' : `; its last words: ${text}`
}
