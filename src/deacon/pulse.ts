/**
 * Hook events as a reason to look: an agent that stopped, failed, waits for somebody or goes on again. The guard writes one
 * small file for each agent (agents/beat.ts); a look at thirty is thirty stats. Ordinary tool calls wake nobody.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { activityOf, readBeat } from '../agents/beat.ts'
import type { Run } from '../beads/facts.ts'

/** How often the beats are looked at, in ms. */
export const PULSE_MS = 1_000

export class Pulse {
  readonly #seen = new Map<string, { mtime: number; busy: boolean }>()

  /** Whether any of these agents changed between working and standing still since the last look. */
  changed(runs: readonly Run[], folderOf: (run: Run) => string): boolean {
    let changed = false
    const there = new Set(runs.map((run) => run.fence))
    for (const fence of this.#seen.keys()) if (!there.has(fence)) this.#seen.delete(fence)
    for (const run of runs) {
      const folder = folderOf(run)
      const mtime = statSync(join(folder, 'beat'), { throwIfNoEntry: false })?.mtimeMs
      const before = this.#seen.get(run.fence)
      if (mtime === undefined || mtime === before?.mtime) continue
      const beat = readBeat(folder)
      if (beat.kind !== 'ok') continue
      const busy = activityOf(beat.value) === 'busy'
      this.#seen.set(run.fence, { mtime, busy })
      // The first beat of a session too: it may be the answer to a dialog.
      if (before === undefined || before.busy !== busy || !busy) changed = true
    }
    return changed
  }
}
