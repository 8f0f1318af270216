/**
 * When something in the file system last changed: one file by one `stat`, a whole folder a little at a time, so that
 * nobody waits for a tree of many thousand files (3 µs an entry, measured).
 */
import type { Dirent } from 'node:fs'
import { lstatSync, readdirSync, statSync } from 'node:fs'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok } from '../result.ts'

/** When a file's content last changed, epoch ms. `empty`: it is not there. Error: E_READ. */
export const changedAt = (path: string): Read<number> => dateOf(path, (file) => statSync(file).mtimeMs)

/** Entries after which a look ends, folders near the top first: 80 ms of work; source files lie before `node_modules`. */
const MOST = 30_000
/** Entries between two looks at the clock. */
const STRIDE = 32

/** Git's own files are not the tree's. */
const SKIPPED = '.git'

/**
 * One look through a folder for its newest change. What counts is ctime, which no program can set: an unpacked archive
 * bears old dates and may bear dates to come.
 */
export class TreeLook {
  readonly #enough: number
  /** Folders still to be read, nearest to the root first. */
  readonly #folders: string[]
  #entries: Dirent[] = []
  #at: string
  #seen = 0
  #newest: Read<number>
  #done = false

  /** `enough`: the look ends at the first change after this instant (epoch ms): more would tell nothing new. */
  constructor(root: string, enough: number) {
    this.#enough = enough
    this.#folders = [root]
    this.#at = root
    this.#newest = ctimeOf(root)
    if (this.#newest.kind !== 'ok' || this.#newest.value > enough) this.#done = true
  }

  /**
   * The newest change that was seen so far, epoch ms. What may not be read or came and went meanwhile is passed over.
   * `empty`: there is no such folder. Error: E_READ, for the folder itself.
   */
  get newest(): Read<number> {
    return this.#newest
  }

  /** Goes on for about so many ms; answers whether the look is over. */
  step(ms: number): boolean {
    const end = performance.now() + ms
    while (!this.#done) {
      for (let n = 0; n < STRIDE && !this.#done; n++) this.#next()
      if (performance.now() >= end) break
    }
    return this.#done
  }

  #next(): void {
    const entry = this.#entries.pop()
    if (entry === undefined) {
      const folder = this.#folders.shift()
      if (folder === undefined) this.#done = true
      else this.#open(folder)
      return
    }
    if (entry.name === SKIPPED) return
    if (++this.#seen >= MOST) this.#done = true
    const path = `${this.#at}/${entry.name}`
    const changed = ctimeOf(path)
    if (changed.kind !== 'ok') return
    if (this.#newest.kind === 'ok' && changed.value > this.#newest.value) this.#newest = changed
    if (changed.value > this.#enough) this.#done = true
    if (entry.isDirectory()) this.#folders.push(path)
  }

  #open(folder: string): void {
    this.#at = folder
    try {
      this.#entries = readdirSync(folder, { withFileTypes: true })
    } catch {
      // Gone, or not ours to read: its own date was seen with its neighbours.
      this.#entries = []
    }
  }
}

const ctimeOf = (path: string): Read<number> => dateOf(path, (file) => lstatSync(file).ctimeMs)

function dateOf(path: string, look: (path: string) => number): Read<number> {
  try {
    return ok(Math.floor(look(path)))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return empty
    return fail('E_READ', `${path} could not be looked at: ${messageOf(error)}.`)
  }
}
