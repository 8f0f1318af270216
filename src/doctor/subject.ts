/** What the checks look at. Unlike an open town it can be broken in any part: each part is read when it is asked for. */
import type { Runtime } from '../agents/runtime.ts'
import type { Ledger } from '../beads/ledger.ts'
import { openLedger } from '../beads/ledger.ts'
import { launcher } from '../kernel/town.ts'
import type { Read, Result } from '../result.ts'
import { tmuxRuntime } from '../tmux/runtime.ts'
import type { TownPaths } from '../town/paths.ts'
import { findTown, paths, tmuxSocket } from '../town/paths.ts'
import type { TownSettings } from '../town/settings.ts'
import { loadTownSettings } from '../town/settings.ts'

export interface Subject {
  env: NodeJS.ProcessEnv
  cwd: string
  /** This installation's launcher and version. */
  gtBin: string
  version: string
  /** Which town is meant; `empty`: none anywhere. */
  where: Read<string>
}

/** A subject whose town stands on disk, whatever state it is in. */
export interface TownSubject extends Subject {
  root: string
  paths: TownPaths
  settings(): Result<TownSettings>
  /** Opened for reading only, brought up to date at every call: looking changes nothing. */
  ledger(): Result<Ledger>
  runtime: Runtime
  close(): void
}

export function subject(env: NodeJS.ProcessEnv, cwd: string, version: string): Subject {
  return { env, cwd, gtBin: launcher(), version, where: findTown(env, cwd) }
}

export function townSubject(base: Subject, root: string): TownSubject {
  const where = paths({ root })
  let open: Ledger | undefined
  return {
    ...base,
    root,
    paths: where,
    settings: () => loadTownSettings(root),
    ledger() {
      if (open === undefined) {
        const opened = openLedger(where.beads, { readOnly: true })
        if (opened.kind === 'error') return opened
        open = opened.value
      }
      const read = open.refresh()
      return read.kind === 'error' ? read : { kind: 'ok', value: open }
    },
    runtime: tmuxRuntime({ socket: tmuxSocket(root), conf: where.tmuxConf }),
    close: () => open?.close(),
  }
}

/** Opens the ledger for writing, for as long as `work` takes. */
export async function writing<T>(
  town: TownSubject,
  work: (ledger: Ledger) => Result<T> | Promise<Result<T>>,
): Promise<Result<T>> {
  const ledger = openLedger(town.paths.beads)
  if (ledger.kind === 'error') return ledger
  try {
    return await work(ledger.value)
  } finally {
    ledger.value.close()
  }
}
