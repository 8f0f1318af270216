/** Where the ledger is backed up to: reads `dogs.backup_to` and makes the place ready. */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, sep } from 'node:path'
import { canonical, exists, localRemote } from '../git/places.ts'
import { git } from '../git/run.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'

export interface Place {
  /** What git is told to push to: a URL, or the absolute path of a repository. */
  address: string
  /** `refs/heads/<town>`: several towns may share a place. */
  ref: string
  /** The repository is a folder of ours, to be made if it is not there. */
  own: boolean
}

/** A branch's name from a town's: what git does not take becomes `-`. */
export const branchFor = (town: string): string =>
  town
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'town'

const HINT = 'gt config set dogs.backup_to <git URL, or an absolute path outside the town>'

/** Errors: E_BACKUP_PLACE for a relative path, or one inside the town: what destroys the town would take both. */
export async function placeOf(town: OpenTown, to: string): Promise<Result<Place>> {
  const branch = branchFor(town.name)
  const ref = `refs/heads/${branch}`
  const home = to.startsWith('~/') ? join(homedir(), to.slice(2)) : to
  const isUrl = /^[a-z][a-z0-9+.-]*::?\/\//i.test(home) || (!isAbsolute(home) && /^[^/]+:/.test(home))
  const local = isUrl ? await localRemote(home) : home
  if (local !== null && !isAbsolute(local)) {
    return fail('E_BACKUP_PLACE', `dogs.backup_to is ${to}, which is neither a git URL nor an absolute path.`, {
      kept: 'Nothing was backed up.',
      hint: HINT,
    })
  }
  if (local === null) return ok({ address: home, ref, own: false })
  const at = await canonical(local)
  if (`${at}${sep}`.startsWith(`${await canonical(town.root)}${sep}`)) {
    return fail('E_BACKUP_PLACE', `dogs.backup_to is ${to}, which lies in the town itself.`, {
      kept: 'Nothing was backed up: what destroys the town would take the backup along.',
      hint: HINT,
    })
  }
  if (isUrl || (await isRepository(at))) return ok({ address: isUrl ? home : at, ref, own: false })
  return ok({ address: join(at, `${branch}.git`), ref, own: true })
}

async function isRepository(folder: string): Promise<boolean> {
  return (
    (await exists(join(folder, '.git'))) ||
    ((await exists(join(folder, 'HEAD'))) && (await exists(join(folder, 'objects'))))
  )
}

/**
 * Makes the bare repository of a place of our own, beside its final name and then renamed: whole or not there. Its HEAD
 * names the town's branch, so that a plain `git clone` brings the beads. Errors: E_BACKUP_PLACE, E_GIT.
 */
export async function makeReady(place: Place): Promise<Result<void>> {
  if (!place.own || (await exists(place.address))) return ok(undefined)
  // Under the chore's lease nobody else makes one: what stands there was left by a process that was killed.
  const half = `${place.address}.half`
  try {
    rmSync(half, { recursive: true, force: true })
    mkdirSync(join(place.address, '..'), { recursive: true })
    const branch = place.ref.slice('refs/heads/'.length)
    const made = await git(['init', '--quiet', '--bare', '--template=', `--initial-branch=${branch}`, '--', half])
    if (made.kind === 'error') return made
    // What is acknowledged must be on the disk there, too.
    const synced = await git(['config', 'core.fsync', 'committed'], { gitDir: half })
    if (synced.kind === 'error') return synced
    renameSync(half, place.address)
    return ok(undefined)
  } catch (error) {
    return fail('E_BACKUP_PLACE', `${place.address} could not be made: ${messageOf(error)}.`, {
      kept: 'Every bead is safe in the ledger; only the backup was not made.',
      hint: `ls -ld '${join(place.address, '..')}'`,
    })
  }
}
