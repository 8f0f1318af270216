/** Reading the archive: `archive/YYYY-MM.jsonl`, sorted by id like every file of ours (what goes there: archive.ts). */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Bead } from './bead.ts'
import { closeBase, findInBase, openBase } from './cold.ts'
import { discard, errno } from './disk.ts'

export const archiveFolder = (dir: string): string => join(dir, 'archive')
const MONTH = /^\d{4}-\d\d\.jsonl$/

/** What the last commit made of the archive files (git-archive.ts). Only a cache. */
export const archiveCachePath = (dir: string): string => join(dir, 'journal', 'archived.json')

/** An archived bead is alive again: the next commit looks into every archive file, and leaves its line out. */
export function recheckArchive(dir: string): void {
  if (existsSync(archiveCachePath(dir))) discard(archiveCachePath(dir))
}

/** Lines of the archive by id. E_LEDGER_PARSE names file and line. */
export function readArchive(dir: string): Result<Map<string, string>> {
  const lines = new Map<string, string>()
  for (const name of archiveFiles(dir)) {
    const path = join(archiveFolder(dir), name)
    let number = 0
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      number += 1
      if (line.trim() === '') continue
      const id = idOf(line)
      if (id === null) {
        return fail('E_LEDGER_PARSE', `${path} line ${number} is not a bead.`, {
          kept: 'Nothing was changed.',
          hint: `Mend line ${number} of ${path} (or put the last committed file back), then run the command again.`,
          details: { file: path, line: number },
        })
      }
      lines.set(id, line)
    }
  }
  return ok(lines)
}

/** Every bead of the archive; none when it cannot be read. */
export function archivedBeads(dir: string): Bead[] {
  const lines = filesOrNone(dir).length > 0 ? readArchive(dir) : null
  return lines?.kind === 'ok' ? [...lines.value.values()].map((line) => JSON.parse(line) as Bead) : []
}

/** Names of the archive files, oldest month first. */
export function archiveFiles(dir: string): string[] {
  try {
    return readdirSync(archiveFolder(dir))
      .filter((name) => MONTH.test(name))
      .sort()
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

/** What tells whether the archive changed: names, sizes and times. */
export function archiveStamp(dir: string): string {
  const stamps = archiveFiles(dir).map((name) => {
    const { ino, size, mtimeNs } = statSync(join(archiveFolder(dir), name), { bigint: true })
    return [name, ino, size, mtimeNs].join(' ')
  })
  return stamps.join('\n')
}

/** The id of a line; canonical ones begin with it, and then nothing needs to be parsed. */
export function idOf(line: string): string | null {
  const plain = /^\{"id":"([^"\\]+)"/.exec(line)?.[1]
  if (plain !== undefined && line.endsWith('}')) return plain
  try {
    const { id, title } = JSON.parse(line)
    return typeof id === 'string' && id !== '' && typeof title === 'string' ? id : null
  } catch {
    return null
  }
}

/**
 * Looks beads up in the archive: a few small reads each, for the files are sorted. What cannot be read is not there;
 * what needs such a bead then waits, and `gt doctor` says why.
 */
export const coldBeadsIn = (dir: string): { get(id: string): Bead | undefined; ids(): Iterable<string> } => ({
  get(id) {
    for (const name of filesOrNone(dir).reverse()) {
      const found = findIn(join(archiveFolder(dir), name), id)
      if (found) return found
    }
    return undefined
  },
  ids() {
    const lines = filesOrNone(dir).length > 0 ? readArchive(dir) : null
    return lines?.kind === 'ok' ? lines.value.keys() : []
  },
})

function filesOrNone(dir: string): string[] {
  try {
    return archiveFiles(dir)
  } catch {
    return []
  }
}

function findIn(path: string, id: string): Bead | undefined {
  try {
    const file = openBase(path)
    try {
      return findInBase(file, id)
    } finally {
      closeBase(file)
    }
  } catch {
    return undefined
  }
}
