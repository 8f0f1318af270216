/** `gt install <dir>`: a new town. */
import { isAbsolute, resolve } from 'node:path'
import type { Command } from 'commander'
import { initLedgerRepo } from '../beads/git.ts'
import { createLedger, openLedger } from '../beads/ledger.ts'
import { git } from '../git/run.ts'
import { keysOf } from '../kernel/town.ts'
import { ok } from '../result.ts'
import { writeConf } from '../tmux/conf.ts'
import { installTown } from '../town/install.ts'
import { paths } from '../town/paths.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'

export function register(program: Command, context: Context): void {
  const command = program
    .command('install')
    .description('Make a town: a folder outside any git work tree, with a ledger of its own.')
    .argument('<dir>', 'folder of the town, new or empty')
    .option('--name <name>', 'name of the town (default: the folder’s)')
    .addHelpText('after', '\nExample:\n  gt install ~/gt && cd ~/gt && gt rig add app ~/src/app --gate "npm test"')
  action(command, (dir: string, options: { name?: string }) => install(context, dir, options.name))
}

/** Lays out the town and opens its ledger; a second call on the same folder changes nothing. */
export async function install(context: Context, dir: string, name?: string): Promise<Answer> {
  // The ledger is a git repository: without git there would be half a town.
  const program = await git(['--version'])
  if (program.kind === 'error') return program
  const home = dir === '~' || dir.startsWith('~/') ? `${context.env.HOME ?? ''}${dir.slice(1)}` : dir
  const installed = installTown({
    dir: isAbsolute(home) ? home : resolve(context.cwd, home),
    ...(name !== undefined && { name }),
  })
  if (installed.kind === 'error') return installed
  const { town, path, existed } = installed.value
  const { beads, tmuxConf } = paths({ root: path })
  const conf = writeConf(tmuxConf, town, keysOf(path))
  if (conf.kind === 'error') return conf
  const opened = openLedger(beads)
  const ledger = opened.kind === 'error' && opened.failure.code === 'E_NO_LEDGER' ? createLedger(beads) : opened
  if (ledger.kind === 'error') return ledger
  ledger.value.close()
  const repository = await initLedgerRepo(beads)
  if (repository.kind === 'error') return repository
  const text = existed
    ? `The town ${town} is already at ${path}; nothing was changed.`
    : `The town ${town} is at ${path}\n\nNext:\n  cd ${path}\n  gt rig add <name> <git url or path> --gate "<test command>"`
  return ok({ data: { town, path }, text })
}
