/** `gt demo`: a whole town in a temporary directory, from five beads to five merges; checked, and gone afterwards. */
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { leave } from '../demo/leave.ts'
import { checkPrograms } from '../demo/programs.ts'
import { GATE, makeProject } from '../demo/project.ts'
import { mergesOf, prove, proveScript } from '../demo/proof.ts'
import type { Report } from '../demo/report.ts'
import { graphOf, reportText, rowOf } from '../demo/report.ts'
import { undisturbed } from '../demo/signals.ts'
import { clock, storyteller } from '../demo/story.ts'
import { bodyOf, MEETING, TASKS } from '../demo/tasks.ts'
import { readTrail } from '../demo/trail.ts'
import { work } from '../demo/work.ts'
import type { OpenTown } from '../kernel/town.ts'
import { openTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
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
    .option('--permissions <mode>', 'with --agent claude, what it may do: bypass or acceptEdits')
    .option('--keep', 'leave the town where it is, to look around')
    .addHelpText('after', '\nExample:\n  gt demo --keep')
  action(command, (options: DemoOptions) => demo(context, options))
}

/** Runs the demo and takes it down again, whatever happens in between. */
export async function demo(context: Context, options: DemoOptions): Promise<Answer> {
  const programs = checkPrograms(context.env, options.agent)
  if (programs.kind === 'error') return programs
  return undisturbed(context.signal, context.progress, async (signal) => {
    const made = makeFolder()
    if (made.kind === 'error') return made
    const stage: Stage = { dir: made.value, town: undefined }
    const answer = await play({ ...context, signal }, options, stage).catch((thrown: unknown) =>
      fail('E_BUG', `The demo stumbled: ${messageOf(thrown)}.`, { exit: EXIT.bug }),
    )
    const left = await leave(stage.dir, stage.town, options.keep === true)
    return conclude(answer, left, options.keep ? stage.dir : undefined)
  })
}

/** What has to be taken down at the end. */
interface Stage {
  dir: string
  town: OpenTown | undefined
}

function makeFolder(): Result<string> {
  try {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-demo-')))
    mkdirSync(join(dir, MEETING))
    return ok(dir)
  } catch (error) {
    return fail('E_WRITE', `No temporary folder could be made: ${messageOf(error)}.`, {
      hint: 'TMPDIR=<a folder you may write to> gt demo',
    })
  }
}

async function play(context: Context, options: DemoOptions, stage: Stage): Promise<Result<Report>> {
  const began = Date.now()
  const { progress: say, signal } = context
  const { dir } = stage
  const project = join(dir, RIG)
  const root = join(dir, 'town')
  say(`A town in ${dir}: one project, five beads, at most four workers at a time.`)
  const first = await makeProject(project)
  if (first.kind === 'error') return first

  // The same commands as a person would type, in this process.
  const type = typist({ ...context, env: townEnvironment(context.env), cwd: dir })
  const installed = await type('install', root)
  if (installed.kind === 'error') return installed
  const typed = typist({ ...context, env: townEnvironment(context.env, root), cwd: root })
  const added = await typed('rig', 'add', RIG, project, '--gate', GATE)
  if (added.kind === 'error') return added
  const ids = new Map<string, string>()
  for (const task of TASKS) {
    const needs = task.needs.map((key) => ids.get(key) ?? key)
    const words = ['bead', 'create', task.title, '--rig', RIG, ...(needs.length > 0 ? ['--needs', needs.join()] : [])]
    const bead = await typed(...words, '--body', bodyOf(task, options.agent))
    if (bead.kind === 'error') return bead
    ids.set(task.key, (bead.value.data as Bead).id)
  }

  const opened = await openTown(townEnvironment(context.env, root), root)
  if (opened.kind === 'error') return opened
  const town = opened.value
  stage.town = town
  const agreed = await agreePermissions(town, context, options.permissions)
  if (agreed.kind === 'error') return agreed
  say(`$ gt sling ${[...ids.values()].join(' ')} ${RIG} --agent ${options.agent} --wait`)
  const tell = storyteller(say, () => Date.now() - began)
  const worked = await work(town, {
    ids: [...ids.values()],
    rig: RIG,
    agent: options.agent,
    tell: () => tell(town.ledger.state, [...ids.values()]),
    say,
    signal,
    timeoutMs: options.agent === 'script' ? SCRIPT_MS : MODEL_MS,
  })
  if (worked.kind === 'error') return worked
  return examine()

  /** Everything has settled (or time is up): what happened, and did the laws hold? */
  async function examine(): Promise<Result<Report>> {
    say(`${clock(Date.now() - began)}  Looking whether it is all so: repository, ledger, receipts.`)
    const merges = await mergesOf(project, first.kind === 'ok' ? first.value : '')
    if (merges.kind === 'error') return merges
    const verified = new Map<string, string | null>()
    for (const { commit } of merges.value) {
      const answer = await typed('mq', 'verify', commit)
      const problem = answer.kind === 'error' ? answer.failure : answer.value.problem
      verified.set(commit, problem === undefined ? null : problem.message)
    }
    const beads = [...ids.values()].map((id) => town.ledger.state.beads.get(id)).filter((bead) => bead !== undefined)
    const trail = readTrail(town.ledger.history())
    const facts = await prove({
      town,
      project,
      first: first.kind === 'ok' ? first.value : '',
      beads,
      trail,
      merges: merges.value,
      verified,
    })
    if (options.agent === 'script') facts.push(...proveScript(beads, trail))
    const graph = await graphOf(project)
    if (graph.kind === 'error') return graph
    return ok({
      agent: options.agent,
      seconds: (Date.now() - began) / 1000,
      kept: options.keep ? dir : null,
      beads: beads.map((bead) => rowOf(town.ledger.state, bead, trail)),
      most_at_once: trail.mostAtOnce,
      gated_candidates: trail.candidates,
      verified_merges: merges.value.filter(({ commit }) => verified.get(commit) === null).map(({ commit }) => commit),
      facts,
      graph: graph.value,
    })
  }
}

