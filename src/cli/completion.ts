/** `gt completion bash | zsh | fish`: prints a completion script, made from what the commands say of themselves. */
import { Command } from 'commander'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import type { Entry } from './table.ts'
import { TABLE } from './table.ts'

const SHELLS = { bash, zsh, fish }

export function register(program: Command, context: Context): void {
  const command = program
    .command('completion')
    .description('Print a completion script for your shell.')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  echo \'eval "$(gt completion bash)"\' >> ~/.bashrc')
  action(command, (shell: string) => completion(context, shell))
}

/** A command that people see, and the words that may follow it. */
interface Noun {
  name: string
  summary: string
  verbs: string[]
}

async function completion(context: Context, shell: string): Promise<Answer> {
  if (!Object.hasOwn(SHELLS, shell)) {
    return fail('E_USAGE', `No completion for "${shell}".`, { hint: 'bash, zsh or fish', exit: EXIT.usage })
  }
  const shown = Object.entries(TABLE).filter(([, entry]) => entry.group !== 'hidden')
  const nouns = await Promise.all(shown.map(([name, entry]) => nounOf(name, entry, context)))
  const text = SHELLS[shell as keyof typeof SHELLS](nouns)
  return ok({ data: { shell, script: text }, text })
}

async function nounOf(name: string, entry: Entry, context: Context): Promise<Noun> {
  const { summary } = entry
  if (name === 'completion') return { name, summary, verbs: Object.keys(SHELLS) }
  const program = new Command('gt').enablePositionalOptions()
  // Registering only builds the parser; nothing here runs a command.
  const { register } = await entry.load()
  register(program, context)
  const verbs = program.commands.find((one) => one.name() === name)?.commands ?? []
  return { name, summary, verbs: verbs.map((verb) => verb.name()) }
}

const namesOf = (nouns: Noun[]): string => nouns.map(({ name }) => name).join(' ')

const withVerbs = (nouns: Noun[], line: (name: string, verbs: string) => string): string =>
  nouns
    .filter(({ verbs }) => verbs.length > 0)
    .map(({ name, verbs }) => line(name, verbs.join(' ')))
    .join('\n')

function bash(nouns: Noun[]): string {
  return `_gt() {
  local words=""
  if [ "$COMP_CWORD" = 1 ]; then words="${namesOf(nouns)}"
  elif [ "$COMP_CWORD" = 2 ]; then case "\${COMP_WORDS[1]}" in
${withVerbs(nouns, (name, verbs) => `    ${name}) words="${verbs}" ;;`)}
  esac; fi
  COMPREPLY=($(compgen -W "$words --json --help" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _gt gt`
}

function zsh(nouns: Noun[]): string {
  return `#compdef gt
_gt() {
  if (( CURRENT == 2 )); then compadd ${namesOf(nouns)}
  elif (( CURRENT == 3 )); then case "\${words[2]}" in
${withVerbs(nouns, (name, verbs) => `    ${name}) compadd ${verbs} ;;`)}
  esac; fi
}
compdef _gt gt`
}

function fish(nouns: Noun[]): string {
  const plain = (text: string): string => text.replace(/['’\\]/g, '')
  const lines = nouns.map(
    ({ name, summary }) => `complete -c gt -f -n __fish_use_subcommand -a ${name} -d '${plain(summary)}'`,
  )
  const verbs = withVerbs(
    nouns,
    (name, words) => `complete -c gt -f -n '__fish_seen_subcommand_from ${name}' -a '${words}'`,
  )
  return `${lines.join('\n')}\n${verbs}`
}
