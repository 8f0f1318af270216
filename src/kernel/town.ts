/**
 * An open town: the ledger, the runtime and the settings in one hand. Every command and role gets one and keeps no
 * state of its own besides.
 */
import type { Runtime } from '../agents/runtime.ts'
import type { Ledger, LedgerOptions } from '../beads/ledger.ts'
import { openLedger } from '../beads/ledger.ts'
import type { Read, Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { installed } from '../town/installation.ts'
import type { TownPaths } from '../town/paths.ts'
import { findTown, paths, tmuxSocket } from '../town/paths.ts'
import type { RigSettings, TownSettings } from '../town/settings.ts'
import { townSettings } from '../town/settings-cache.ts'
import { fencedLedger } from './fenced.ts'

export interface OpenTown {
  root: string
  name: string
  paths: TownPaths
  settings: TownSettings
  ledger: Ledger
  runtime: Runtime
  /** Environment of whoever called us; agents inherit from it. */
  env: NodeJS.ProcessEnv
  /** Absolute path of the launcher, so that agents call this very installation. */
  gtBin: string
  /** Settings of a rig, read afresh: a changed file counts at once. */
  rig(name: string): Promise<Result<RigSettings>>
  now(): Date
}

/** Who speaks: the agent that runs us, or a person. */
export function actor(env: NodeJS.ProcessEnv): string {
  return env.GT_AGENT || 'person'
}

/** `bin/gt.js` of this installation, so that agents call this very one. */
export function launcher(): string {
  return installed('bin/gt.js')
}

/** What the keys of the town's sessions call. */
export const keysOf = (root: string): { gt: string[]; root: string; home: string } => ({
  gt: [process.execPath, launcher()],
  root,
  home: 'mayor',
})

/** The root of the town that this environment and directory belong to, or how to make one. */
export function locateTown(env: NodeJS.ProcessEnv, cwd: string): Result<string> {
  const found: Read<string> = findTown(env, cwd)
  switch (found.kind) {
    case 'ok':
    case 'error':
      return found
    case 'unknown':
      return fail('E_NO_TOWN', `Cannot tell whether there is a town here: ${found.why}.`, {
        hint: 'cd into the town, or set GT_TOWN',
      })
    case 'empty':
      return fail('E_NO_TOWN', 'There is no town here, and none at ~/gt.', {
        hint: 'gt install ~/gt   (makes one), or cd into a town, or set GT_TOWN',
      })
  }
}

/**
 * Opens the town. Errors: no town, broken or newer settings, a ledger that cannot be read.
 */
export async function openTown(
  env: NodeJS.ProcessEnv,
  cwd: string,
  options: LedgerOptions = {},
): Promise<Result<OpenTown>> {
  const root = locateTown(env, cwd)
  if (root.kind === 'error') return root
  const settings = await townSettings(root.value)
  if (settings.kind === 'error') return settings
  const where = paths({ root: root.value })
  const agent = env.GT_AGENT !== undefined && env.GT_TOWN === root.value
  const ledger = openLedger(where.beads, { leaveBroken: agent, ...options })
  if (ledger.kind === 'error') return ledger
  const [{ tmuxRuntime }, { mayTypeIn }] = await Promise.all([
    import('../tmux/runtime.ts'),
    import('../agents/screen.ts'),
  ])
  const { name } = settings.value
  const runtime = tmuxRuntime({
    socket: tmuxSocket(root.value),
    conf: where.tmuxConf,
    town: name,
    keys: keysOf(root.value),
    mayType: mayTypeIn(root.value),
  })
  return ok({
    root: root.value,
    name,
    paths: where,
    settings: settings.value,
    ledger: ownLedger(env, root.value, ledger.value),
    runtime,
    env,
    gtBin: launcher(),
    rig: async (name) => (await import('../town/settings.ts')).loadRigSettings(root.value, name),
    now: () => new Date(),
  })
}

/** An agent of this town writes under its fence; one of another town, or a person, as they are. */
function ownLedger(env: NodeJS.ProcessEnv, root: string, ledger: Ledger): Ledger {
  const { GT_RUN: fence, GT_TOWN: town } = env
  return fence && town === root ? fencedLedger(ledger, fence) : ledger
}

/**
 * Takes over changed town settings, for those who keep a town open for long: a lowered cap counts with the next pass.
 * Settings that do not parse change nothing; the error is for the caller's log.
 */
export async function refreshSettings(town: OpenTown): Promise<Result<void>> {
  const settings = await townSettings(town.root)
  if (settings.kind === 'error') return settings
  town.settings = settings.value
  return ok(undefined)
}
