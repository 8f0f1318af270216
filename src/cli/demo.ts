/** `gt demo`: a whole town in a temporary directory, from five beads to five merges; checked, and gone afterwards. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { examine } from '../demo/examine.ts'
import { leave } from '../demo/leave.ts'
import { checkPrograms } from '../demo/programs.ts'
import { FILES, GATE } from '../demo/project.ts'
import type { Report } from '../demo/report.ts'
import { reportText } from '../demo/report.ts'
import { clock, storyteller } from '../demo/story.ts'
import { bodyOf, MEETING, TASKS } from '../demo/tasks.ts'
import { interrupted, work } from '../demo/work.ts'
import type { OpenTown } from '../kernel/town.ts'
import { openTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { makeFolder, nobodysEnvironment, shellWord } from '../scratch/folder.ts'
import { makeRepository } from '../scratch/repository.ts'
import { undisturbed } from '../scratch/signals.ts'
import type { Answer, Context, Output } from './context.ts'
import { action, slotOf } from './context.ts'
import { agreePermissions } from './permissions.ts'
import { TABLE } from './table.ts'

/** Name of the project and its rig. */
const RIG = 'greet'
/** How long the five beads may take: a script takes seconds, a model minutes. */
const SCRIPT_MS = 3 * 60_000
const MODEL_MS = 30 * 60_000

interface DemoOptions {
  agent: string
  keep?: boolean
  permissions?: string
}

export function register(program: Command, context: Context): void {
  const command = program
    .command('demo')
    .description('A whole town at work in a temporary directory; needs git and tmux, no account, no network.')
    .option('--agent <name>', 'who works: script (needs no model) or claude', 'script')
    .option(
      '--permissions <mode>',
      'what its workers may do without asking: bypass, or with --agent claude acceptEdits',
    )
    .option('--keep', 'leave the town where it is, to look around')
    .addHelpText('after', '\nExample:\n  gt demo --keep')
  action(command, (options: DemoOptions) => demo(context, options))
}

/** Runs the demo and takes it down again, whatever happens in between. */
export async function demo(context: Context, options: DemoOptions): Promise<Answer> {
  const programs = checkPrograms(context.env, options.agent)
  if (programs.kind === 'error') return programs
  return undisturbed(context.signal, context.progress, async (signal) => {
    const dir = makeFolder('demo')
    if (dir.kind === 'error') return dir
    mkdirSync(join(dir.value, MEETING))
    const stage: Stage = { dir: dir.value, town: undefined }
    const played = await play({ ...context, signal }, options, stage).catch((thrown: unknown) =>
      fail('E_BUG', `The demo stumbled: ${messageOf(thrown)}.`, { exit: EXIT.bug }),
    )
    const left = await leave(stage.dir, stage.town, options.keep === true)
    return conclude(played, left, options.keep ? stage.dir : null)
  })
}

/** What has to be taken down at the end. */
interface Stage {
  dir: string
  town: OpenTown | undefined
}

/** The demo itself: project, town, beads, work, examination. */
async function play(context: Context, options: DemoOptions, stage: Stage): Promise<Result<Report>> {
  const began = Date.now()
  const elapsed = (): number => Date.now() - began
  const { progress: say, signal } = context
  const { agent } = options
  const project = join(stage.dir, RIG)
  say(`A town in ${stage.dir}: one project, five beads, at most four workers at a time.`)
  const first = await makeRepository(project, FILES, 'Say hello')
  if (first.kind === 'error') return first
  const root = join(stage.dir, 'town')
  const installed = await typist(context, stage.dir)('install', root)
  if (installed.kind === 'error') return installed
  const opened = await openTown(townEnvironment(context.env, root), root)
  if (opened.kind === 'error') return opened
  const town = opened.value
  stage.town = town
  const type = typist(context, root, root)
  const added = await type('rig', 'add', RIG, project, '--gate', GATE)
  if (added.kind === 'error') return added
  const created = await createBeads(type, agent)
  if (created.kind === 'error') return created
  const ids = created.value
  const agreed = await agreePermissions(town, context, options.permissions)
  if (agreed.kind === 'error') return agreed
  town.ledger.refresh()

  say(`$ gt sling ${ids.join(' ')} ${RIG} --agent ${agent} --wait`)
  const story = storyteller(say, elapsed)
  const tell = (): void => story(town.ledger.state, ids)
  const timeoutMs = agent === 'script' ? SCRIPT_MS : MODEL_MS
  const worked = await work(town, { ids, rig: RIG, agent, tell, say, signal, timeoutMs })
  if (worked.kind === 'error') return worked

  say(`${clock(elapsed())}  Now looking whether it is all so: repository, ledger, receipts.`)
  const verify = async (commit: string): Promise<string | null> => {
    const answer = await type('mq', 'verify', commit)
    return (answer.kind === 'error' ? answer.failure : answer.value.problem)?.message ?? null
  }
  const report = await examine({ town, project, first: first.value, ids, agent, verify })
  if (report.kind === 'error') return report
  if (signal.aborted) return interrupted()
  return ok({ ...report.value, seconds: elapsed() / 1000, kept: options.keep ? stage.dir : null })
}

