/** Waits for durable writes: the moments at which tests kill things. There is no hook for this in the product. */
import type { FSWatcher } from 'node:fs'
import { readdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { TestTown } from './town.ts'

const MARK = Buffer.from('"kind":"change"')

/** Records of changes in all journals of the town. */
export function records(town: TestTown): number {
  const folder = join(town.root, '.beads', 'journal')
  let count = 0
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.log')) continue
    const bytes = readFileSync(join(folder, name))
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) count++
  }
  return count
}

/** Calls `then` once, as soon as `n` more records are in the journal than now. */
export function afterRecords(town: TestTown, n: number, then: () => void): { stop(): void; fired(): boolean } {
  const wanted = records(town) + n
  let fired = false
  let watcher: FSWatcher | undefined
  const look = (): void => {
    if (fired || records(town) < wanted) return
    fired = true
    watcher?.close()
    then()
  }
  watcher = watch(join(town.root, '.beads', 'journal'), look)
  look()
  return { stop: () => watcher?.close(), fired: () => fired }
}
