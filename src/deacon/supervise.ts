/**
 * What the workers need, run by run: the dead are given back, the interrupted brought back, the limited left alone until their
 * time, those that stand still helped step by step (witness/stuck.ts). Pure; a part of the plan.
 */
import { shellQuote } from '../agents/guard.ts'
import { limitFor } from '../agents/limit.ts'
import { ASKED } from '../agents/models.ts'
import { roleOf } from '../agents/roles.ts'
import type { Trouble } from '../agents/trouble.ts'
import { isLimiting } from '../agents/trouble.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Limit, Run } from '../beads/facts.ts'
import { NO_CONVERSATION } from '../beads/usage-facts.ts'
import { causeOf } from '../kernel/outcomes.ts'
import { allRuns, isTerminal } from '../kernel/runs.ts'
import { MOST_REVIVED } from '../kernel/sessions.ts'
import { standsStill } from '../kernel/standstill.ts'
import { unreachable } from '../result.ts'
import { idleQuestions } from '../witness/diagnosis.ts'
import type { Evidence, Verdict } from '../witness/evaluate.ts'
import { evaluate } from '../witness/evaluate.ts'
import type { Standstill } from '../witness/stuck.ts'
import { helpFor, standstillOf } from '../witness/stuck.ts'
import type { Action } from './actions.ts'
import type { Observed, Policy } from './observed.ts'
import { nearingAction, overspent, refusedBy, spendingAction } from './spending.ts'

/** After `gt done`, `gt handoff` or `gt park` an agent may finish its sentence for this long before its session ends, in ms. */
export const LAST_WORDS_MS = 3_000

/** The longest that a limit which only a person can mend goes on in silence: then a person is asked. */
const FOR_A_PERSON: ReadonlySet<Limit['is']> = new Set(['auth', 'billing'])

export function* supervise(observed: Observed, policy: Policy, now: Date): Generator<Action> {
  for (const { bead, run } of allRuns(observed.state.beads.values())) {
    if (isTerminal(run)) {
      if (!run.cleared) yield { do: 'clear', run }
    } else if (run.state === 'submitted') {
      const alive = observed.sessions?.get(run.fence)
      const said = now.getTime() - Date.parse(run.since) >= LAST_WORDS_MS
      if (alive === false || (alive === true && said)) yield { do: 'end-session', run }
      else if (observed.sessions !== null && alive === undefined && isUncounted(run, policy)) yield { do: 'tally', run }
    } else if (run.state === 'parked') {
      const alive = observed.sessions?.get(run.fence)
      const said = now.getTime() - Date.parse(run.since) >= LAST_WORDS_MS
      // As long as a process is written down, something of it may still be there.
      const there = alive !== undefined || run.process !== undefined
      if (observed.sessions !== null && there && (said || alive !== true)) yield { do: 'end-session', run }
    } else {
      yield* active(bead, run, observed, policy, now)
    }
  }
  for (const bead of idleQuestions(observed.state)) yield { do: 'drop-question', bead: bead.id }
}

/** Its session is over, and what that used is not in the ledger yet. */
const isUncounted = (run: Run, policy: Policy): boolean =>
  policy.counts(run.preset) && (run.usage?.[run.conversation || NO_CONVERSATION]?.at ?? '') < run.since

function* active(bead: Bead, run: Run, observed: Observed, policy: Policy, now: Date): Generator<Action> {
  if (run.state === 'claimed' || run.state === 'provisioning' || run.process === undefined) {
    yield* unstarted(bead, run, observed, policy)
    return
  }
  const evidence = observed.evidence.get(run.fence)
  if (evidence === undefined) return
  const verdict = evaluate(run, evidence, now.getTime(), {
    quietAfterMs: policy.quietAfterMs,
    thawedAt: observed.thawedAt,
  })
  if (verdict.is === 'dead') yield* died(bead, run, verdict, observed, policy)
  else if (observed.frozen) return
  else if (run.state === 'starting') yield* starting(bead, run, verdict, evidence, observed, policy, now)
  else yield* atWork(bead, run, verdict, observed, policy, now)
}

/** No session yet: its starter is at it, or died over it. */
function* unstarted(bead: Bead, run: Run, observed: Observed, policy: Policy): Generator<Action> {
  if (!observed.dispatcherGone(run)) return
  // Its worktree stands and holds work of earlier sessions.
  if (run.state === 'starting' && (run.sessions ?? 1) > 1) {
    if (observed.closed !== null || observed.frozen || refusedBy(observed, bead, run.rig, run) !== undefined) return
    // After a wait for gates the conversation is a new one, which never began; so it is with those that cannot resume.
    const same = run.parked === undefined || run.parked.budget?.resume === true
    const mode = same && policy.judges(run.preset) ? 'resume' : 'fresh'
    yield { do: 'bring-back', run, mode, why: 'gt was ended while it brought it back' }
    return
  }
  yield { do: 'unwind', bead: bead.id, run, reason: run.reason ?? `gt was ended while ${run.state}` }
}

