/**
 * What a conversation used, from the lines of its transcripts; pure. An answer stands there once per content block, each time
 * with the same whole usage, and a conversation that was forked begins with the answers of the other: each id counts once.
 */
import { assistantMessage } from '../agents/transcript.ts'
import type { Tokens, UsageByDay } from '../beads/facts.ts'
import { addTo, dayOf } from './tokens.ts'

/** Stands behind the name of a model whose long prompts cost more: `claude-haiku-5-5#long` (prices.ts). */
export const LONG = '#long'
/** The same where the provider answered in its fast mode, which has prices of its own. */
export const FAST = '#fast'

export interface Counting {
  days: UsageByDay
  /** Ids of answers that count already. */
  seen: Set<string>
  /** From how many tokens of prompt on an answer of this model costs more; undefined: it makes no difference. */
  longFrom(model: string): number | undefined
}

/** Counts the answers in these lines; the ids of all that stand in them, in order. `fallback`: when a line has no time. */
export function countLines(lines: readonly string[], into: Counting, fallback: number): string[] {
  const ids: string[] = []
  for (const line of lines) {
    const answer = assistantMessage(line)
    if (answer === undefined || answer.model === '<synthetic>') continue
    if (ids.at(-1) !== answer.id) ids.push(answer.id)
    if (into.seen.has(answer.id)) continue
    into.seen.add(answer.id)
    const tokens = tokensOf(answer.usage)
    const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite
    const isLong = prompt > (into.longFrom(answer.model) ?? Number.POSITIVE_INFINITY)
    const tariff = answer.usage.speed === 'fast' ? FAST : isLong ? LONG : ''
    addTo(into.days, dayOf(answer.at || fallback), answer.model + tariff, tokens)
  }
  return ids
}

/** A provider's count of one answer. What it does not name is none. */
export function tokensOf(usage: Record<string, unknown>): Tokens {
  const cached = usage.cache_creation
  const hour = typeof cached === 'object' && cached !== null ? (cached as Record<string, unknown>) : {}
  const cacheWrite1h = whole(hour.ephemeral_1h_input_tokens)
  return {
    input: whole(usage.input_tokens),
    output: whole(usage.output_tokens),
    cacheRead: whole(usage.cache_read_input_tokens),
    cacheWrite: whole(usage.cache_creation_input_tokens),
    ...(cacheWrite1h > 0 && { cacheWrite1h }),
  }
}

const whole = (value: unknown): number => (typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : 0)
