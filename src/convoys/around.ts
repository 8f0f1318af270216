/** What surrounds the ledger of a town: looked at once for all that is asked at one moment. */

import { roleOf } from '../agents/roles.ts'
import { activeRuns } from '../beads/fold.ts'
import { gateNow } from '../costs/gate.ts'
import { hostSays } from '../kernel/host.ts'
import type { OpenTown } from '../kernel/town.ts'
import { readHold } from '../town/hold.ts'
import { readHost } from '../town/host.ts'
import type { Surroundings } from './pace.ts'

export function around(town: OpenTown, now = town.now()): Surroundings {
  const { settings, ledger, root } = town
  const hold = readHold(root)
  const says = hostSays(readHost(root), settings.host, hold)
  const busy = activeRuns(ledger.state).filter((run) => roleOf(run) !== 'witness').length
  const all = settings.workers.max
  return {
    now,
    gate: gateNow(town, now),
    closed:
      says.is === 'open'
        ? null
        : hold.kind === 'empty'
          ? { by: 'host', why: says.why }
          : { by: 'hold', why: says.why, frozen: hold.kind === 'ok' && hold.value.frozen },
    slots: { free: all - busy, all },
  }
}