type Dead = Extract<Verdict, { is: 'dead' }>

function* died(bead: Bead, run: Run, verdict: Dead, observed: Observed, policy: Policy): Generator<Action> {
  // A saga that still runs sees the death itself and unwinds.
  if (run.state === 'starting' && !observed.dispatcherGone(run)) return
  const grounds = { rule: verdict.rule, evidence: verdict.evidence }
  const reason = verdict.proof
  if (verdict.interrupted !== true || (run.revived ?? 0) >= MOST_REVIVED) {
    // An end that nobody saw may turn out to be that of the whole runtime: then it is brought back instead.
    if (verdict.interrupted === undefined) return
    const end = { spoke: run.state !== 'starting', exitCode: verdict.exit, outOfMemory: observed.outOfMemory }
    const cause = causeOf(end)
    const to = verdict.exit === undefined || verdict.signal !== undefined ? 'lost' : 'failed'
    yield { do: 'lose', bead: bead.id, run, to, reason, cause, grounds }
  } else if (!policy.judges(run.preset)) {
    yield { do: 'shelve', run, reason }
  } else if (mayComeBack(bead, run, observed, policy)) {
    yield { do: 'bring-back', run, mode: 'resume', why: reason }
  }
}

/** Bringing back is a start like any other for machine, hold and budgets; slot and account it has already. */
const mayComeBack = (bead: Bead, run: Run, observed: Observed, policy: Policy): boolean =>
  observed.closed === null &&
  !observed.frozen &&
  policy.judges(run.preset) &&
  refusedBy(observed, bead, run.rig, run) === undefined

function* starting(
  bead: Bead,
  run: Run,
  verdict: Verdict,
  evidence: Evidence,
  observed: Observed,
  policy: Policy,
  now: Date,
): Generator<Action> {
  const spoke = evidence.hook.kind === 'ok'
  const begun = Math.max(Date.parse(run.since), observed.thawedAt ?? 0)
  const age = now.getTime() - begun
  if (!spoke && policy.hears(run.preset)) {
    // Measured: no hook fires while a start-up dialog is open.
    const screen: Standstill = {
      is: 'waiting',
      since: begun,
      evidence: 'no hook has fired since its start',
    }
    const help = helpFor(bead, run, screen, reachOf(run, policy), policy.patience, now.getTime())
    if (help !== null) yield { do: 'help', run, help }
  }
  if (verdict.is === 'unknown' || verdict.is === 'detecting' || !observed.dispatcherGone(run)) return
  if (spoke || (evidence.session.kind === 'ok' && !policy.hears(run.preset)))
    yield { do: 'alive', run, why: 'a sign of life' }
  else if (!standsStill(bead) && age > policy.startTimeoutMs) {
    yield { do: 'unwind', bead: bead.id, run, reason: 'no sign of life after its start' }
  }
}

/** Working, quiet, or stopped by a limit. */
function* atWork(
  bead: Bead,
  run: Run,
  verdict: Exclude<Verdict, Dead>,
  observed: Observed,
  policy: Policy,
  now: Date,
): Generator<Action> {
  if (verdict.is === 'unknown') return
  const purse = overspent(observed, bead, run)
  const ending =
    purse === undefined
      ? nearingAction(bead, run, observed, policy)
      : spendingAction(bead, run, purse, verdict, observed, policy, now)
  if (ending) {
    yield ending
    return
  }
  if (
    purse === undefined &&
    run.cycle === 'asked' &&
    now.getTime() - Date.parse(run.notes?.at ?? '') >= LAST_WORDS_MS
  ) {
    yield { do: 'bring-back', run, mode: 'fresh', why: 'asked for a fresh session (gt handoff)' }
    return
  }
  const trouble = observed.trouble.get(run.fence)
  if (trouble !== undefined && trouble.at > Date.parse(run.since)) {
    const action = troubled(bead, run, trouble, observed)
    if (action !== null && (purse === undefined || action.do !== 'bring-back')) {
      yield action
      return
    }
  }
  if (run.state === 'rate_limited') {
    const rests = purse !== undefined
    yield* limited(bead, run, { stopped: trouble !== undefined, rests }, verdict, observed, policy, now)
    return
  }
  if (verdict.is === 'quiet' && run.state === 'working') {
    const { rule, evidence, sinceMs } = verdict
    yield { do: 'quiet', run, sinceMs, grounds: { rule, evidence } }
  }
  if (verdict.is === 'alive' && run.state === 'quiet') yield { do: 'alive', run, why: 'it speaks again' }
  // It was told to come to an end, and is not kept from it.
  if (purse !== undefined && verdict.is === 'alive' && verdict.doing.is !== 'waiting') return
  const percent = observed.context.get(run.fence) ?? 0
  if (
    purse === undefined &&
    percent >= policy.contextPercent &&
    run.asked_to_hand_off === undefined &&
    policy.hears(run.preset)
  ) {
    yield { do: 'ask-hand-off', run, percent }
  }
  const still = standstillOf(verdict, policy.patience, now.getTime())
  // A sentence after a reminder, and silent again: that is neither work nor long enough to say more.
  if (still === null && run.stuck?.is === 'idle' && verdict.is === 'alive' && verdict.doing.is === 'idle') return
  const question = observed.state.beads.get(run.stuck?.diagnosis ?? '')
  const help = helpFor(bead, run, still, reachOf(run, policy), policy.patience, now.getTime(), question)
  if (help !== null) yield { do: 'help', run, help }
}

