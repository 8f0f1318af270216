/**
 * The dispatch saga: one bead onto one new worker (design section 6).
 *
 *   validate → fetch → claim → worktree (registered one at a time) → verify → session → first sign of life
 *
 * Each step is in the ledger before the next begins, so a saga that is killed anywhere is unwound in reverse by
 * whoever looks next (unwind.ts), with the same result as one that fails by itself.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ChosenModel } from '../agents/models.ts'
import { modelFor } from '../agents/models.ts'
import { modeFor } from '../agents/modes.ts'
import type { Preset } from '../agents/preset.ts'
import { findProgram, presetFor } from '../agents/preset.ts'
import { roleOf } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Cause, Run, RunState, Slung } from '../beads/facts.ts'
import { withLease } from '../beads/leases.ts'
import { notReadyBecause } from '../beads/ready.ts'
import { budgetsOf } from '../costs/purses.ts'
import type { Budgets } from '../costs/refusal.ts'
import { refusalOf } from '../costs/refusal.ts'
import { resolveCommit } from '../git/repository.ts'
import { checkOutFiles, registerWorktree, verifyWorktree } from '../git/worktrees.ts'
import { closedBecause } from '../kernel/host.ts'
import { targetOf } from '../kernel/integration.ts'
import { breakers } from '../kernel/intensity.ts'
import { fixedAgent, nextRole, refineryPreset } from '../kernel/ladder.ts'
import { startGate } from '../kernel/may-start.ts'
import { causeOf } from '../kernel/outcomes.ts'
import { provision } from '../kernel/provision.ts'
import { advance, claim, findRun, liveRun, newFence, note } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { permissionMode } from '../town/permissions.ts'
import { self } from '../town/processes.ts'
import type { PermissionMode, RigSettings } from '../town/settings.ts'
import { carryOn } from './carry-on.ts'
import { fetchFirst } from './fetch-first.ts'
import { launchSession } from './launch.ts'
import { placeOf } from './place.ts'
import { withNeeded } from './start-point.ts'
import { unwind } from './unwind.ts'

/** What became of an attempt to dispatch. `waiting`: no free slot, or somebody else was faster; nothing changed. */
export type Dispatched = { is: 'running'; run: Run } | { is: 'already'; run: Run } | { is: 'waiting'; why: string }

/** How long a worktree registration may wait for its turn; thirty take about a second (reference: worktrees). */
const REGISTER_WAIT_MS = 120_000

/** Where only the agent itself takes its run. */
const SPOKE_ALREADY: ReadonlySet<RunState> = new Set<RunState>(['parked', 'submitted', 'finished'])

/** Everything that must hold before anything is claimed. */
export interface Plan {
  bead: Bead
  rig: RigSettings
  preset: Preset
  /** What the preset's `model` was decided by. */
  model: ChosenModel
  permission: PermissionMode | undefined
}

/**
 * Checks a bead, its rig, the agent's program and the permission mode, under the order it has or is about to get.
 * Changes nothing.
 * Errors: E_NO_BEAD, E_NOT_READY, E_NO_AGENT, E_NO_PROGRAM (69), E_PERMISSIONS (2), broken rig settings.
 */
export async function validate(town: OpenTown, id: string, order?: Slung): Promise<Result<Plan>> {
  const bead = town.ledger.state.beads.get(id)
  if (bead === undefined) return fail('E_NO_BEAD', `There is no bead ${id}.`, { hint: 'gt bead list' })
  const slung = order ?? facts(bead).slung
  if (slung === undefined) return fail('E_NOT_SLUNG', `${id} is not slung.`, { hint: `gt sling ${id} <rig>` })
  const rig = await town.rig(slung.rig)
  if (rig.kind === 'error') return rig
  const name = refineryPreset(bead, rig.value) ?? slung.preset ?? rig.value.workers.agent ?? town.settings.workers.agent
  const preset = presetFor(name, town.settings.agents)
  if (preset.kind === 'error') return preset
  // `gt` itself is put on the agent's PATH by the launch.
  if (preset.value.command[0] !== 'gt') {
    const program = findProgram(preset.value.command[0] ?? '', town.env.PATH)
    if (program.kind === 'error') return program
  }
  const permission = permissionMode(town.settings, rig.value)
  const mode = modeFor('polecat', preset.value, permission)
  if (mode.kind === 'error') return mode
  const reason = liveRun(bead) === undefined ? notReadyBecause(town.ledger.state, bead, town.now()) : null
  if (reason !== null) return fail('E_NOT_READY', `${id} cannot start yet: ${reason}`, { exit: EXIT.tryAgain })
  const role = nextRole(bead, slung.rig)
  const { labels } = bead
  const question = { role, preset: preset.value, town: town.settings, rig: rig.value, labels, asked: slung.model }
  const model = modelFor(question)
  return ok({ bead, rig: rig.value, preset: { ...preset.value, model: model.model }, model, permission })
}

