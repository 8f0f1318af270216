/**
 * Slinging: the standing order "get this bead done by that rig". The order is one change in the ledger and outlives
 * every session; who dispatches it (this command, the Deacon, a waiting `gt sling`) does not matter.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import type { Slung } from '../beads/facts.ts'
import { gtPath, liveRun } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'

export interface SlingTarget {
  rig: string
  /** A fixed worker address. */
  agent?: string
}

/** `gp` or `gp/polecats/toast` (short: `gp/toast`). */
export function parseTarget(text: string): Result<SlingTarget> {
  const [rig, ...rest] = text.split('/')
  if (rest[0] === 'crew') {
    return fail('E_TARGET', `${text} takes no orders from the queue: a person directs the crew.`, {
      kept: 'Nothing was slung.',
      hint: `gt attach ${text}   and tell it; or let a worker do it: gt sling <bead…> ${rig}`,
    })
  }
  const name = rest.length === 2 && rest[0] === 'polecats' ? rest[1] : rest.length === 1 ? rest[0] : undefined
  if (rig === undefined || rig === '' || rest.length > 2 || (rest.length > 0 && !name)) {
    return fail('E_TARGET', `"${text}" is neither a rig nor the address of a worker.`, {
      hint: 'gt sling <bead…> <rig>   or   gt sling <bead…> <rig>/polecats/<name>',
    })
  }
  if (name === 'refinery') {
    return fail('E_TARGET', `${rig}/refinery takes no orders: it is called for merges that workers could not mend.`, {
      hint: `gt sling <bead…> ${rig}`,
    })
  }
  if (name !== undefined && !/^[a-z][a-z0-9_-]{0,30}$/.test(name)) {
    return fail('E_TARGET', `"${name}" cannot be a worker's name: use lower-case letters, digits, \`-\` and \`_\`.`)
  }
  return ok({ rig, ...(name !== undefined && { agent: `${rig}/polecats/${name}` }) })
}

/** Types that are never dispatched as work (pain E03: escalations and messages are not work). */
const NOT_WORK = new Set(['message', 'merge-request', 'gate', 'event', 'agent', 'role', 'rig', 'molecule', 'convoy'])

/**
 * The change that orders a bead, or why it cannot be ordered. A person's sling also answers an open "needs a person"
 * and starts the count of attempts afresh; a bead that is already running keeps its run (`null`: nothing to change).
 */
export function order(bead: Bead, slung: Slung): Result<ChangeInput | null> {
  if (bead.status === 'tombstone') {
    return fail('E_NO_BEAD', `${bead.id} was deleted (${bead.delete_reason ?? 'no reason given'}); it was not slung.`, {
      hint: 'gt bead ready',
    })
  }
  if (bead.status === 'closed') {
    return fail('E_CLOSED', `${bead.id} is closed (${bead.close_reason ?? 'no reason given'}); it was not slung.`, {
      hint: `gt bead reopen ${bead.id}   if it must be done again`,
    })
  }
  const { step } = facts(bead)
  if (step !== undefined) {
    return fail('E_NOT_WORK', `${bead.id} is a step of ${step.of}: whoever gets that does its steps in order.`, {
      hint: `gt sling ${step.of} ${slung.rig}`,
    })
  }
  if (NOT_WORK.has(bead.issue_type) && facts(bead).molecule === undefined) {
    return fail('E_NOT_WORK', `${bead.id} is a ${bead.issue_type}, and only work can be slung.`, {
      hint: 'gt bead ready',
    })
  }
  const rig = facts(bead).rig
  if (rig !== undefined && rig !== slung.rig) {
    return fail('E_OTHER_RIG', `${bead.id} belongs to rig ${rig}, not to ${slung.rig}.`, {
      hint: `gt sling ${bead.id} ${rig}`,
    })
  }
  if (liveRun(bead) !== undefined) return ok(null)
  const gt = facts(bead)
  // No worker is on it, so that any other status (set by hand, or by the tool that it came from) would hold it back for ever.
  const held = bead.status !== 'open'
  if (gt.slung !== undefined && gt.needs === undefined && gt.slung.not_before === undefined && !held) return ok(null)
  const ops: Op[] = [{ op: 'set', id: bead.id, path: gtPath('slung'), value: slung }]
  if (rig === undefined) ops.push({ op: 'set', id: bead.id, path: gtPath('rig'), value: slung.rig })
  // What an epic that lands as one asks a person has answers of its own: gt land, gt mq integration land.
  if (gt.needs !== undefined && gt.integration === undefined) {
    ops.push(
      { op: 'unset', id: bead.id, path: gtPath('needs') },
      { op: 'set', id: bead.id, path: gtPath('attempts'), value: 0 },
    )
    // What earlier runs left is told to a fresh worker; the Refinery's session only follows on one that failed.
    if (gt.handover !== undefined) ops.push({ op: 'set', id: bead.id, path: gtPath('handover', 'to'), value: 'worker' })
  }
  if (held) ops.push({ op: 'set', id: bead.id, path: ['status'], value: 'open' })
  return ok({
    by: slung.by,
    why: `slung to ${slung.agent ?? slung.rig}`,
    when: [{ if: 'no-live-run', id: bead.id }],
    ops,
  })
}

/** Writes the order. A lost race against another sling of the same bead is no error: the bead is slung. */
export function sling(town: OpenTown, id: string, slung: Slung): Result<void> {
  const bead = town.ledger.state.beads.get(id)
  if (bead === undefined) return fail('E_NO_BEAD', `There is no bead ${id}.`, { hint: 'gt bead list' })
  const change = order(bead, slung)
  if (change.kind === 'error') return change
  if (change.value === null) return ok(undefined)
  const written = town.ledger.write(change.value)
  return written.kind === 'error' ? written : ok(undefined)
}
