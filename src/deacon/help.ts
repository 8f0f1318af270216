/**
 * Carries out one step of help for a worker that stands still (witness/stuck.ts decided). The step is in the ledger before
 * anything is typed or told: a driver that dies in between leaves a message unsent, never one sent twice.
 */
import { putInInbox } from '../agents/inbox.ts'
import { findingText, reminderText, wakeLine } from '../agents/standstill.ts'
import { AT_THE_SCREEN, wakeWith } from '../agents/wake.ts'
import type { Bead } from '../beads/bead.ts'
import { applied } from '../beads/change.ts'
import type { Run, Stuck } from '../beads/facts.ts'
import { gtPath } from '../kernel/runs.ts'
import { helped, recovered } from '../kernel/sessions.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok, unreachable } from '../result.ts'
import { shortTime } from '../town/duration.ts'
import { askWitness, witnessPreset } from '../witness/diagnosis.ts'
import { runFolder } from '../witness/observe.ts'
import type { Help } from '../witness/stuck.ts'

const SCREEN_LINES = 25
const SCREEN_CHARS = 1_500

/** True when something changed. Errors: a line that could not be typed, or was not confirmed; those of the ledger. */
export async function help(town: OpenTown, bead: Bead, run: Run, step: Help, by: string): Promise<Result<boolean>> {
  switch (step.do) {
    case 'note':
      return tell(town, run, step.stuck, by, { why: `${run.agent}: ${step.stuck.is}` })
    case 'remind': {
      const told = { why: `reminds ${run.agent} of its work`, text: reminderText(run, step.stuck), helped: step.helped }
      return tell(town, run, step.stuck, by, told)
    }
    case 'wake': {
      const why = `wakes ${run.agent} with one line`
      const text = step.remind ? reminderText(run, step.stuck) : undefined
      return tell(town, run, step.stuck, by, { why, text, line: wakeLine(run), helped: step.helped })
    }
    case 'diagnose': {
      // What keeps its reminder out keeps out the Witness's answer too, and needs no model to be found.
      const may = await town.runtime.mayType(run.session)
      if (may.kind === 'error' && AT_THE_SCREEN.has(may.failure.code))
        return ask(town, bead, run, { ...step.stuck, step: 'asked' }, 'stuck', by, may.failure.message)
      const how = { by, at: town.now().toISOString(), preset: witnessPreset(town.settings) }
      const asked = askWitness(town.ledger.state, bead, run, step.stuck, how)
      return asked.kind === 'error' ? asked : applied(town.ledger.write(asked.value))
    }
    case 'pass-on': {
      const why = `tells ${run.agent} what the Witness found`
      return tell(town, run, step.stuck, by, { why, text: findingText(run, step.report), line: wakeLine(run) })
    }
    case 'ask':
      return ask(town, bead, run, step.stuck, step.cause, by)
    case 'recover':
      return applied(town.ledger.write(recovered(bead, run, { by, why: `${run.agent} goes on` })))
    default:
      return unreachable(step)
  }
}

/** Notes the step, then puts the text into its inbox and types the line, as far as there are any. */
async function tell(
  town: OpenTown,
  run: Run,
  stuck: Stuck,
  by: string,
  { why, text, line, helped: times }: { why: string; text?: string | undefined; line?: string; helped?: number },
): Promise<Result<boolean>> {
  const noted = applied(
    town.ledger.write(helped(run, stuck, { by, why, ...(times !== undefined && { helped: times }) })),
  )
  if (noted.kind === 'error' || !noted.value) return noted
  const put = text === undefined ? ok(undefined) : putInInbox(runFolder(town, run), text)
  if (put.kind === 'error') return put
  return line === undefined ? ok(true) : wakeRun(town, run, line)
}

/** One line at its prompt, confirmed by its hook. Errors: those of `wakeWith`. */
export async function wakeRun(town: OpenTown, run: Run, line: string): Promise<Result<boolean>> {
  const sleeper = { address: run.agent, session: run.session, folder: runFolder(town, run) }
  const woken = await wakeWith(town.runtime, sleeper, line)
  return woken.kind === 'error' ? woken : ok(true)
}

/** A person is asked, once; what its screen shows goes with it. `barred`: why nothing could be typed to it. */
async function ask(
  town: OpenTown,
  bead: Bead,
  run: Run,
  stuck: Stuck,
  cause: 'stuck' | 'dialog' | 'contradiction',
  by: string,
  barred?: string,
): Promise<Result<boolean>> {
  const lines = await town.runtime.peek(run.session, SCREEN_LINES)
  const screen = lines.kind === 'ok' ? lines.value.trim().slice(-SCREEN_CHARS) : ''
  const what = {
    dialog: `${run.agent} waits at a dialog, or at a screen that nobody knows`,
    contradiction: `What is seen of ${run.agent} contradicts itself`,
    stuck: `${run.agent} stands still since ${shortTime(stuck.since)}, and ${barred ? 'could not be woken' : triedFor(run)}`,
  }[cause]
  const ways = `Look and answer: gt attach ${run.agent}\nOr give it up: gt run stop ${run.fence} && gt sling ${bead.id} ${run.rig}`
  const text = `${what}.${barred ? ` ${barred}` : ''}\n${ways}\nSeen: ${stuck.evidence}${screen === '' ? '' : `\nIts screen:\n${screen}`}`
  const at = town.now().toISOString()
  return applied(
    town.ledger.write(
      helped(run, stuck, {
        by,
        why: what,
        when: [{ if: 'in', id: bead.id, path: gtPath('needs'), values: [null] }],
        more: [{ op: 'set', id: bead.id, path: gtPath('needs'), value: { cause, text, at } }],
      }),
    ),
  )
}

/** What did not help before a person was asked. */
function triedFor({ stuck }: Run): string {
  if (stuck?.diagnosis !== undefined) return 'neither a reminder nor the Witness helped'
  return stuck?.step === 'woken' ? 'a reminder did not help' : 'cannot be reminded'
}
