/** Durations as people write them in settings and options. */

const UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of `90s`, `5m`, `2h`, `1d`, `250ms`, `1.5h`; `undefined` for anything else, a bare number included. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim())
  if (match === null) return undefined
  return Math.round(Number(match[1]) * UNIT[match[2] as keyof typeof UNIT])
}
