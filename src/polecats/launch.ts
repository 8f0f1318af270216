/** Puts a worker's agent into a session and waits for its first sign of life. Used for first starts and for rework. */
import { firstSign } from '../agents/beat.ts'
import { briefOf } from '../agents/brief.ts'
import { seedTrust } from '../agents/claude.ts'
import { agentDir, prepareLaunch } from '../agents/launch.ts'
import type { Preset } from '../agents/preset.ts'
import { roleOf } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { inheritedBy } from '../kernel/ladder.ts'
import { findRun, note } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { isRunning } from '../town/processes.ts'
import type { PermissionMode } from '../town/settings.ts'

export interface Launch {
  bead: Bead
  run: Run
  preset: Preset
  permission: PermissionMode | undefined
  mode: 'start' | 'resume'
  by: string
  /** Why the work came back, at most 2 KB. */
  evidence?: string
}

/** How often a starting agent's folder is looked at; a look is one stat. */
const LOOK_MS = 40

/**
 * Starts the session and answers the run with its process, once the agent itself has spoken (for agents without
 * hooks: once its process stands). Errors carry the agent's own output; the caller unwinds.
 */
export async function launchSession(town: OpenTown, launch: Launch): Promise<Result<Run>> {
  const { bead, run, preset } = launch
  const inherited = inheritedBy(bead, run)
  const brief = briefOf({ bead, run, evidence: launch.evidence, inherited })
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
    evidence: launch.evidence ?? inherited?.evidence,
  })
  if (spec.kind === 'error') return spec
  if (preset.hooks === 'claude') {
    const trusted = await seedTrust({
      configDir: town.env.CLAUDE_CONFIG_DIR,
      home: town.env.HOME ?? '/',
      paths: [town.paths.rig(run.rig).repo, run.worktree],
    })
    if (trusted.kind === 'error') return trusted
  }
  const session = await town.runtime.start(spec.value)
  if (session.kind === 'error') {
    // A quick agent may have handed in, and its session may have been ended, while its start was still being watched.
    town.ledger.refresh()
    const now = findRun(town.ledger.state.beads.values(), run.fence)?.run
    return now?.state === 'submitted' || now?.state === 'finished' ? ok(now) : session
  }
  const process = session.value.process
  const noted = town.ledger.write(
    note(run, { process }, launch.by, `session ${run.session} runs as pid ${process.pid}`),
  )
  if (noted.kind === 'error') return noted
  const alive = preset.hooks === 'claude' ? await firstSignOfLife(town, { ...run, process }) : ok(undefined)
  return alive.kind === 'error' ? alive : ok({ ...run, process })
}

/** Waits for the first hook event; ends early when the process is proven gone. */
async function firstSignOfLife(town: OpenTown, run: Run): Promise<Result<void>> {
  const folder = agentDir(town.root, { fence: run.fence, address: run.agent })
  const deadline = Date.now() + town.settings.workers.start_timeout
  while (Date.now() < deadline) {
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

async function screen(town: OpenTown, run: Run): Promise<string> {
  const lines = await town.runtime.peek(run.session, 20)
  return lines.kind === 'ok' && lines.value.trim() !== '' ? ` Its screen:\n${lines.value.trim().slice(-1500)}` : ''
}
