/** Puts a worker's agent into a session and waits for its first sign of life. Used for first starts and for rework. */
import { accountOf } from '../agents/accounts.ts'
import { firstSign } from '../agents/beat.ts'
import { briefOf } from '../agents/brief.ts'
import { seedTrust } from '../agents/claude.ts'
import { agentDir, prepareLaunch } from '../agents/launch.ts'
import type { Preset } from '../agents/preset.ts'
import { roleOf } from '../agents/roles.ts'
import { tookUp } from '../agents/took-up.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { inheritedBy } from '../kernel/ladder.ts'
import { findRun, isTerminal, note } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { toldOf } from '../meow/told.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { isRunning } from '../town/processes.ts'
import type { PermissionMode } from '../town/settings.ts'
import { endWorker } from './unwind.ts'

export interface Launch {
  bead: Bead
  run: Run
  preset: Preset
  permission: PermissionMode | undefined
  mode: 'start' | 'resume'
  by: string
  /** Why the work came back, at most 2 KB. */
  evidence?: string
  /** First prompt, when it is not the whole brief. */
  brief?: string
}

/** How often a starting agent's folder is looked at; a look is one stat. */
const LOOK_MS = 40

/**
 * Starts the session and answers the run with its process, once the agent itself has spoken (for agents without
 * hooks: once its process stands). Errors carry the agent's own output; the caller unwinds.
 */
export async function launchSession(town: OpenTown, launch: Launch): Promise<Result<Run>> {
  const { bead, run, preset } = launch
  const account = accountOf(run, town.settings.accounts)
  if (account.kind === 'error') return account
  const inherited = inheritedBy(bead, run)
  const steps = toldOf(town.ledger.state, bead, town.now())
  const brief = launch.brief ?? briefOf({ bead, run, evidence: launch.evidence, inherited, steps })
  const spec = await prepareLaunch({
    town: town.root,
    townName: town.name,
    role: roleOf(run),
    rig: run.rig,
    run,
    bead,
    address: run.agent,
    cwd: run.worktree,
    session: run.session,
    preset,
    brief,
    mode: launch.mode,
    permission: launch.permission,
    conversation: run.conversation ?? '',
    gtBin: town.gtBin,
    userEnv: town.env,
    account: account.value,
    evidence: launch.evidence ?? inherited?.evidence,
  })
  if (spec.kind === 'error') return spec
  if (preset.hooks === 'claude') {
    const trusted = await seedTrust({
      configDir: spec.value.env.CLAUDE_CONFIG_DIR,
      home: spec.value.env.HOME ?? '/',
      paths: [town.paths.rig(run.rig).repo, run.worktree],
    })
    if (trusted.kind === 'error') return trusted
  }
  const session = await town.runtime.start(spec.value)
  // A quick agent may have handed in, and its session may have been ended, while its start was still being watched.
  if (session.kind === 'error') return handedIn(town, run) ?? session
  const process = session.value.process
  const noted = town.ledger.write(
    note(run, { process }, launch.by, `session ${run.session} runs as pid ${process.pid}`),
  )
  if (noted.kind === 'error') return noted
  const now = findRun(town.ledger.state.beads.values(), run.fence)?.run
  if (now !== undefined && isTerminal(now) && now.state !== 'finished') {
    // Stopped by a person while it was being started: whoever ended the run could not see this session yet.
    const ended = await endWorker(town, run)
    return ended.kind === 'error'
      ? ended
      : fail('E_STALE_RUN', `The run ${run.fence} was ended by somebody else (${now.state}).`)
  }
  if (now?.state === 'parked') return ok(now)
  if (preset.hooks === 'claude') {
    const alive = await firstSignOfLife(town, { ...run, process })
    return alive.kind === 'error' ? alive : ok({ ...run, process })
  }
  const stays = launch.mode === 'resume' && preset.resume !== undefined
  const taken = stays ? await tookUp(town.runtime, run.session, preset) : ok(undefined)
  if (taken.kind === 'ok') return ok({ ...run, process })
  return handedIn(town, run) ?? taken
}

/** The run as it is now, where its agent was quicker than whoever watches its start; undefined: it said nothing yet. */
function handedIn(town: OpenTown, run: Run): Result<Run> | undefined {
  town.ledger.refresh()
  const now = findRun(town.ledger.state.beads.values(), run.fence)?.run
  return now?.state === 'submitted' || now?.state === 'finished' || now?.state === 'parked' ? ok(now) : undefined
}

/** Waits for the first hook event; ends early when the process is proven gone. */
async function firstSignOfLife(town: OpenTown, run: Run): Promise<Result<void>> {
  const folder = agentDir(town.root, { fence: run.fence, address: run.agent })
  const deadline = performance.now() + town.settings.workers.start_timeout
  while (performance.now() < deadline || asksPerson(town, run)) {
    if (firstSign(folder).kind === 'ok') return ok(undefined)
    const alive = run.process === undefined ? ok(true) : isRunning(run.process)
    if (alive.kind === 'ok' && !alive.value)
      return fail('E_AGENT_DIED', `The agent ended before it said anything.${await screen(town, run)}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  const minutes = Math.round(town.settings.workers.start_timeout / 60_000)
  return fail(
    'E_NO_SIGN_OF_LIFE',
    `The agent said nothing within ${minutes} min of its start.${await screen(town, run)}`,
    {
      hint: `gt config set workers.start_timeout "10m"   if this machine is slow`,
    },
  )
}

/** A person was asked about the screen that it shows: then it waits for that person, however long it takes. */
function asksPerson(town: OpenTown, run: Run): boolean {
  town.ledger.refresh()
  const bead = town.ledger.state.beads.get(run.bead)
  return bead !== undefined && facts(bead).needs?.cause === 'dialog'
}

async function screen(town: OpenTown, run: Run): Promise<string> {
  const lines = await town.runtime.peek(run.session, 20)
  return lines.kind === 'ok' && lines.value.trim() !== '' ? ` Its screen:\n${lines.value.trim().slice(-1500)}` : ''
}
