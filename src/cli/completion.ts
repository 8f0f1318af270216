/** `gt completion bash | zsh | fish`: prints a completion script. */
import type { Command } from 'commander'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { TABLE } from './table.ts'

export function register(program: Command, _context: Context): void {
  const command = program
    .command('completion')
    .description('Print a completion script for your shell.')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  echo \'eval "$(gt completion bash)"\' >> ~/.bashrc')
  action(command, (shell: string) => completion(shell))
}

const VERBS: Record<string, string[]> = {
  bead: ['create', 'show', 'list', 'ready', 'update', 'close', 'dep'],
  rig: ['add', 'list'],
  config: ['get', 'set', 'agent'],
  mq: ['list', 'show', 'verify', 'retry'],
  run: ['show', 'stop'],
  polecat: ['list'],
  deacon: ['run', 'start', 'stop', 'status'],
  refinery: ['run'],
  mayor: ['start', 'attach', 'stop'],
  completion: ['bash', 'zsh', 'fish'],
}

function completion(shell: string): Answer {
  const names = Object.entries(TABLE)
    .filter(([, entry]) => entry.group !== 'hidden')
    .map(([name]) => name)
  const script = new Map([
    ['bash', bash],
    ['zsh', zsh],
    ['fish', fish],
  ]).get(shell)
  if (script === undefined)
    return fail('E_USAGE', `No completion for "${shell}".`, { hint: 'bash, zsh or fish', exit: EXIT.usage })
  const text = script(names)
  return ok({ data: { shell, script: text }, text })
}

function bash(names: string[]): string {
  const cases = Object.entries(VERBS).map(([noun, verbs]) => `    ${noun}) words="${verbs.join(' ')}" ;;`)
  return `_gt() {
  local words=""
  if [ "$COMP_CWORD" = 1 ]; then words="${names.join(' ')}"
  elif [ "$COMP_CWORD" = 2 ]; then case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac; fi
  COMPREPLY=($(compgen -W "$words --json --help" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _gt gt`
}

function zsh(names: string[]): string {
  const cases = Object.entries(VERBS).map(([noun, verbs]) => `    ${noun}) compadd ${verbs.join(' ')} ;;`)
  return `#compdef gt
_gt() {
  if (( CURRENT == 2 )); then compadd ${names.join(' ')}
  elif (( CURRENT == 3 )); then case "\${words[2]}" in
${cases.join('\n')}
  esac; fi
}
compdef _gt gt`
}

function fish(names: string[]): string {
  const lines = names.map(
    (name) => `complete -c gt -f -n __fish_use_subcommand -a ${name} -d '${TABLE[name]?.summary.replace(/['’]/g, '')}'`,
  )
  for (const [noun, verbs] of Object.entries(VERBS)) {
    lines.push(`complete -c gt -f -n '__fish_seen_subcommand_from ${noun}' -a '${verbs.join(' ')}'`)
  }
  return lines.join('\n')
}