/**
 * Dispatches one slung bead. On any failure after the claim everything is unwound and the bead is ready again with
 * one attempt counted; the error says what failed.
 */
export async function dispatch(town: OpenTown, id: string, by: string): Promise<Result<Dispatched>> {
  const before = await validate(town, id)
  if (before.kind === 'error') return before
  const holder = liveRun(before.value.bead)
  if (holder !== undefined) return ok({ is: 'already', run: holder })
  const closed = closedBecause(town)
  if (closed !== null) return ok({ is: 'waiting', why: closed })
  const fetched = await fetchFirst(town, before.value.bead, before.value.rig.name)
  // Without a network no worker is at fault: nothing is claimed and no attempt counted, and whoever drives tries again.
  if (fetched.kind === 'error' && fetched.failure.exit === EXIT.tryAgain) return fetched
  // It took its time: what changed meanwhile counts.
  const plan = await validate(town, id)
  if (plan.kind === 'error') return plan
  const claimed = claimFor(town, plan.value, await budgetsOf(town), by)
  if (claimed.kind === 'error') return claimed
  if (claimed.value.is !== 'running') return claimed
  const started = await start(town, plan.value, claimed.value.run, fetched, by)
  if (started.kind === 'ok') return ok({ is: 'running', run: started.value })
  if (started.failure.code === 'E_STALE_RUN') return ok({ is: 'waiting', why: started.failure.message })
  const { reason, cause } = endingOf(started.failure, plan.value.preset)
  // Written first: whoever finishes the unwinding, should we not, then knows the real reason.
  town.ledger.write(note(claimed.value.run, { reason, ...(cause !== undefined && { cause }) }, by, reason))
  const undone = await unwind(town, id, claimed.value.run.fence, { to: 'failed', reason, by, cause })
  const kept =
    undone.kind === 'ok' ? `${id} is open again; nothing was lost.` : `Clean-up waits: ${undone.failure.message}`
  return { kind: 'error', failure: { ...started.failure, kept, message: `${id}: ${started.failure.message}` } }
}

/** For the record: an agent that ran and gave up is told apart from one that could not be started. */
function endingOf(failure: Failure, preset: Preset): { reason: string; cause: Cause | undefined } {
  const { exitCode, output } = (failure.details ?? {}) as { exitCode?: number; output?: string }
  const ran = failure.code === 'E_AGENT_DIED' && exitCode !== undefined
  // Without hooks there is no other sign of life than that it ran.
  const cause = causeOf({ spoke: ran && preset.hooks === 'none', exitCode })
  if (!ran) return { reason: `could not start: ${failure.message}`, cause }
  const words = output
    ?.replace(/^Pane is dead .*$/m, '')
    .trim()
    .slice(-600)
  return {
    reason: `the agent ended at once with exit code ${exitCode}${words ? `; its last words: ${words}` : ''}`,
    cause,
  }
}

/** What machine, budgets, breakers and accounts say to one more start of this kind. */
function gateFor(
  town: OpenTown,
  bead: Bead,
  { rig, preset }: Plan,
  budgets: Budgets | undefined,
): ReturnType<typeof startGate> {
  const closed = closedBecause(town)
  if (closed !== null) return { is: 'no', why: closed, nodes: [] }
  const { state } = town.ledger
  const accounts = preset.hooks === 'claude' ? town.settings.accounts : undefined
  const refused = budgets && refusalOf(budgets, state, bead, rig.name)
  return startGate(state, bead, rig.name, breakers(state, town.now()), accounts, town.now(), refused)
}

/** Takes the bead, a free name and a slot in one conditional change; another name is tried when one was just taken. */
function claimFor(town: OpenTown, plan: Plan, budgets: Budgets | undefined, by: string): Result<Dispatched> {
  const { id } = plan.bead
  for (let attempt = 0; attempt < 50; attempt++) {
    const bead = town.ledger.state.beads.get(id) ?? plan.bead
    const holder = liveRun(bead)
    if (holder !== undefined) return ok({ is: 'already', run: holder })
    // Nothing is awaited between this look and the claim, so one of many tries where only one may.
    const gate = gateFor(town, bead, plan, budgets)
    if (gate.is === 'no') return ok({ is: 'waiting', why: gate.why })
    const run = newRun(town, plan, attempt, gate.account)
    // A question for the Witness takes no slot, or nobody could look while everybody stands still.
    const cap = town.settings.workers.max + (roleOf(run) === 'witness' ? 1 : 0)
    const verdict = town.ledger.write(claim(run, cap, by))
    if (verdict.kind === 'error') return verdict
    if (verdict.value.applied) return ok({ is: 'running', run })
    switch (verdict.value.unmet.if) {
      case 'agent-free':
        if (fixedAgent(bead) !== undefined) return ok({ is: 'waiting', why: `${run.agent} is at work` })
        continue
      case 'no-live-run':
        continue
      case 'active-runs-below':
        return ok({ is: 'waiting', why: `all ${town.settings.workers.max} worker slots are taken` })
      default:
        if (liveRun(town.ledger.state.beads.get(id) ?? bead) === undefined) {
          return ok({ is: 'waiting', why: 'it changed while it was being claimed' })
        }
    }
  }
  return ok({ is: 'waiting', why: 'no free worker name could be claimed' })
}

