/**
 * Conflicts and reds go home, rung by rung: who gets work that came back from the merge queue. Pure. The queue waits for
 * none of them: an entry that came back is out of line until somebody hands in again.
 *
 *   same session (workers.rounds times) → a fresh worker (as often) → the Refinery's own session (once) → a person
 *
 * Attempts (workers.attempts) bound the workers: the last one allowed is not followed by a fresh one, but by the
 * Refinery's session at once. That session is an attempt of its own, and the only one that may exceed the cap, by one:
 * otherwise a bead that had bad luck with dead workers would never see it. Should it die, and the cap is reached, a
 * person is asked, as after any last attempt.
 */
import type { Inherited } from '../agents/handover.ts'
import type { RunRole } from '../agents/roles.ts'
import { refineryAddress, roleOf } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { RigSettings } from '../town/settings.ts'

export type Rung = 'same-session' | 'fresh-worker' | 'refinery' | 'person'

export interface LadderPolicy {
  /** Times that work goes back to the same worker. */
  rounds: number
  /** Runs of one bead before a person is asked. */
  attempts: number
  /** Whether an agent can make something of what it is told (agents/preset.ts). */
  judges(preset: string): boolean
}

/** Who gets the work of this run, which came back. */
export function rungOf(bead: Bead, run: Run, policy: LadderPolicy): Rung {
  if (roleOf(run) === 'refinery') return 'person'
  if (run.round <= policy.rounds) return 'same-session'
  const { slung, handover } = facts(bead)
  // What does the same again whatever it is told will not do better anew; and without an order nobody is started.
  if (!policy.judges(run.preset) || slung === undefined) return 'person'
  return handover === undefined && run.attempt < policy.attempts ? 'fresh-worker' : 'refinery'
}

/** The one address that a slung bead waits for, if it is for a certain worker or for the Refinery's session. */
export function fixedAgent(bead: Bead): string | undefined {
  const { slung, handover } = facts(bead)
  if (slung === undefined) return undefined
  return handover?.to === 'refinery' ? refineryAddress(slung.rig) : slung.agent
}

/** The agent of a bead that waits for the Refinery's session: the rig's own choice, or whoever worked on it before. */
export function refineryPreset(bead: Bead, rig: RigSettings): string | undefined {
  const { handover, runs } = facts(bead)
  if (handover?.to !== 'refinery') return undefined
  return rig.refinery.agent ?? runs?.[handover.run]?.preset
}

/** The role of whoever gets a slung bead next. */
export const nextRole = (bead: Bead, rig: string): RunRole => roleOf({ agent: fixedAgent(bead) ?? '', rig })

/** What an earlier run left to this one, for its brief. */
export function inheritedBy(bead: Bead, run: Run): Inherited | undefined {
  const { handover, runs } = facts(bead)
  if (handover === undefined || handover.run === run.fence) return undefined
  return { ref: handover.ref, evidence: handover.evidence, head: runs?.[handover.run]?.head }
}
