/** How much a cause weighs: which of two things that wait comes first, and whether a channel is used for it. */

/** From the least to the most. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/**
 * By cause. `critical`: nothing of a rig lands. `high`: several workers stand, or will. `low`: somebody's word is missing,
 * and nothing is wrong. What is not named here is one worker's or one bead's trouble: `medium`.
 */
const BY_CAUSE: Readonly<Record<string, Severity>> = {
  'red-target': 'critical',
  daemon: 'high',
  breaker: 'high',
  auth: 'high',
  billing: 'high',
  budget: 'high',
  poison: 'high',
  hold: 'low',
  policy: 'low',
  pr: 'low',
  gate: 'low',
  mail: 'low',
}

export function severityOf(cause: string): Severity {
  return Object.hasOwn(BY_CAUSE, cause) ? BY_CAUSE[cause]! : 'medium'
}

/** 0 for the least. */
export const weight = (severity: Severity): number => SEVERITIES.indexOf(severity)

export const isSeverity = (word: string): word is Severity => (SEVERITIES as readonly string[]).includes(word)
