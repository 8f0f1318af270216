/**
 * Runs a rig's gates on one commit in a slot worktree and gives one of three verdicts. A gate that could not run is
 * not a pass (law 2). A verdict about a tree is remembered by content: the same tree is not tested twice.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GateReport } from '../beads/facts.ts'
import { withLease } from '../beads/leases.ts'
import { prepareSlot } from '../git/slots.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import type { CommandEnd } from '../town/command.ts'
import { runCommand } from '../town/command.ts'
import { endMarked } from '../town/process-tree.ts'
import type { RigSettings } from '../town/settings.ts'

/** A verdict with the end of the output that led to it. */
export interface Verdict extends GateReport {
  /** One line: which gate, how it ended. */
  reason: string
  /** End of the failing gate's output. */
  tail: string
}

/** In the environment of everything that runs in a slot, so that what a dead driver left there can be found and ended. */
const SLOT_MARK = 'GASTOWN_SLOT'
const SLOT_GRACE_MS = 2_000

/** Exit codes by which a shell says that it could not run a command at all. */
const NOT_RUN = new Set([126, 127])

/** What the end of a command means for the code under test. */
export function judge(end: CommandEnd): GateReport['outcome'] {
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

/** Provisions and runs every gate on `commit` in the slot at `path`; stops at the first that does not pass. */
export async function runGates(
  town: OpenTown,
  rig: RigSettings,
  commit: { id: string; tree: string },
  signal?: AbortSignal,
): Promise<Result<Verdict>> {
  const command = rig.gates.map((gate) => gate.run).join(' && ')
  const remembered = recall(town, rig, commit.tree)
  if (remembered !== undefined) return ok(remembered)
  const path = join(town.paths.rig(rig.name).refinery, 'slot-1')
  const gitDir = town.paths.rig(rig.name).repo
  // We hold the rig's lease: whatever still runs in the slot was started by a driver that died.
  const emptied = await endMarked({ name: SLOT_MARK, value: path }, { graceMs: SLOT_GRACE_MS })
  if (emptied.kind === 'error') return emptied
  const ready = await withLease(
    town.ledger,
    `worktrees:${rig.name}`,
    `${rig.name}/refinery`,
    () => prepareSlot({ gitDir, path, commit: commit.id }),
    { waitMs: 120_000 },
  )
  if (ready.kind === 'error') return ready
  const report = (outcome: GateReport['outcome'], reason: string, end?: CommandEnd): Verdict => ({
    outcome,
    reason,
    command,
    tree: commit.tree,
    ms: end?.ms ?? 0,
    ...(end?.is === 'exited' && { exit_code: end.code }),
    at: town.now().toISOString(),
    tail: end?.tail ?? '',
  })
  mkdirSync(join(town.paths.logs, 'gates'), { recursive: true })
  const run = (line: string, timeoutMs: number, name: string): Promise<CommandEnd> =>
    runCommand({
      line,
      cwd: path,
      env: { ...town.env, CI: 'true', [SLOT_MARK]: path },
      timeoutMs,
      log: join(town.paths.logs, 'gates', `${commit.id.slice(0, 12)}-${name}.log`),
      ...(signal !== undefined && { signal }),
    })
  if (rig.provision !== undefined) {
    const end = await run(rig.provision.run, rig.provision.timeout, 'provision')
    if (end.is !== 'exited' || end.code !== 0) {
      return ok(report('could_not_run', `the provisioning command (${rig.provision.run}) ${end.text}`, end))
    }
  }
  let total = 0
  for (const gate of rig.gates) {
    const end = await run(gate.run, gate.timeout, gate.name.replace(/[^\w-]/g, '_'))
    total += end.ms
    const outcome = judge(end)
    if (outcome === 'pass') continue
    return ok(report(outcome, `gate "${gate.name}" (${gate.run}) ${end.text}`, end))
  }
  const verdict = { ...report('pass', `${rig.gates.length} gate(s) passed`), ms: total }
  remember(town, rig, verdict)
  return ok(verdict)
}

/** Results are keyed by what decides them: the tree, the commands and the provisioning. */
function cacheFile(town: OpenTown, rig: RigSettings, tree: string): string {
  const key = JSON.stringify([tree, rig.gates, rig.provision ?? null])
  return join(town.paths.runtime, 'gates', `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
}

function recall(town: OpenTown, rig: RigSettings, tree: string): Verdict | undefined {
  try {
    const verdict = JSON.parse(readFileSync(cacheFile(town, rig, tree), 'utf8')) as Verdict
    return verdict.tree === tree && verdict.outcome === 'pass' ? verdict : undefined
  } catch {
    return undefined
  }
}

/** Only greens are remembered: a red is worth a second look. */
function remember(town: OpenTown, rig: RigSettings, verdict: Verdict): void {
  mkdirSync(join(town.paths.runtime, 'gates'), { recursive: true })
  // Losing a cached verdict costs one more gate run, nothing else.
  writeFileAtomic(cacheFile(town, rig, verdict.tree), JSON.stringify(verdict))
}
