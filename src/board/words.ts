/**
 * Words of a board as people read them, on every screen: which are good news, which are work under way, and which need somebody.
 * Colour only ever repeats a word. Pure: the page in the browser uses it too.
 */
export type Tone = 'good' | 'moving' | 'warn' | 'bad' | 'still'

const TONES: Record<Tone, readonly string[]> = {
  good: ['landed', 'done', 'alive', 'landing', 'resolved', 'pass', 'handed_in', 'finished'],
  moving: [
    'working',
    'in_progress',
    'hooked',
    'starting',
    'provisioning',
    'claimed',
    'testing',
    'building',
    'busy',
    'moving',
    'started',
    'submitted',
  ],
  warn: [
    'quiet',
    'waiting',
    'held',
    'needs_human',
    'rate_limited',
    'limited',
    'detecting',
    'unknown',
    'could_not_run',
    'flaky',
    'stuck',
    'asked',
    'needs_you',
    'blocked',
  ],
  bad: ['dead', 'lost', 'failed', 'red', 'conflict', 'rejected', 'fail', 'declined', 'ended', 'stalled', 'poison'],
  still: [],
}

const BY_WORD = new Map(Object.entries(TONES).flatMap(([tone, words]) => words.map((word) => [word, tone as Tone])))

/** `still` for words that are none of the others. */
export const toneOf = (word: string): Tone => BY_WORD.get(word) ?? 'still'

/** As people say it: `could_not_run` is "could not run". */
export const said = (word: string): string => word.replaceAll('_', ' ')

/** Dollars; "> $1.20" where something of it is not known, "?" where nothing is. */
export function dollars({ usd, partly }: { usd: number; partly: boolean }): string {
  if (usd === 0) return partly ? '?' : '$0'
  return `${partly ? '> ' : ''}${usd < 0.01 ? '< $0.01' : `$${usd.toFixed(2)}`}`
}