/** What follows from why its last turn failed; null: nothing by itself, so it is a worker that sits idle. */
function troubled(bead: Bead, run: Run, trouble: Trouble, observed: Observed): Action | null {
  if (isLimiting(trouble)) {
    const limit = limitFor(trouble, run.limit)
    const asks = FOR_A_PERSON.has(limit.is) && !askedAlready(observed, run, limit.is) ? askText(run, limit) : undefined
    return { do: 'limit', run, limit, ...(asks !== undefined && { asks }) }
  }
  switch (trouble.is) {
    case 'context':
      return { do: 'bring-back', run, mode: 'fresh', why: `its context is full: ${trouble.text}` }
    case 'model': {
      if (facts(bead).needs !== undefined) return null
      const text = `${run.agent} cannot use its model: ${trouble.text} Next: ${otherModel(run)}`
      return { do: 'ask-person', bead: bead.id, cause: 'model', text }
    }
    case 'other':
      return null
    default:
      return unreachable(trouble)
  }
}

/** How a run's bead gets another model: where the one that it has was chosen. */
function otherModel({ fence, bead, rig, model_by }: Run): string {
  const again = `gt run stop ${fence}, gt sling ${bead} ${rig}`
  if (model_by === ASKED) return `${again} --model NAME`
  const key = model_by ?? 'models.polecat'
  return `gt config set ${/^[\w.-]+$/.test(key) ? key : shellQuote(key)} NAME, ${again}`
}

/** One incident for a cause: the account is asked about once, whoever of its workers met it first. */
function askedAlready(observed: Observed, run: Run, cause: string): boolean {
  for (const other of [...observed.state.live.values()].flat()) {
    const bead = observed.state.beads.get(other.bead)
    if (other.account === run.account && bead !== undefined && facts(bead).needs?.cause === cause) return true
  }
  return false
}

function askText(run: Run, limit: Limit): string {
  const whose = run.account === undefined ? 'the login of its agents' : `the account ${run.account}`
  const what = limit.is === 'auth' ? 'is not accepted' : 'has no credit'
  return `${whose} ${what}: ${limit.text}. Mend it (log in again, add credit); workers try again by themselves, next at ${limit.until}. See: gt attach ${run.agent}`
}

function* limited(
  bead: Bead,
  run: Run,
  /** `rests`: nobody wakes it, its budget is used up. */
  { stopped, rests }: { stopped: boolean; rests: boolean },
  verdict: Exclude<Verdict, Dead>,
  observed: Observed,
  policy: Policy,
  now: Date,
): Generator<Action> {
  if (!stopped && verdict.is === 'alive' && (verdict.newest?.at ?? 0) > Date.parse(run.since)) {
    yield { do: 'alive', run, why: 'the limit is over' }
    return
  }
  const over = goesOnAt(run, observed, policy)
  if (rests || now.getTime() < over) return
  if (now.getTime() < over + policy.patience.diagnosisMs) yield { do: 'go-on', run }
  else if (facts(bead).needs === undefined) {
    const text = `${run.agent} was stopped by a limit (${run.limit?.text ?? ''}) and does not go on although it is over. Look: gt attach ${run.agent}`
    yield { do: 'ask-person', bead: bead.id, cause: 'stuck', text }
  }
}

/** When a limited run is woken: at the end of its limit, one after another of those that share an account. */
export function goesOnAt(run: Run, { state }: Pick<Observed, 'state'>, policy: Pick<Policy, 'staggerMs'>): number {
  const line = [...state.live.values()]
    .flat()
    .filter((other) => other.state === 'rate_limited' && other.account === run.account)
    .sort((a, b) => (a.since === b.since ? (a.fence < b.fence ? -1 : 1) : a.since < b.since ? -1 : 1))
  const place = Math.max(
    0,
    line.findIndex((other) => other.fence === run.fence),
  )
  return Date.parse(run.limit?.until ?? run.since) + place * policy.staggerMs
}

function reachOf(run: Run, policy: Policy) {
  const judges = policy.judges(run.preset)
  // Nobody looks after the one who looks.
  const witness = policy.witness !== undefined && roleOf(run) !== 'witness'
  return { hears: policy.hears(run.preset), judges, witness }
}
