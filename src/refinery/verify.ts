/** Recomputes a landing from the repository: is what the receipt says still true, and is it the whole truth? */
import { patchesPresent } from '../git/merge.ts'
import { listNotes, readNote } from '../git/notes.ts'
import { isAncestor, treeOf } from '../git/repository.ts'
import { firstParents } from '../git/revisions.ts'
import type { Read, Result } from '../result.ts'
import { empty, fail, ok } from '../result.ts'
import { Weaver } from './chain.ts'
import type { Receipt } from './receipt.ts'
import { parseReceipt } from './receipt.ts'

/** One landing puts at most so many commits on the target's first-parent line. */
const LONGEST_LANDING = 256

/** The landing that brought a commit: itself, or the one of the group it landed in. `empty`: this town landed it not. */
export async function receiptFor(gitDir: string, target: string, commit: string): Promise<Read<Receipt>> {
  const own = await receiptAt(gitDir, commit)
  if (own.kind !== 'empty') return own
  const annotated = await listNotes({ gitDir })
  if (annotated.kind === 'error') return annotated
  const later = await firstParents(gitDir, { from: commit, to: target, most: LONGEST_LANDING })
  if (later.kind === 'error') return later
  for (const candidate of later.value) {
    if (!annotated.value.has(candidate)) continue
    const receipt = await receiptAt(gitDir, candidate)
    if (receipt.kind === 'error') return receipt
    if (receipt.kind === 'ok' && receipt.value.batch.some(({ change, head }) => change === commit || head === commit)) {
      return receipt
    }
  }
  return empty
}

async function receiptAt(gitDir: string, commit: string): Promise<Read<Receipt>> {
  const note = await readNote({ gitDir, commit })
  if (note.kind !== 'ok') return note
  const receipt = parseReceipt(note.value, commit)
  return receipt === null ? fail('E_RECEIPT', `The receipt of ${commit} cannot be read.`) : ok(receipt)
}

/** Each thing a receipt claims, computed again. All true: the landing holds. */
export async function recompute(
  gitDir: string,
  target: string,
  receipt: Receipt,
): Promise<Result<Record<string, boolean>>> {
  const [tree, inTarget, based] = await Promise.all([
    treeOf(gitDir, receipt.commit),
    isAncestor(gitDir, receipt.commit, target),
    isAncestor(gitDir, receipt.onto, receipt.commit),
  ])
  let patches = true
  for (const { base, head } of receipt.batch) {
    const present = await patchesPresent({ gitDir, base: base || receipt.onto, head, target })
    patches &&= present.kind === 'ok' && present.value.missing.length === 0
  }
  const again = await mergeAgain(gitDir, receipt)
  if (again.kind === 'error') return again
  return ok({
    in_target: inTarget.kind === 'ok' && inTarget.value,
    tree_is_the_tested_one: tree.kind === 'ok' && tree.value === receipt.tree,
    gate_passed: receipt.gates.every(({ outcome }) => outcome === 'pass' || outcome === 'flaky'),
    on_top_of_its_base: based.kind === 'ok' && based.value,
    every_patch_is_there: patches,
    merging_again_gives_the_same_tree: again.value,
  })
}

/** Whether the heads, merged onto the base in the receipt's order, give the tree that was tested. */
async function mergeAgain(gitDir: string, receipt: Receipt): Promise<Result<boolean>> {
  const tree = await treeOf(gitDir, receipt.onto)
  if (tree.kind === 'error') return tree
  if (tree.kind !== 'ok') return ok(false)
  const author = { name: 'gt verify', email: 'gt@localhost' }
  const pieces = receipt.batch.map(({ merge_request: id, head, base, run }) => ({
    id,
    head,
    base: base || receipt.onto,
    message: 'gt mq verify',
    trailers: '',
    author,
    strategy: run === undefined ? ('merge' as const) : receipt.strategy,
  }))
  const woven = await new Weaver(gitDir).weave({ commit: receipt.onto, tree: tree.value }, pieces)
  if (woven.kind === 'error') return woven
  return ok(woven.value.links.length === pieces.length && woven.value.links.at(-1)?.tree === receipt.tree)
}
