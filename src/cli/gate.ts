/**
 * `gt gate`: a word for two things. The gates of a rig are commands that must pass before anything lands (`run`, `list`); a wait
 * is a gate that opens when something has happened (`create`, `show`, `open`, `check`: gate-waits.ts). `list` shows both.
 */
import { realpathSync } from 'node:fs'
import { sep } from 'node:path'
import type { Command } from 'commander'
import { inspectWorktree } from '../git/worktrees.ts'
import type { OpenTown } from '../kernel/town.ts'
import { gateLogOf } from '../refinery/log.ts'
import { ownRun } from '../refinery/own-run.ts'
import { culprit, isGreen } from '../refinery/verdict.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import { gitAbove } from '../town/paths.ts'
import { listRigs } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { waitsOf, waitsText } from './gate-rows.ts'
import { registerWaits } from './gate-waits.ts'
import { columns, plain, withTown } from './town.ts'

interface RunOptions {
  rig?: string
  merged?: boolean
  again?: boolean
  head?: boolean
  timeout: string
}

export function register(program: Command, context: Context): void {
  const gate = program
    .command('gate')
    .description(
      'What must pass before anything lands (run), and what is waited for: time, a bead, CI, a person (create, check, open).',
    )
    .addHelpText('after', '\nExample:\n  gt gate run --merged\n  gt gate create --timer 2h --blocks ap-x3k9f')
  action(
    gate
      .command('run')
      .description(
        'Run the gates on the commit checked out here, in a clean place. A green one makes its landing free.',
      )
      .option('--rig <rig>', 'default: the rig of this worktree')
      .option('--merged', 'test what would land: this commit merged into the target')
      .option('--again', 'run also what is known to pass')
      .option('--head', 'leave uncommitted files out instead of refusing')
      .option('--timeout <time>', 'how long to wait for a free slot', '10m')
      .addHelpText('after', '\nExample:\n  gt gate run --merged && gt done'),
    (options: RunOptions) => run(context, options),
  )
  action(
    gate
      .command('list')
      .description('The gates of a rig: what a landing must pass, and the waits that are not over.')
      .option('--rig <rig>', 'default: the rig of this worktree')
      .addHelpText('after', '\nExample:\n  gt gate list --rig app'),
    (options: { rig?: string }) => list(context, options.rig),
  )
  registerWaits(gate, context)
}

/** The rig that a command means: named, the agent's own, the one that holds this folder, or the only one. */
export function rigHere(town: OpenTown, context: Context, named?: string): Result<string> {
  const own = named ?? context.env.GT_RIG
  if (own !== undefined && own !== '') return ok(own)
  const rigs = listRigs(town.root)
  if (rigs.kind === 'error') return rigs
  const all = rigs.kind === 'ok' ? rigs.value : []
  const inside = all.find((rig) => `${context.cwd}${sep}`.startsWith(`${town.paths.rig(rig).dir}${sep}`))
  if (inside !== undefined) return ok(inside)
  if (all.length === 1) return ok(all[0]!)
  return fail('E_NO_RIG', 'Which rig is meant?', {
    hint: all.length > 0 ? `--rig ${all.join(' | ')}` : 'gt rig add <name> <git url or path>',
    exit: EXIT.usage,
  })
}

function run(context: Context, options: RunOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    const waitMs = parseDuration(options.timeout)
    if (waitMs === undefined) {
      return fail('E_USAGE', `"${options.timeout}" is no duration.`, { hint: '--timeout 20m', exit: EXIT.usage })
    }
    const name = rigHere(town, context, options.rig)
    if (name.kind === 'error') return name
    const rig = await town.rig(name.value)
    if (rig.kind === 'error') return rig
    const here = await committed(context.cwd, options.head === true)
    if (here.kind === 'error') return here
    const log = gateLogOf(town, rig.value.name)
    const done = await ownRun(town, rig.value, log, {
      ...here.value,
      merged: options.merged === true,
      again: options.again === true,
      waitMs,
      signal: context.signal,
    })
    if (done.kind === 'error') return done
    const { verdict, ran, commit, tree } = done.value
    const gates = verdict.parts.map(({ gate, finding, retries }) => ({
      gate,
      outcome: finding.outcome,
      ms: finding.ms,
      retries,
      remembered: !ran.includes(gate),
      text: finding.text,
    }))
    const rows = gates.map((one) => [
      one.outcome,
      one.gate,
      one.remembered ? 'remembered' : `${one.ms} ms`,
      plain(one.outcome === 'pass' ? '' : one.text, 120),
    ])
    const data = { rig: rig.value.name, commit, tree, verdict: verdict.is, gates }
    if (isGreen(verdict)) return ok({ data, text: columns(rows) })
    const red = culprit(verdict)
    const tail = red?.finding.tail.trim()
    const could = verdict.is === 'could_not_run'
    return ok({
      data,
      text: `${columns(rows)}${tail ? `\n\n${tail}` : ''}`,
      exit: could ? EXIT.needsPerson : EXIT.failed,
      problem: {
        code: could ? 'E_GATE_COULD_NOT_RUN' : 'E_GATE_RED',
        message: `The ${red?.finding.text ?? 'gate did not pass'}.`,
      },
    })
  })
}

/** The top of the worktree here and the commit checked out in it. Uncommitted files are part of no commit. */
async function committed(cwd: string, leaveOut: boolean): Promise<Result<{ top: string; head: string }>> {
  const path = gitAbove(realpathSync(cwd))
  if (path === undefined) {
    return fail('E_NO_WORKTREE', `${cwd} is in no git worktree.`, { hint: 'cd into your worktree' })
  }
  const view = await inspectWorktree({ path, base: 'HEAD' })
  if (view.kind === 'error') return view
  if (view.kind !== 'ok') return fail('E_NO_WORKTREE', `The worktree ${path} cannot be read.`)
  const { dirty, head } = view.value
  if (dirty.length === 0 || leaveOut) return ok({ top: path, head })
  return fail(
    'E_UNCOMMITTED',
    `There are uncommitted files (${dirty.slice(0, 5).join(', ')}); a gate tests a commit.`,
    {
      kept: 'Nothing was run.',
      hint: 'commit them, or leave them out: gt gate run --head',
    },
  )
}

function list(context: Context, named?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const name = rigHere(town, context, named)
    if (name.kind === 'error') return name
    const rig = await town.rig(name.value)
    if (rig.kind === 'error') return rig
    const gates = rig.value.gates.map((gate) => ({
      name: gate.name,
      run: gate.run,
      timeout_ms: gate.timeout,
      paths: gate.paths ?? null,
    }))
    const rows = gates.map((gate) => [
      gate.name,
      plain(gate.run, 80),
      `${Math.round(gate.timeout_ms / 1000)} s`,
      gate.paths === null ? 'every change' : plain(gate.paths.join(' '), 60),
    ])
    const none = `Rig ${name.value} has no gate: gt config set rig.${name.value}.gate "<command>"`
    const waits = waitsOf(town, name.value)
    const before = rows.length > 0 ? columns(rows) : none
    const over = waits.length > 0 ? waitsText(waits, town.now()) : 'Nothing is waited for.'
    return ok({ data: { rig: name.value, gates, waits }, text: `Before a landing\n${before}\n\nWaits\n${over}` })
  })
}
