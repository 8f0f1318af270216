/** Somebody who was replaced speaks up: `gt done` with the fence of a run that is over. It must be refused, and change nothing. */
import { existsSync } from 'node:fs'
import type { Bead } from '../../beads/bead.ts'
import { facts } from '../../beads/bead.ts'
import type { Run } from '../../beads/facts.ts'
import { allRuns, isTerminal, liveRun } from '../../kernel/runs.ts'
import type { Fault } from '../fault.ts'
import { always, shortName } from '../fault.ts'
import type { DrillTown } from '../town.ts'

export const stale: Fault = {
  kind: 'stale',
  title: 'gt done by a run that is over',
  missing: always,
  async strike({ town, rng }) {
    const run = rng.pick(replaced(town))
    if (run === undefined) return null
    const at = Date.now()
    const env = {
      ...town.env,
      GT_TOWN: town.root,
      GT_RUN: run.fence,
      GT_BEAD: run.bead,
      GT_AGENT: run.agent,
      GT_RIG: run.rig,
      GT_ROLE: 'polecat',
    }
    const cwd = existsSync(run.worktree) ? run.worktree : town.root
    const said = await town.gtAs({ env, cwd }, 'done', '--message', 'I am late')
    const until = Date.now()
    const struck = { at, until, what: `${shortName(run)}, run ${run.fence} (${run.state})`, run: run.fence }
    return said.code === 0 ? { ...struck, wrong: `gt done of the ended run ${run.fence} was accepted` } : struck
  },
}

/**
 * Ended runs whose word may no longer count: whatever comes of their bead, they are not lost by mistake. One that is called
 * lost may still hand in while nobody else has its bead (law 6), so such a one is none; nor is one that finished, which is
 * told again what it was told before.
 */
function replaced(town: DrillTown): Run[] {
  town.ledger.refresh()
  return [...allRuns(town.ledger.state.beads.values())]
    .filter(({ bead, run }) => isTerminal(run) && run.state !== 'finished' && isTaken(bead, run))
    .map(({ run }) => run)
}

const isTaken = (bead: Bead, run: Run): boolean =>
  run.state !== 'lost' || facts(bead).landed !== undefined || liveRun(bead)?.state === 'submitted'
