/** `gt --help`: one screen, with an example. */
import { TABLE } from './table.ts'

const GROUPS = {
  start: 'Start',
  work: 'Work',
  watch: 'Watch',
  town: 'Keep the town',
  worker: 'Inside a worker',
} as const

export function overview(): string {
  const lines = [
    'gt: a town of coding agents. Code keeps the books, models do the work.',
    'Usage: gt [command] [--json]        plain gt: what runs, what waits for you, what landed',
  ]
  for (const [group, title] of Object.entries(GROUPS)) {
    // No empty lines between the groups: with them it would not fit a screen.
    lines.push(`${title}:`)
    const entries = Object.entries(TABLE).filter(([, entry]) => entry.group === group)
    if (group === 'worker') {
      lines.push(`  ${entries.map(([name]) => name).join(', ')}`)
    } else {
      const rare = entries.filter(([, entry]) => entry.rare).map(([name]) => name)
      for (const [name, entry] of entries) if (!entry.rare) lines.push(`  ${name.padEnd(12)}${entry.summary}`)
      if (rare.length > 0) lines.push(`  and: ${rare.join(', ')}`)
    }
  }
  lines.push('Example:  gt install ~/gt && cd ~/gt && gt rig add app ~/src/app --gate "npm test"')
  lines.push('          gt bead create "Fix the date parser" --rig app && gt sling ap-x3k9f app --wait')
  lines.push(
    'gt <command> --help shows one command. Exit codes: 0 done, 1 failed, 2 needs you, 64 usage, 69 program missing.',
  )
  return `${lines.join('\n')}\n`
}
