/**
 * What an observer remembers of the workers between two looks, so that a look costs a `stat` and not a search: where a
 * transcript and a worktree's git folder lie, and what was seen of its files. Safe to lose.
 */
import { findTranscript } from '../agents/transcript.ts'
import type { Run } from '../beads/facts.ts'
import { gitActivity, gitFolderOf } from '../git/activity.ts'
import type { Read } from '../result.ts'
import { unknown } from '../result.ts'
import { changedAt, TreeLook } from '../town/changes.ts'

/** A worktree is looked through again when the last look is older than this. */
const FILES_EVERY_MS = 60_000

/** One worker's. */
export class Remembered {
  #transcript: { conversation: string; path: string } | undefined
  #gitFolder: string | undefined
  #files: { seen: Read<number>; at: number } | undefined
  #look: TreeLook | undefined

  /** When the transcript of this conversation last grew. `empty`: it has none yet. */
  transcript(configFolder: string, conversation: string): Read<number> {
    if (this.#transcript?.conversation === conversation) {
      const grown = changedAt(this.#transcript.path)
      if (grown.kind !== 'empty') return grown
    }
    const found = findTranscript(configFolder, conversation)
    if (found.kind !== 'ok') return found
    this.#transcript = { conversation, path: found.value }
    return changedAt(found.value)
  }

  /** When git last wrote for its worktree. */
  git(run: Run): Read<number> {
    if (this.#gitFolder === undefined) {
      const folder = gitFolderOf(run.worktree)
      if (folder.kind !== 'ok') return folder
      this.#gitFolder = folder.value
    }
    return gitActivity(this.#gitFolder, run.branch)
  }

  /**
   * The newest change in its worktree, as the last complete look saw it. Asks for another look (`goOn`) when that one has
   * become old; until there is a first one: `unknown`. `enough`: a change after this instant is all that has to be known.
   */
  files(run: Run, now: number, enough: number): Read<number> {
    if (this.#look === undefined && (this.#files === undefined || now - this.#files.at > FILES_EVERY_MS)) {
      this.#look = new TreeLook(run.worktree, enough)
      this.#complete(now, this.#look.step(0))
    }
    return this.#files?.seen ?? unknown('its files are still being looked through')
  }

  get pending(): boolean {
    return this.#look !== undefined
  }

  /** Goes on looking through its files for about so many ms; true when that brought something new to light. */
  goOn(ms: number, now: number): boolean {
    return this.#look !== undefined && this.#complete(now, this.#look.step(ms))
  }

  #complete(now: number, done: boolean): boolean {
    if (!done || this.#look === undefined) return false
    const before = this.#files?.seen
    const seen = this.#look.newest
    this.#look = undefined
    // A look that ended early, or after a file went, may come home with an older one.
    const older = before?.kind === 'ok' && seen.kind === 'ok' && seen.value <= before.value
    this.#files = { seen: older ? before : seen, at: now }
    return !older
  }
}

export class Memory {
  readonly #of = new Map<string, Remembered>()

  /** What is remembered of a run, by its fence. */
  of(fence: string): Remembered {
    const known = this.#of.get(fence) ?? new Remembered()
    this.#of.set(fence, known)
    return known
  }

  /** Forgets all others. */
  keepOnly(runs: Run[]): void {
    const fences = new Set(runs.map(({ fence }) => fence))
    for (const fence of this.#of.keys()) if (!fences.has(fence)) this.#of.delete(fence)
  }

  /** Whether somebody's files are being looked through. */
  get pending(): boolean {
    return [...this.#of.values()].some((one) => one.pending)
  }

  /** Goes on looking through files for about so many ms in all; true when that may change a verdict. */
  goOn(ms: number, now: number): boolean {
    const end = performance.now() + ms
    let news = false
    for (const one of this.#of.values()) {
      const left = end - performance.now()
      if (left <= 0) break
      if (one.pending && one.goOn(left, now)) news = true
    }
    return news
  }
}
