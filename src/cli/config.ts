/** `gt config get | set | agent set`: settings, without losing comments. */
import type { Command } from 'commander'
import { openLedger } from '../beads/ledger.ts'
import { actor, locateTown } from '../kernel/town.ts'
import { fail, ok } from '../result.ts'
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
  const agent = config.command('agent').description('Agents of your own.')
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
  if (context.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker may not change settings.')
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
  tellTown(root.value, context, `${key} = ${value}`)
  return ok({ data: { key, value, file: done.value.file }, text: `${key} = ${value}   (${done.value.file})` })
}

function setAgent(context: Context, name: string, words: string[]): Answer {
  // Behind the name commander passes everything through, the separator too.
  const command = words[0] === '--' ? words.slice(1) : words
  if (context.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker may not change settings.')
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
 * disk) the setting holds all the same, from the next heartbeat on.
 */
function tellTown(root: string, context: Context, what: string): void {
  const ledger = openLedger(paths({ root }).beads)
  if (ledger.kind === 'error') return
  ledger.value.write({ by: actor(context.env), why: `setting changed: ${what}`, ops: [] })
  ledger.value.close()
}
