/**
 * The dispatch saga: one bead onto one new worker (design section 6).
 *
 *   validate → claim → fetch → worktree (registered one at a time) → verify → session → first sign of life
 *
 * Each step is in the ledger before the next begins, so a saga that is killed anywhere is unwound in reverse by
 * whoever looks next (unwind.ts), with the same result as one that fails by itself.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Preset } from '../agents/preset.ts'
import { findProgram, presetFor } from '../agents/preset.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run, RunState, Slung } from '../beads/facts.ts'
import { withLease } from '../beads/leases.ts'
import { notReadyBecause } from '../beads/ready.ts'
import { fetchRemote, resolveCommit } from '../git/repository.ts'
import { checkOutFiles, registerWorktree, verifyWorktree } from '../git/worktrees.ts'
import { targetOf } from '../kernel/integration.ts'
import { fixedAgent } from '../kernel/ladder.ts'
import { advance, claim, findRun, liveRun, newFence, note } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { permissionMode } from '../town/permissions.ts'
import { self } from '../town/processes.ts'
import type { PermissionMode, RigSettings } from '../town/settings.ts'
import { launchSession } from './launch.ts'
import { placeOf, refineryPreset } from './place.ts'
import { provision } from './provision.ts'
import { withNeeded } from './start-point.ts'
import { unwind } from './unwind.ts'

/** What became of an attempt to dispatch. `waiting`: no free slot, or somebody else was faster; nothing changed. */
export type Dispatched = { is: 'running'; run: Run } | { is: 'already'; run: Run } | { is: 'waiting'; why: string }

/** How long a worktree registration may wait for its turn; thirty take about a second (reference: worktrees). */
const REGISTER_WAIT_MS = 120_000

/** Everything that must hold before anything is claimed. */
export interface Plan {
  bead: Bead
  rig: RigSettings
  preset: Preset
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
  if (preset.value.hooks === 'claude' && permission === undefined) {
    return fail('E_PERMISSIONS', `Nobody has agreed yet to what ${name} workers may do without asking.`, {
      kept: 'Nothing was started.',
      hint: 'gt config set permissions.mode bypass   (or acceptEdits); docs/permissions.md explains each',
      exit: EXIT.needsPerson,
    })
  }
  if (preset.value.hooks === 'claude' && permission === 'manual') {
    return fail(
      'E_PERMISSIONS',
      'In the mode "manual" a worker would wait for a person at every step, and nobody sits there.',
      {
        kept: 'Nothing was started.',
        hint: 'gt config set permissions.mode acceptEdits   (or bypass); docs/permissions.md explains each',
        exit: EXIT.needsPerson,
      },
    )
  }
  const reason = liveRun(bead) === undefined ? notReadyBecause(town.ledger.state, bead, town.now()) : null
  if (reason !== null) return fail('E_NOT_READY', `${id} cannot start yet: ${reason}`, { exit: EXIT.tryAgain })
  return ok({ bead, rig: rig.value, preset: preset.value, permission })
}

/**
 * Dispatches one slung bead. On any failure after the claim everything is unwound and the bead is ready again with
 * one attempt counted; the error says what failed.
 */
export async function dispatch(town: OpenTown, id: string, by: string): Promise<Result<Dispatched>> {
  const plan = await validate(town, id)
  if (plan.kind === 'error') return plan
  const claimed = claimFor(town, plan.value, by)
  if (claimed.kind === 'error') return claimed
  if (claimed.value.is !== 'running') return claimed
  const started = await start(town, plan.value, claimed.value.run, by)
  if (started.kind === 'ok') return ok({ is: 'running', run: started.value })
  if (started.failure.code === 'E_STALE_RUN') return ok({ is: 'waiting', why: started.failure.message })
  const reason = endingOf(started.failure)
  // Written first: whoever finishes the unwinding, should we not, then knows the real reason.
  town.ledger.write(note(claimed.value.run, { reason }, by, reason))
  const undone = await unwind(town, id, claimed.value.run.fence, { to: 'failed', reason, by })
  const kept =
    undone.kind === 'ok' ? `${id} is open again; nothing was lost.` : `Clean-up waits: ${undone.failure.message}`
  return { kind: 'error', failure: { ...started.failure, kept, message: `${id}: ${started.failure.message}` } }
}

