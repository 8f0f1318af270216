/** From "this worker, this bead" to a session that can be started: writes the agent's folder, plans the process. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { Read, Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { Account } from './accounts.ts'
import { argvOf } from './argv.ts'
import { clearBeats } from './beat.ts'
import { taskText } from './brief.ts'
import { claudeConfigFolder, claudeSettings, undecidedServers } from './claude.ts'
import { agentEnvironment } from './environment.ts'
import { guardText, wrapperText } from './guard.ts'
import { modeFor } from './modes.ts'
import type { Preset } from './preset.ts'
import { findProgram } from './preset.ts'
import { ATTENDED } from './roles.ts'
import type { SessionSpec } from './runtime.ts'
import { writeTableFiles } from './table-files.ts'

export type Role = 'mayor' | 'polecat' | 'crew' | 'witness' | 'refinery' | 'deacon' | 'dog'
export type PermissionMode = 'bypass' | 'acceptEdits' | 'manual'

export interface LaunchInput {
  /** Absolute town root. */
  town: string
  townName: string
  role: Role
  rig?: string | undefined
  run?: Run | undefined
  bead?: Bead | undefined
  /** `gp/polecats/toast`, `mayor` … */
  address: string
  /** Absolute; the worktree of a worker. */
  cwd: string
  /** Runtime session name. */
  session: string
  preset: Preset
  /** First prompt (brief.ts); empty: start without one. */
  brief: string
  mode: 'start' | 'resume'
  /** Absent: nobody agreed to anything, so only an attended agent (Mayor, crew) may start, in `manual`. */
  permission?: PermissionMode | undefined
  /** The agent's own session id, a UUID chosen by us; empty: none. */
  conversation: string
  /** Absolute path of bin/gt.js. */
  gtBin: string
  userEnv: NodeJS.ProcessEnv
  /** The login that it runs under (accounts.ts); absent: whoever is logged in. */
  account?: Account | undefined
  /** Of this session, where it is no run's (Mayor, crew): what it says later is known by it. */
  fence?: string | undefined
  /** The user's git e-mail; absent: `<slug>@gt.invalid`. */
  email?: string | undefined
  /** Red gate output or conflict of the round before, for round ≥ 2. */
  evidence?: string | undefined
}

/** What the script agent runs: `bead.json` in its folder. */
export interface Task {
  id: string
  title: string
  body: string
  /** It goes step by step (a molecule). */
  steps?: true
}

/** The folder of runtime state of one agent: `<town>/.gt/runs/<fence>` for a run, else `<town>/.gt/agents/<address>`. */
export function agentDir(town: string, who: { fence?: string | undefined; address: string }): string {
  if (who.fence !== undefined) return join(town, '.gt', 'runs', who.fence)
  // One folder per address, whatever it holds: encoded, so that no address can name a place outside.
  const name = encodeURIComponent(who.address).replaceAll('~', '%7E').replaceAll('%2F', '~').replace(/^\./, '%2E')
  return join(town, '.gt', 'agents', name)
}

/**
 * Writes the agent's folder (brief, task, and for Claude Code settings, hook guard and the name of its config folder;
 * `bin/gt`) and answers what to start. Signs of life of an earlier session in that folder are cleared, its inbox is kept.
 * Does not touch the user's files: call `seedTrust` before starting a `claude` agent.
 *
 * Errors: `E_NO_PROGRAM` (69), `E_PERMISSIONS` (2: a person must choose a mode), `E_LAUNCH` (files not written).
 */
export async function prepareLaunch(input: LaunchInput): Promise<Result<SessionSpec>> {
  const { preset, run } = input
  const folder = agentDir(input.town, { fence: run?.fence, address: input.address })
  const permission = modeFor(input.role, preset, input.permission)
  if (permission.kind === 'error') return permission
  const { env, unset } = agentEnvironment(input, folder)
  const program = programOf(preset, env.PATH, folder)
  if (program.kind !== 'ok') return program as Result<never>
  try {
    writeFolder(input, folder, permission.value, claudeConfigFolder(env))
  } catch (error) {
    return fail('E_LAUNCH', `The agent's folder ${folder} could not be written: ${messageOf(error)}.`, {
      kept: 'No session was started.',
      hint: 'Make room or mend the permissions there, then sling the bead again.',
    })
  }
  // As root Claude Code bypasses permissions only where the caller vouches for a sandbox; consent is what we have.
  const root = process.getuid?.() === 0
  if (preset.hooks === 'claude' && permission.value === 'bypass' && root) env.IS_SANDBOX = '1'
  const labels = {
    ...(run !== undefined && { run: run.fence }),
    ...(env.GT_BEAD !== undefined && { bead: env.GT_BEAD }),
    role: input.role,
    ...(env.GT_RIG !== undefined && { rig: env.GT_RIG }),
    agent: input.address,
    ...(input.fence !== undefined && { fence: input.fence }),
  }
  const argv = argvOf(input, { folder, program: program.value, config: claudeConfigFolder(env) }, permission.value)
  return ok({ name: input.session, cwd: input.cwd, argv, env, unset, labels })
}

/** `gt` means this installation, not whatever the user's PATH holds. */
function programOf(preset: Preset, path: string | undefined, folder: string): Read<string> {
  const name = preset.command[0] ?? ''
  return name === 'gt' ? ok(join(folder, 'bin', 'gt')) : findProgram(name, path)
}

/** `config`: where the client will find its settings, which its environment decides. */
function writeFolder(input: LaunchInput, folder: string, permission: PermissionMode, config: string): void {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  mkdirSync(join(folder, 'inbox'), { recursive: true })
  clearBeats(folder)
  writeFileSync(join(folder, 'bin', 'gt'), wrapperText(process.execPath, input.gtBin), { mode: 0o755 })
  writeFileSync(join(folder, 'brief.md'), input.brief)
  if (input.evidence) writeFileSync(join(folder, 'evidence.txt'), input.evidence)
  else rmSync(join(folder, 'evidence.txt'), { force: true })
  if (input.bead !== undefined) {
    const task: Task = {
      id: input.bead.id,
      title: input.bead.title,
      body: taskText(input.bead),
      ...(facts(input.bead).molecule?.kind === 'molecule' && { steps: true as const }),
    }
    writeFileSync(join(folder, 'bead.json'), JSON.stringify(task))
  }
  writeTableFiles(input.preset, folder)
  if (input.preset.hooks !== 'claude') return
  const attended = ATTENDED.has(input.role)
  const guard = join(folder, 'hook.sh')
  const refuseServers = attended ? [] : undecidedServers(input.cwd, config)
  writeFileSync(guard, guardText({ folder, attended }))
  const settings = claudeSettings({ guard, permission, attended, refuseServers })
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings, null, 2))
  writeFileSync(join(folder, 'config-folder'), config)
}
