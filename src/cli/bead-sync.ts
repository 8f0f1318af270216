/** `gt bead merge`: git's merge driver for files of beads. `gt bead sync` and `gt bead archive`: with other clones, and away. */
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { renameOver, writeTemporary } from '../beads/disk.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { withTown } from './town.ts'

export function registerSync(bead: Command, context: Context): void {
  action(
    bead
      .command('sync')
      .description('Bring the ledger and its remote together: fetch, merge field by field, push.')
      .option('--remote <name>', 'a remote of the ledger’s own git repository', 'origin'),
    (options: { remote: string }) => sync(context, options.remote),
  )
  action(
    bead
      .command('archive')
      .description(
        'Move beads that closed more than a week ago out of the live file (once a day this happens by itself).',
      ),
    () => archive(context),
  )
  action(
    bead
      .command('merge')
      .description('Merge three files of beads, field by field (git calls this; exit 1: something was changed twice).')
      .argument('<base>')
      .argument('<ours>')
      .argument('<theirs>')
      .requiredOption('--output <file>', 'where the result goes; may be one of the three'),
    (base: string, ours: string, theirs: string, options: { output: string }) =>
      merge(context, { base, ours, theirs }, options.output),
  )
}

async function sync(context: Context, remote: string): Promise<Answer> {
  const { syncLedger } = await import('../beads/sync.ts')
  return withTown(context, async (town) => {
    context.progress(`Syncing with ${remote} …`)
    const synced = await syncLedger(town.ledger, { remote })
    if (synced.kind === 'error') return synced
    const { received, pushed, conflicts, renamed, branch } = synced.value
    const lines = [
      received === 0 ? 'Nothing new from the others.' : `${received} bead${received === 1 ? '' : 's'} changed here.`,
      pushed ? `Pushed to ${remote}/${branch}.` : `${remote}/${branch} has everything.`,
      ...renamed.map(({ from, to }) => `Two beads had the id ${from}; the younger one is ${to} now.`),
      ...conflicts.map(({ id, field }) => `${id}: both sides changed ${field}; the other value is kept in the bead.`),
    ]
    return ok({ data: synced.value, text: lines.join('\n') })
  })
}

async function archive(context: Context): Promise<Answer> {
  const { archiveCold } = await import('../beads/archive.ts')
  const { commitLedger } = await import('../beads/git.ts')
  return withTown(context, async (town) => {
    const moved = archiveCold(town.ledger, town.now())
    if (moved.kind === 'error') return moved
    const committed = await commitLedger(town.ledger)
    if (committed.kind === 'error') return committed
    const text =
      moved.value.moved === 0
        ? 'Nothing to archive.'
        : `${moved.value.moved} beads moved to ${town.paths.beads}/archive.`
    return ok({ data: moved.value, text })
  })
}

async function merge(
  context: Context,
  files: { base: string; ours: string; theirs: string },
  output: string,
): Promise<Answer> {
  const { mergeFiles } = await import('../beads/merge-files.ts')
  const at = (path: string): string => resolve(context.cwd, path)
  const paths = { base: at(files.base), ours: at(files.ours), theirs: at(files.theirs) }
  const { archivedInMerge } = await import('../beads/merge-archive.ts')
  const merged = mergeFiles(paths, await archivedInMerge(context.cwd, context.env))
  if (merged.kind === 'error') return merged
  const { text, conflicts, renamed } = merged.value
  const written = write(at(output), text)
  if (written.kind === 'error') return written
  const beads = text.split('\n').length - 1
  const lines = renamed.map(({ from, to }) => `Two beads had the id ${from}; the younger one is ${to} now.`)
  const data = { output, beads, conflicts, renamed }
  if (conflicts.length === 0) return ok({ data, text: [`${beads} beads in ${output}.`, ...lines].join('\n') })
  const where = [...new Set(conflicts.map(({ id, field }) => `${id} (${field})`))]
  const shown = where.slice(0, 5).join(', ') + (where.length > 5 ? ` and ${where.length - 5} more` : '')
  return ok({
    data,
    text: lines.join('\n'),
    exit: EXIT.failed,
    problem: {
      code: 'E_CONFLICT',
      message: `Both sides changed the same: ${shown}. The result is whole: the younger value stands, the other one is kept in the bead under metadata.gt.conflicts.`,
      hint: `gt bead show ${conflicts[0]!.id} --json`,
    },
  })
}

function write(path: string, text: string): Result<void> {
  try {
    renameOver(writeTemporary(dirname(path), text), path)
    return ok(undefined)
  } catch (error) {
    return fail('E_FILE', `${path} could not be written: ${messageOf(error)}.`, { kept: 'Nothing was changed.' })
  }
}
