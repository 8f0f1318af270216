import { expect, test } from 'vitest'
import type { LandingPolicy } from '../../src/beads/facts.ts'
import { isAgent, ownPolicy, policyOf, refuseLanding } from '../../src/kernel/landing.ts'
import { aBead } from './support.ts'

const POLICIES = ['direct', 'pr', 'hold'] as const
const rig = (policy: LandingPolicy) => ({ landing: { policy, unverified: false, strategy: 'merge' as const } })

test.each(POLICIES)('a bead without a policy of its own goes by its rig’s: %s', (policy) => {
  expect(policyOf(aBead('gp-a'), rig(policy))).toBe(policy)
  expect(ownPolicy(aBead('gp-a'))).toBeNull()
})

test.each(POLICIES.flatMap((own) => POLICIES.map((standard) => [own, standard] as const)))(
  'a bead that says %s does so in a rig that says %s',
  (own, standard) => {
    expect(policyOf(aBead('gp-a', {}, { landing: own }), rig(standard))).toBe(own)
  },
)

test.each<[LandingPolicy, LandingPolicy, LandingPolicy]>([
  ['direct', 'hold', 'hold'],
  ['pr', 'hold', 'hold'],
  ['pr', 'direct', 'pr'],
  ['hold', 'direct', 'hold'],
])('what an agent set (%s) never loosens what its rig says later (%s)', (own, standard, inForce) => {
  expect(policyOf(aBead('gp-a', {}, { landing: own, landing_by_agent: true }), rig(standard))).toBe(inForce)
})

test('a word that nobody knows waits for a person', () => {
  for (const landing of ['later', '', 'toString', 7, {}]) {
    expect(policyOf(aBead('gp-a', {}, { landing: landing as LandingPolicy }), rig('direct'))).toBe('hold')
  }
  expect(policyOf(aBead('gp-a', {}, { landing: null as never }), rig('pr'))).toBe('pr')
})

// null: the rig is not known yet.
test.each<[LandingPolicy | null, LandingPolicy | null, boolean]>([
  ['direct', 'direct', true],
  ['direct', 'pr', true],
  ['direct', 'hold', true],
  ['pr', 'direct', false],
  ['pr', 'pr', true],
  ['pr', 'hold', true],
  ['hold', 'direct', false],
  ['hold', 'pr', false],
  ['hold', 'hold', true],
  [null, 'direct', false],
  [null, 'pr', true],
  [null, 'hold', true],
  [null, null, true],
  ['direct', null, true],
  ['pr', null, false],
  ['hold', null, false],
])('an agent that changes %s to %s: %s', (from, to, may) => {
  expect(refuseLanding(from, to, true) === null).toBe(may)
  expect(refuseLanding(from, to, false), 'a person may').toBeNull()
})

test('a refusal says whose decision it is, what was kept and what to type', () => {
  expect(refuseLanding('hold', 'pr', true)?.failure).toEqual({
    code: 'E_NOT_FOR_AGENTS',
    message:
      'A landing policy is a person\'s decision. An agent may only make it stricter (direct, pr, hold), and "pr" is looser than "hold".',
    kept: 'The policy stays "hold"; nothing was written.',
    hint: 'gt ask "May this bead land another way? …"',
    exit: 1,
  })
  expect(refuseLanding(null, 'direct', true)?.failure).toMatchObject({
    message: expect.stringContaining('no rig is known yet that says "direct"'),
    kept: 'No policy was set; nothing was written.',
  })
  expect(refuseLanding('pr', null, true)?.failure.message).toContain('a rig that is not known yet may be looser')
})

test.each([
  [{ GT_AGENT: 'gp/crew/max' }, true],
  [{ GT_RUN: 'k3' }, true],
  [{ GT_AGENT: '', GT_RUN: '' }, false],
  [{}, false],
])('%o is an agent: %s', (env, is) => {
  expect(isAgent(env)).toBe(is)
})
