/** A new gate, as a change: a bead of type `gate` and the `blocks` edges of those that need it. Pure. */
import type { Bead } from '../../beads/bead.ts'
import type { ChangeInput, Op } from '../../beads/change.ts'
import type { Author } from '../../beads/edit.ts'
import { addDependency, createBead } from '../../beads/edit.ts'
import type { GateFacts } from '../../beads/facts.ts'
import type { State } from '../../beads/fold.ts'
import { lookUp, put } from '../../beads/fold.ts'
import type { Result } from '../../result.ts'
import { EXIT, fail, ok } from '../../result.ts'
import type { GateType } from './gate.ts'
import { GATE_TYPES, gateWords, nanoseconds, WRITTEN_TYPES } from './gate.ts'

export interface NewGate {
  prefix: string
  type: string
  /** Bead id, message, run number or workflow, number of the pull request. */
  awaitId?: string
  /** Of a timer: how long, in ms. Of the others: the latest, after which `default` holds. */
  timeoutMs?: number
  /** RFC 3339; instead of a timeout. */
  deadline?: string
  default?: NonNullable<GateFacts['default']>
  command?: NonNullable<GateFacts['command']>
  /** Ids of beads that need it. */
  blocks?: string[]
  rig?: string
  /** Addresses of who waits. */
  waiters?: string[]
  /** Why there is a wait, for people. */
  reason?: string
}

/**
 * A command must be allowed before (permission.ts), or it is never run.
 * Errors: E_BAD_GATE (64: type, missing id, time or command), E_NO_BEAD, those of an edge (E_DEADLOCK, E_CYCLE …).
 */
export function createGate(state: State, input: NewGate, author: Author): Result<{ gate: Bead; input: ChangeInput }> {
  const wrong = wrongGate(state, input)
  if (wrong !== null) return wrong
  const at = author.at ?? new Date().toISOString()
  const made = createBead(
    state,
    {
      prefix: input.prefix,
      title: 'Gate',
      type: 'gate',
      ...(input.reason !== undefined && { body: input.reason }),
      ...(input.rig !== undefined && { rig: input.rig }),
    },
    { ...author, at },
  )
  if (made.kind === 'error') return made
  const { bead } = made.value
  const timeoutMs = timeoutFor(input, at)
  const mine: GateFacts = {
    ...(input.command !== undefined && { command: input.command }),
    ...(input.type !== 'timer' && input.deadline !== undefined && { deadline: input.deadline }),
    ...(input.default !== undefined && { default: input.default }),
  }
  const gate: Bead = {
    ...bead,
    await_type: input.type,
    ...(input.awaitId !== undefined && { await_id: input.awaitId }),
    ...(timeoutMs !== undefined && { timeout: nanoseconds(timeoutMs) }),
    ...(input.waiters !== undefined && input.waiters.length > 0 && { waiters: input.waiters }),
    metadata: { ...bead.metadata, gt: { version: 0, ...bead.metadata?.gt, gate: mine } },
  }
  const why = input.type === 'human' && input.reason ? `: ${input.reason}` : ''
  gate.title = `Gate: ${gateWords(gate)}${why}`.replace(/\s+/g, ' ').slice(0, 200)
  const edges = edgesTo(state, gate, input.blocks ?? [], { ...author, at })
  if (edges.kind === 'error') return edges
  const ops: Op[] = [{ op: 'create', bead: gate }, ...edges.value]
  return ok({ gate, input: { ...made.value.input, ops } })
}

/** Of a timer with a deadline: what is left until then. */
function timeoutFor(input: NewGate, at: string): number | undefined {
  if (input.timeoutMs !== undefined || input.type !== 'timer' || input.deadline === undefined) return input.timeoutMs
  return Math.max(1, Date.parse(input.deadline) - Date.parse(at))
}

function edgesTo(state: State, gate: Bead, blocks: string[], author: Author): Result<Op[]> {
  // With the gate in it, since an edge is looked at as it will be.
  const after: State = { ...state, beads: new Map(state.beads), live: new Map(state.live) }
  if (blocks.length > 0) put(after, gate)
  const ops: Op[] = []
  for (const id of new Set(blocks)) {
    const edge = addDependency(after, id, gate.id, author)
    if (edge.kind === 'error') return edge
    ops.push(...edge.value.ops)
  }
  return ok(ops)
}

function wrongGate(state: State, input: NewGate): Result<never> | null {
  const type = GATE_TYPES.find((known) => known === input.type)
  if (type === undefined) {
    return bad(`"${input.type}" is no type of gate.`, `--type ${WRITTEN_TYPES.join(' | ')}`)
  }
  if (input.deadline !== undefined && Number.isNaN(Date.parse(input.deadline))) {
    return bad(`"${input.deadline}" is no point in time.`, '--deadline 2026-12-24T18:00:00Z')
  }
  const lack = lackOf(type, input)
  if (lack !== null) return bad(...lack)
  const id = (input.awaitId ?? '').slice((input.awaitId ?? '').lastIndexOf(':') + 1)
  if (type === 'bead' && lookUp(state, id) === undefined)
    return fail('E_NO_BEAD', `There is no bead ${id}.`, { kept: 'Nothing was made.', hint: 'gt bead list' })
  return null
}

/** What a gate of this type must have and this one has not: what is wrong, and what to type. */
function lackOf(type: GateType, input: NewGate): [string, string] | null {
  switch (type) {
    case 'timer':
      if (input.timeoutMs !== undefined || input.deadline !== undefined) return null
      return ['A timer needs a time.', 'gt gate create --timer 2h']
    case 'command':
      return input.command?.run.trim()
        ? null
        : ['A command gate needs a command.', 'gt gate create --command "test -f done"']
    case 'condition':
      return ['A condition gate needs a condition.', 'they are made by formulas']
    case 'bead':
      return input.awaitId ? null : ['Which bead?', 'gt gate create --type bead --id <bead>']
    case 'gh:run':
      return input.awaitId ? null : ['Which run?', 'gt gate create --type gh:run --id <run number or workflow>']
    case 'gh:pr':
      return /^[1-9]\d*$/.test(input.awaitId ?? '')
        ? null
        : ['Which pull request?', 'gt gate create --type gh:pr --id <number>']
    case 'mail':
    case 'human':
      return null
  }
}

const bad = (message: string, hint: string): Result<never> =>
  fail('E_BAD_GATE', message, { kept: 'Nothing was made.', hint, exit: EXIT.usage })
