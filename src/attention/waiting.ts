/**
 * Everything that waits for a person: what the ledger says (kernel/waiting.ts), and what was seen outside it. Pure.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { mergeOf, openMerges } from '../kernel/merges.ts'
import type { Obstacle } from '../kernel/obstacles.ts'
import { liveRun, runsOf } from '../kernel/runs.ts'
import type { Wait } from '../kernel/waiting.ts'
import { waitsOf } from '../kernel/waiting.ts'
import type { Message } from '../mail/message.ts'
import { HUMAN, mine, openMessages } from '../mail/message.ts'
import type { BudgetNews } from './budgets.ts'
import { budgetWarnings, spentBudgets } from './budgets.ts'
import type { Waiting } from './item.ts'
import { obstructed } from './rigs.ts'
import { severityOf, weight } from './severity.ts'
import type { Notice } from './told.ts'
import { unstarted } from './unstarted.ts'

/** Who carries out what the town wants (deacon/daemon.ts): `stopped` is one that a signal holds where it stands. */
export type Driver = { is: 'alive' } | { is: 'none' } | { is: 'stopped'; pid: number }

/** What the ledger does not know. Absent: not looked at. */
export interface Extras {
  hold?: { reason: string; frozen: boolean; drain: boolean; since: string } | undefined
  /** Nobody drives the town, or a process that stands still: since when. */
  undriven?: { since: string; stopped?: number } | undefined
  /** Attended agents (the Mayor, crew) at a dialog: address, and since when. */
  dialogs?: { agent: string; since: string }[]
  /** Names of the sessions that live. */
  sessions?: ReadonlySet<string> | undefined
  budgets?: BudgetNews
  obstacles?: Obstacle[]
}

/** In no order. */
export function waiting(state: State, extras: Extras): Waiting[] {
  const found = waitsOf(state).map((wait) => ofWait(state, wait))
  for (const message of openMessages(state.beads.values()))
    if (mine(message.mail, { address: HUMAN })?.delivery.state === 'queued') found.push(ofMail(message))
  for (const { agent, since } of extras.dialogs ?? []) found.push(ofDialog(agent, since))
  if (extras.hold !== undefined) found.push(ofHold(state, extras.hold))
  if (extras.undriven !== undefined && isUnderWay(state)) found.push(undriven(state, extras.undriven))
  if (extras.obstacles !== undefined) found.push(...obstructed(state, extras.obstacles))
  if (extras.budgets !== undefined) found.push(...spentBudgets(state, extras.budgets, unstarted(state)))
  return found
}

function ofWait(state: State, { bead, cause, text, since, key, merge }: Wait): Waiting {
  const { escalation, red_target: red, rig, slung } = facts(bead)
  const stands = standing(state, bead, cause)
  // Its queue stands, whatever has become of those who were to mend it.
  const severity = escalation?.severity ?? severityOf(red === undefined ? cause : 'red-target')
  return {
    id: bead.id,
    key,
    cause,
    // Somebody said that this bead is urgent.
    severity: bead.priority === 0 && weight(severity) < weight('high') ? 'high' : severity,
    title: bead.title,
    text,
    since,
    bead: bead.id,
    rig: slung?.rig ?? rig ?? null,
    who: escalation?.from ?? merge?.worker ?? lastWorker(bead)?.agent ?? null,
    starts: [bead.id, ...(escalation?.about === undefined ? [] : [escalation.about]), ...stands],
    ...(stands.length > 0 && { stands }),
  }
}

/** A letter that a person has not read yet. What a person sent is known to people. */
function ofMail({ bead, mail }: Message): Waiting {
  const { id, title, created_at: since } = bead
  return {
    id,
    key: `${id} mail`,
    cause: 'mail',
    severity: bead.priority === 0 ? 'high' : severityOf('mail'),
    title,
    text: `${mail.from} writes: ${title}. Read it: gt mail read ${id}`,
    since,
    bead: id,
    rig: null,
    who: mail.from,
    starts: [],
    ...(mail.from === HUMAN && { quiet: true as const }),
  }
}

const lastWorker = (bead: Bead): Run | undefined => liveRun(bead) ?? runsOf(bead).at(-1)

