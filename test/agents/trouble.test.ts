import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { FAILURE_STANDS, writeBeat } from '../../src/agents/beat.ts'
import type { Trouble } from '../../src/agents/trouble.ts'
import { isLimiting, readTrouble, troubleOf } from '../../src/agents/trouble.ts'
import { privateFolder } from './support.ts'

const at = Date.parse('2026-11-26T18:08:19Z')
const GATEWAY = 'This is a server-side issue, usually temporary — try again in a moment.'

// Name of the answer, the kind and the words of the StopFailure as Claude Code 2.1.330 gave them (measured), what it is.
test.each<[string, string, string, Trouble['is']]>([
  ['429, unified headers', 'rate_limit', "You've hit your 5-hour limit · resets 8:08pm (UTC)", 'quota'],
  ['429, overage refused', 'rate_limit', "You've hit your limit · resets 8:08pm (UTC)", 'quota'],
  ['429, weekly', 'rate_limit', "You've hit your weekly limit · resets Nov 29, 6:08pm (UTC)", 'quota'],
  ['429, one model', 'rate_limit', "You've hit your Opus limit · resets Dec 2, 6:08pm (UTC)", 'quota'],
  ['429, API key', 'rate_limit', 'API Error: Request rejected (429) · slow down', 'throttled'],
  [
    '429, login',
    'rate_limit',
    'API Error: Server is temporarily limiting requests (not your usage limit) · slow down',
    'throttled',
  ],
  ['529', 'server_error', `API Error: 529 Overloaded. ${GATEWAY}`, 'overloaded'],
  ['529, newer name', 'overloaded', 'Overloaded', 'overloaded'],
  ['500', 'server_error', `API Error: 500 boom. ${GATEWAY}`, 'overloaded'],
  ['refused', 'server_error', 'API Error: Connection refused — a firewall or proxy may be blocking it', 'overloaded'],
  ['dropped', 'server_error', 'API Error: Connection dropped (ECONNRESET).', 'overloaded'],
  ['401', 'authentication_failed', 'Please run /login · API Error: 401 invalid', 'auth'],
  ['401, key', 'authentication_failed', 'Invalid API key · Fix external API key', 'auth'],
  ['403', 'authentication_failed', 'Please run /login · API Error: 403', 'auth'],
  ['403, login', 'oauth_org_not_allowed', 'Your organization has disabled Claude subscription access', 'auth'],
  ['400, organisation', 'unknown', 'API Error: 400 This organization has been disabled.', 'auth'],
  ['400, credit', 'billing_error', 'Credit balance is too low', 'billing'],
  ['402', 'unknown', 'API Error: 402 pay', 'billing'],
  ['seat', 'rate_limit', "Your seat type doesn't include usage", 'billing'],
  ['credits', 'rate_limit', "You're out of usage credits", 'billing'],
  ['credits that come back', 'rate_limit', "You're out of extra usage · resets 11:30am (Asia/Colombo)", 'quota'],
  ['too long', 'invalid_request', 'Prompt is too long', 'context'],
  ['too long, screen', 'invalid_request', 'Context limit reached · /compact or /clear to continue', 'context'],
  ['413', 'invalid_request', 'Request too large (max 32MB). Accumulated images and attachments …', 'context'],
  ['404', 'model_not_found', "There's an issue with the selected model (claude-nope).", 'model'],
  ['400', 'unknown', 'API Error: 400 messages: something', 'other'],
  ['nothing known', 'constructor', '', 'other'],
])('%s', (_answer, error, message, is) => {
  const trouble = troubleOf({ at, error, message })
  expect(trouble).toMatchObject({ is, at })
  expect(trouble.text).toBe(message || error)
  expect(isLimiting(trouble)).toBe(!['context', 'model', 'other'].includes(is))
})

test('a quota has the provider’s instant, or an hour that says that it is a guess', () => {
  const of = (message: string) => troubleOf({ at, error: 'rate_limit', message })
  const named = of("You've hit your limit · resets 9pm (Europe/Berlin)")
  expect(named).toMatchObject({ resets: Date.parse('2026-11-26T20:01:00Z') })
  expect(named).not.toHaveProperty('guessed')
  for (const message of ["You've hit your 5-hour limit", 'You’ve reached your limit · resets at noon']) {
    expect(of(message)).toMatchObject({ is: 'quota', resets: at + 3_600_000, guessed: true })
  }
})

let folder: string

beforeEach(() => {
  folder = privateFolder()
  mkdirSync(folder, { recursive: true })
})

function failed(): void {
  const said = { error: 'rate_limit', last_assistant_message: "You've hit your limit · resets 8:08pm (UTC)" }
  writeFileSync(join(folder, 'failure.json'), JSON.stringify(said))
  utimesSync(join(folder, 'failure.json'), new Date(at), new Date(at))
}

test('what was last seen is a fact about now until the agent goes on', () => {
  expect(readTrouble(folder).kind).toBe('empty')
  failed()
  for (const event of FAILURE_STANDS) {
    writeBeat(folder, event)
    expect(readTrouble(folder)).toMatchObject({ kind: 'ok', value: { is: 'quota', at } })
  }
  for (const event of ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'PermissionRefused']) {
    writeBeat(folder, event)
    expect(readTrouble(folder)).toEqual({ kind: 'empty' })
  }
})

test('what cannot be told is unknown, neither trouble nor none (law 8)', () => {
  failed()
  writeFileSync(join(folder, 'beat'), '')
  expect(readTrouble(folder).kind).toBe('unknown')
  writeBeat(folder, 'StopFailure')
  writeFileSync(join(folder, 'failure.json'), '{"error":')
  expect(readTrouble(folder).kind).toBe('unknown')
})
