/**
 * What keeps an agent from going on, told apart by the agent's own signals: Claude Code's StopFailure names a kind, and
 * its words tell a quota that is used up from a plain 429. Every row was measured with 2.1.330, or stands in the published
 * typings of its SDK (`SDKAssistantMessageError`, `USAGE_LIMIT_ERROR_PREFIXES`).
 */
import type { Limit } from '../beads/facts.ts'
import type { Read } from '../result.ts'
import { empty, ok } from '../result.ts'
import type { TurnFailure } from './beat.ts'
import { FAILURE_STANDS, readBeat, readFailure } from './beat.ts'
import { oneLine } from './fence.ts'
import { resetTime } from './reset-time.ts'

interface Said {
  /** Epoch milliseconds at which the turn failed. */
  at: number
  /** The client's words, one line. */
  text: string
}

/** The provider does not let it go on now. None of these is the worker's fault. */
export type Limiting =
  /** `resets`: epoch milliseconds. `guessed`: no time could be read, so it is an hour from `at`. */
  (Said & { is: 'quota'; resets: number; guessed?: true }) | (Said & { is: Exclude<Limit['is'], 'quota'> })

/** `context`: the conversation is longer than the model takes. `model`: there is no such model for this login. */
export type Trouble = Limiting | (Said & { is: 'context' | 'model' | 'other' })

const GUESS_MS = 60 * 60_000
const TEXT_CHARS = 200

/** Words with which the client says that a usage limit was reached. Some say that money or a seat is lacking. */
const USAGE_LIMIT =
  /^(?:You['’]ve (?:hit|reached) your|You['’]re out of (?:usage credits|extra usage)|Your org is out of usage|Your seat type doesn['’]t include|Your usage allocation has been disabled|Your group['’]s usage limit is set to|.{1,30} requires usage credits)/
/** Those of them that end at some time by themselves. */
const ENDS_BY_ITSELF = /^You['’]ve (?:hit|reached) your/

/** Kinds that say enough by their name. */
const BY_NAME: Record<string, Exclude<Trouble['is'], 'quota'>> = {
  authentication_failed: 'auth',
  oauth_org_not_allowed: 'auth',
  account_on_hold: 'auth',
  verification_required: 'auth',
  cloud_credential_error: 'auth',
  billing_error: 'billing',
  rate_limit: 'throttled',
  overloaded: 'overloaded',
  // 500 to 529, and a connection that is refused or dropped: whatever it is, it is not the worker.
  server_error: 'overloaded',
  model_not_found: 'model',
}

/** For kinds that say nothing (`unknown`, `invalid_request` …): the words, first match. */
const BY_WORDS: [RegExp, Exclude<Trouble['is'], 'quota'>][] = [
  [/prompt is too long|context limit|request(?:_| )too(?:_| )large|exceeds? the (?:maximum|context)/i, 'context'],
  [/API Error: 402|credit balance/i, 'billing'],
  [/API Error: 40[13]|organization has been disabled|run \/login/i, 'auth'],
  [/API Error: 429/i, 'throttled'],
  [/API Error: 5\d\d|overloaded/i, 'overloaded'],
]

/** What a failed turn means. Pure: times of day are read as of the moment at which the turn failed. */
export function troubleOf(failure: TurnFailure): Trouble {
  const { at, error, message } = failure
  const said = { at, text: oneLine(message, TEXT_CHARS) || error }
  if (USAGE_LIMIT.test(message)) {
    const resets = resetTime(message, at)
    if (resets !== undefined) return { ...said, is: 'quota', resets }
    if (!ENDS_BY_ITSELF.test(message)) return { ...said, is: 'billing' }
    return { ...said, is: 'quota', resets: at + GUESS_MS, guessed: true }
  }
  const kind = Object.hasOwn(BY_NAME, error) ? BY_NAME[error] : undefined
  return { ...said, is: kind ?? BY_WORDS.find(([words]) => words.test(message))?.[1] ?? 'other' }
}

/** Whether it is the provider who does not let the agent go on. */
export function isLimiting(trouble: Trouble): trouble is Limiting {
  return !['context', 'model', 'other'].includes(trouble.is)
}

/**
 * What keeps the agent of this folder from going on now. `empty`: its last turn did not fail, or it went on since.
 * A beat that cannot be read makes it unknown: what was last seen is then no fact about now.
 */
export function readTrouble(folder: string): Read<Trouble> {
  const failure = readFailure(folder)
  if (failure.kind !== 'ok') return failure
  const beat = readBeat(folder)
  if (beat.kind === 'error' || beat.kind === 'unknown') return beat
  if (beat.kind === 'ok' && !FAILURE_STANDS.includes(beat.value.event)) return empty
  return ok(troubleOf(failure.value))
}
