/**
 * Objects of git, written as git writes them: a grouped commit every second should not start five programs. Format:
 * `<type> <size>\0<content>`, named by its hash, deflated (gitformat-loose).
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { writeTemporary } from './disk.ts'

/** Hash of the repository: sha1, or sha256 where it was made so. */
export type Algorithm = 'sha1' | 'sha256'

export interface Entry {
  /** As in a tree: `100644`, `40000` … */
  mode: string
  oid: string
}

/** Where objects go: git's folder of them, and one on the same disk for half-made files. */
export interface Store {
  objects: string
  temporary: string
  algorithm: Algorithm
}

/** Writes an object unless it is there, as durably as git does (its content before its name). Its name. Throws. */
export function writeObject(at: Store, type: 'blob' | 'tree' | 'commit', content: Buffer): string {
  const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
  const oid = createHash(at.algorithm).update(bytes).digest('hex')
  const folder = join(at.objects, oid.slice(0, 2))
  const path = join(folder, oid.slice(2))
  if (existsSync(path)) return oid
  mkdirSync(folder, { recursive: true })
  renameSync(writeTemporary(at.temporary, deflateSync(bytes)), path)
  return oid
}

/** Entries of a tree object by name. */
export function readTree(content: Buffer, algorithm: Algorithm): Map<string, Entry> {
  const size = algorithm === 'sha1' ? 20 : 32
  const entries = new Map<string, Entry>()
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const zero = content.indexOf(0, space)
    const oid = content.toString('hex', zero + 1, zero + 1 + size)
    entries.set(content.toString('utf8', space + 1, zero), { mode: content.toString('latin1', at, space), oid })
    at = zero + 1 + size
  }
  return entries
}

/** The content of a tree object: sorted as git wants it, a folder as if its name ended with a slash. */
export function treeContent(entries: Map<string, Entry>): Buffer {
  const key = ([name, { mode }]: [string, Entry]): Buffer => Buffer.from(mode === '40000' ? `${name}/` : name)
  const sorted = [...entries].sort((a, b) => Buffer.compare(key(a), key(b)))
  return Buffer.concat(
    sorted.flatMap(([name, { mode, oid }]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]),
  )
}

/** The content of a commit object, by gt, now. */
export function commitContent(tree: string, parents: string[], message: string, now: Date): Buffer {
  const who = `gt <gt@localhost> ${Math.floor(now.getTime() / 1000)} +0000`
  const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${who}`, `committer ${who}`]
  return Buffer.from(`${lines.join('\n')}\n\n${message}\n`)
}

/** Objects that `git cat-file --batch` was asked for, in order; null for one that is not there. */
export function parseBatch(output: Buffer): ({ oid: string; type: string; content: Buffer } | null)[] {
  const found: ({ oid: string; type: string; content: Buffer } | null)[] = []
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(0x0a, at)
    const [oid = '', type = '', size = ''] = output.toString('utf8', at, end).split(' ')
    at = end + 1
    if (type === 'missing' || type === 'ambiguous' || size === '') {
      found.push(null)
      continue
    }
    found.push({ oid, type, content: output.subarray(at, at + Number(size)) })
    at += Number(size) + 1
  }
  return found
}
