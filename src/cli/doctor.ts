/** `gt doctor [--fix]`: looks for what is wrong with the machine and the town; with --fix mends what is safe to mend. */
import type { Command } from 'commander'
import type { Diagnosis, Examined } from '../doctor/check.ts'
import { diagnose } from '../doctor/doctor.ts'
import { EXIT, fail, ok } from '../result.ts'
import { version } from '../town/version.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { columns } from './town.ts'

export function register(program: Command, context: Context): void {
  const command = program
    .command('doctor')
    .description('Look for what is wrong with this machine and this town. Changes nothing without --fix.')
    .option('--fix', 'mend what is safe to mend; deletes no work, and doing it twice is doing it once')
    .addHelpText('after', '\nExample:\n  gt doctor && gt up\n  gt doctor --fix --json')
  action(command, (options: { fix?: boolean }) => doctor(context, options.fix === true))
}

async function doctor(context: Context, fix: boolean): Promise<Answer> {
  if (fix && context.env.GT_RUN) {
    return fail('E_NOT_FOR_AGENTS', 'A worker does not mend the town.', { hint: 'gt doctor   (without --fix)' })
  }
  const found = await diagnose(context.env, context.cwd, { fix, version: version() })
  const output = { data: found, text: page(found) }
  if (found.bad === 0) return ok(output)
  const mendable = found.checks.filter((check) => check.verdict === 'bad' && check.fix !== undefined).length
  const first = found.checks.find((check) => check.verdict === 'bad')
  const hint = mendable > 0 && !fix ? `gt doctor --fix   mends ${mendable} of ${found.bad}` : first?.hint
  const many = found.bad === 1 ? 'One thing is not as it should be' : `${found.bad} things are not as they should be`
  const message = `${many}${first ? `, ${found.bad === 1 ? 'namely' : 'the first is'}: ${first.title}` : ''}.`
  return ok({ ...output, exit: EXIT.failed, problem: { code: 'E_DOCTOR', message, ...(hint && { hint }) } })
}

const MARK = { good: 'ok', bad: 'BAD', unknown: '?' } as const

function page(found: Examined): string {
  const lines = found.checks.flatMap((check) => [[mark(check), check.title, visible(check.text)], ...more(check)])
  const mended = found.fixed > 0 ? `${found.fixed} mended. ` : ''
  const end = found.bad === 0 ? `${mended}Nothing is bad.` : `${mended}${found.bad} bad.`
  return `${columns(lines)}\n\n${end}`
}

const mark = (check: Diagnosis): string =>
  check.fixed !== undefined && check.verdict === 'good' ? 'mended' : MARK[check.verdict]

function more({ verdict, hint, fix, fixed }: Diagnosis): string[][] {
  const rows: string[][] = []
  if (fixed !== undefined) rows.push(['', '', `  did: ${visible(fixed)}`])
  if (fix !== undefined) rows.push(['', '', `  --fix would: ${visible(fix)}`])
  if (hint !== undefined && verdict !== 'good') rows.push(['', '', `  next: ${visible(hint)}`])
  return rows
}

/** Text of files and of other programs must not steer a terminal. */
const visible = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ')
