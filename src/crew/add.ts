/**
 * A new crew member: known in the ledger first, then its worktree on a branch of its own. Killed anywhere, the next
 * `gt crew add` of the same name takes back what was half made and begins anew.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { presetFor } from '../agents/preset.ts'
import type { CrewFacts } from '../beads/agent-facts.ts'
import { withLease } from '../beads/leases.ts'
import { fetchRemote, resolveCommit } from '../git/repository.ts'
import { checkOutFiles, registerWorktree, verifyWorktree } from '../git/worktrees.ts'
import { agentAt, newAgent } from '../kernel/agents.ts'
import { handOnAgent } from '../kernel/attended.ts'
import { provision } from '../kernel/provision.ts'
import { newFence } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { RigSettings } from '../town/settings.ts'
import { noted, takeAway } from './remove.ts'
import type { Crew } from './who.ts'
import { checkName, crewAddress } from './who.ts'

export interface NewCrew {
  rig: string
  name: string
  /** Default: `crew/<name>`. One that the remote has is gone on with; any other begins at the rig's target. */
  branch?: string | undefined
  /** Agent table that plays it. */
  agent?: string | undefined
}

const REGISTER_WAIT_MS = 120_000

/**
 * Errors: E_CREW_NAME, E_NO_RIG, E_NO_AGENT, E_CREW_EXISTS, E_BRANCH, E_BRANCH_EXISTS, those of fetching and of the rig's
 * provisioning. After an error nothing of it stands.
 */
export async function addCrew(town: OpenTown, wish: NewCrew): Promise<Result<Crew>> {
  const named = checkName(wish.name)
  if (named.kind === 'error') return named
  const rig = await town.rig(wish.rig)
  if (rig.kind === 'error') return rig
  const branch = checkBranch(wish.branch ?? `crew/${wish.name}`, rig.value)
  if (branch.kind === 'error') return branch
  const preset = wish.agent === undefined ? ok(undefined) : presetFor(wish.agent, town.settings.agents)
  if (preset.kind === 'error') return preset
  const address = crewAddress(wish.rig, wish.name)
  return handOnAgent(town, address, async () => {
    const before = agentAt(town.ledger.state, address)
    if (before?.agent.crew?.state === 'ready') {
      return fail('E_CREW_EXISTS', `${address} is there already, on branch ${before.agent.crew.branch}.`, {
        kept: 'It was not touched.',
        hint: `gt crew start ${address}`,
      })
    }
    if (before?.agent.crew !== undefined) {
      const cleared = await takeAway(town, { ...before, crew: before.agent.crew }, 'it was half made')
      if (cleared.kind === 'error') return cleared
    }
    const where = join(town.paths.rig(wish.rig).crew, wish.name)
    if (existsSync(where)) {
      return fail('E_EXISTS', `There is something at ${where} that is no crew member’s.`, {
        kept: 'It was not touched.',
      })
    }
    const own = begin(town, wish, address, branch.value, rig.value)
    if (own.kind === 'error') return own
    const made = await make(town, own.value, rig.value)
    if (made.kind === 'ok') return made
    return undone(town, own.value, made.failure)
  })
}

/** The target branch only moves by landing, and the kernel's own names are its own. */
function checkBranch(branch: string, rig: RigSettings): Result<string> {
  if (branch !== rig.branch && !branch.startsWith('gt/')) return ok(branch)
  const why =
    branch === rig.branch ? 'it is the target, which only moves when something lands' : 'such names are the town’s own'
  return fail('E_BRANCH', `A crew member cannot have the branch ${branch}: ${why}.`, { exit: EXIT.usage })
}

