/** Takes a drill's town away, whatever state it is in: its processes, its disk, its folder. */
import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { removeFolder, shellWord } from '../scratch/folder.ts'
import { endMarked } from '../town/process-tree.ts'
import { isMounted, unmount } from './disk.ts'
import { processesOf, signal } from './sight.ts'
import type { DrillTown } from './town.ts'

/** What is going to be deleted is not asked for long whether it would like to end by itself. */
const GRACE_MS = 500

/**
 * Ends everything that was started with the drill's HOME and deletes `dir`, also when its town was only half made; with `keep`
 * its files stay, on an ordinary disk and at the same paths. Every step is taken even when one before it failed. Error:
 * E_LEFTOVERS, which names what is there.
 */
export async function leave(dir: string, town: DrillTown | undefined, keep: boolean): Promise<Result<void>> {
  const left: string[] = []
  const home = join(dir, 'home')
  const disk = join(dir, 'disk')
  town?.clock.setWrong(0)
  town?.disk?.free()
  // One that stands still takes no notice of anything but this.
  for (const { pid } of processesOf(home)) signal(pid, 'SIGCONT')
  const ended = await endMarked({ name: 'HOME', value: home }, { graceMs: GRACE_MS })
  if (ended.kind === 'error') left.push(`processes (${ended.failure.message})`)
  town?.ledger.close()
  if (isMounted(disk)) left.push(...offDisk(dir, disk, keep))
  if (!keep) {
    const stays = removeFolder(dir)
    if (stays !== null) left.push(stays)
  }
  if (left.length === 0) return ok(undefined)
  return fail('E_LEFTOVERS', `The drill left something behind: ${left.join('; ')}.`, {
    hint: `umount ${shellWord(disk)}; rm -rf ${shellWord(dir)}`,
  })
}

/** Takes the small disk away; what was on it stays where it was, if it is to be kept. */
function offDisk(dir: string, disk: string, keep: boolean): string[] {
  const aside = join(dir, 'disk.kept')
  try {
    if (keep) cpSync(disk, aside, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
    unmount(disk)
    if (keep) {
      rmSync(disk, { recursive: true })
      renameSync(aside, disk)
    }
    return []
  } catch (error) {
    unmount(disk)
    return [`the disk ${disk} (${messageOf(error)})`]
  }
}
