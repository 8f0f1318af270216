/** `gt mq radar`: who will conflict, seen while they work. */
import type { Command } from 'commander'
import type { OpenTown } from '../kernel/town.ts'
import type { Radar } from '../refinery/radar-plan.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { columns, plain, withTown } from './town.ts'

/** Rows of each kind that a screen takes. */
const ROWS = 15
const HOT_ROWS = 5

const HELP = `
Looks at what running and handed-in workers have committed, and merges every two of them in memory. Uncommitted work is
not seen, and the target is as it was last fetched. Needs no daemon; with one, the later of two workers is told.

Example:
  gt mq radar --rig app`

/** Adds `radar` to `gt mq`. */
export function registerRadar(mq: Command, context: Context): void {
  action(
    mq
      .command('radar')
      .description('Who will conflict with whom, seen while they work.')
      .option('--rig <rig>', 'one rig only')
      .addHelpText('after', HELP),
    (options: { rig?: string }) => radar(context, options.rig),
  )
}

/** A rig and what is seen in it. */
interface Seen {
  rig: string
  radar: Radar
}

function radar(context: Context, only?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const { lookAt } = await import('../refinery/radar.ts')
    const rigs = await rigsOf(town, only)
    if (rigs.kind === 'error') return rigs
    const seen: Seen[] = []
    for (const rig of rigs.value) {
      const looked = await lookAt(town, rig)
      if (looked.kind === 'error') return looked
      seen.push({ rig, radar: looked.value })
    }
    return ok({ data: { rigs: seen.map(dataOf) }, text: radarText(seen) })
  })
}

async function rigsOf(town: OpenTown, only: string | undefined): Promise<Result<string[]>> {
  if (only !== undefined) {
    const rig = await town.rig(only)
    return rig.kind === 'error' ? rig : ok([only])
  }
  const { listRigs } = await import('../town/settings.ts')
  const rigs = listRigs(town.root)
  if (rigs.kind === 'error') return rigs
  return ok(rigs.kind === 'ok' ? rigs.value : [])
}

function dataOf({ rig, radar }: Seen): object {
  const runs = radar.branches.map(({ run, head, files }) => ({
    run: run.fence,
    bead: run.bead,
    agent: run.agent,
    branch: run.branch,
    commit: head,
    target: run.target,
    files,
  }))
  const { pairs, withTarget, hot } = radar
  return { rig, runs, pairs, withTarget, hot }
}

/** The table for people; "no conflicts ahead" is only said together with how much was looked at. */
export function radarText(seen: readonly Seen[]): string {
  const branches = seen.flatMap(({ radar }) => radar.branches)
  const names = new Map(branches.map(({ run }) => [run.fence, `${plain(run.agent, 40)} (${plain(run.bead, 30)})`]))
  const targets = new Map(branches.map(({ run }) => [run.fence, plain(run.target, 40)]))
  const name = (fence: string): string => names.get(fence) ?? fence
  const pairs = seen.flatMap(({ radar }) => radar.pairs)
  const behind = seen.flatMap(({ radar }) => radar.withTarget)
  const hot = seen.flatMap(({ radar }) => radar.hot)
  const looked = `${branches.length} ${branches.length === 1 ? 'branch' : 'branches'} looked at; uncommitted work is not seen.`
  const parts: string[] = []
  if (pairs.length > 0) {
    const rows = pairs.map(({ a, b, files, why }) => [
      name(a),
      name(b),
      why === undefined ? filesText(files) : plain(why),
    ])
    parts.push(table(['EARLIER', 'LATER', 'FILES'], rows))
  }
  if (behind.length > 0) {
    const rows = behind.map(({ run, files, why }) => [
      name(run),
      targets.get(run) ?? '',
      why === undefined ? filesText(files) : plain(why),
    ])
    parts.push(table(['WORKER', 'TARGET', 'FILES'], rows))
  }
  if (parts.length === 0) return `No conflicts ahead: ${looked}`
  const wanted = hot.slice(0, HOT_ROWS).map(({ file, runs }) => `${plain(file, 60)} (${runs.length})`)
  if (wanted.length > 0) parts.push(`Touched by several: ${wanted.join(', ')}${hot.length > HOT_ROWS ? ', …' : ''}`)
  return [...parts, looked].join('\n\n')
}

function table(head: string[], rows: string[][]): string {
  const more = rows.length > ROWS ? `\n… and ${rows.length - ROWS} more: gt mq radar --json` : ''
  return columns([head, ...rows.slice(0, ROWS)]) + more
}

function filesText(files: readonly string[]): string {
  const more = files.length > 3 ? ` and ${files.length - 3} more` : ''
  return `${files
    .slice(0, 3)
    .map((file) => plain(file, 40))
    .join(', ')}${more}`
}
