/**
 * The chores. Each is two functions: `look` tells whether there is anything to do and changes nothing, so that an idle
 * town writes nothing (law 7); `run` looks again, under the chore's lease, and does it. Each may be killed anywhere:
 * the next run goes on from what lies there.
 */
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import * as archive from './archive.ts'
import * as backup from './backup.ts'
import * as compact from './compact.ts'
import * as costs from './costs.ts'
import * as logs from './logs.ts'
import * as orphans from './orphans.ts'
import * as prune from './prune.ts'
import type { Report } from './report.ts'
import type { ChoreName } from './schedule.ts'

/** What a look found. */
export interface Seen {
  /** How many things there are to do; 0: none. */
  todo: number
  /** With nothing to do: what was seen and left alone. */
  lines: string[]
}

export interface Chore {
  /** One sentence for people. Its schedule is the setting of its name in [dogs]. */
  does: string
  look(town: OpenTown, signal: AbortSignal): Promise<Result<Seen>>
  run(town: OpenTown, signal: AbortSignal): Promise<Result<Report>>
}

export const CHORE: Record<ChoreName, Chore> = {
  orphans: { does: 'Ends processes of this town whose run is over.', ...orphans },
  archive: { does: 'Archives what ended runs left, then removes it.', ...archive },
  compact: { does: 'Moves beads that closed long ago out of the live ledger.', ...compact },
  prune: { does: 'Packs old journals, and gives up archives that were kept long enough.', ...prune },
  logs: { does: 'Puts long logs aside, compressed.', ...logs },
  costs: { does: 'Writes down what the Mayor and crew used.', ...costs },
  backup: { does: 'Pushes the ledger to the place of dogs.backup_to, and reads it back.', ...backup },
}
