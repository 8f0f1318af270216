/**
 * Looks at what a gate waits for outside the ledger: CI runs and pull requests through `gh`, commands through `sh`. Changes
 * nothing. What cannot be seen is unknown, with what a person can do where waiting does not help (law 8).
 */
import { existsSync } from 'node:fs'
import type { Bead } from '../../beads/bead.ts'
import { facts } from '../../beads/bead.ts'
import type { Run } from '../../beads/facts.ts'
import type { CiRun } from '../../forge/ci-run.ts'
import { ciRun, isNotFound, newestRun } from '../../forge/ci-run.ts'
import { look as lookAtPull } from '../../forge/pull-request.ts'
import { forgeRepo } from '../../forge/remote.ts'
import { liveRun } from '../../kernel/runs.ts'
import type { OpenTown } from '../../kernel/town.ts'
import type { Err, Result } from '../../result.ts'
import { fail, ok } from '../../result.ts'
import { endWords, runCommand, wasNotRun } from '../../town/command.ts'
import type { Look } from './evaluate.ts'
import { awaitedId, gateFacts, typeOf } from './gate.ts'
import { lookInLedger } from './ledger-look.ts'
import { isAllowed } from './permission.ts'
import { parkedOn } from './waits.ts'

/** What is asked answers at once or not at all; a test that takes longer belongs into CI. */
const COMMAND_MS = 60_000
/** Without these nobody can ask, however often it is tried. */
const FOR_A_PERSON = new Set(['E_NO_GH', 'E_GH_AUTH', 'E_NO_FORGE'])

export async function lookAtGate(town: OpenTown, gate: Bead, signal?: AbortSignal): Promise<Look> {
  const known = lookInLedger(town.ledger.state, gate, town.now())
  if (known !== null) return known
  switch (typeOf(gate)) {
    case 'command':
      return command(town, gate, signal)
    case 'gh:run':
      return workflowRun(town, gate)
    default:
      return pullRequest(town, gate)
  }
}

/** The run that waits for a gate: parked on it, or at work on the molecule that it belongs to. */
function waiterOf({ ledger: { state } }: OpenTown, gate: Bead): Run | undefined {
  const root = state.beads.get(gateFacts(gate).of ?? '')
  return parkedOn(state, gate.id)[0] ?? (root && liveRun(root))
}

async function command(town: OpenTown, gate: Bead, signal?: AbortSignal): Promise<Look> {
  const { command } = gateFacts(gate)
  if (command === undefined)
    return { is: 'unknown', said: 'a command gate without a command', mend: 'Make another one.' }
  if (!isAllowed(town.paths.runtime, command)) {
    return {
      is: 'unknown',
      said: 'its command was not allowed in this town, so it is not run',
      mend: `If it is yours: gt gate create --command ${JSON.stringify(command.run.slice(0, 200))}, and open this one.`,
    }
  }
  // What somebody waits for is about what they work on.
  const cwd = command.cwd ?? waiterOf(town, gate)?.worktree ?? town.root
  if (!existsSync(cwd)) return { is: 'unknown', said: `the folder ${cwd} is not there`, mend: 'Make another gate.' }
  const end = await runCommand({
    line: command.run,
    cwd,
    env: town.env,
    timeoutMs: COMMAND_MS,
    ...(signal && { signal }),
  })
  const said = `the command ${endWords(end)}`
  if (end.is === 'exited' && end.code === 0) return { is: 'met', said }
  if (end.is === 'exited' && !wasNotRun(end)) return { is: 'not-yet', said }
  if (end.is === 'aborted') return { is: 'unknown', said }
  if (end.is === 'timed_out' || end.is === 'signalled') return { is: 'not-yet', said }
  return { is: 'unknown', said, mend: 'It cannot be run like this; mend that, or make another gate.' }
}

/** Where to ask; E_NO_FORGE when the rig's remote is on none. */
async function forgeOf(town: OpenTown, gate: Bead): Promise<Result<{ repo: string; env: NodeJS.ProcessEnv }>> {
  const name = facts(gate).rig
  if (name === undefined)
    return fail('E_NO_FORGE', 'The gate belongs to no rig, so there is no repository to ask about.')
  const rig = await town.rig(name)
  if (rig.kind === 'error') return rig
  const repo = forgeRepo(rig.value.remote)
  if (repo === null)
    return fail('E_NO_FORGE', `The remote of ${name} is on no forge that gh knows (${rig.value.remote}).`)
  return ok({ repo, env: town.env })
}

async function workflowRun(town: OpenTown, gate: Bead): Promise<Look> {
  const where = await forgeOf(town, gate)
  if (where.kind === 'error') return unseen(where)
  const id = awaitedId(gate)
  const run = /^\d+$/.test(id) ? await ciRun(where.value, id) : await newestRun(where.value, id)
  if (run.kind === 'error') return isNotFound(run) ? { is: 'failed', said: `there is no run ${id}` } : unseen(run)
  if (run.value === null) return { is: 'not-yet', said: `${id} has no run yet` }
  const { status, updatedAt } = run.value
  // Named by its workflow, the run that is meant is the next one: yesterday's green says nothing about what is waited for.
  const over = status === 'completed' && updatedAt !== undefined && !/^\d+$/.test(id)
  if (over && Date.parse(updatedAt) < Date.parse(gate.created_at)) {
    return { is: 'not-yet', said: `${id} has had no run since this gate was made` }
  }
  return ofRun(run.value)
}

function ofRun({ id, workflow, status, conclusion, url }: CiRun): Look {
  const name = `run ${id}${workflow === '' ? '' : ` of ${workflow}`}`
  if (status !== 'completed') return { is: 'not-yet', said: `${name} is ${status} (${url})` }
  const said = `${name} ended: ${conclusion || 'without a conclusion'} (${url})`
  return conclusion === 'success' || conclusion === 'skipped' ? { is: 'met', said } : { is: 'failed', said }
}

async function pullRequest(town: OpenTown, gate: Bead): Promise<Look> {
  const where = await forgeOf(town, gate)
  if (where.kind === 'error') return unseen(where)
  const number = Number(awaitedId(gate))
  if (!Number.isSafeInteger(number) || number < 1)
    return { is: 'failed', said: `"${awaitedId(gate)}" is no pull request` }
  const seen = await lookAtPull({ ...where.value, number })
  if (seen.kind === 'error') {
    return isNotFound(seen) ? { is: 'failed', said: `there is no pull request ${number}` } : unseen(seen)
  }
  const { state, url } = seen.value
  if (state === 'MERGED') return { is: 'met', said: `pull request ${number} is merged (${url})` }
  if (state === 'CLOSED') return { is: 'failed', said: `pull request ${number} was closed without a merge (${url})` }
  return { is: 'not-yet', said: `pull request ${number} is open (${url})` }
}

function unseen({ failure }: Err): Look {
  const said = failure.message.replace(/\s+/g, ' ').slice(0, 300)
  return FOR_A_PERSON.has(failure.code)
    ? { is: 'unknown', said, mend: failure.hint ?? 'Somebody has to look and open it.' }
    : { is: 'unknown', said }
}
