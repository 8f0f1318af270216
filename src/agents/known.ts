/** Which agents there are, and which of them can be started here. */
import type { PermissionMode } from './launch.ts'
import { modesOf } from './modes.ts'
import type { AgentTable, OwnTable } from './preset.ts'
import { BUILT_IN, findProgram, tableOf, usageOf } from './preset.ts'

export interface KnownAgent {
  name: string
  /** What people call its program. */
  title: string | null
  /** First word of its command. */
  program: string
  /** Where that is; null: not installed. `gt` is this very installation. */
  place: string | null
  /** The line that installs it, where one is known. */
  install: string | null
  /** It stands in the town's settings. */
  own: boolean
  /** Permission modes that it can be started in; none: they mean nothing to it. */
  modes: readonly PermissionMode[]
  /** It takes up a conversation again; otherwise a fresh one begins with all that was left for it. */
  resumes: boolean
  /** What it gets by hook: mail, reminders, its first word on the town. */
  hooks: AgentTable['hooks']
  usage: ReturnType<typeof usageOf>
}

/** Built-in agents in their order, then the town's own by name. `path`: the value of PATH. */
export function knownAgents(custom: Record<string, OwnTable>, path: string | undefined): KnownAgent[] {
  const builtIn = Object.keys(BUILT_IN)
  const names = [...builtIn, ...Object.keys(custom).filter((name) => !builtIn.includes(name))]
  return names.flatMap((name) => {
    const table = tableOf(name, custom)
    if (table === undefined) return []
    const program = table.command[0] ?? ''
    const found = program === 'gt' ? 'gt' : findProgram(program, path)
    return {
      name,
      title: table.title ?? null,
      program,
      place: typeof found === 'string' ? found : found.kind === 'ok' ? found.value : null,
      install: table.install ?? null,
      own: Object.hasOwn(custom, name),
      modes: modesOf(table),
      resumes: table.hooks === 'claude' || table.resume !== undefined,
      hooks: table.hooks,
      usage: usageOf(table),
    }
  })
}

/** The built-in clients beside Claude Code: those that are installed, and those that are not. */
export function otherClients(path: string | undefined): { here: string[]; missing: string[] } {
  const clients = knownAgents({}, path).filter(({ install, hooks }) => install !== null && hooks === 'none')
  const names = (installed: boolean) =>
    clients.filter(({ place }) => (place !== null) === installed).map(({ name }) => name)
  return { here: names(true), missing: names(false) }
}
