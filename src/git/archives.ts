/** All archives of a rig: what is kept under `refs/gt/archive/`, since when, and how one is given up. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { archiveRef } from './archive.ts'
import { allContained, compareAndSwapRef } from './revisions.ts'
import { git } from './run.ts'

export interface Kept {
  fence: string
  ref: string
  commit: string
  /**
   * When it was last written, in ms since the epoch: from the ref's own log, which git forgets after some months; undefined
   * then. The date of the commit says nothing: it may be the agent's.
   */
  at?: number
}

const PREFIX = archiveRef('')

/** Errors: E_GIT. */
export async function listArchives(gitDir: string): Promise<Result<Kept[]>> {
  const listed = await git(['for-each-ref', '--format=%(refname) %(objectname)', PREFIX], { gitDir })
  if (listed.kind === 'error') return listed
  const lines = listed.value.stdout.split('\n').filter(Boolean)
  return ok(
    await Promise.all(
      lines.map(async (line) => {
        const [ref = '', commit = ''] = line.split(' ')
        const at = await writtenAt(join(gitDir, 'logs', ref))
        return { fence: ref.slice(PREFIX.length), ref, commit, ...(at !== undefined && { at }) }
      }),
    ),
  )
}

/** Time of the last line of a reflog: `<old> <new> <name> <email> <seconds> <zone>\t<why>`. */
async function writtenAt(log: string): Promise<number | undefined> {
  const text = await readFile(log, 'utf8').catch(() => '')
  const seconds = /> (\d+) [-+]\d{4}(?:\t.*)?\n?$/.exec(text)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

/** Whether every commit of an archive is in one of these branches too, so that giving it up loses nothing. */
export async function isElsewhere(gitDir: string, commit: string, branches: string[]): Promise<boolean> {
  for (const branch of branches) {
    const inside = await allContained(gitDir, [commit], branch)
    if (inside.kind === 'ok' && inside.value) return true
  }
  return false
}

/**
 * Gives up an archive that still stands at this commit; false when it does not any more. Its objects stay in the
 * repository until git collects them. Errors: E_REF_BUSY, E_GIT.
 */
export async function dropArchive(gitDir: string, kept: Kept): Promise<Result<boolean>> {
  const why = 'gt: kept long enough'
  const done = await compareAndSwapRef({ gitDir, ref: kept.ref, to: null, expected: kept.commit, why })
  return done.kind === 'ok' ? ok(done.value.kind === 'swapped') : done
}
