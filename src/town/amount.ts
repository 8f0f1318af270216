/** Amounts that a budget is written in: dollars (`50`), tokens (`"20M tokens"`), or `"none"`. */

export interface Amount {
  count: number
  unit: 'usd' | 'tokens'
}

const SCALE = { k: 1_000, M: 1_000_000 } as const

/** `null`: none. `undefined`: it is no amount. A number may also come as its text, from a command line. */
export function parseAmount(written: unknown): Amount | null | undefined {
  if (written === 'none') return null
  if (typeof written === 'number') return dollars(written)
  if (typeof written !== 'string') return undefined
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(?:([kM])? tokens)?$/.exec(written.trim())
  if (match === null) return undefined
  const count = Number(match[1])
  if (!written.includes('tokens')) return dollars(count)
  const tokens = Math.round(count * (match[2] === undefined ? 1 : SCALE[match[2] as keyof typeof SCALE]))
  return tokens > 0 ? { count: tokens, unit: 'tokens' } : undefined
}

const dollars = (count: number): Amount | undefined =>
  count > 0 && Number.isFinite(count) ? { count, unit: 'usd' } : undefined

/** "$12.40", "1.25M tokens". */
export function amountWords({ count, unit }: Amount): string {
  if (unit === 'usd') return count > 0 && count < 0.01 ? 'less than $0.01' : `$${count.toFixed(2)}`
  if (count < 1_000) return `${Math.round(count)} tokens`
  const [value, letter] = count < 999_950 ? [count / 1_000, 'k'] : [count / 1_000_000, 'M']
  return `${value.toFixed(value < 100 ? 2 : 1).replace(/\.?0+$/, '')}${letter} tokens`
}
