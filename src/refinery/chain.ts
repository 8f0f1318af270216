/**
 * Merges the entries of a row onto each other, without a work tree: each link is a commit that would land, with
 * everything before it. What cannot be merged is taken out first, so that it costs nobody a gate run.
 */
import { commitTree, type Person } from '../git/commit.ts'
import type { Merge } from '../git/merge.ts'
import { mergeCandidate } from '../git/merge.ts'
import { replay } from '../git/replay.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'

/** An entry as far as merging it needs to know it. */
export interface Piece {
  id: string
  head: string
  /** Commit that its branch started from. */
  base: string
  message: string
  /** For each commit of a rebased branch: `Bead: …` and so on, one a line. */
  trailers: string
  author: Person
  strategy: 'merge' | 'squash' | 'rebase'
}

export interface Chain {
  links: { id: string; commit: string; tree: string }[]
  /** They do not merge into the target as it is. */
  conflicts: { id: string; files: string[]; detail: string }[]
  /** The target has all of it. */
  already: string[]
  /** They merge into the target, but not behind those before them: their turn comes when those have left. */
  behind: string[]
  /** Something about the work itself makes merging impossible (its commit is gone, it has no common history). */
  broken: { id: string; failure: Failure }[]
}

interface Tip {
  commit: string
  tree: string
}

/** Remembers merges by what went in: rows are built again at every step, and mostly differ in their ends. */
export class Weaver {
  readonly #gitDir: string
  readonly #known = new Map<string, Merge>()

  constructor(gitDir: string) {
    this.#gitDir = gitDir
  }

  /** Links for these pieces on top of `base` (commit and tree). Errors: what passes by itself, such as a busy disk. */
  async weave(base: Tip, pieces: readonly Piece[]): Promise<Result<Chain>> {
    const chain: Chain = { links: [], conflicts: [], already: [], behind: [], broken: [] }
    let tip = base
    for (const piece of pieces) {
      const joined = await this.#join(tip, piece)
      if (joined.kind === 'error') {
        if (joined.failure.exit === EXIT.tryAgain || joined.failure.exit === EXIT.missingProgram) return joined
        chain.broken.push({ id: piece.id, failure: joined.failure })
        continue
      }
      const alone = tip === base || joined.value.kind === 'clean' ? joined : await this.#join(base, piece)
      if (alone.kind === 'error') return alone
      if (joined.value.kind === 'clean') {
        const { commit, tree } = joined.value
        chain.links.push({ id: piece.id, commit, tree })
        tip = { commit, tree }
      } else if (alone.value.kind === 'conflict') {
        chain.conflicts.push({ id: piece.id, files: alone.value.files, detail: alone.value.detail })
      } else if (alone.value.kind === 'already') chain.already.push(piece.id)
      else chain.behind.push(piece.id)
    }
    return ok(chain)
  }

  async #join(onto: Tip, piece: Piece): Promise<Result<Merge>> {
    const key = [onto.commit, piece.head, piece.strategy, piece.base, piece.message].join('\0')
    const known = this.#known.get(key)
    if (known !== undefined) return ok(known)
    const joined = await join(this.#gitDir, onto, piece)
    if (joined.kind === 'ok') this.#known.set(key, joined.value)
    return joined
  }
}

async function join(gitDir: string, tip: Tip, piece: Piece): Promise<Result<Merge>> {
  const onto = tip.commit
  const { head, base, author, trailers, message, strategy } = piece
  const again = () => replay({ gitDir, onto, head, base, committer: author, trailers })
  if (strategy === 'rebase') {
    const replayed = await again()
    // A branch that holds merges cannot be replayed one by one; as one commit it still keeps the history straight.
    if (replayed.kind === 'error' || replayed.value.kind !== 'merges') return replayed as Result<Merge>
  }
  const mode = strategy === 'merge' ? 'merge' : 'squash'
  const merged = await mergeCandidate({ gitDir, onto, ontoTree: tip.tree, head, message, author, mode })
  if (merged.kind === 'error' || merged.value.kind !== 'conflict') return merged
  // The mechanical way out: commit by commit, what the target has already drops out and the rest may apply.
  const replayed = await again()
  if (replayed.kind === 'error' || replayed.value.kind !== 'clean') return merged
  const { commit, tree } = replayed.value
  const parents = mode === 'merge' ? [onto, commit] : [onto]
  const made = await commitTree({ gitDir, tree, parents, message, author })
  return made.kind === 'ok' ? ok({ kind: 'clean', commit: made.value, tree }) : made
}

/**
 * The commit that the target moves to for the first `links` of a row: the last link itself, or, where every change is a
 * merge of its own, one merge commit around them all. Following first parents, every commit on the target then is one
 * whose tree passed its gate, and each change stays a commit that can be reverted.
 */
export async function landingCommit(
  gitDir: string,
  base: string,
  links: { commit: string; tree: string }[],
  merges: boolean,
  around: { message: string; author: Person },
): Promise<Result<string>> {
  const last = links.at(-1)
  if (last === undefined) return fail('E_BUG', 'There is nothing to land.')
  if (!merges || links.length === 1) return ok(last.commit)
  return commitTree({ gitDir, tree: last.tree, parents: [base, last.commit], ...around })
}
