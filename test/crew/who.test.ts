/** Names of the crew, and whom a person means by one. */
import { expect, it } from 'vitest'
import type { AgentFacts, CrewFacts } from '../../src/beads/agent-facts.ts'
import { checkName, crewAddress, crewSession, findCrew } from '../../src/crew/who.ts'
import { newAgent } from '../../src/kernel/agents.ts'
import { at, stateOf, write } from '../kernel/support.ts'

function town(...members: [rig: string, name: string, state?: CrewFacts['state'], removed?: number][]) {
  const state = stateOf()
  for (const [rig, name, is = 'ready', removed] of members) {
    const crew: CrewFacts = {
      rig,
      name,
      branch: `crew/${name}`,
      worktree: `/town/${rig}/crew/${name}`,
      from: 'main',
      base: 'b'.repeat(40),
      fence: `f${removed ?? 0}`,
      state: is,
      ...(removed !== undefined && { removed_at: at(removed) }),
    }
    const agent: AgentFacts = { address: crewAddress(rig, name), role: 'crew', in: false, conversations: {}, crew }
    write(state, newAgent(state, agent, at(0)).change)
  }
  const find = (who: string, past = false) => {
    const found = findCrew(state, who, past)
    return found.kind === 'ok' ? found.value.crew.fence + found.value.agent.address : found.failure.code
  }
  return { state, find }
}

it('refuses names that are no folder, no word of their own, or an option', () => {
  const bad = [
    '',
    '../max',
    'Max',
    'the-crew',
    'crew',
    '-x',
    'mayor',
    '$(id)',
    'a b',
    'a/b',
    'a\nb',
    'é',
    'x'.repeat(32),
  ]
  expect(bad.filter((name) => checkName(name).kind === 'ok')).toEqual([])
  expect(['max', 'max-2', 'a_b', 'recrewt'].filter((name) => checkName(name).kind !== 'ok')).toEqual([])
})

it('no two members have a session of the same name', () => {
  const names = ['a', 'a-b', 'crew-b', 'b']
  const rigs = ['x', 'x-crew', 'x-crew-a']
  const sessions = rigs.flatMap((rig) =>
    names.filter((name) => checkName(name).kind === 'ok').map((name) => crewSession({ rig, name })),
  )
  expect(new Set(sessions).size).toBe(sessions.length)
})

it('finds a member by address, and by its name where that is only one', () => {
  const { find, state } = town(['gp', 'max'], ['app', 'max'], ['app', 'eva'])
  expect(find('gp/crew/max')).toBe('f0gp/crew/max')
  expect(find('app/max')).toBe('f0app/crew/max')
  expect(find('eva')).toBe('f0app/crew/eva')
  expect(find('max')).toBe('E_AMBIGUOUS')
  expect(find('evo')).toBe('E_NO_CREW')
  expect(findCrew(state, 'evo')).toMatchObject({ failure: { hint: 'Did you mean eva?' } })
})

it('one that was removed is found only by whoever looks into the past, the newest first', () => {
  const { find } = town(['app', 'max', 'removed', 1], ['app', 'max', 'removed', 7], ['app', 'max', 'removed', 3])
  expect(find('max')).toBe('E_NO_CREW')
  expect(find('app/crew/max', true)).toBe('f7app/crew/max')
  const back = town(['app', 'max', 'removed', 9], ['app', 'max'])
  expect(back.find('max', true)).toBe('f0app/crew/max')
})
