/** Runs one command: parses with commander, prints what it answers, sets the exit code. */
import { Command, CommanderError } from 'commander'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, messageOf } from '../result.ts'
import { nearest } from '../town/nearest.ts'
import type { Answer, Context, Output } from './context.ts'
import { slotOf } from './context.ts'
import type { CommandModule } from './table.ts'
import { TABLE } from './table.ts'
import { printable } from './text.ts'

/** Longest error text (design section 11). */
const ERROR_BYTES = 2048

export async function run(module: CommandModule, argv: string[]): Promise<void> {
  const context = makeContext()
  const program = new Command('gt').exitOverride().enablePositionalOptions()
  program.configureOutput({
    writeOut: (text) => process.stdout.write(text),
    writeErr: () => {},
    outputError: () => {},
  })
  module.register(program, context)
  inheritSettings(program)
  const called = calledCommand(program, argv)
  const { json, args } = takeJson(argv, called.takesValue)
  context.json = json
  let answer: Answer | undefined
  try {
    await program.parseAsync(args, { from: 'user' })
    answer = slotOf(program).answer
  } catch (thrown) {
    answer = thrownAnswer(thrown, called)
  }
  if (answer !== undefined) process.exitCode = print(answer, json)
  // Interrupted: what is still under way here is in the ledger, and nothing may keep the person waiting.
  if (context.signal.aborted) process.exit()
}

/** `--json` may stand anywhere before `--`, but not as the value of an option: there it is somebody's words. */
function takeJson(argv: string[], takesValue: Called['takesValue']): { json: boolean; args: string[] } {
  const end = argv.indexOf('--')
  const own = end < 0 ? argv : argv.slice(0, end)
  const rest = end < 0 ? [] : argv.slice(end)
  const isOurs = (word: string, at: number): boolean => word === '--json' && !takesValue(own[at - 1] ?? '')
  return { json: own.some(isOurs), args: [...own.filter((word, at) => !isOurs(word, at)), ...rest] }
}

/** The context of this process; `json` is set once the words are read. */
/** A folder that was deleted underneath us is no reason to stumble: the town may still be named by GT_TOWN or ~/gt. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

function makeContext(): Context {
  const stop = new AbortController()
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
    stop.abort(signal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const context: Context = {
    env: process.env,
    cwd: workingDirectory(),
    json: false,
    get interactive() {
      return process.stdin.isTTY === true && process.stderr.isTTY === true && !context.json
    },
    progress: (line) => {
      if (!context.json) process.stderr.write(`${line}\n`)
    },
    signal: stop.signal,
  }
  return context
}

/** commander does not hand exitOverride and output settings down to verbs made with `.command()` before they are set. */
function inheritSettings(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    child.addHelpText('afterAll', '')
    inheritSettings(child)
  }
}

function thrownAnswer(thrown: unknown, called: Called): Answer | undefined {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return undefined
    const how = { hint: `${called.name} --help`, exit: EXIT.usage }
    if (thrown.code === 'commander.help') {
      return fail('E_USAGE', `${called.name} needs a verb: ${called.verbs.join(', ')}.`, how)
    }
    return fail('E_USAGE', sentence(thrown.message.replace(/^error: /, '')), how)
  }
  if (process.env.GT_DEBUG) console.error(thrown)
  return fail('E_BUG', `gt stumbled: ${messageOf(thrown)}.`, {
    hint: 'GT_DEBUG=1 shows where; please report it',
    exit: EXIT.bug,
  })
}

/** "unknown option '--x'" → "Unknown option '--x'."; what commander adds after a line break ("Did you mean …") stays. */
function sentence(words: string): string {
  const line = words.trim().replace(/\s*\n\s*/g, '. ')
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}${/[.?)]$/.test(line) ? '' : '.'}`
}

interface Called {
  /** `gt bead dep`. */
  name: string
  verbs: string[]
  /** Whether this word is an option of it that is followed by a value. */
  takesValue(word: string): boolean
}

/** The command that these words call, as far as there is one. */
function calledCommand(program: Command, words: string[]): Called {
  let command = program
  for (const word of words) {
    if (word === '--json') continue
    const verb = command.commands.find((one) => one.name() === word || one.aliases().includes(word))
    if (verb === undefined) break
    command = verb
  }
  let name = command.name()
  for (let above = command.parent; above !== null; above = above.parent) name = `${above.name()} ${name}`
  const { options } = command
  return {
    name,
    verbs: command.commands.map((one) => one.name()),
    takesValue: (word) => options.some((option) => option.required && (option.long === word || option.short === word)),
  }
}

/** Prints an answer and tells the exit code. */
function print(answer: Answer, json: boolean): number {
  if (answer.kind === 'error') {
    if (json) writeJson({ ok: false, error: errorJson(answer.failure) })
    else process.stderr.write(errorText(answer.failure))
    return answer.failure.exit
  }
  const { data, text, exit = EXIT.done, problem } = answer.value
  if (json)
    writeJson(exit === EXIT.done || !problem ? { ok: true, data } : { ok: false, error: errorJson(problem), data })
  else {
    if (text !== '') process.stdout.write(`${text}\n`)
    if (problem) process.stderr.write(errorText({ ...problem, exit }))
  }
  return exit
}

function errorJson({ code, message, kept, hint }: Pick<Failure, 'code' | 'message' | 'kept' | 'hint'>): object {
  const short = { ...(kept && { kept: clip(kept, 256) }), ...(hint && { hint: clip(hint, 512) }) }
  return { code, message: clip(message, ERROR_BYTES - 1024), ...short }
}

const writeJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

function errorText(failure: Failure): string {
  const lines = [`gt: ${failure.message}`]
  if (failure.kept) lines.push(`  kept: ${failure.kept}`)
  if (failure.hint) lines.push(`  next: ${failure.hint}`)
  // Words of files, beads and other programs must not steer a terminal.
  return `${clip(printable(lines.join('\n')), ERROR_BYTES - 1)}\n`
}

/** At most so many bytes of UTF-8. */
function clip(text: string, most: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text
  // A character that was cut in two comes out as U+FFFD.
  return `${bytes
    .subarray(0, most - 4)
    .toString('utf8')
    .replace(/\uFFFD$/, '')} …`
}

/** A command that does not exist: the nearest one that does. */
export function unknownCommand(name: string, argv: string[]): void {
  const shown = Object.keys(TABLE).filter((known) => TABLE[known]?.group !== 'hidden')
  const hint = `gt ${nearest(name, shown) ?? '--help'}`
  const answer: Result<Output> = fail('E_USAGE', `There is no command "${name}".`, { hint, exit: EXIT.usage })
  process.exitCode = print(answer, takeJson(argv, () => false).json)
}
