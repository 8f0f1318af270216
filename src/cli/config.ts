/** `gt config get | set | models | agent list | agent set`: settings, without losing comments. */
import type { Command } from 'commander'
import type { State } from '../beads/fold.ts'
import { activeRuns } from '../beads/fold.ts'
import { openLedger } from '../beads/ledger.ts'
import { isAgent } from '../kernel/landing.ts'
import { actor, locateTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { getConfig, setConfig } from '../town/config.ts'
import { paths } from '../town/paths.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'

export function register(program: Command, context: Context): void {
  const config = program
    .command('config')
    .description('Settings of the town (town.toml) and of its rigs (rig.NAME.… is rig.toml).')
    .addHelpText('after', '\nExample:\n  gt config set workers.max 8\n  gt config set rig.app.gate "npm test"')
  action(config.command('get').description('One setting, or a table of them.').argument('<key>'), (key: string) =>
    get(context, key),
  )
  action(
    config.command('set').description('Change a setting; comments stay.').argument('<key>').argument('<value>'),
    (key: string, value: string) => set(context, key, value),
  )
  action(
    config.command('models').description('Which model each role starts with, and the setting that decides it.'),
    async () => (await import('./config-models.ts')).configModels(context),
  )
  const agent = config.command('agent').description('Agents: which there are, and those of your own.')
  action(
    agent.command('list').description('Every agent that can be slung to, and whether its program is here.'),
    async () => (await import('./config-agents.ts')).listAgents(context),
  )
  action(
    agent
      .command('set')
      .description('Name a program that can be slung to with --agent.')
      .argument('<name>')
      .argument('<command...>', 'program and arguments; put -- before those that begin with a dash')
      .passThroughOptions(),
    (name: string, command: string[]) => setAgent(context, name, command),
  )
}

function get(context: Context, key: string): Answer {
  const root = locateTown(context.env, context.cwd)
  if (root.kind === 'error') return root
  const value = getConfig(root.value, key)
  if (value.kind === 'error') return value
  if (value.kind !== 'ok') return fail('E_NO_SETTING', `${key} is not set.`, { hint: `gt config set ${key} <value>` })
  const text = typeof value.value === 'string' ? value.value : JSON.stringify(value.value)
  return ok({ data: { key, value: value.value }, text })
}

function set(context: Context, key: string, value: string): Answer {
  const refused = refuseAgent(context.env, key)
  if (refused !== undefined) return refused
  const root = locateTown(context.env, context.cwd)
  if (root.kind === 'error') return root
  const done = setConfig(root.value, key, value)
  if (done.kind === 'error') return done
  if (key.endsWith('permissions.mode')) {
    // Choosing a mode is the consent, and consent is recorded with who and when.
    const table = key.slice(0, -'mode'.length)
    const by = setConfig(root.value, `${table}agreed_by`, context.env.USER || actor(context.env))
    if (by.kind === 'error') return by
    const at = setConfig(root.value, `${table}agreed_at`, new Date().toISOString())
    if (at.kind === 'error') return at
  }
  const meaning = tellTown(root.value, context, `${key} = ${value}`, (state) => whatItMeans(key, value, state))
  const text = [`${key} = ${value}   (${done.value.file})`, meaning].filter(Boolean).join('\n')
  return ok({ data: { key, value, file: done.value.file }, text })
}

/** What the Mayor and the crew may set when a person asks them to: how many work at once, and with which model. */
const OPEN_TO_AGENTS = /^workers\.max$|^(?:rig\.[^.]+\.)?models\./

/**
 * Refuses an agent that would change a setting. Most settings are a person's word against agents: what they may do without asking,
 * what must pass before work lands and whether it lands by itself, what may be spent, which programs the daemon runs.
 */
export function refuseAgent(env: NodeJS.ProcessEnv, key: string): Result<never> | undefined {
  if (env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker may not change settings.')
  if (!isAgent(env) || OPEN_TO_AGENTS.test(key)) return undefined
  return fail('E_NOT_FOR_AGENTS', `${key.slice(0, 100)} is changed by people.`, {
    kept: 'Nothing was changed.',
    hint: 'Ask the person of this town to type it.',
    exit: EXIT.needsPerson,
  })
}

/** What a setting means for those who are at work now, where that is not plain; else nothing. */
export function whatItMeans(key: string, value: string, state: State): string {
  if (key !== 'workers.max') return ''
  const busy = activeRuns(state).length
  if (busy === 0) return ''
  const max = Number(value)
  const most = `At most ${max} work at once from now on; ${busy} ${busy === 1 ? 'does' : 'do'} now`
  return busy > max ? `${most}. All of them finish; nobody new starts until fewer than ${max} work.` : `${most}.`
}

function setAgent(context: Context, name: string, words: string[]): Answer {
  // Behind the name commander passes everything through, the separator too.
  const command = words[0] === '--' ? words.slice(1) : words
  const refused = refuseAgent(context.env, `agents.${name}`)
  if (refused !== undefined) return refused
  const root = locateTown(context.env, context.cwd)
  if (root.kind === 'error') return root
  const done = setConfig(root.value, `agents.${name}.command`, command)
  if (done.kind === 'error') return done
  return ok({
    data: { name, command, file: done.value.file },
    text: `Agent ${name} runs: ${command.join(' ')}\nNext: gt sling <bead> <rig> --agent ${name}`,
  })
}

/**
 * Notes the change in the ledger's trail, which also wakes whoever drives the town. Without a ledger (or with a full
 * disk) the setting holds all the same, from the next heartbeat on. Answers what it means for the town as it is.
 */
function tellTown(root: string, context: Context, what: string, meaning: (state: State) => string): string {
  const ledger = openLedger(paths({ root }).beads)
  if (ledger.kind === 'error') return ''
  ledger.value.write({ by: actor(context.env), why: `setting changed: ${what}`, ops: [] })
  const words = meaning(ledger.value.state)
  ledger.value.close()
  return words
}
