/**
 * Asking a past conversation one question: the client is run once without a screen, on a copy of the conversation, with no
 * tool. The conversation itself is not changed, and nothing of the answer is kept. Facts: claude-code's own help and
 * measurements with 2.1.330 (test/e2e/seance.test.ts).
 */
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { sanitize } from './fence.ts'
import type { Preset } from './preset.ts'
import type { Trouble } from './trouble.ts'
import { troubleOf } from './trouble.ts'

export interface Spoken {
  answer: string
  /** Tokens of this one answer, as the client counts them. */
  usage: { input: number; output: number; cacheRead: number; cacheWrite: number }
}

/** What a run of the client came to. */
export interface Ended {
  /** Null: ended by a signal. */
  code: number | null
  stdout: string
  stderr: string
}

/** Whether conversations of this agent can be asked. */
export const canBeAsked = (preset: Pick<Preset, 'hooks'>): boolean => preset.hooks === 'claude'

/**
 * Arguments behind the program's own words. One turn, no tool, no server of the project, no hook but the user's own; the
 * copy is not written down.
 */
export function askArgv(preset: Pick<Preset, 'model'>, conversation: string, question: string): string[] {
  return [
    '-p',
    ...['--resume', conversation, '--fork-session', '--no-session-persistence'],
    ...['--tools', '', '--permission-mode', 'manual', '--max-turns', '1'],
    ...['--strict-mcp-config', '--setting-sources', 'user', '--output-format', 'json'],
    ...(preset.model === undefined ? [] : ['--model', preset.model]),
    '--',
    question,
  ]
}

/** Kinds of failures by the status that the server gave (trouble.ts knows the kinds). */
const BY_STATUS: Record<number, string> = {
  401: 'authentication_failed',
  402: 'billing_error',
  403: 'authentication_failed',
  404: 'model_not_found',
  429: 'rate_limit',
}

/**
 * The answer, or why there is none. An API failure calls itself a success, so `is_error` and the exit code decide. Errors:
 * E_NO_CONVERSATION, E_LIMIT (75), E_LOGIN (2), E_NO_ANSWER.
 */
export function answerOf(ended: Ended, now: number): Result<Spoken> {
  const said = resultOf(ended.stdout)
  const words = oneParagraph([said?.result, ended.stderr, said === undefined ? ended.stdout : ''])
  if (/No conversation found with session ID/i.test(words)) {
    return fail('E_NO_CONVERSATION', 'The agent’s client does not know this conversation any more.', {
      hint: 'gt seance <address>   lists the others',
    })
  }
  if (said === undefined || said.is_error === true || ended.code !== 0) {
    if (said?.subtype === 'error_max_turns') return noAnswer('it wanted to do something instead of answering')
    const error = BY_STATUS[said?.api_error_status ?? 0] ?? ''
    return refusal(troubleOf({ at: now, error, message: words }), words, ended.code)
  }
  if (said.result === undefined || said.result.trim() === '') return noAnswer('it said nothing')
  const { usage = {} } = said
  return ok({
    answer: sanitize(said.result).trim(),
    usage: {
      input: usage.input_tokens ?? 0,
      output: usage.output_tokens ?? 0,
      cacheRead: usage.cache_read_input_tokens ?? 0,
      cacheWrite: usage.cache_creation_input_tokens ?? 0,
    },
  })
}

const noAnswer = (why: string): Result<never> => fail('E_NO_ANSWER', `The past session gave no answer: ${why}.`)

function refusal(trouble: Trouble, words: string, code: number | null): Result<never> {
  const said = words === '' ? `it ended with ${code === null ? 'a signal' : `exit code ${code}`}` : words
  switch (trouble.is) {
    case 'quota':
    case 'throttled':
    case 'overloaded':
      return fail('E_LIMIT', `The past session cannot be asked now: ${said}`, {
        exit: EXIT.tryAgain,
        hint: 'try again later',
      })
    case 'auth':
    case 'billing':
      return fail('E_LOGIN', `The login of that session is refused: ${said}`, {
        exit: EXIT.needsPerson,
        hint: 'log in with its client (/login), under the same account',
      })
    default:
      return noAnswer(said.replace(/\.$/, ''))
  }
}

const WORDS_CHARS = 600

const oneParagraph = (texts: (string | undefined)[]): string =>
  sanitize(texts.filter((text) => text?.trim()).join(' '))
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, WORDS_CHARS)

interface Said {
  subtype?: string
  is_error?: boolean
  api_error_status?: number | null
  result?: string
  usage?: Record<string, number | undefined>
}

/** The client's result object: the last line that is one. */
function resultOf(stdout: string): Said | undefined {
  for (const line of stdout.trim().split('\n').reverse()) {
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value === 'object' && value !== null && (value as { type?: string }).type === 'result')
        return value as Said
    } catch {
      // Another line of its output.
    }
  }
  return undefined
}
