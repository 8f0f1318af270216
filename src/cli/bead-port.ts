/** `gt bead import`, `export`: files of other beads tools, and for them. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Command } from 'commander'
import type { BeadRemark, Reader } from '../beads/export.ts'
import type { ImportPlan } from '../beads/import.ts'
import type { Remark } from '../beads/import-lines.ts'
import { actor } from '../kernel/town.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { mustApply, plain, withTown } from './town.ts'

/** Adds the verbs. */
export function registerPort(bead: Command, context: Context): void {
  action(
    bead
      .command('import')
      .description('Take in a file that bd, br or gt exported. All of it or nothing.')
      .argument('<file>', 'JSONL, or - for standard input')
      .option('--rig <rig>', 'the project of beads that name none')
      .option('--dry-run', 'say what would happen, write nothing')
      .addHelpText('after', '\nExample:\n  gt bead import old/.beads/issues.jsonl --rig app --dry-run'),
    (file: string, options: ImportOptions) => importFile(context, file, options),
  )
  action(
    bead
      .command('export')
      .description('Write the beads as JSONL, for a backup or another beads tool.')
      .option('--rig <rig>', 'only that project')
      .option('--output <file>', 'without it: standard output')
      .option('--for <tool>', 'bd or br: what that tool accepts', 'gt')
      .addHelpText('after', '\nExample:\n  gt bead export --rig app --for br --output issues.jsonl'),
    (options: ExportOptions) => exportFile(context, options),
  )
}

interface ImportOptions {
  rig?: string
  dryRun?: boolean
}

/** Most lines of one kind that a screen shows; `--json` has all of them. */
const SHOWN = 20

async function importFile(context: Context, file: string, options: ImportOptions): Promise<Answer> {
  // A file says anything of any bead: that it is closed, what it asks for, whose words a message holds.
  if (context.env.GT_RUN)
    return fail('E_NOT_FOR_AGENTS', 'A worker does not import beads.', { kept: 'Nothing was imported.' })
  const path = file === '-' ? 'standard input' : resolve(context.cwd, file)
  let bytes: Buffer
  try {
    bytes = readFileSync(file === '-' ? 0 : path)
  } catch (error) {
    return fail('E_FILE', `${path} could not be read: ${messageOf(error)}.`, {
      kept: 'Nothing was imported.',
      hint: 'Name a file of one bead a line, such as .beads/issues.jsonl, or - for standard input.',
    })
  }
  const [{ readExport }, { planImport }, { archivedBeads, pastOf }] = await Promise.all([
    import('../beads/import-lines.ts'),
    import('../beads/import.ts'),
    import('../beads/import-past.ts'),
  ])
  const lines = readExport(bytes)
  return withTown(context, async (town) => {
    if (options.rig !== undefined) {
      const rig = await town.rig(options.rig)
      if (rig.kind === 'error') return rig
    }
    const source = file === '-' ? path : basename(path)
    const author = {
      by: actor(town.env),
      at: town.now().toISOString(),
      ...(town.env.GT_RUN && { fence: town.env.GT_RUN }),
    }
    const { dir, state } = town.ledger
    const archived = archivedBeads(dir)
    if (archived.kind === 'error') return archived
    const plan = planImport(state, lines, author, {
      source,
      archived: archived.value,
      past: pastOf(dir),
      ...(options.rig !== undefined && { rig: options.rig }),
    })
    const data = { ...counts(plan), file: path, dryRun: options.dryRun === true }
    if (plan.problems.length > 0) return stopped(path, file, plan, data)
    if (plan.input !== null && !options.dryRun) {
      const applied = mustApply(town.ledger.write(plan.input), 'A bead of the file')
      if (applied.kind === 'error') return applied
    }
    return ok({ data, text: report(path, plan, options.dryRun === true) })
  })
}

const counts = (plan: ImportPlan) => ({
  created: plan.created.length,
  updated: plan.updated.length,
  unchanged: plan.unchanged.length,
  skipped: plan.skipped,
  notes: plan.notes,
  problems: plan.problems,
  cycles: plan.cycles,
})

