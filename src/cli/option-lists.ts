/** Options that take more than one value, for commander: what was said so far, and one word more. */

/** One value each time; the option may be given several times. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value]

/** Comma-separated words; the option may be given several times. */
export const commas = (value: string, before: string[] = []): string[] => [...before, ...words(value.split(','))]

/** The same for globs, where a comma inside of braces (`src/{a,b}/**`) separates nothing. */
export const globs = (value: string, before: string[] = []): string[] => [
  ...before,
  ...words(value.split(/,(?![^{}]*\})/)),
]

const words = (parts: string[]): string[] => parts.map((part) => part.trim()).filter(Boolean)
