/**
 * Who used what: runs and attended agents, each with what the ledger keeps of it and what its transcripts say while it lives.
 * What cannot be known is said; it is never nothing.
 */
import { existsSync } from 'node:fs'
import { readBeat } from '../agents/beat.ts'
import { configFolderOf, readContext } from '../agents/context.ts'
import { agentDir } from '../agents/launch.ts'
import { presetFor, usageOf } from '../agents/preset.ts'
import { roleOf } from '../agents/roles.ts'
import type { AgentFacts } from '../beads/agent-facts.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run, SessionUsage } from '../beads/facts.ts'
import { allAgents } from '../kernel/agents.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Counting } from './count.ts'
import type { Metered, Place } from './meter.ts'
import { Meter } from './meter.ts'
import { sumOf } from './tokens.ts'

export type SpenderRole = 'mayor' | 'crew' | 'polecat' | 'witness' | 'refinery'

/** One run, or one agent that works on no bead, with all that is known of what it used. */
export interface Spender {
  address: string
  role: SpenderRole
  rig?: string | undefined
  bead?: Bead | undefined
  run?: Run | undefined
  /** By conversation. */
  sessions: Record<string, SessionUsage>
  /** Why this is not all of it, or nothing. */
  unknown?: string | undefined
}

type Town = Pick<OpenTown, 'root' | 'settings' | 'ledger' | 'now'>

/** The meters of agents, each made at its first look; the driver keeps them between two passes. */
export class Meters {
  readonly #of = new Map<string, Meter>()
  readonly #longFrom: Counting['longFrom']

  constructor(longFrom: Counting['longFrom']) {
    this.#longFrom = longFrom
  }

  of(folder: string): Meter {
    const known = this.#of.get(folder) ?? new Meter(folder, this.#longFrom)
    this.#of.set(folder, known)
    return known
  }

  /** Forgets those whose folder is gone. */
  sweep(): void {
    for (const folder of this.#of.keys()) if (!existsSync(folder)) this.#of.delete(folder)
  }
}

/** What a run used until now. */
export function spentByRun(town: Town, bead: Bead, run: Run, meters: Meters): Spender {
  const who = { address: run.agent, role: roleOf(run), rig: run.rig, bead, run }
  const kept = run.usage ?? {}
  const folder = agentDir(town.root, { fence: run.fence, address: run.agent })
  const way = wayOf(town, run.preset)
  if (way === 'none') return { ...who, sessions: kept }
  if (run.cleared || !existsSync(folder)) {
    const silent = run.usage === undefined && run.spoke !== undefined
    return { ...who, sessions: kept, ...(silent && { unknown: 'nothing was written down' }) }
  }
  if (way === 'untold') return { ...who, sessions: kept, unknown: `the agent ${run.preset} does not tell what it uses` }
  const config = configFolderOf(folder)
  // It was not started yet.
  if (config.kind === 'empty') return { ...who, sessions: kept }
  if (config.kind !== 'ok') return { ...who, sessions: kept, unknown: wordsOf(config) }
  const conversations = [run.conversation, ...Object.keys(kept)].filter((id) => id !== undefined && id !== '')
  const places = [{ config: config.value, conversations: conversations as string[] }]
  const live = readSessions(folder, places, run.conversation, run.handed_in !== undefined, meters)
  return { ...who, ...merged(kept, live, town.now()) }
}

/** The Mayor and crew, from their own beads; of those that were removed only what was written down, unless `all`. */
export function attendedSpenders(town: Town, meters: Meters, all = false): Attended[] {
  return allAgents(town.ledger.state).map(({ id, agent }) => {
    const { address, role, crew } = agent
    const bead = town.ledger.state.beads.get(id)
    const kept = (bead && facts(bead).spending) ?? {}
    const who = { id, address, role, rig: crew?.rig }
    if (crew?.state === 'removed' && !all) return { ...who, sessions: kept }
    const current = agent.conversations[agent.session?.conversation ?? '']
    if (current !== undefined && wayOf(town, current.preset) === 'untold')
      return { ...who, sessions: kept, unknown: `the agent ${current.preset} does not tell what it uses` }
    const places = new Map<string, string[]>()
    for (const [conversation, { config }] of Object.entries(agent.conversations)) {
      if (config !== undefined) places.set(config, [...(places.get(config) ?? []), conversation])
    }
    const folder = agentDir(town.root, { address })
    const found = [...places].map(([config, conversations]) => ({ config, conversations }))
    const live = readSessions(folder, found, agent.session?.conversation, false, meters)
    return { ...who, ...merged(kept, withoutTheirs(town, id, agent, live), town.now()) }
  })
}

/** Without what another agent of that address used, one that was removed: its transcripts may lie in the same directory. */
function withoutTheirs(town: Town, id: string, { address }: AgentFacts, live: Live): Live {
  const others = allAgents(town.ledger.state).filter((other) => other.agent.address === address && other.id !== id)
  const theirs = new Set(others.flatMap(({ agent }) => Object.keys(agent.conversations)))
  const own = Object.entries(live.sessions).filter(([conversation]) => !theirs.has(conversation))
  return { ...live, sessions: Object.fromEntries(own) }
}

/** A spender that has a bead of its own, by its id. */
export type Attended = Spender & { id: string }

interface Live {
  sessions: Metered
  unknown?: string
}

/** Events that only a working model leads to. */
const WORKED: ReadonlySet<string> = new Set(['PostToolUse', 'PostToolUseFailure', 'Stop', 'PreCompact'])

/**
 * `current`: the conversation of its present session. `worked`: it is known that a model answered there; else its signs are
 * asked, where a transcript is missing.
 */
function readSessions(
  folder: string,
  places: readonly Place[],
  current: string | undefined,
  worked: boolean,
  meters: Meters,
): Live {
  const read = meters.of(folder).look(places)
  if (read.kind !== 'ok' && read.kind !== 'empty') return { sessions: {}, unknown: wordsOf(read) }
  const sessions = read.kind === 'ok' ? read.value : {}
  if (current !== undefined && sessions[current] !== undefined) return { sessions }
  if (!worked && !hasWorked(folder)) return { sessions }
  return { sessions, unknown: 'its transcript is not there, although it worked' }
}

function hasWorked(folder: string): boolean {
  const beat = readBeat(folder)
  if (beat.kind === 'ok' && WORKED.has(beat.value.event)) return true
  const status = readContext(folder)
  return status.kind === 'ok' && (status.value.costUsd ?? 0) > 0
}

const wordsOf = (read: { kind: 'unknown'; why: string } | { kind: 'error'; failure: { message: string } }): string =>
  read.kind === 'error' ? read.failure.message : read.why

/** Of what was written down and what is there now, the larger: transcripts only grow, or go. */
function merged(
  kept: Record<string, SessionUsage>,
  live: Live,
  now: Date,
): { sessions: Record<string, SessionUsage>; unknown?: string } {
  const sessions = { ...kept }
  for (const [conversation, days] of Object.entries(live.sessions)) {
    const before = sessions[conversation]
    if (before === undefined || before.unknown !== undefined || sumOf(days) > sumOf(before.days))
      sessions[conversation] = { at: now.toISOString(), days }
  }
  return { sessions, ...(live.unknown !== undefined && { unknown: live.unknown }) }
}

function wayOf(town: Town, name: string): 'claude' | 'none' | 'untold' {
  const preset = presetFor(name, town.settings.agents)
  return preset.kind === 'ok' ? usageOf(preset.value) : 'untold'
}
