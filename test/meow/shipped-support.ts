/** The formulas that come with gt, for the tests of them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Formula, Frozen } from '../../src/meow/formulas/formula.ts'
import { freeze } from '../../src/meow/formulas/freeze.ts'
import { openLibrary } from '../../src/meow/formulas/library.ts'
import type { Result } from '../../src/result.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const SUFFIX = '.formula.toml'
export const NAMES = readdirSync(join(ROOT, 'formulas'))
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))
  .sort()

/** What each must be told at least. */
export const SAMPLE: Record<string, Record<string, string>> = {
  'code-review': { branch: 'feature/export' },
  design: { topic: 'offline-mode', problem: 'Field staff have no network' },
  release: { version: '1.4.0' },
  'upgrade-one': { name: 'libfoo', from: '1.2.0', to: '2.0.0' },
}

const library = openLibrary({})

export function must<T>(answer: Result<T>): T {
  if (answer.kind === 'ok') return answer.value
  throw new Error(`${answer.failure.message}\n${answer.failure.hint ?? ''}`)
}
export const frozen = (name: string): Frozen => must(freeze(name, library))
export const formula = (name: string): Formula => frozen(name).formulas[name]!
