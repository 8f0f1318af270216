/**
 * Runs a rig's gates on one commit in a slot worktree and writes what came of it into the rig's log. A gate that could
 * not run is not a pass (law 2). Used by the Refinery and by `gt gate run`: the same place, the same key, the same log,
 * so that a worker's green is the Refinery's.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { withLease } from '../beads/leases.ts'
import { prepareSlot } from '../git/slots.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { CommandEnd } from '../town/command.ts'
import { runCommand } from '../town/command.ts'
import { frozenSince } from '../town/hold.ts'
import { endMarked } from '../town/process-tree.ts'
import type { GateSettings, RigSettings } from '../town/settings.ts'
import type { GateLine, GateLog } from './log.ts'
import { excerpt } from './messages.ts'
import type { Finding, GateKey } from './verdict.ts'

/** In the environment of everything that runs in a slot, so that what was left there can be found and ended. */
const SLOT_MARK = 'GASTOWN_SLOT'
const SLOT_GRACE_MS = 2_000
/** Output kept in the log of runs, for evidence. */
const TAIL_BYTES = 2_048

/** Exit codes by which a shell says that it could not run a command at all. */
const NOT_RUN = new Set([126, 127])

/** What the end of a command means for the code under test. */
export function judge(end: CommandEnd): Finding['outcome'] {
  switch (end.is) {
    case 'exited':
      return end.code === 0 ? 'pass' : NOT_RUN.has(end.code) ? 'could_not_run' : 'fail'
    // A gate that hangs on this tree is a property of the tree; whether the target hangs too is tested next.
    case 'timed_out':
      return 'fail'
    case 'signalled':
    case 'aborted':
    case 'not_started':
      return 'could_not_run'
  }
}

export interface GateRun {
  rig: RigSettings
  /** Names the run in the log. */
  id: string
  commit: string
  tree: string
  /** The gates to run, in the rig's order. */
  gates: GateKey[]
  /** Absolute path of the slot; the caller holds it. */
  slot: string
  /** Who runs it: an address, or `person`. */
  by: string
  members?: { id: string; head: string }[]
  signal?: AbortSignal
}

export type GateRunEnd = { is: 'finished'; outcome: Finding['outcome']; text: string; tail: string } | { is: 'stopped' }

/**
 * Provisions and runs the gates one after the other; stops at the first that does not pass. A run that was told to stop
 * writes nothing: it says something about us, not about the code. Errors: the slot could not be made, the log not written.
 */
export async function runGates(town: OpenTown, log: GateLog, run: GateRun): Promise<Result<GateRunEnd>> {
  // We hold the slot: whatever still runs there was started by somebody who died.
  const emptied = await empty(run.slot)
  if (emptied.kind === 'error') return emptied
  const ready = await withLease(
    town.ledger,
    `worktrees:${run.rig.name}`,
    `${run.rig.name}/refinery`,
    () => prepareSlot({ gitDir: town.paths.rig(run.rig.name).repo, path: run.slot, commit: run.commit }),
    { waitMs: 120_000 },
  )
  if (ready.kind === 'error') return ready
  const ended = await runAll(town, log, run)
  const swept = await empty(run.slot)
  return ended.kind === 'ok' && swept.kind === 'error' ? swept : ended
}

/** Ends what a gate left running, in whatever process group (a daemon that it forked). */
function empty(slot: string): Promise<Result<unknown>> {
  return endMarked({ name: SLOT_MARK, value: slot }, { graceMs: SLOT_GRACE_MS })
}

async function runAll(town: OpenTown, log: GateLog, run: GateRun): Promise<Result<GateRunEnd>> {
  const begun = Date.now()
  // A gate that was frozen says nothing by its failure: its own clocks ran on.
  const stood = (): boolean => frozenSince(town.root, begun)
  const settings = run.gates.map(({ name, key }) => ({ key, ...run.rig.gates.find((gate) => gate.name === name)! }))
  const first = settings[0]
  if (first === undefined) return ok({ is: 'finished', outcome: 'pass', text: 'no gate had to run', tail: '' })
  if (run.rig.provision !== undefined) {
    const { run: line, timeout } = run.rig.provision
    const end = await command(town, run, { name: 'provision', run: line, timeout, output_mb: 8 })
    if (run.signal?.aborted) return ok({ is: 'stopped' })
    if (end.is !== 'exited' || end.code !== 0) {
      if (stood()) return ok({ is: 'stopped' })
      const text = `the provisioning command (${line}) ${end.text}`
      return record(town, log, run, first, 'could_not_run', text, end)
    }
  }
  for (const gate of settings) {
    const end = await command(town, run, gate)
    if (run.signal?.aborted) return ok({ is: 'stopped' })
    const outcome = judge(end)
    if (outcome !== 'pass' && stood()) return ok({ is: 'stopped' })
    const written = record(town, log, run, gate, outcome, `gate "${gate.name}" (${gate.run}) ${end.text}`, end)
    if (written.kind === 'error' || outcome !== 'pass') return written
  }
  return ok({ is: 'finished', outcome: 'pass', text: `${settings.length} gate(s) passed`, tail: '' })
}

function record(
  town: OpenTown,
  log: GateLog,
  run: GateRun,
  gate: { name: string; key: string },
  outcome: Finding['outcome'],
  text: string,
  end: CommandEnd,
): Result<GateRunEnd> {
  const tail = outcome === 'pass' ? '' : excerpt(end.tail, TAIL_BYTES)
  const line: GateLine = {
    k: 'gate',
    at: town.now().toISOString(),
    run: run.id,
    gate: gate.name,
    key: gate.key,
    tree: run.tree,
    outcome,
    ms: end.ms,
    text,
    tail,
    ...(end.is === 'exited' && { exit_code: end.code }),
    ...(run.members !== undefined && { members: run.members }),
    by: run.by,
  }
  const written = log.append(line)
  return written.kind === 'error' ? written : ok({ is: 'finished', outcome, text, tail })
}

/** One command line of the owner in the slot; its whole output, up to the gate's limit, goes to a file of its own. */
function command(
  town: OpenTown,
  run: GateRun,
  gate: Pick<GateSettings, 'name' | 'run' | 'timeout' | 'env' | 'output_mb'>,
): Promise<CommandEnd> {
  const folder = join(town.paths.logs, 'gates')
  mkdirSync(folder, { recursive: true })
  return runCommand({
    line: gate.run,
    cwd: run.slot,
    env: { ...town.env, CI: 'true', ...gate.env, [SLOT_MARK]: run.slot },
    timeoutMs: gate.timeout,
    log: join(folder, `${run.commit.slice(0, 12)}-${gate.name.replace(/[^\w-]/g, '_')}.log`),
    maxLogBytes: gate.output_mb * 1024 * 1024,
    ...(run.signal !== undefined && { signal: run.signal }),
  })
}
