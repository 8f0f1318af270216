/** The two ends of a gate, and the question to a person, as changes for the ledger. Pure; each applies once. */
import type { Bead } from '../../beads/bead.ts'
import { facts } from '../../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../../beads/change.ts'
import type { State } from '../../beads/fold.ts'
import { gtPath } from '../../kernel/runs.ts'
import type { Verdict } from './evaluate.ts'
import { gateWords } from './gate.ts'
import { parkedOn } from './waits.ts'

/** Who, and when (RFC 3339). */
export interface By {
  by: string
  at: string
}

/** What came, so the gate is over: what needs it is free, whoever is parked on it comes back. */
export function openGate(gate: Bead, why: string, { by }: By): ChangeInput {
  const { id } = gate
  return {
    by,
    why: `gate open: ${why}`,
    rule: 'gate-open',
    when: [stillThere(gate)],
    ops: [
      { op: 'set', id, path: ['status'], value: 'closed' },
      { op: 'set', id, path: ['close_reason'], value: why },
      { op: 'set', id, path: gtPath('outcome'), value: 'done' },
      ...(facts(gate).needs === undefined ? [] : [{ op: 'unset', id, path: gtPath('needs') } as Op]),
    ],
  }
}

/** The change that a verdict asks for; null when nothing is to be written. */
export function changeFor(state: State, gate: Bead, verdict: Verdict, how: By): ChangeInput | null {
  switch (verdict.is) {
    case 'open':
      return openGate(gate, verdict.why, how)
    case 'fail':
      return failGate(state, gate, verdict.why, how)
    case 'ask':
      return ask(gate, verdict, how)
    case 'wait':
      return verdict.answered ? answered(gate, how) : null
  }
}

/** It cannot open any more. Whoever is parked on it comes back and is told; where nobody is, a person is asked. */
function failGate(state: State, gate: Bead, why: string, { by, at }: By): ChangeInput {
  const { id } = gate
  const ops: Op[] = [{ op: 'set', id, path: gtPath('gate', 'failed'), value: { at, why } }]
  const text = `${id} (${gateWords(gate)}) cannot open any more: ${why}. What needs it stays blocked. Open it all the same: gt gate open ${id}`
  // Whoever is parked on it is told; what was asked about it is answered by that, if not as hoped.
  const { needs } = facts(gate)
  if (parkedOn(state, id).length === 0)
    ops.push({ op: 'set', id, path: gtPath('needs'), value: { cause: 'gate', text, at } })
  else if (needs?.cause === 'gate') ops.push({ op: 'unset', id, path: gtPath('needs') })
  return { by, why: `gate failed: ${why}`, rule: 'gate-failed', when: [stillThere(gate), notFailed(gate)], ops }
}

function ask(gate: Bead, verdict: Extract<Verdict, { is: 'ask' }>, { by, at }: By): ChangeInput {
  const { id } = gate
  const { about } = verdict
  const text = `${id} (${gateWords(gate)}): ${verdict.text} Open it: gt gate open ${id}`
  return {
    by,
    why: `a person is asked: ${verdict.text}`,
    rule: `gate-${about}`,
    when: [
      stillThere(gate),
      notFailed(gate),
      { if: 'in', id, path: gtPath('gate', 'asked', 'about'), values: [facts(gate).gate?.asked?.about ?? null] },
    ],
    ops: [
      { op: 'set', id, path: gtPath('gate', 'asked'), value: { at, about } },
      { op: 'set', id, path: gtPath('needs'), value: { cause: 'gate', text, at } },
    ],
  }
}

/** It can be looked at again, so nobody is asked about that any more. */
function answered(gate: Bead, { by }: By): ChangeInput {
  const { id } = gate
  return {
    by,
    why: 'it can be looked at again',
    rule: 'gate-answered',
    when: [stillThere(gate), { if: 'in', id, path: gtPath('gate', 'asked', 'about'), values: ['unknown'] }],
    ops: [
      { op: 'unset', id, path: gtPath('gate', 'asked') },
      ...(facts(gate).needs?.cause === 'gate' ? [{ op: 'unset', id, path: gtPath('needs') } as Op] : []),
    ],
  }
}

const stillThere = (gate: Bead): Condition => ({ if: 'in', id: gate.id, path: ['status'], values: [gate.status] })
const notFailed = (gate: Bead): Condition => ({ if: 'in', id: gate.id, path: gtPath('gate', 'failed'), values: [null] })
