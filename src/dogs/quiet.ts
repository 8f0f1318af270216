/** Why a worktree that no run claims must stay for now: anything that may mean that somebody works there. Looks only. */
import { lstatSync } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { adminDirOf } from '../git/places.ts'
import type { WorktreeEntry } from '../git/worktrees.ts'
import { processTable, standsIn } from '../town/process-table.ts'

/** What was changed within this time is left for the next look: whoever did it may be about to go on. */
const REST_MS = 3_600_000
/** Branches of worktrees that `gt restore` made: those are a person's (git/restore.ts). */
const RESTORED = 'gt/restored/'

export interface Watch {
  gitDir: string
  now: Date
  /** Fences of the runs that sessions of this town are labelled with. */
  sessions: ReadonlySet<string>
}

/** The reason to leave it alone, completing "… was left alone: "; undefined when there is none. `fence`: of its run. */
export async function reasonToStay(entry: WorktreeEntry, fence: string, watch: Watch): Promise<string | undefined> {
  if (entry.locked) return 'somebody locked it (git worktree lock)'
  if (entry.branch?.startsWith(RESTORED)) return 'gt restore made it'
  if (watch.sessions.has(fence)) return 'a session of its run stands'
  const pid = whoStandsIn(entry.path)
  if (pid !== undefined) return `process ${pid} works there`
  const since = watch.now.getTime() - REST_MS
  if ((await gitTouched(entry.path, watch.gitDir, since)) || (await touched(entry.path, since)))
    return 'it was changed within the last hour'
  return undefined
}

/** A process whose working directory is in this folder (Linux; elsewhere only the time of changes tells). */
function whoStandsIn(folder: string): number | undefined {
  const table = processTable()
  if (table.kind !== 'ok') return undefined
  return table.value.find(({ pid }) => `${standsIn(pid) ?? ''}${sep}`.startsWith(folder + sep))?.pid
}

/** Whether git itself was used there. What cannot be told counts as touched. */
async function gitTouched(path: string, gitDir: string, since: number): Promise<boolean> {
  const admin = await adminDirOf(gitDir, path)
  if (admin.kind !== 'ok') return admin.kind !== 'empty'
  return ['HEAD', 'index', join('logs', 'HEAD')].some((name) => {
    const stat = lstatSync(join(admin.value, name), { throwIfNoEntry: false })
    return stat !== undefined && stat.mtimeMs > since
  })
}

/** Whether anything below a folder was changed since. What cannot be looked at counts as changed. */
async function touched(path: string, since: number): Promise<boolean> {
  try {
    const stat = await lstat(path)
    if (stat.mtimeMs > since) return true
    if (!stat.isDirectory()) return false
    for await (const entry of await opendir(path)) if (await touched(join(path, entry.name), since)) return true
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
