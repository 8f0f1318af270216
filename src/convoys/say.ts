/**
 * Says what a convoy has to say: the ledger first, by one conditional change, then the person's channels. Messages to agents
 * are part of that change: told and in their mail, or neither. A driver killed right after it leaves a person's channel
 * silent once; what landed stands in `gt` and `gt convoy list --all` all the same.
 */
import { notify } from '../attention/notify.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import { applied } from '../beads/change.ts'
import { lookUp } from '../beads/fold.ts'
import { newBeadId } from '../beads/ids.ts'
import type { OpenTown } from '../kernel/town.ts'
import { messageBead } from '../mail/send.ts'
import { syncInbox } from '../mail/sync.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { turnOf } from './due.ts'
import type { Notice } from './notice.ts'
import { audienceOf, landedNotice } from './notice.ts'

/** True when something was said; false: there is nothing to say, or somebody else said it. Errors: the ledger's. */
export function sayConvoy(town: OpenTown, id: string, by: string): Result<boolean> {
  const { state } = town.ledger
  const bead = state.beads.get(id)
  const at = town.now().toISOString()
  const turn = bead && turnOf(state, bead, { by, at })
  if (bead === undefined || turn === undefined) return ok(false)
  if (turn.is !== 'told') return applied(town.ledger.write(turn.input))
  const notice = landedNotice(bead, turn.members)
  const audience = audienceOf(facts(bead).convoy!)
  const written = applied(town.ledger.write(withMail(town, turn.input, bead, audience.agents, notice)))
  if (written.kind === 'error' || !written.value) return written
  // The folder follows the ledger: what cannot be laid there now is when the session begins.
  for (const address of audience.agents) syncInbox(town, { address })
  if (audience.person) {
    const key = `landed ${id} ${at}`
    void notify(town, { cause: 'landed', key, ...notice, bead: id, severity: 'low', kind: 'news' })
  }
  return written
}

/** The same change, with a message to each of these. */
function withMail(town: OpenTown, input: ChangeInput, convoy: Bead, to: string[], notice: Notice): ChangeInput {
  const { state } = town.ledger
  const ops = to.map((address): Op => {
    const id = newBeadId('hq', (taken) => lookUp(state, taken) !== undefined)
    const letter = {
      from: input.by,
      to: address,
      subject: notice.title,
      body: notice.text,
      type: 'convoy-landed',
      data: { convoy: convoy.id },
      // Whoever sent it off waits for this.
      wake: true,
    }
    const from = { address: input.by }
    const expireMs = Math.max(KEPT_MS, town.settings.mail.expire)
    return {
      op: 'create',
      bead: messageBead(letter, { id, thread: id, from, to: [{ address }], at: town.now(), expireMs }),
    }
  })
  return { ...input, ops: [...input.ops, ...ops] }
}

/** It waits at least a week for an agent that has no session. */
const KEPT_MS = 7 * 86_400_000