function newRun(town: OpenTown, plan: Plan, skip: number, account: string | undefined): Run {
  const now = town.now()
  const fence = newFence(now.getTime())
  const rig = plan.rig.name
  return {
    fence,
    bead: plan.bead.id,
    rig,
    ...placeOf(town, plan.bead, rig, fence, skip),
    preset: plan.preset.name,
    attempt: (facts(plan.bead).attempts ?? 0) + 1,
    round: 1,
    state: 'claimed',
    claimed_at: now.toISOString(),
    since: now.toISOString(),
    dispatcher: self(),
    target: targetOf(town.ledger.state, plan.bead, plan.rig),
    branch: `gt/${plan.bead.id}/${fence}`,
    conversation: crypto.randomUUID(),
    ...(plan.model.model !== undefined && { model: plan.model.model }),
    ...(plan.model.by !== undefined && { model_by: plan.model.by }),
    ...(account !== undefined && { account }),
  }
}

/** Claimed → working. Any error leaves the unwinding to the caller. */
async function start(
  town: OpenTown,
  plan: Plan,
  claimed: Run,
  fetched: Result<void>,
  by: string,
): Promise<Result<Run>> {
  const step = (run: Run, to: RunState, why: string, note: Partial<Run> = {}): Result<Run> => {
    const at = town.now().toISOString()
    const verdict = town.ledger.write(advance(run, to, at, by, why, note))
    if (verdict.kind === 'error') return verdict
    if (verdict.value.applied) return ok({ ...run, ...note, state: to, since: at })
    const now = findRun(town.ledger.state.beads.values(), run.fence)?.run
    // A quick agent hands in, or parks, before its starter has written down that it lives.
    if (now !== undefined && SPOKE_ALREADY.has(now.state)) return ok(now)
    return fail('E_STALE_RUN', `The run ${run.fence} was ended by somebody else (${now?.state ?? 'gone'}).`)
  }
  const provisioning = step(claimed, 'provisioning', 'provision a worktree')
  if (provisioning.kind === 'error') return provisioning
  if (fetched.kind === 'error') return fetched
  const base = await makeWorktree(town, plan, provisioning.value)
  if (base.kind === 'error') return base
  const starting = step(provisioning.value, 'starting', `worktree ready at ${base.value.slice(0, 12)}`, {
    base: base.value,
  })
  if (starting.kind === 'error') return starting
  const launched = await launchSession(town, { ...plan, run: starting.value, mode: 'start', by })
  if (launched.kind === 'error') return launched
  return step(launched.value, 'working', 'first sign of life')
}

/** Registers and fills the worktree, provisions and verifies it; answers the base commit. */
async function makeWorktree(town: OpenTown, plan: Plan, run: Run): Promise<Result<string>> {
  const gitDir = town.paths.rig(run.rig).repo
  const tip = await resolveCommit(gitDir, `refs/remotes/origin/${run.target}`)
  if (tip.kind === 'error') return tip
  if (tip.kind !== 'ok') {
    return fail('E_NO_BRANCH', `The rig's repository has no branch ${run.target}.`, {
      hint:
        run.target === plan.rig.branch
          ? `gt config set rig.${run.rig}.branch <name>`
          : 'gt mq integration status   says whose branch it is',
    })
  }
  const needed = await withNeeded(town, plan.bead, run, plan.rig.branch, tip.value)
  if (needed.kind === 'error') return needed
  const from = await carryOn(town, plan.bead, run, needed.value)
  if (from.kind === 'error') return from
  const { start, base } = from.value
  mkdirSync(dirname(run.worktree), { recursive: true })
  // git fails when many worktrees register at once (measured), so they take turns; filling them runs in parallel.
  const registered = await withLease(
    town.ledger,
    `worktrees:${run.rig}`,
    run.agent,
    () => registerWorktree({ gitDir, path: run.worktree, branch: run.branch, base: start }),
    { waitMs: REGISTER_WAIT_MS },
  )
  if (registered.kind === 'error') return registered
  const filled = await checkOutFiles({ path: run.worktree })
  if (filled.kind === 'error') return filled
  const verified = await verifyWorktree({ gitDir, path: run.worktree, branch: run.branch, base: start })
  if (verified.kind === 'error') return verified
  const provisioned = await provision(plan.rig, run.worktree, town.env)
  return provisioned.kind === 'error' ? provisioned : ok(base)
}
