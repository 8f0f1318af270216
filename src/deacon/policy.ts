/** The rules of the plan, from the town's settings. */
import { judges, presetFor, usageOf } from '../agents/preset.ts'
import type { OpenTown } from '../kernel/town.ts'
import { witnessPreset } from '../witness/diagnosis.ts'
import type { Policy } from './observed.ts'

export function policyOf(town: Pick<OpenTown, 'settings'>): Policy {
  const { settings } = town
  const { workers, witness, deacon, agents, accounts } = settings
  const witnessAgent = witnessPreset(settings)
  return {
    cap: workers.max,
    rounds: workers.rounds,
    attempts: workers.attempts,
    judges: (preset) => judges(preset, agents),
    hears: (preset) => {
      const found = presetFor(preset, agents)
      return found.kind === 'ok' && found.value.hooks === 'claude'
    },
    counts: (preset) => {
      const found = presetFor(preset, agents)
      return found.kind !== 'ok' || usageOf(found.value) !== 'none'
    },
    quietAfterMs: workers.quiet_after,
    startTimeoutMs: workers.start_timeout,
    radarEveryMs: deacon.radar,
    patience: {
      idleAfterMs: witness.idle_after,
      stepMs: witness.step,
      diagnosisMs: witness.diagnosis,
      detectingMs: witness.detecting,
      hangsAfterMs: 3 * workers.quiet_after,
      dialogMs: witness.dialog,
    },
    staggerMs: witness.stagger,
    contextPercent: witness.context,
    witness: judges(witnessAgent, agents) ? witnessAgent : undefined,
    agent: workers.agent,
    accounts,
  }
}
