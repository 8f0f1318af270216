/** `gt doctor`: which checks there are and in which order. */
import type { Examined } from './check.ts'
import { examine } from './check.ts'
import { ledgerOpens, ledgerPublished, ledgerRecords, ledgerRepository } from './ledger.ts'
import { claudeProgram, clientPrograms, gitProgram, gtProgram, nodeProgram, tmuxProgram } from './programs.ts'
import { rigGates, rigRemotes, rigRepositories, rigSettings, rigs, rigWorktrees } from './rigs.ts'
import { runFolders, runWorktrees, sessions } from './runs.ts'
import { subject, townSubject } from './subject.ts'
import { agents, channels, disk, folders, place, runtimeConf, settings } from './town.ts'

const MACHINE = [nodeProgram, gitProgram, tmuxProgram, claudeProgram, clientPrograms, gtProgram, place]
/** What must hold first comes first; sessions end before worktrees and folders are tidied. */
const TOWN = [
  settings,
  agents,
  channels,
  folders,
  runtimeConf,
  disk,
  ledgerOpens,
  ledgerRecords,
  ledgerPublished,
  ledgerRepository,
  rigs,
  rigSettings,
  rigRemotes,
  rigRepositories,
  rigGates,
  sessions,
  runWorktrees,
  runFolders,
  rigWorktrees,
]

/** A newer gt's town is looked at no further: what we took for wrong might be right there. */
const NEWER = new Set(['E_NEWER_TOWN', 'E_LEDGER_NEWER'])

/** Examines the machine and, where there is one, the town. With `fix`, what is safe to mend is mended. */
export async function diagnose(
  env: NodeJS.ProcessEnv,
  cwd: string,
  options: { fix: boolean; version: string },
): Promise<Examined> {
  const base = subject(env, cwd, options.version)
  const machine = await examine(MACHINE, base, options.fix)
  if (base.where.kind !== 'ok') return machine
  const town = townSubject(base, base.where.value)
  try {
    const newer = [town.settings(), town.ledger()].some((read) => read.kind === 'error' && NEWER.has(read.failure.code))
    const checks = newer ? [settings, ledgerOpens] : TOWN
    const found = await examine(checks, town, options.fix && !newer)
    return {
      checks: [...machine.checks, ...found.checks],
      bad: machine.bad + found.bad,
      fixed: machine.fixed + found.fixed,
    }
  } finally {
    town.close()
  }
}
