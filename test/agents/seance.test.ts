/** What a run of the client came to, and whom a question is for. */
import { expect, it } from 'vitest'
import { answerOf, askArgv } from '../../src/agents/seance.ts'
import type { AgentFacts } from '../../src/beads/agent-facts.ts'
import { newAgent } from '../../src/kernel/agents.ts'
import { pastSessions, sessionsOf, toAsk } from '../../src/kernel/past-sessions.ts'
import { aRun, at, beadWith, stateOf, write } from '../kernel/support.ts'

const result = (more: object): string =>
  `${JSON.stringify({ type: 'result', subtype: 'success', is_error: false, ...more })}\n`
const judged = (code: number | null, stdout: string, stderr = ''): any => {
  const answer = answerOf({ code, stdout, stderr }, 0)
  return answer.kind === 'ok' ? answer.value : [answer.failure.code, answer.failure.exit]
}

it('takes the words of the result, and its own usage', () => {
  const usage = { input_tokens: 3, output_tokens: 5, cache_read_input_tokens: 7 }
  const stdout = `a line of something else\n${result({ result: 'Because.\u001b[2J\n', usage })}`
  expect(judged(0, stdout)).toEqual({ answer: 'Because.', usage: { input: 3, output: 5, cacheRead: 7, cacheWrite: 0 } })
})

it('tells failures apart, though a failure of the API calls itself a success', () => {
  const gone = 'No conversation found with session ID: 123'
  const failed = (status: number, words: string) =>
    judged(1, result({ is_error: true, api_error_status: status, result: words }))
  expect(judged(1, '', gone)[0]).toBe('E_NO_CONVERSATION')
  expect(failed(429, 'API Error: Request rejected (429)')).toEqual(['E_LIMIT', 75])
  expect(failed(529, 'API Error: 529 Overloaded.')).toEqual(['E_LIMIT', 75])
  expect(failed(429, 'You’ve hit your limit · resets 12:20pm (UTC)')).toEqual(['E_LIMIT', 75])
  expect(failed(401, 'Invalid API key · Fix external API key')).toEqual(['E_LOGIN', 2])
  expect(failed(403, 'Please run /login')).toEqual(['E_LOGIN', 2])
  expect(failed(400, 'Prompt is too long')[0]).toBe('E_NO_ANSWER')
  expect(judged(1, result({ subtype: 'error_max_turns', is_error: true }))[0]).toBe('E_NO_ANSWER')
  expect(judged(0, result({ result: '  ' }))[0]).toBe('E_NO_ANSWER')
  expect(judged(137, '')[0]).toBe('E_NO_ANSWER')
  expect(judged(null, result({ result: 'half' }))[0]).toBe('E_NO_ANSWER')
})

it('a question is one word behind the options, whatever it says', () => {
  const argv = askArgv({ model: 'opus' }, 'id', '--dangerously-skip-permissions')
  expect(argv.slice(-2)).toEqual(['--', '--dangerously-skip-permissions'])
  expect(argv).toEqual(expect.arrayContaining(['--resume', 'id', '--fork-session', '--tools', '', '--model', 'opus']))
})

it('finds sessions by address, run, bead and the beginning of a conversation', () => {
  const state = stateOf(
    beadWith(
      aRun('r1', 'gp-a', {
        agent: 'gp/polecats/toast',
        conversation: 'aaaaaa-1',
        state: 'finished',
        claimed_at: at(1),
        since: at(2),
      }),
    ),
    beadWith(aRun('r2', 'gp-b', { agent: 'gp/polecats/toast', conversation: 'aaaaaa-2', claimed_at: at(3) })),
  )
  const entry = { preset: 'claude', cwd: '/w', started: at(5) }
  const agent: AgentFacts = {
    address: 'mayor',
    role: 'mayor',
    in: true,
    conversations: { m1: { ...entry, started: at(4), ended: at(5), how: 'handoff' }, m2: entry },
  }
  write(state, newAgent(state, agent, at(0)).change)
  const all = pastSessions(state.beads.values())
  expect(all.map(({ conversation }) => conversation)).toEqual(['m2', 'm1', 'aaaaaa-2', 'aaaaaa-1'])
  const names = (who: string): unknown => {
    const found = sessionsOf(all, who)
    return found.kind === 'ok' ? found.value.map(({ conversation }) => conversation) : found.failure.code
  }
  expect(names('gp/toast')).toEqual(['aaaaaa-2', 'aaaaaa-1'])
  expect(names('r1')).toEqual(['aaaaaa-1'])
  expect(names('gp-b')).toEqual(['aaaaaa-2'])
  expect(names('mayor')).toEqual(['m2', 'm1'])
  expect(names('aaaaaa')).toBe('E_NO_SESSIONS')
  expect(names('aaaaaa-1')).toEqual(['aaaaaa-1'])
  expect(names('mayr')).toBe('E_NO_SESSIONS')

  const mayor = all.filter(({ address }) => address === 'mayor')
  const asked = (own?: string, but?: string) =>
    toAsk(mayor, ({ conversation }) => conversation !== but, own)?.conversation
  expect([asked(), asked(undefined, 'm1'), asked('m2', 'm1')]).toEqual(['m1', 'm2', undefined])
})
