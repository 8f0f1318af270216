/** Bead ids: made with chance, found by a unique beginning. */
import type { Read } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { State } from './fold.ts'
import { lookUp } from './fold.ts'

/** Shortest random part. Other tools begin at three characters, and two offline writers then mint the same id. */
const LENGTH = 5

/**
 * A fresh id `<prefix>-<random base36>`. Chance instead of a hash of the title: ids are opaque, so nothing would be
 * gained by deriving them, and a hash costs loading `node:crypto` in every command that creates a bead.
 *
 * @param taken says whether an id is in use; each eight misses make the id one character longer
 */
export function newBeadId(prefix: string, taken: (id: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const id = `${prefix}-${randomBase36(LENGTH + Math.floor(tries / 8))}`
    if (!taken(id)) return id
  }
}

/** `length` random characters of 0-9a-z. */
export function randomBase36(length: number): string {
  return Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join('')
}

/** What an id begins with: that of its rig, `hq` for the town's own. */
export const prefixOfId = (id: string): string => id.split('-')[0]!

/** Deepest id that other tools take: `gp-a3f8k.1.2.3`. Below that, children get ids of their own. */
const MAX_DOTS = 3

/** Whether ids of the form `<id>.<number>` may stand below this one. */
export const takesChildren = (id: string): boolean => id.split('.').length <= MAX_DOTS

/**
 * The full id for what a person typed: an id, or the beginning of exactly one id, or of what follows a hyphen in exactly
 * one (`a3f` for `gp-a3f8k`). Never a part from the middle: that has linked the wrong beads elsewhere. Where a bead and
 * its own children begin alike, the bead is meant.
 *
 * @returns E_NO_BEAD with the nearest ids, E_AMBIGUOUS with the candidates (`details`: the ids)
 */
export function resolveId(state: State, partial: string): Read<string> {
  const typed = partial.trim().toLowerCase()
  if (lookUp(state, partial.trim())) return ok(partial.trim())
  if (lookUp(state, typed)) return ok(typed)
  const alive = [...state.beads.values()].filter((bead) => bead.status !== 'tombstone').map((bead) => bead.id)
  const found = matching(alive, typed)
  // The archive is asked only where the live beads have no answer.
  return found.length > 0 ? oneOf(partial, found) : archived(state, partial, typed, alive)
}

function archived(state: State, partial: string, typed: string, alive: string[]): Read<string> {
  const found = typed === '' ? [] : matching([...(state.cold?.ids() ?? [])], typed)
  return found.length > 0 ? oneOf(partial, found) : noBead(partial, alive)
}

function matching(ids: string[], typed: string): string[] {
  if (typed === '') return []
  const exact = ids.filter((id) => tails(id).includes(typed))
  return exact.length > 0 ? exact : ids.filter((id) => tails(id).some((tail) => tail.startsWith(typed)))
}

function oneOf(partial: string, found: string[]): Read<string> {
  const shortest = found.reduce((a, b) => (b.length < a.length ? b : a))
  if (found.every((id) => id === shortest || id.startsWith(`${shortest}.`))) return ok(shortest)
  const shown = found.slice(0, 5).join(', ') + (found.length > 5 ? ` and ${found.length - 5} more` : '')
  return fail('E_AMBIGUOUS', `"${partial}" is the beginning of ${found.length} ids: ${shown}.`, {
    hint: 'Type more of the id.',
    details: found,
  })
}

/** The id and what follows each of its hyphens, in lower case. */
function tails(id: string): string[] {
  const pieces = id.toLowerCase().split('-')
  return pieces.map((_, i) => pieces.slice(i).join('-'))
}

function noBead(partial: string, ids: string[]): Read<string> {
  const typed = partial.trim().toLowerCase()
  const near = ids
    .map((id) => ({ id, far: Math.min(...tails(id).map((tail) => editDistance(typed, tail))) }))
    .filter(({ far }) => far <= 2)
    .sort((a, b) => a.far - b.far || (a.id < b.id ? -1 : 1))
    .slice(0, 3)
    .map(({ id }) => id)
  return fail('E_NO_BEAD', `There is no bead ${partial === '' ? 'with an empty id' : partial}.`, {
    hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : '`gt bead list` shows the beads there are.',
    details: near,
  })
}

/** Number of single-character edits between two texts; at once 3 when the lengths alone say more than 2. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