/** Nothing was imported: which lines stand in the way. */
function stopped(path: string, file: string, plan: ImportPlan, data: unknown): Answer {
  const [first] = plan.problems
  const more = plan.problems.length - 1
  return ok({
    data,
    text: shown(path, plan.problems).join('\n'),
    exit: EXIT.failed,
    problem: {
      code: 'E_IMPORT',
      message: `Nothing was imported: ${path} line ${first!.line}: ${plain(first!.text, 300)}${more > 0 ? `; and ${more} more` : ''}.`,
      hint: `Mend the lines, then: gt bead import ${file} --dry-run`,
    },
  })
}

function report(path: string, plan: ImportPlan, dry: boolean): string {
  const { created, updated, unchanged } = counts(plan)
  const did = dry ? 'Would import' : 'Imported'
  const lines = [`${did} ${created} new, ${updated} changed; ${unchanged} are as they were.`]
  for (const skip of plan.skipped.slice(0, SHOWN))
    lines.push(`${path}:${skip.line}: not a bead, left out: ${skip.text}`)
  lines.push(...shown(path, plan.notes))
  for (const { line, ids } of plan.cycles.slice(0, SHOWN))
    lines.push(`${path}:${line}: a circle, nothing in it is ever ready: ${ids.join(' needs ')}`)
  return lines.join('\n')
}

function shown(path: string, remarks: Remark[]): string[] {
  const lines = remarks
    .slice(0, SHOWN)
    .map(({ line, id, text }) => `${path}:${line}: ${id === undefined ? '' : `${id}: `}${plain(text, 300)}`)
  if (remarks.length > SHOWN) lines.push(`… and ${remarks.length - SHOWN} more; --json has them all`)
  return lines
}

interface ExportOptions {
  rig?: string
  output?: string
  for: string
}

async function exportFile(context: Context, options: ExportOptions): Promise<Answer> {
  if (!['gt', 'bd', 'br'].includes(options.for)) {
    return fail('E_USAGE', `There is no export for "${options.for}".`, {
      hint: '--for bd, or --for br',
      exit: EXIT.usage,
    })
  }
  const [{ exportBeads }, { archivedBeads }] = await Promise.all([
    import('../beads/export.ts'),
    import('../beads/import-past.ts'),
  ])
  return withTown(context, async (town) => {
    if (options.rig !== undefined) {
      const rig = await town.rig(options.rig)
      if (rig.kind === 'error') return rig
    }
    const reader = options.for as Reader
    const { dir, state } = town.ledger
    const archived = archivedBeads(dir)
    if (archived.kind === 'error') return archived
    // A bead stands in one place; where a crash left it in two, the live one counts.
    const whole = { ...state, beads: new Map([...archived.value, ...state.beads]) }
    const made = exportBeads(whole, { reader, ...(options.rig !== undefined && { rig: options.rig }) })
    const { text, count, notes, refused } = made
    const data = { count, for: reader, notes, refused, output: options.output ?? null }
    if (refused.length > 0) {
      const first = refused[0]!
      return ok({
        data,
        text: beadLines(refused).join('\n'),
        exit: EXIT.failed,
        problem: {
          code: 'E_EXPORT',
          message: `${reader} would refuse the file, so none was written: ${first.id}: ${plain(first.text, 300)}${refused.length > 1 ? `; and ${refused.length - 1} more` : ''}.`,
          hint: `Mend them (gt bead update ${first.id} …), or write them as they are: gt bead export`,
        },
      })
    }
    if (options.output === undefined) {
      for (const line of beadLines(notes)) context.progress(line)
      return ok({ data: { ...data, jsonl: text }, text: text.trimEnd() })
    }
    const path = resolve(context.cwd, options.output)
    const written = writeWhole(path, text)
    if (written !== null)
      return fail('E_FILE', `The file could not be written: ${written}.`, { kept: 'No file was changed.' })
    return ok({ data: { ...data, output: path }, text: [`${count} beads in ${path}.`, ...beadLines(notes)].join('\n') })
  })
}

const beadLines = (remarks: BeadRemark[]): string[] => [
  ...remarks.slice(0, SHOWN).map(({ id, text }) => `${id}: ${plain(text, 300)}`),
  ...(remarks.length > SHOWN ? [`… and ${remarks.length - SHOWN} more; --json has them all`] : []),
]

/** Never half a file: written beside, then renamed. The reason when it cannot be. */
function writeWhole(path: string, text: string): string | null {
  const beside = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(beside, text)
    renameSync(beside, path)
    return null
  } catch (error) {
    rmSync(beside, { force: true })
    return messageOf(error)
  }
}
