/** The table of commands, their help and their completion say the same and tell the truth. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { register as registerCompletion } from '../../src/cli/completion.ts'
import type { Context } from '../../src/cli/context.ts'
import { slotOf } from '../../src/cli/context.ts'
import { overview } from '../../src/cli/help.ts'
import { TABLE } from '../../src/cli/table.ts'

const names = Object.keys(TABLE)
const shown = names.filter((name) => TABLE[name]!.group !== 'hidden')

/** The command of that name, as its module registers it. */
async function commandOf(name: string): Promise<Command> {
  const program = new Command('gt').enablePositionalOptions()
  const { register } = await TABLE[name]!.load()
  register(program, {} as Context)
  const found = program.commands.find((one) => one.name() === name || one.aliases().includes(name))
  expect(found, `${name} is not registered by its module`).toBeDefined()
  return found!
}

/** The command and everything below it, with the words that call each. */
function* withVerbs(command: Command, words: string): Generator<[string, Command]> {
  yield [words, command]
  for (const verb of command.commands) yield* withVerbs(verb, `${words} ${verb.name()}`)
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (piece) => {
      text += piece
    },
  })
  command.outputHelp()
  return text
}

describe.each(names)('gt %s', (name) => {
  test('its module registers it, and each of its verbs does something and says what', async () => {
    for (const [words, command] of withVerbs(await commandOf(name), name)) {
      // commander keeps the body here; a command with neither body nor verbs answers nothing and exits 0.
      const body = (command as Command & { _actionHandler?: unknown })._actionHandler
      expect(Boolean(body) || command.commands.length > 0, words).toBe(true)
      if (TABLE[name]!.group !== 'hidden') expect(command.description(), words).toMatch(/^[A-Z].*[.?]$/s)
    }
  })

  test.runIf(TABLE[name]!.group !== 'hidden')(
    'its help shows an example that calls it, and fits a screen',
    async () => {
      const help = helpOf(await commandOf(name))
      const example = help.split('\nExample:\n')[1] ?? ''
      expect(example).toMatch(new RegExp(`\\bgt ${name}\\b`))
      expect(help.split('\n').length).toBeLessThanOrEqual(40)
    },
  )
})

test('examples call commands, verbs and options that there are', async () => {
  const wrong: string[] = []
  for (const name of shown) {
    const example = helpOf(await commandOf(name)).split('\nExample:\n')[1] ?? ''
    for (const [, first, rest] of example.matchAll(/(?<![\w/~])gt ([a-z-]+)([^&\n()]*)/g)) {
      if (!names.includes(first!)) wrong.push(`gt ${first}`)
      else wrong.push(...unknownWords(await commandOf(first!), wordsOf(rest!), first!))
    }
  }
  expect(wrong).toEqual([])
})

/** Without what stands in quotes: somebody’s words. */
const wordsOf = (line: string): string[] =>
  line
    .replace(/"[^"]*"/g, '')
    .split(/\s+/)
    .filter(Boolean)

/** Verbs and long options in these words that the command does not have. */
function unknownWords(top: Command, words: string[], path: string): string[] {
  let command = top
  const wrong: string[] = []
  let isValue = false
  for (const word of words) {
    const verb = command.commands.find((one) => one.name() === word)
    const option = command.options.find(({ long, short }) => word === long || word === short)
    const belongs = isValue
    isValue = option?.required === true
    if (belongs) continue
    if (verb) command = verb
    else if (command.commands.length > 0 && /^[a-z]/.test(word)) return [...wrong, `gt ${path} ${word}`]
    else if (word.startsWith('--') && word !== '--json' && option === undefined) wrong.push(`gt ${path} … ${word}`)
  }
  return wrong
}

test('every file that registers a command is in the table', () => {
  const folder = new URL('../../src/cli/', import.meta.url)
  const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8')
  const registers = readdirSync(folder).filter((file) => /^export function register\(/m.test(textOf(file)))
  const loaded = [...textOf('table.ts').matchAll(/import\('\.\/([\w-]+\.ts)'\)/g)].map(([, file]) => file)
  expect(registers.length).toBeGreaterThan(10)
  expect([...new Set(loaded)].sort()).toEqual(registers.sort())
})

test('gt --help names every command that people see, no hidden one, and fits a screen', () => {
  const text = overview()
  const lines = text.split('\n')
  for (const name of shown) {
    const { group, summary, rare } = TABLE[name]!
    if (rare) expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  and: .*\\b${name}\\b`)))
    else if (group === 'worker')
      expect(lines.find((line) => line.startsWith('  hook, '))).toMatch(new RegExp(`\\b${name}\\b`))
    else expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${name} +${summary.slice(0, 20)}`)))
  }
  for (const hidden of names.filter((name) => !shown.includes(name) && name !== 'bd'))
    expect(text).not.toContain(hidden)
  expect(lines.length).toBeLessThanOrEqual(50)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120)
})

/** What `gt completion <shell>` prints. */
async function script(shell: string): Promise<string> {
  const program = new Command('gt').exitOverride()
  registerCompletion(program, {} as Context)
  await program.parseAsync(['completion', shell], { from: 'user' })
  const { answer } = slotOf(program)
  return answer?.kind === 'ok' ? answer.value.text : `refused: ${answer?.failure.code}`
}

/** Words that bash offers after these, with the cursor at the last one. */
function offered(text: string, ...words: string[]): string[] {
  const ask = `${text}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gt; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', ask, 'bash', ...words], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')
}

test('bash completes every command that people see', async () => {
  const text = await script('bash')
  expect(
    offered(text, 'gt', '')
      .filter((word) => !word.startsWith('-'))
      .sort(),
  ).toEqual([...shown].sort())
  expect(offered(text, 'gt', 'sl')).toEqual(['sling'])
})

test.each(shown)('bash completes the verbs of gt %s, all of them and only them', async (name) => {
  const command = await commandOf(name)
  const verbs = name === 'completion' ? ['bash', 'zsh', 'fish'] : command.commands.map((verb) => verb.name())
  const words = offered(await script('bash'), 'gt', name, '').filter((word) => !word.startsWith('-'))
  expect(words.filter(Boolean).sort()).toEqual(verbs.sort())
})

function installed(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test.each(['bash', 'zsh', 'fish'])(
  'the script for %s names every command and verb, and parses where there is such a shell',
  async (shell) => {
    const text = await script(shell)
    for (const name of shown) {
      expect(text).toMatch(new RegExp(`\\b${name}\\b`))
      for (const verb of (await commandOf(name)).commands) expect(text).toMatch(new RegExp(`\\b${verb.name()}\\b`))
    }
    if (installed(shell)) execFileSync(shell, ['-n'], { input: text, stdio: ['pipe', 'ignore', 'pipe'] })
  },
)

test.each(['tcsh', '', 'constructor', '__proto__'])('no completion for "%s"', async (shell) => {
  expect(await script(shell)).toBe('refused: E_USAGE')
})
