/**
 * The chore `backup`: the ledger is committed, and its commits are pushed to the place of `dogs.backup_to`, on a branch
 * with the town's name. Never by force: what somebody else put there stays. Read back afterwards; a backup that was not
 * seen is none. What needs one is told by what the beads say, the Dogs' own records left out: else each backup would be
 * the reason for the next.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { archiveStamp } from '../beads/archive-read.ts'
import { facts } from '../beads/bead.ts'
import { sha256 } from '../beads/disk.ts'
import { commitLedger, initLedgerRepo } from '../beads/git.ts'
import { exists } from '../git/places.ts'
import { listRemote, remoteFailure } from '../git/remotes.ts'
import { requireCommit } from '../git/revisions.ts'
import { git, gitDetails } from '../git/run.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import type { Place } from './backup-place.ts'
import { makeReady, placeOf } from './backup-place.ts'
import type { Seen } from './chores.ts'
import type { Report } from './report.ts'
import { isDogs } from './report.ts'

/** What was backed up the last time. `.gt/backup.json`: safe to lose, then it is pushed once more. */
interface Mark {
  address: string
  commit: string
  print: string
}

const SAFE = 'Every bead is safe in the ledger; only the backup was not made.'

export async function look(town: OpenTown): Promise<Result<Seen>> {
  const to = town.settings.dogs.backup_to
  if (to === undefined) return ok({ todo: 0, lines: ['nowhere to: gt config set dogs.backup_to <git URL or folder>'] })
  const place = await placeOf(town, to)
  if (place.kind === 'error') return place
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  // Asked also when there is nothing new: a backup that went away is noticed now, not when it is needed.
  const there = await commitAt(place.value)
  if (there.kind === 'error') return there
  const mark = readMark(town)
  const current = mark?.address === place.value.address && mark.commit === there.value && mark.print === printOf(town)
  return ok({ todo: current ? 0 : 1, lines: [] })
}

export async function run(town: OpenTown): Promise<Result<Report>> {
  const to = town.settings.dogs.backup_to
  if (to === undefined) return ok({ did: 0, lines: [] })
  const place = await placeOf(town, to)
  if (place.kind === 'error') return place
  const made = await makeReady(place.value)
  if (made.kind === 'error') return made
  const print = printOf(town)
  const commit = await committed(town)
  if (commit.kind === 'error') return commit
  const before = await commitAt(place.value)
  if (before.kind === 'error') return before
  if (before.value !== commit.value) {
    const pushed = await push(town, place.value, commit.value)
    if (pushed.kind === 'error') return pushed
  }
  const seen = await readBack(town, place.value, commit.value)
  if (seen.kind === 'error') return seen
  const { address, ref } = place.value
  writeFileAtomic(markPath(town), JSON.stringify({ address, commit: commit.value, print } satisfies Mark))
  if (before.value === commit.value) return ok({ did: 0, lines: ['the backup is current'] })
  const branch = ref.slice('refs/heads/'.length)
  const text = `${commit.value.slice(0, 12)} is at ${shown(address)}, read back. Restore: git clone -b ${branch} ${shown(address)} .beads`
  return ok({ did: 1, lines: [text] })
}

/** The ledger's newest commit, with everything in it. */
async function committed(town: OpenTown): Promise<Result<string>> {
  const repository = await initLedgerRepo(town.ledger.dir)
  if (repository.kind === 'error') return repository
  const done = await commitLedger(town.ledger, { now: town.now() })
  if (done.kind === 'error') return done
  if (done.kind === 'unknown') return fail('E_GIT', done.why)
  return requireCommit(gitDirOf(town), 'HEAD')
}

/** The commit that the place holds for this town; null when it has none. Errors: those of a remote that does not answer. */
async function commitAt({ address, ref, own }: Place): Promise<Result<string | null>> {
  if (own && !(await exists(address))) return ok(null)
  const listed = await listRemote(address)
  if (listed.kind === 'error') return away(listed.failure)
  return ok(listed.value.refs.get(ref) ?? null)
}

async function push(town: OpenTown, { address, ref }: Place, commit: string): Promise<Result<void>> {
  const args = ['push', '--quiet', '--no-verify', '--no-follow-tags', '--', address, `${commit}:${ref}`]
  const pushed = await git(args, { gitDir: gitDirOf(town) })
  if (pushed.kind === 'ok') return ok(undefined)
  if (/non-fast-forward|fetch first|\[rejected\]/.test(gitDetails(pushed.failure).stderr)) {
    return fail(
      'E_BACKUP_FOREIGN',
      `${shown(address)} holds something else on ${ref}, or a newer state of this town.`,
      {
        kept: 'Nothing was overwritten there, and every bead is safe in the ledger here.',
        hint: `git ls-remote ${shown(address)}   (what is there); another place: gt config set dogs.backup_to <…>`,
        exit: EXIT.needsPerson,
      },
    )
  }
  const why = remoteFailure(pushed.failure, address)
  return away(why.failure)
}

/** Looks whether the place holds the very commit; where it is a folder, whether the beads in it can be read whole. */
async function readBack(town: OpenTown, place: Place, commit: string): Promise<Result<void>> {
  const bad = (what: string): Result<never> =>
    fail('E_BACKUP_UNSEEN', `The backup at ${shown(place.address)} ${what}.`, {
      kept: SAFE,
      hint: `git ls-remote ${shown(place.address)}; another place: gt config set dogs.backup_to <…>`,
    })
  const there = await commitAt(place)
  if (there.kind === 'error') return there
  if (there.value !== commit) return bad(`is at ${there.value ?? 'no commit'}, not at ${commit}`)
  if (!place.own) return ok(undefined)
  const beads = `${commit}:issues.jsonl`
  const [mine, theirs] = await Promise.all([
    git(['cat-file', 'blob', beads], { gitDir: gitDirOf(town), maxBytes: MOST }),
    git(['cat-file', 'blob', beads], { gitDir: place.address, maxBytes: MOST }),
  ])
  if (mine.kind === 'error') return mine
  if (theirs.kind === 'error') return bad(`cannot be read: ${theirs.failure.message}`)
  return mine.value.stdout === theirs.value.stdout ? ok(undefined) : bad('does not hold the beads that were pushed')
}

const MOST = 1 << 30

const away = (failure: Failure): Result<never> => ({
  kind: 'error',
  failure: { ...failure, message: `The ledger was not backed up. ${failure.message}`, kept: SAFE },
})

/** What the beads say, without the Dogs' own: each id with its version, and the archive files. */
function printOf({ ledger }: OpenTown): string {
  const beads = [...ledger.state.beads.values()].filter((bead) => !isDogs(bead) && bead.ephemeral !== true)
  const lines = beads.map((bead) => `${bead.id} ${facts(bead).version} ${bead.updated_at}`).sort()
  return sha256([...lines, archiveStamp(ledger.dir)].join('\n'))
}

const gitDirOf = (town: OpenTown): string => join(town.ledger.dir, '.git')
const markPath = (town: OpenTown): string => join(town.paths.runtime, 'backup.json')

function readMark(town: OpenTown): Partial<Mark> | undefined {
  try {
    return JSON.parse(readFileSync(markPath(town), 'utf8'))
  } catch {
    return undefined
  }
}

/** Passwords in URLs never get into reports. */
const shown = (address: string): string => address.replace(/(:\/\/)[^/\s@]+@/, '$1***@')
