/** `gt bead …` (and `gt bd …`): tasks. One file per idea: bead-*.ts. */
import type { Command } from 'commander'
import { registerCreate } from './bead-create.ts'
import { registerGraph } from './bead-graph.ts'
import { registerList } from './bead-list.ts'
import { registerPort } from './bead-port.ts'
import { registerShow } from './bead-show.ts'
import { registerSync } from './bead-sync.ts'
import { registerUpdate } from './bead-update.ts'
import type { Context } from './context.ts'

export function register(program: Command, context: Context): void {
  const bead = program
    .command('bead')
    .alias('bd')
    .description('Tasks. A bead is one task: one line of JSON kept in git.')
    .addHelpText('after', '\nExample:\n  gt bead create "Fix the date parser" --rig app --body "It reads 2026-02-30."')
  registerCreate(bead, context)
  registerShow(bead, context)
  registerList(bead, context)
  registerGraph(bead, context)
  registerUpdate(bead, context)
  registerSync(bead, context)
  registerPort(bead, context)
}
