/** Takes the demo's town down and looks whether anything is left: sessions, processes, files. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { goDown } from '../deacon/down.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { removeFolder, shellWord } from '../scratch/folder.ts'
import { tmuxSocket } from '../town/paths.ts'
import { isMarked, processTable } from '../town/process-table.ts'
import { endMarked } from '../town/process-tree.ts'

/** What is going to be deleted is not asked for long whether it would like to end by itself. */
const GRACE_MS = 1_000

/**
 * Ends everything that runs in the town and, unless `keep`, deletes `dir` (the folder the town lies in). Every step is
 * taken even when one before it failed. Error: E_LEFTOVERS, which names what is still there.
 */
export async function leave(dir: string, town: OpenTown | undefined, keep: boolean): Promise<Result<void>> {
  const left: string[] = []
  if (town !== undefined) left.push(...(await endTown(town, keep)))
  if (!keep) {
    const stays = removeFolder(dir)
    if (stays !== null) left.push(stays)
  }
  if (left.length === 0) return ok(undefined)
  return fail('E_LEFTOVERS', `The demo left something behind: ${left.join('; ')}.`, {
    hint: `rm -rf ${shellWord(dir)}`,
  })
}

async function endTown(town: OpenTown, keep: boolean): Promise<string[]> {
  const left: string[] = []
  // A town that stays has its books in order; one that goes needs none.
  const down = keep ? await goDown(town) : await town.runtime.shutdown()
  if (down.kind === 'error') left.push(`sessions (${down.failure.message})`)
  const marker = { name: 'GT_TOWN', value: town.root }
  const ended = await endMarked(marker, { graceMs: GRACE_MS })
  if (ended.kind === 'error') left.push(`processes (${ended.failure.message})`)
  town.ledger.close()
  const sessions = await town.runtime.list()
  if (sessions.kind !== 'empty') left.push(`sessions on the socket ${tmuxSocket(town.root)}`)
  else removeSocket(town)
  const table = processTable()
  const alive = table.kind === 'ok' ? table.value.filter((row) => isMarked(row.pid, marker)) : []
  if (alive.length > 0) left.push(`processes ${alive.map((row) => row.pid).join(', ')}`)
  return left
}

/** A tmux server that ends leaves its socket's file; the next one of that name would replace it, but there is none. */
function removeSocket(town: OpenTown): void {
  const folder = join(town.env.TMUX_TMPDIR || '/tmp', `tmux-${process.getuid?.() ?? 0}`)
  rmSync(join(folder, tmuxSocket(town.root)), { force: true })
}
