/**
 * How the change of a bead reaches the target, and who may say so. Pure. People decide about landings; an agent may ask
 * for more care than that, never for less.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { LandingPolicy } from '../beads/facts.ts'
import type { Err } from '../result.ts'
import { fail } from '../result.ts'
import type { RigSettings } from '../town/schema.ts'

const STRICTNESS: Record<LandingPolicy, number> = { direct: 0, pr: 1, hold: 2 }

/** Whether a word is one of the three. */
export const isPolicy = (word: unknown): word is LandingPolicy =>
  typeof word === 'string' && Object.hasOwn(STRICTNESS, word)

/** The policy that a bead has of its own; null when it goes by its rig's. */
export function ownPolicy(bead: Bead): LandingPolicy | null {
  const own: unknown = facts(bead).landing ?? null
  // A word that we do not know came from another program: it wanted something, so a person looks.
  return own === null || isPolicy(own) ? own : 'hold'
}

/**
 * The policy in force for a bead: its own, else its rig's. What the epics above it say does not count. What an agent set
 * holds only as far as it is the stricter of the two: a rig may be chosen, or made stricter, after the agent spoke.
 */
export function policyOf(bead: Bead, rig: Pick<RigSettings, 'landing'>): LandingPolicy {
  const own = ownPolicy(bead)
  const standard = rig.landing.policy
  if (own === null) return standard
  return facts(bead).landing_by_agent && STRICTNESS[own] < STRICTNESS[standard] ? standard : own
}

/** Whether an agent speaks, not a person. */
export const isAgent = (env: NodeJS.ProcessEnv): boolean => Boolean(env.GT_AGENT || env.GT_RUN)

/**
 * Whether somebody may change the policy in force from one to another. A person always may; an agent only to one that
 * is as strict or stricter.
 *
 * @param from null: not known, because the bead belongs to no rig yet; then an agent may say `pr` or `hold`
 * @param to null: whatever the rig will say, once there is one, which may be `direct`
 * @returns null when it is allowed, else E_NOT_FOR_AGENTS
 */
export function refuseLanding(from: LandingPolicy | null, to: LandingPolicy | null, byAgent: boolean): Err | null {
  if (!byAgent || from === to || STRICTNESS[to ?? 'direct'] >= STRICTNESS[from ?? 'pr']) return null
  const kept = from === null ? 'No policy was set' : `The policy stays "${from}"`
  const why =
    to === null
      ? 'the policy of a rig that is not known yet may be looser'
      : from === null
        ? `no rig is known yet that says "${to}"`
        : `"${to}" is looser than "${from}"`
  return fail(
    'E_NOT_FOR_AGENTS',
    `A landing policy is a person's decision. An agent may only make it stricter (direct, pr, hold), and ${why}.`,
    { kept: `${kept}; nothing was written.`, hint: 'gt ask "May this bead land another way? …"' },
  )
}