/** One line for the record: an agent that ran and gave up is told apart from one that could not be started. */
function endingOf(failure: Failure): string {
  const { exitCode, output } = (failure.details ?? {}) as { exitCode?: number; output?: string }
  if (failure.code !== 'E_AGENT_DIED' || exitCode === undefined) return `could not start: ${failure.message}`
  const words = output
    ?.replace(/^Pane is dead .*$/m, '')
    .trim()
    .slice(-600)
  return `the agent ended at once with exit code ${exitCode}${words ? `; its last words: ${words}` : ''}`
}

/** Takes the bead, a free name and a slot in one conditional change; another name is tried when one was just taken. */
function claimFor(town: OpenTown, plan: Plan, by: string): Result<Dispatched> {
  const { id } = plan.bead
  for (let attempt = 0; attempt < 50; attempt++) {
    const bead = town.ledger.state.beads.get(id) ?? plan.bead
    const holder = liveRun(bead)
    if (holder !== undefined) return ok({ is: 'already', run: holder })
    const run = newRun(town, plan, attempt)
    const verdict = town.ledger.write(claim(run, town.settings.workers.max, by))
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

function newRun(town: OpenTown, plan: Plan, skip: number): Run {
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
  }
}

/** Claimed → working. Any error leaves the unwinding to the caller. */
async function start(town: OpenTown, plan: Plan, claimed: Run, by: string): Promise<Result<Run>> {
  const step = (run: Run, to: RunState, why: string, note: Partial<Run> = {}): Result<Run> => {
    const at = town.now().toISOString()
    const verdict = town.ledger.write(advance(run, to, at, by, why, note))
    if (verdict.kind === 'error') return verdict
    if (verdict.value.applied) return ok({ ...run, ...note, state: to, since: at })
    const now = findRun(town.ledger.state.beads.values(), run.fence)?.run
    // A quick agent hands in before its starter has written down that it lives.
    if (now !== undefined && (now.state === 'submitted' || now.state === 'finished')) return ok(now)
    return fail('E_STALE_RUN', `The run ${run.fence} was ended by somebody else (${now?.state ?? 'gone'}).`)
  }
  const provisioning = step(claimed, 'provisioning', 'provision a worktree')
  if (provisioning.kind === 'error') return provisioning
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

/** Fetches, registers and fills the worktree, provisions and verifies it; answers the base commit. */
async function makeWorktree(town: OpenTown, plan: Plan, run: Run): Promise<Result<string>> {
  const gitDir = town.paths.rig(run.rig).repo
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
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
  const base = await withNeeded(town, plan.bead, run, plan.rig.branch, tip.value)
  if (base.kind === 'error') return base
  mkdirSync(dirname(run.worktree), { recursive: true })
  // git fails when many worktrees register at once (measured), so they take turns; filling them runs in parallel.
  const registered = await withLease(
    town.ledger,
    `worktrees:${run.rig}`,
    run.agent,
    () => registerWorktree({ gitDir, path: run.worktree, branch: run.branch, base: base.value }),
    { waitMs: REGISTER_WAIT_MS },
  )
  if (registered.kind === 'error') return registered
  const filled = await checkOutFiles({ path: run.worktree })
  if (filled.kind === 'error') return filled
  const verified = await verifyWorktree({ gitDir, path: run.worktree, branch: run.branch, base: base.value })
  if (verified.kind === 'error') return verified
  const provisioned = await provision(plan.rig, run.worktree, town.env)
  return provisioned.kind === 'error' ? provisioned : base
}
