/** Values of options that several verbs of `gt bead` share. */
import { readFileSync } from 'node:fs'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'

/** Collects comma-separated words; an option may be given several times. */
export const commas = (value: string, before: string[] = []): string[] => [
  ...before,
  ...value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
]

/** The text of `--body` or of `--body-file` (`-`: standard input); E_FILE when that cannot be read. */
export function bodyOf(options: { body?: string; bodyFile?: string }): Result<string | undefined> {
  if (options.bodyFile === undefined) return ok(options.body)
  try {
    return ok(readFileSync(options.bodyFile === '-' ? 0 : options.bodyFile, 'utf8'))
  } catch (error) {
    return fail('E_FILE', `The body could not be read: ${messageOf(error)}.`, {
      kept: 'No bead was written.',
      hint: '--body-file <file>, or --body-file - for standard input',
    })
  }
}

/** `2`, `p2` and `P2` are 2, which is also the default; E_PRIORITY for anything but 0 to 4. */
export function priorityOf(text = '2'): Result<number> {
  const value = Number(text.replace(/^[pP]/, ''))
  return Number.isInteger(value) && value >= 0 && value <= 4
    ? ok(value)
    : fail('E_PRIORITY', `"${text}" is no priority: it is a number from 0 (urgent) to 4.`)
}
