/** Sums of tokens; pure. */
import type { Tokens, UsageByDay } from '../beads/facts.ts'

export const NOTHING: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

export function plus(a: Tokens, b: Tokens): Tokens {
  const cacheWrite1h = (a.cacheWrite1h ?? 0) + (b.cacheWrite1h ?? 0)
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    ...(cacheWrite1h > 0 && { cacheWrite1h }),
  }
}

/** All that a model read and wrote, from and to the cache as well: what a cap in tokens counts. */
export const total = (one: Tokens): number => one.input + one.output + one.cacheRead + one.cacheWrite

export function addTo(days: UsageByDay, day: string, model: string, tokens: Tokens): void {
  days[day] ??= {}
  days[day][model] = plus(days[day][model] ?? NOTHING, tokens)
}

/** All tokens of all days and models. */
export function sumOf(days: UsageByDay): number {
  let sum = 0
  for (const models of Object.values(days)) for (const tokens of Object.values(models)) sum += total(tokens)
  return sum
}

/** The calendar day of an instant by this machine's clock, `2026-11-27`. */
export function dayOf(at: number): string {
  const date = new Date(at)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** The instant at which the day after this one begins by this machine's clock, in ms since the epoch. */
export function nextDay(at: number): number {
  const date = new Date(at)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime()
}
