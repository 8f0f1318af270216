/** One look at one gate, and what follows from it: the same for the daemon and for `gt gate check`. */
import { lookUp } from '../../beads/fold.ts'
import type { OpenTown } from '../../kernel/town.ts'
import type { Result } from '../../result.ts'
import { fail, ok } from '../../result.ts'
import { changeFor } from './change.ts'
import { noteCheck, readChecks } from './checks.ts'
import type { Checked, Verdict } from './evaluate.ts'
import { checkedAfter, evaluateGate } from './evaluate.ts'
import { cameOf, isGate, isLookedAt, isPending } from './gate.ts'
import { lookAtGate } from './look.ts'
import { turnOf } from './waits.ts'

export interface Found {
  gate: string
  verdict: Verdict['is'] | 'over'
  said: string
  /** The ledger was changed by this look. */
  changed: boolean
  /** When it is looked at next, RFC 3339; null where only events and the clock count, and when it is over. */
  next: string | null
}

/** Looks, decides, writes what follows. Idempotent. Errors: E_NO_BEAD, E_NOT_A_GATE, those of the ledger, E_WRITE. */
export async function checkGate(town: OpenTown, id: string, by: string, signal?: AbortSignal): Promise<Result<Found>> {
  const gate = lookUp(town.ledger.state, id)
  if (gate === undefined) return fail('E_NO_BEAD', `There is no bead ${id}.`, { hint: 'gt gate list' })
  if (!isGate(gate))
    return fail('E_NOT_A_GATE', `${id} is no gate, it is a ${gate.issue_type}.`, { hint: 'gt gate list' })
  const over = gate.status === 'open' ? undefined : cameOf(gate)
  if (over !== undefined) return ok({ gate: id, verdict: 'over', said: over, changed: false, next: null })
  const before = readChecks(town.paths.runtime).get(id)
  const look = await lookAtGate(town, gate, signal)
  const now = town.now()
  const checked = checkedAfter(look, now, before)
  // A look that was cut short by our own end says nothing.
  const noted = isLookedAt(gate) && !signal?.aborted ? remember(town, id, checked) : ok(undefined)
  if (noted.kind === 'error') return noted
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const still = town.ledger.state.beads.get(id) ?? gate
  const verdict = evaluateGate(still, look, now, before, turnOf(town.ledger.state, still))
  const change = changeFor(town.ledger.state, still, verdict, { by, at: now.toISOString() })
  const next = isLookedAt(gate) && verdict.is === 'wait' ? new Date(checked.next).toISOString() : null
  const found = { gate: id, verdict: verdict.is, said: wordsOf(verdict), next }
  if (change === null) return ok({ ...found, changed: false })
  const written = town.ledger.write(change)
  return written.kind === 'error' ? written : ok({ ...found, changed: written.value.applied })
}

const wordsOf = (verdict: Verdict): string =>
  verdict.is === 'wait' ? verdict.said : verdict.is === 'ask' ? verdict.text : verdict.why

/** What is over needs no memory. */
function remember(town: OpenTown, id: string, checked: Checked): Result<void> {
  const { beads } = town.ledger.state
  return noteCheck(town.paths.runtime, id, checked, (other) => {
    const gate = beads.get(other)
    return gate !== undefined && isPending(gate)
  })
}
