/**
 * Sends work back: the same worker, in its kept worktree, with at most 2 KB of evidence (design section 8). The run
 * keeps its fence and its merge request keeps its place; only the round counts up. When the session cannot be brought
 * back, the run fails and a fresh worker gets the bead.
 */
import { presetFor } from '../agents/preset.ts'
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { advance, comeBack } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { permissionMode } from '../town/permissions.ts'
import { self } from '../town/processes.ts'
import { launchSession } from './launch.ts'
import { unwind } from './unwind.ts'

/** Brings the worker of a returned merge request back. `waiting` when no slot is free. */
export async function rework(
  town: OpenTown,
  bead: Bead,
  run: Run,
  request: MergeRequest,
  by: string,
): Promise<Result<'running' | 'waiting'>> {
  const rig = await town.rig(run.rig)
  if (rig.kind === 'error') return rig
  const preset = presetFor(run.preset, town.settings.agents)
  if (preset.kind === 'error') return preset
  const round = run.round + 1
  const why = `round ${round}: ${request.merge.state}, ${request.merge.reason ?? 'sent back'}`
  const { process: _before, ...kept } = run
  const next: Run = { ...kept, round, state: 'starting', since: town.now().toISOString(), dispatcher: self() }
  const written = town.ledger.write(comeBack(run, town.settings.workers.max, self(), next.since, by, why))
  if (written.kind === 'error') return written
  if (!written.value.applied) return ok('waiting')

  const launched = await bringBack()
  if (launched.kind === 'ok') return ok('running')
  const reason = `could not be brought back for round ${round}: ${launched.failure.message}`
  const undone = await unwind(town, bead.id, run.fence, { to: 'failed', reason, by, cause: 'start' })
  return undone.kind === 'error' ? undone : launched

  async function bringBack(): Promise<Result<void>> {
    if (preset.kind !== 'ok' || rig.kind !== 'ok') return fail('E_BUG', 'unreachable')
    // The session of the round before may still stand, idle or dead.
    const ended = await town.runtime.end(run.session)
    if (ended.kind === 'error') return ended
    const permission = permissionMode(town.settings, rig.value)
    const evidence = request.merge.evidence ?? request.merge.reason ?? ''
    const started = await launchSession(town, {
      bead,
      run: next,
      // With the model that it was begun with.
      preset: { ...preset.value, model: run.model },
      permission,
      mode: 'resume',
      by,
      evidence,
    })
    if (started.kind === 'error') return started
    const at = town.now().toISOString()
    const working = town.ledger.write(advance(started.value, 'working', at, by, `round ${round} began`))
    // Not applied: the agent was quicker and has handed in already.
    return working.kind === 'error' ? working : ok(undefined)
  }
}