/** The caller's environment, pointing at this town (or none yet), and speaking for nobody: the demo may be typed by an agent. */
function townEnvironment(env: NodeJS.ProcessEnv, root?: string): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !/^(GT_|BD_)/.test(name) || name === 'GT_NODE_EXTRA_CA_CERTS')
  return { ...Object.fromEntries(others), ...(root !== undefined && { GT_TOWN: root }) }
}

/** Types commands: says them as a person would see them, and answers what they answer. */
function typist(context: Context): (...words: string[]) => Promise<Result<Output>> {
  return async (...words) => {
    if (context.signal.aborted) return fail('E_INTERRUPTED', 'The demo was stopped.')
    const entry = TABLE[words[0] ?? '']
    const program = new Command('gt')
    const module = await entry?.load()
    module?.register(program, { ...context, progress: () => {}, interactive: false, json: false })
    const shown = words.indexOf('--body') < 0 ? words : [...words.slice(0, words.indexOf('--body') + 1), '…']
    context.progress(`$ gt ${shown.map((word) => (/[^\w./,…-]/.test(word) ? `"${word}"` : word)).join(' ')}`)
    await program.parseAsync(words, { from: 'user' })
    return slotOf(program).answer ?? fail('E_BUG', `gt ${words[0]} answered nothing.`, { exit: EXIT.bug })
  }
}

/** The demo's answer and the clean-up's make one. */
function conclude(played: Result<Report>, left: Result<void>, kept: string | undefined): Answer {
  const where = kept ? `The town stays at ${kept}.` : 'Nothing is left of it.'
  if (played.kind === 'error') {
    const { failure } = played
    const clean = left.kind === 'ok' ? where : left.failure.message
    const interrupted = failure.code === 'E_INTERRUPTED'
    const hint =
      interrupted || kept
        ? failure.hint
        : (demoHint(failure.code) ?? failure.hint ?? 'gt demo --keep   leaves the town to look at')
    return {
      kind: 'error',
      failure: { ...failure, kept: clean, ...(hint && { hint }), ...(interrupted && { exit: EXIT.tryAgain }) },
    }
  }
  const report = played.value
  const cleaned = { fact: 'Nothing is left behind: no process, no session, no file.', holds: left.kind === 'ok' }
  if (!kept) report.facts.push({ ...cleaned, ...(left.kind === 'error' && { seen: left.failure.message }) })
  const output: Output = { data: report, text: reportText(report) }
  const wrong = report.facts.filter((fact) => !fact.holds)
  if (wrong.length === 0 && left.kind === 'ok') return ok(output)
  const message = wrong.map(({ fact, seen }) => `Not so: ${fact}${seen ? ` (${seen})` : ''}`).join(' ')
  const hint = kept ? `GT_TOWN=${kept}/town gt status` : 'gt demo --keep   leaves the town to look at'
  const problem = { code: 'E_DEMO', message: message || where, hint } as const
  return ok({ ...output, exit: EXIT.failed, problem })
}

function demoHint(code: string): string | undefined {
  if (code === 'E_PERMISSIONS') return 'gt demo --agent claude --permissions acceptEdits   (or bypass)'
  if (code === 'E_INSIDE_GIT' || code === 'E_INSIDE_TOWN') return 'TMPDIR=<a folder outside> gt demo'
  return undefined
}
