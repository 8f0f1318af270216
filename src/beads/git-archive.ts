/** The archive as part of a commit: files that did not change cost one look, those that did lose what is alive again. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { archiveCachePath, archiveFiles, archiveFolder, idOf } from './archive-read.ts'
import { renameOver, writeTemporary } from './disk.ts'
import type { Entry, Store } from './git-objects.ts'
import { parseBatch, readTree, treeContent, writeObject } from './git-objects.ts'
import { runForBytes } from './git-run.ts'
import { journalFolder } from './journal.ts'

/** What a file looked like when its blob was made. Only a cache: without it the file is hashed. */
interface Seen {
  /** The tree that the blobs are in; they count only while the last commit has it. */
  tree: string
  files: Record<string, { stamp: string; blob: string }>
}

/**
 * The entry of the folder `archive` in the tree to commit; null when there is no archive.
 *
 * @param held the entry that the last commit has
 * @param base the snapshot that is committed with it: a bead in it is in no archive file of the same commit
 */
export async function archiveEntry(
  store: Store,
  dir: string,
  held: Entry | undefined,
  base: Buffer,
): Promise<Entry | null> {
  const names = archiveFiles(dir)
  if (names.length === 0) return held ?? null
  const cached = readSeen(dir)
  const seen = held !== undefined && cached?.tree === held.oid ? cached.files : {}
  const next: Seen['files'] = {}
  let alive: Set<string> | undefined
  for (const name of names) {
    const path = join(archiveFolder(dir), name)
    const { ino, size, mtimeNs } = statSync(path, { bigint: true })
    const stamp = [ino, size, mtimeNs].join(' ')
    if (seen[name]?.stamp === stamp) next[name] = seen[name]
    else {
      alive ??= idsOf(base.toString('utf8'))
      const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
      const kept = lines.filter((line) => !alive!.has(idOf(line) ?? ''))
      const text = kept.map((line) => `${line}\n`).join('')
      // A file with lines of the living is looked at again next time.
      next[name] = {
        stamp: kept.length === lines.length ? stamp : '',
        blob: writeObject(store, 'blob', Buffer.from(text)),
      }
    }
  }
  if (held !== undefined && names.every((name) => next[name] === seen[name])) return held
  const entries = held === undefined ? new Map<string, Entry>() : await entriesIn(store, dir, held)
  for (const name of names) entries.set(name, { mode: '100644', oid: next[name]!.blob })
  const tree = writeObject(store, 'tree', treeContent(entries))
  writeSeen(dir, { tree, files: next })
  return { mode: '40000', oid: tree }
}

async function entriesIn(store: Store, dir: string, folder: Entry): Promise<Map<string, Entry>> {
  const batch = await runForBytes([`--git-dir=${join(dir, '.git')}`, 'cat-file', '--batch'], `${folder.oid}\n`)
  const tree = parseBatch(batch)[0]
  return tree?.type === 'tree' ? readTree(tree.content, store.algorithm) : new Map()
}

const idsOf = (text: string): Set<string> =>
  new Set(text.split('\n').flatMap((line) => (line ? (idOf(line) ?? []) : [])))

function readSeen(dir: string): Seen | null {
  try {
    return JSON.parse(readFileSync(archiveCachePath(dir), 'utf8'))
  } catch {
    return null
  }
}

function writeSeen(dir: string, seen: Seen): void {
  try {
    renameOver(writeTemporary(journalFolder(dir), JSON.stringify(seen)), archiveCachePath(dir))
  } catch {
    // Only a cache.
  }
}