function begin(town: OpenTown, wish: NewCrew, address: string, branch: string, rig: RigSettings): Result<Crew> {
  const now = town.now()
  const crew: CrewFacts = {
    rig: wish.rig,
    name: wish.name,
    branch,
    worktree: join(town.paths.rig(wish.rig).crew, wish.name),
    from: rig.branch,
    fence: newFence(now.getTime()),
    state: 'making',
  }
  const preset = wish.agent === undefined ? {} : { preset: wish.agent }
  const agent = { address, role: 'crew' as const, in: false, ...preset, conversations: {}, crew }
  const { id, change } = newAgent(town.ledger.state, agent, now.toISOString())
  const written = town.ledger.write(change)
  return written.kind === 'error' ? written : ok({ id, agent, crew })
}

/** Fetches, makes the worktree and prepares it as a polecat's is. */
async function make(town: OpenTown, own: Crew, rig: RigSettings): Promise<Result<Crew>> {
  const { crew } = own
  const gitDir = town.paths.rig(crew.rig).repo
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
  const start = await startOf(gitDir, crew, rig)
  if (start.kind === 'error') return start
  const { base, from } = start.value
  const taken = await resolveCommit(gitDir, `refs/heads/${crew.branch}`)
  if (taken.kind === 'error') return taken
  if (taken.kind === 'ok') {
    return fail(
      'E_BRANCH_EXISTS',
      `The branch ${crew.branch} is somebody else's already, at ${taken.value.slice(0, 12)}.`,
      {
        hint: `gt crew add ${crew.rig} ${crew.name} --branch <another>`,
      },
    )
  }
  // From here on the branch is its own to take away.
  const begun = noted(town, own, { ...crew, base, from }, `${own.agent.address} begins at ${base.slice(0, 12)}`)
  if (begun.kind === 'error') return begun
  mkdirSync(dirname(crew.worktree), { recursive: true })
  const registered = await withLease(
    town.ledger,
    `worktrees:${crew.rig}`,
    own.agent.address,
    () => registerWorktree({ gitDir, path: crew.worktree, branch: crew.branch, base }),
    { waitMs: REGISTER_WAIT_MS },
  )
  if (registered.kind === 'error') return registered
  const filled = await checkOutFiles({ path: crew.worktree })
  if (filled.kind === 'error') return filled
  const verified = await verifyWorktree({ gitDir, path: crew.worktree, branch: crew.branch, base })
  if (verified.kind === 'error') return verified
  const provisioned = await provision(rig, crew.worktree, town.env)
  if (provisioned.kind === 'error') return provisioned
  const ready: CrewFacts = { ...crew, base, from, state: 'ready' }
  const written = noted(town, own, ready, `${own.agent.address} has a worktree on ${crew.branch}, from ${from}`)
  return written.kind === 'error' ? written : ok({ ...own, agent: { ...own.agent, crew: ready }, crew: ready })
}

/** Where the branch begins: on the remote's branch of that name, else on the target. */
async function startOf(
  gitDir: string,
  crew: CrewFacts,
  rig: RigSettings,
): Promise<Result<{ base: string; from: string }>> {
  for (const from of [crew.branch, rig.branch]) {
    const tip = await resolveCommit(gitDir, `refs/remotes/origin/${from}`)
    if (tip.kind === 'error') return tip
    if (tip.kind === 'ok') return ok({ base: tip.value, from })
  }
  return fail('E_NO_BRANCH', `The rig's repository has no branch ${rig.branch}.`, {
    hint: `gt config set rig.${rig.name}.branch <name>`,
  })
}

/** Nothing of a half-made one stays; what cannot be taken back now is by the next try. */
async function undone(town: OpenTown, { id, agent, crew }: Crew, failure: Failure): Promise<Result<never>> {
  const own = { id, agent, crew: agentAt(town.ledger.state, agent.address)?.agent.crew ?? crew }
  const away = await takeAway(town, own, `it could not be made: ${failure.message}`)
  const kept =
    away.kind === 'ok' ? 'Nothing of it stands; nothing was lost.' : `Clean-up waits: ${away.failure.message}`
  return { kind: 'error', failure: { ...failure, kept, message: `${agent.address}: ${failure.message}` } }
}
