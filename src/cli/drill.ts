/** `gt drill`: breaks a scratch town that is shaped like yours, on purpose, and says what that cost and what was lost. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { paceFor } from '../drill/agent.ts'
import { leave } from '../drill/leave.ts'
import type { Report } from '../drill/report.ts'
import { reportText } from '../drill/report.ts'
import { anySeed } from '../drill/rng.ts'
import type { Stage } from '../drill/run.ts'
import { drill, interrupted } from '../drill/run.ts'
import { shapeOf } from '../drill/shape.ts'
import { locateTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { makeFolder, shellWord } from '../scratch/folder.ts'
import { needPrograms } from '../scratch/programs.ts'
import { undisturbed } from '../scratch/signals.ts'
import type { Answer, Context, Output } from './context.ts'
import { action } from './context.ts'

const FAULTS = 40
/** Mean time between faults. */
const EVERY_MS = 900
const REST_MS = 120_000

interface DrillOptions {
  seed?: number
  faults: number
  workers?: number
  beads?: number
  keep?: boolean
}

export function register(program: Command, context: Context): void {
  const command = program
    .command('drill')
    .description(
      'Break a town on purpose: one like yours, in a scratch directory, with scripted agents. Kills the daemon, tmux, agents in mid-commit; fills its disk, moves its clock; then says how long recovery took and what was lost. Your own town is only asked for its settings.',
    )
    .option('--seed <n>', 'the same faults in the same order again; by default another one each time', whole)
    .option('--faults <n>', 'how many', whole, FAULTS)
    .option('--workers <n>', 'how many at once; by default as in your town, at most 8', count)
    .option('--beads <n>', 'at most so many; by default as many as keep the workers busy', whole)
    .option('--keep', 'leave the town where it is, to look around')
    .addHelpText('after', '\nExample:\n  gt drill --seed 7 --faults 20')
  action(command, (options: DrillOptions) => run(context, options))
}

/** Drills and takes the town away again, whatever happens in between. */
async function run(context: Context, options: DrillOptions): Promise<Answer> {
  if (context.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker does not drill the machine it works on.')
  const programs = needPrograms(context.env, 'The drill')
  if (programs.kind === 'error') return programs
  const { progress: say } = context
  const seed = options.seed ?? anySeed()
  const again = `gt drill --seed ${seed} --faults ${options.faults}${options.workers === undefined ? '' : ` --workers ${options.workers}`}`
  say(`Seed ${seed}. The same faults again: ${again}`)
  const root = locateTown(context.env, context.cwd)
  const shape = shapeOf(root.kind === 'ok' ? root.value : undefined, options.workers)
  return undisturbed(context.signal, say, async (signal) => {
    const dir = makeFolder('drill')
    if (dir.kind === 'error') return dir
    say(
      `A town in ${dir.value}: ${shape.rigs.length} rig(s), ${shape.workers} workers, ${options.faults} faults to come.`,
    )
    const stage: Stage = { town: undefined }
    const { env } = context
    const how = {
      seed,
      faults: options.faults,
      beads: options.beads,
      shape,
      everyMs: EVERY_MS,
      pace: paceFor(shape.workers),
      restMs: REST_MS,
    }
    const drilled = await drill(dir.value, { ...how, env, signal, say }, stage).catch((thrown: unknown) =>
      signal.aborted ? interrupted() : fail('E_BUG', `The drill stumbled: ${messageOf(thrown)}.`, { exit: EXIT.bug }),
    )
    const left = await leave(dir.value, stage.town, options.keep === true)
    return conclude(drilled, left, options.keep ? dir.value : null, again)
  })
}

/** One answer from what the drill and its clean-up say. */
function conclude(drilled: Result<Report>, left: Result<void>, kept: string | null, again: string): Answer {
  if (drilled.kind === 'error') {
    const stays = kept === null ? 'Nothing is left of the town.' : `The town stays at ${kept}.`
    const about = left.kind === 'ok' ? stays : left.failure.message
    return { kind: 'error', failure: { ...drilled.failure, kept: about, hint: drilled.failure.hint ?? again } }
  }
  const report = { ...drilled.value, kept }
  const stays =
    kept === null
      ? ''
      : `\n\nThe town stays at ${kept} (nothing runs in it). When you have seen enough: rm -rf ${shellWord(kept)}`
  const output: Output = { data: report, text: `${reportText(report)}${stays}` }
  const broken = report.laws.filter(({ held }) => !held)
  if (broken.length === 0 && left.kind === 'ok') return ok(output)
  const words = broken.map(({ law, seen }) => `Not so: ${law} (${seen[0]})`)
  if (left.kind === 'error') words.push(left.failure.message)
  const hint = left.kind === 'error' ? left.failure.hint : `${again} --keep`
  return ok({
    ...output,
    exit: EXIT.failed,
    problem: { code: 'E_DRILL', message: words.join(' '), ...(hint && { hint }) },
  })
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

function count(text: string): number {
  const number = whole(text)
  if (number < 1 || number > 64) throw new InvalidArgumentError('It must be a number from 1 to 64.')
  return number
}
