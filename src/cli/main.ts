/**
 * The entry of `gt`, behind the launcher (bin/gt.js). It loads a table and nothing else; each command brings only what
 * it needs.
 */
import { unprinted } from './print-fast.ts'
import { TABLE } from './table.ts'

async function main(argv: string[]): Promise<void> {
  // `gt help bead` is what git and others say.
  const about = argv[0] === 'help' && argv[1] !== undefined && !argv[1].startsWith('-')
  const [name, ...rest] = about ? [...argv.slice(1), '--help'] : argv
  if (name === '--help' || name === '-h' || name === 'help') {
    const { overview } = await import('./help.ts')
    return void process.stdout.write(overview())
  }
  const entry =
    name === undefined || name.startsWith('-') ? TABLE.status : Object.hasOwn(TABLE, name) ? TABLE[name] : undefined
  const { run, unknownCommand } = await import('./run.ts')
  if (entry === undefined) return unknownCommand(name ?? '', argv)
  const args = name === undefined || name.startsWith('-') ? ['status', ...argv] : [name, ...rest]
  await run(await entry.load(), args)
}

// Inside an agent the wrapper sets extra certificates aside (100 ms at every start); what gt starts gets them back.
if (process.env.GT_NODE_EXTRA_CA_CERTS) process.env.NODE_EXTRA_CA_CERTS ??= process.env.GT_NODE_EXTRA_CA_CERTS
// In a drill's town the clock may be moved (src/drill/clock.ts).
if (process.env.GT_DRILL_CLOCK) (await import('../drill/clock.ts')).moveClock(process.env.GT_DRILL_CLOCK)
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : unprinted(error))
})
await main(process.argv.slice(2))
