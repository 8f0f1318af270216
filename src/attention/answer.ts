/**
 * A person's words to an agent that asked (`gt ask`) or told people of something (`gt escalate`): into its inbox, which its next
 * hook delivers, and a line to wake it if it sits idle. Then nothing waits any more: the bead keeps the words as a comment, and
 * one without hooks is told by a line to read them there.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { activityOf, readBeat } from '../agents/beat.ts'
import { fenced } from '../agents/fence.ts'
import { putInInbox } from '../agents/inbox.ts'
import { agentDir } from '../agents/launch.ts'
import { readyFile } from '../agents/table-files.ts'
import { wakeWith } from '../agents/wake.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import { addComment } from '../beads/edit.ts'
import type { NeedsHuman, Run } from '../beads/facts.ts'
import type { Purse } from '../costs/budget.ts'
import { budgetsOf } from '../costs/purses.ts'
import { spentText, spentUp, waysOn } from '../costs/refusal.ts'
import { findRun, gtPath, isTerminal, liveRun } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { closeEscalation, escalationOf } from './escalation.ts'

const ANSWER_CHARS = 20_000

export interface Answered {
  bead: string
  /** Who has the words in its inbox; null: nobody is there, and they stay with the bead for whoever comes. */
  to: string | null
  /** It sat idle and a line was typed to it; its hook confirmed that, where it has hooks. */
  woken: boolean
  /** Its hooks deliver what lies in its inbox; an agent without hooks reads the answer on its bead. */
  hears: boolean
  /** A used-up budget that pays for it: it goes on when that allows, and nothing was typed. Null: none. */
  budget: string | null
}

/** Errors: E_NOT_ASKED, when nobody waits for words here; E_TOO_LONG; those of inbox and ledger. */
export async function answer(town: OpenTown, bead: Bead, text: string, by: string): Promise<Result<Answered>> {
  const { needs } = facts(bead)
  if (needs === undefined || !(needs.cause === 'ask' || needs.cause === 'escalation')) {
    const what = needs === undefined ? 'nothing' : `something else (${needs.cause})`
    return fail('E_NOT_ASKED', `${bead.id} waits for ${what}, not for an answer.`, { hint: 'gt attend' })
  }
  if (text.trim() === '') return fail('E_EMPTY', 'An answer needs some words.', { kept: 'The question stands.' })
  if (text.length > ANSWER_CHARS) {
    return fail('E_TOO_LONG', `The answer has ${text.length} characters; ${ANSWER_CHARS} is the most.`, {
      kept: 'The question stands.',
      hint: 'Put it into a file that the agent can read, and say where.',
    })
  }
  const there = whoAsked(town, bead)
  const spent = there === undefined ? undefined : await spentFor(town, bead)
  let woken = false
  // The words first: should this process end between the two, somebody answers again, and no answer is lost. Woken before
  // nothing waits any more: else the Witness would take it for one that sits idle, and wake it too.
  if (there !== undefined) {
    const put = putInInbox(there.folder, messageOf(bead, needs.text, text, by))
    if (put.kind === 'error') return put
    woken = spent === undefined && (await wake(town, there, bead.id))
  }
  const hears = there !== undefined && existsSync(join(there.folder, 'hook.sh'))
  const written = write(town, bead, needs, text, by, there === undefined)
  if (written.kind === 'error') return written
  if (there !== undefined && !hears && spent === undefined) woken = await pointOut(town, there, bead.id)
  const budget = spent === undefined ? null : `${spentText(spent)} ${waysOn(spent)}`
  return ok({ bead: bead.id, to: there?.address ?? null, woken, hears, budget })
}

/** The used-up budget that pays for whoever has this bead: woken, it would be parked in the middle of its turn. */
async function spentFor(town: OpenTown, bead: Bead): Promise<Purse | undefined> {
  const run = liveRun(bead)
  const budgets = run && (await budgetsOf(town))
  return run && budgets && spentUp(budgets, town.ledger.state, bead, run)
}

/** The words stay with the bead; what it waited for is over, unless something else was asked meanwhile. */
function write(
  town: OpenTown,
  bead: Bead,
  needs: NeedsHuman,
  text: string,
  by: string,
  nobody: boolean,
): Result<unknown> {
  const { id } = bead
  const comment = addComment(town.ledger.state, id, `Answer: ${text}`, { by, at: town.now().toISOString() })
  if (comment.kind === 'error') return comment
  const clear: ChangeInput =
    escalationOf(bead) === undefined
      ? { by, why: 'answered', ops: [{ op: 'unset', id, path: gtPath('needs') }] }
      : closeEscalation(bead, `answered: ${text}`, by)
  // Nobody is there to hear it: whoever works on it next reads it with the task.
  const noted = `${bead.notes ? `${bead.notes}\n\n` : ''}Asked: ${needs.text}\nAnswer (${by}): ${text}`
  const notes: Op[] = nobody ? [{ op: 'set', id, path: ['notes'], value: noted }] : []
  const written = town.ledger.write({
    ...clear,
    when: [...(clear.when ?? []), { if: 'in', id, path: gtPath('needs', 'at'), values: [needs.at] }],
    ops: [...comment.value.input.ops, ...notes, ...clear.ops],
  })
  return written.kind === 'error' || written.value.applied ? written : town.ledger.write(comment.value.input)
}

interface There {
  address: string
  folder: string
  session?: string
}

/** Who waits for the words, if it can be reached: a run until it is over (its inbox outlives its session), or an attended agent. */
function whoAsked(town: OpenTown, bead: Bead): There | undefined {
  const escalation = escalationOf(bead)
  const run =
    escalation?.run === undefined ? liveRun(bead) : findRun(town.ledger.state.beads.values(), escalation.run)?.run
  if (run !== undefined && !isTerminal(run)) return ofRun(town, run)
  if (escalation === undefined || escalation.run !== undefined || escalation.from === 'person') return undefined
  const folder = agentDir(town.root, { address: escalation.from })
  return existsSync(folder) ? { address: escalation.from, folder } : undefined
}

const ofRun = (town: OpenTown, { fence, agent, session }: Run): There => ({
  address: agent,
  folder: agentDir(town.root, { fence, address: agent }),
  session,
})

function messageOf(bead: Bead, question: string, text: string, by: string): string {
  const who = by === 'person' ? 'a person' : by
  const asked = question.length > 200 ? `${question.slice(0, 199)}…` : question
  return `${fenced(`You asked people about ${bead.id}:`, asked)}\n${fenced(`The answer of ${who}:`, text)}\nGo on with your work.`
}

/**
 * One that works has the words with its next tool call; one that sits idle gets a line. At a dialog or over a half-typed line
 * nothing is typed (law 9). Answers whether its hook confirmed it.
 */
async function wake(town: OpenTown, { address, folder, session }: There, about: string): Promise<boolean> {
  const beat = readBeat(folder)
  if (session === undefined || beat.kind !== 'ok' || activityOf(beat.value) !== 'idle') return false
  const line = `Your question about ${about} is answered. Go on with your work.`
  return (await wakeWith(town.runtime, { address, session, folder }, line)).kind === 'ok'
}

/** The same for one without hooks, where its table describes an empty prompt: it can read by now what the line speaks of. */
async function pointOut(town: OpenTown, { address, folder, session }: There, about: string): Promise<boolean> {
  if (session === undefined || !existsSync(readyFile(folder))) return false
  const line = `Your question about ${about} is answered: read the answer (gt bead show ${about}, at its end) and go on with your work.`
  return (await wakeWith(town.runtime, { address, session, folder }, line)).kind === 'ok'
}
