/** Gates that are waited for as rows: what `gt gate list` and `gt gate show` answer, and how they look to people. */
import type { Bead } from '../beads/bead.ts'
import type { OpenTown } from '../kernel/town.ts'
import { readChecks } from '../meow/gates/checks.ts'
import type { Checked } from '../meow/gates/evaluate.ts'
import {
  awaitedId,
  cameOf,
  deadlineOf,
  gateFacts,
  gateFailed,
  isLookedAt,
  isPending,
  opensAt,
  typeOf,
} from '../meow/gates/gate.ts'
import { neededBy, openGates, parkedOn, turnOf } from '../meow/gates/waits.ts'
import { age, columns, plain } from './text.ts'

/** A gate as `gt gate list` and `show` answer it. */
export function rowOf(town: OpenTown, gate: Bead, checks: ReadonlyMap<string, Checked>) {
  const { state } = town.ledger
  const facts = gateFacts(gate)
  const checked = checks.get(gate.id)
  const turn = turnOf(state, gate)
  const instant = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())
  const next = isPending(gate) && isLookedAt(gate) ? (checked?.next ?? town.now().getTime()) : opensAt(gate, turn)
  return {
    id: gate.id,
    type: typeOf(gate),
    await_id: awaitedId(gate) || null,
    command: facts.command?.run ?? null,
    title: gate.title,
    state: cameOf(gate) === undefined ? 'pending' : gateFailed(gate) && gate.status === 'open' ? 'failed' : 'open',
    came: cameOf(gate) ?? null,
    created_at: gate.created_at,
    deadline: instant(deadlineOf(gate, turn)),
    default: typeOf(gate) === 'timer' ? null : (facts.default ?? 'ask'),
    /** Runs that are parked on it. */
    parked: parkedOn(state, gate.id).map(({ fence, agent, bead }) => ({ run: fence, agent, bead })),
    blocks: neededBy(state, gate.id),
    said: checked?.said ?? null,
    next_check: instant(isPending(gate) ? next : undefined),
  }
}

type GateRow = ReturnType<typeof rowOf>

/** The waits of a rig that are not over, oldest first. */
export function waitsOf(town: OpenTown, rig: string): GateRow[] {
  const checks = readChecks(town.paths.runtime)
  return openGates(town.ledger.state, rig).map((gate) => rowOf(town, gate, checks))
}

export function waitsText(rows: GateRow[], now: Date): string {
  return columns(
    rows.map((row) => [
      row.id,
      row.state,
      age(row.created_at, now),
      plain(row.title.replace(/^Gate: /, ''), 50),
      row.parked.length > 0
        ? `parked: ${row.parked.map(({ agent }) => agent).join(' ')}`
        : row.blocks.join(' ') || 'nobody waits',
      row.next_check === null ? '' : `next ${row.next_check}`,
    ]),
  )
}