/** Beads that stand still for one reason, which only one of them (or a record) tells a person. */
function standing(state: State, bead: Bead, cause: string): string[] {
  const { red_target: red, incident } = facts(bead)
  if (red !== undefined) {
    const held = openMerges(state.beads.values(), red.rig).filter(
      ({ merge }) => merge.target === red.target && merge.held_for === 'red-target',
    )
    return held.map(({ merge }) => merge.bead)
  }
  if (incident !== undefined) {
    const [rig, part] = incident.node.split('/')
    if (part !== undefined && part !== 'polecats') return []
    return unstarted(state, incident.node === 'town' ? undefined : rig)
  }
  if (cause !== 'auth' && cause !== 'billing') return []
  const account = liveRun(bead)?.account
  const limited = [...state.live.values()].flat().filter((run) => run.limit?.is === cause && run.account === account)
  return limited.filter((run) => run.state === 'rate_limited' && run.bead !== bead.id).map((run) => run.bead)
}

function ofDialog(agent: string, since: string): Waiting {
  const text = `${agent} waits at a dialog. Answer it: gt attach ${agent}`
  const base = { cause: 'dialog', severity: severityOf('dialog'), title: `${agent} asks for a permission`, text, since }
  return {
    id: `agent:${agent}`,
    key: `agent:${agent} dialog ${since}`,
    bead: null,
    rig: null,
    who: agent,
    starts: [],
    ...base,
  }
}

function ofHold(state: State, { reason, frozen, drain, since }: NonNullable<Extras['hold']>): Waiting {
  const why = reason || 'no reason given'
  const ways = drain ? 'It is going down; to stay: gt up' : 'To go on: gt thaw'
  const stands = unstarted(state)
  return {
    id: 'hold',
    key: `hold ${since}`,
    cause: 'hold',
    severity: severityOf('hold'),
    title: frozen ? 'Everything is frozen' : 'Nothing new starts: the town is held',
    text: `${why}. ${ways}`,
    since,
    bead: null,
    rig: null,
    who: null,
    starts: stands,
    stands,
    quiet: true,
  }
}

/** Somebody has to drive: a run, a merge request or an order is open. */
function isUnderWay(state: State): boolean {
  return [...state.live.values()].some((runs) => runs.length > 0) || unstarted(state).length > 0
}

function undriven(state: State, { since, stopped }: NonNullable<Extras['undriven']>): Waiting {
  const stands = [...new Set([...unstarted(state), ...[...state.live.values()].flat().map((run) => run.bead)])]
  const [title, text] =
    stopped === undefined
      ? [
          'Nobody drives the town',
          'There is work under way, and nothing carries it on: the town’s daemon does not run. Start it: gt up',
        ]
      : [
          `Process ${stopped} drives the town, and is stopped`,
          `There is work under way, and nothing carries it on: a signal, such as Ctrl-Z, holds process ${stopped}, which drives the town. Let it go on: gt up`,
        ]
  const base = { cause: 'daemon', severity: severityOf('daemon'), title, text, since }
  return { id: 'daemon', key: 'daemon', bead: null, rig: null, who: null, starts: stands, stands, quiet: true, ...base }
}

/** What a person is told of it. */
export function noticesOf(state: State, extras: Extras = {}): Notice[] {
  const warnings = extras.budgets === undefined ? [] : budgetWarnings(extras.budgets)
  const waits = waiting(state, extras)
    .filter(({ quiet }) => quiet === undefined)
    .map(({ cause, key, severity, title, text, bead, id }) => ({
      cause,
      key,
      severity,
      title: `${id}: ${title}`,
      text,
      ...(bead !== null && { bead }),
    }))
  return [...waits, ...warnings]
}

/** The merge request that a bead's live run handed in, or that its epic did. */
export function requestOf(state: State, id: string): MergeRequest | undefined {
  const bead = state.beads.get(id)
  const run = bead && liveRun(bead)
  const own = mergeOf(run?.merge_request === undefined ? undefined : state.beads.get(run.merge_request))
  const epic = mergeOf(state.beads.get((bead && facts(bead).integration?.merge_request) ?? ''))
  return [own, epic].find((request) => request !== undefined && request.bead.status !== 'closed')
}
