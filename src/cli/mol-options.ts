/** Options with which formulas are cooked, for every command that takes them. */
import type { Command } from 'commander'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { collect, commas } from './option-lists.ts'

export interface FormulaOptions {
  var?: string[]
  preset?: string
  legs?: string[]
}

/** `--var`, as every command has it that takes values for a formula. */
export const VAR = [
  '--var <name=value>',
  'a value that the formula asks for; may be given several times',
  collect,
] as const

/** Adds --var, --preset and --legs. */
export function withFormulaOptions(command: Command): Command {
  return command
    .option(...VAR)
    .option('--preset <name>', 'of a convoy: a named choice of its legs')
    .option('--legs <name,…>', 'of a convoy: only these legs', commas)
}

/** The values of --var. */
export function varsOf(words: string[] = []): Result<Record<string, string>> {
  const vars: Record<string, string> = {}
  for (const word of words) {
    const at = word.indexOf('=')
    if (at <= 0) {
      return fail('E_USAGE', `"${word}" gives no variable a value.`, {
        kept: 'Nothing was changed.',
        hint: '--var name=value',
        exit: EXIT.usage,
      })
    }
    vars[word.slice(0, at)] = word.slice(at + 1)
  }
  return ok(vars)
}