type Typist = (...words: string[]) => Promise<Result<Output>>

/**
 * Types commands as a person would, in this process: says them, and answers what they answer. Their environment points
 * at the town `root` (or none yet) and speaks for nobody, since the demo may itself be typed inside another town.
 */
function typist(context: Context, cwd: string, root?: string): Typist {
  const env = townEnvironment(context.env, root)
  return async (...words) => {
    if (context.signal.aborted) return interrupted()
    const body = words.indexOf('--body')
    const shown = body < 0 ? words : [...words.slice(0, body + 1), '…']
    context.progress(`$ gt ${shown.map((word) => (/[^\w./,…-]/.test(word) ? `"${word}"` : word)).join(' ')}`)
    const program = new Command('gt')
    const module = await TABLE[words[0] ?? '']?.load()
    module?.register(program, { ...context, env, cwd, progress: () => {}, interactive: false, json: false })
    await program.parseAsync(words, { from: 'user' })
    return slotOf(program).answer ?? fail('E_BUG', `gt ${words[0]} answered nothing.`, { exit: EXIT.bug })
  }
}

function townEnvironment(env: NodeJS.ProcessEnv, root?: string): NodeJS.ProcessEnv {
  return { ...nobodysEnvironment(env), ...(root !== undefined && { GT_TOWN: root }) }
}

/** Creates the five beads; answers their ids. */
async function createBeads(type: Typist, agent: string): Promise<Result<string[]>> {
  const ids = new Map<string, string>()
  for (const task of TASKS) {
    const needs = task.needs.map((key) => ids.get(key) ?? key)
    const more = needs.length > 0 ? ['--needs', needs.join()] : []
    const bead = await type('bead', 'create', task.title, '--rig', RIG, ...more, '--body', bodyOf(task, agent))
    if (bead.kind === 'error') return bead
    ids.set(task.key, (bead.value.data as Bead).id)
  }
  return ok([...ids.values()])
}

/** One answer from what the demo and its clean-up say. */
function conclude(played: Result<Report>, left: Result<void>, kept: string | null): Answer {
  const again = 'gt demo --keep   leaves the town to look at'
  if (played.kind === 'error') {
    const { failure } = played
    const stays = kept === null ? 'Nothing is left of the town.' : `The town stays at ${kept}.`
    const hint = hintFor(failure) ?? failure.hint ?? (kept === null ? again : `cd ${shellWord(`${kept}/town`)} && gt`)
    const about = left.kind === 'ok' ? stays : left.failure.message
    return { kind: 'error', failure: { ...failure, kept: about, hint } }
  }
  const report = played.value
  if (kept === null || left.kind === 'error') {
    const seen = left.kind === 'error' ? { seen: left.failure.message } : {}
    report.facts.push({
      fact: 'Nothing is left behind: no process, no session, no file.',
      holds: left.kind === 'ok',
      ...seen,
    })
  }
  const output: Output = { data: report, text: reportText(report) }
  const wrong = report.facts.filter((fact) => !fact.holds)
  if (wrong.length === 0) return ok(output)
  const message = wrong.map(({ fact, seen }) => `Not so: ${fact}${seen ? ` (${seen})` : ''}`).join(' ')
  const hint = kept === null ? again : `cd ${shellWord(`${kept}/town`)} && gt`
  return ok({ ...output, exit: EXIT.failed, problem: { code: 'E_DEMO', message, hint } })
}

/** What to type next where the room's own hint means a town that is about to be deleted. */
function hintFor({ code }: Failure): string | undefined {
  if (code === 'E_PERMISSIONS')
    return 'gt demo --agent claude --permissions acceptEdits   (or bypass; other agents: bypass)'
  if (code === 'E_INSIDE_GIT' || code === 'E_INSIDE_TOWN') return 'TMPDIR=<a folder outside> gt demo'
  if (code === 'E_INTERRUPTED') return 'gt demo'
  return undefined
}
