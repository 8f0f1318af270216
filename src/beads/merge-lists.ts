/** Lists as sets, element by element: labels by value, edges by target and type, comments by who said what when. */
import type { Comment, Dependency } from './bead.ts'
import { bytewise, same } from './canonical.ts'
import { crc32 } from './record.ts'

const text = (value: unknown): string => JSON.stringify(value) ?? ''
const listOf = <T>(value: unknown): T[] => (Array.isArray(value) ? value : [])
const nothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)

const STAMP = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/
/** Date parses milliseconds only; two stamps that differ behind them are two. */
const instant = (stamp: string): string => {
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? ''
  return `${Date.parse(stamp)}.${fraction.slice(3).replace(/0+$/, '')}`
}

/** Whether two values of a key say the same: times as instants, sets as sets; nothing at all in any of its forms. */
export function equal(key: string, a: unknown, b: unknown): boolean {
  if (a === b || (nothing(a) && nothing(b))) return true
  if (typeof a === 'string' && typeof b === 'string') {
    return STAMP.test(a) && STAMP.test(b) && !Number.isNaN(Date.parse(a)) && instant(a) === instant(b)
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (key === 'labels' || key === 'waiters') return sameSet(a, b, text)
    if (key === 'dependencies') return sameSet(a, b, (edge) => text(canonicalTimes(edge)))
    if (key === 'comments') return sameSet(a, b, (comment) => text(canonicalTimes(comment)))
  }
  return same(a, b)
}

function sameSet(a: unknown[], b: unknown[], keyOf: (item: unknown) => string): boolean {
  const left = new Set(a.map(keyOf))
  const right = new Set(b.map(keyOf))
  return left.size === right.size && [...left].every((key) => right.has(key))
}

/** An element with its keys sorted, nothings gone and its time as an instant: only for comparing. */
function canonicalTimes(element: unknown): unknown {
  if (element === null || typeof element !== 'object') return element
  return Object.entries(element)
    .filter(([, value]) => !nothing(value))
    .map(([key, value]) => [key, key === 'created_at' && typeof value === 'string' ? instant(value) : value])
    .sort(([a], [b]) => bytewise(String(a), String(b)))
}

/** Of two ways to write the same, always the same one; nothing in its shortest form. */
export function least(a: unknown, b: unknown): unknown {
  return bytewise(text(a), text(b)) <= 0 ? a : b
}

/** What stands after both sides: what both have, and what one has and the base had not. In no order. */
function survivors<T>(base: Map<string, T>, left: Map<string, T>, right: Map<string, T>): [string, T[]][] {
  const found: [string, T[]][] = []
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [l, r] = [left.get(key), right.get(key)]
    const both = l !== undefined && r !== undefined
    if (!both && base.has(key)) continue
    found.push([key, [l, r].filter((item) => item !== undefined)])
  }
  return found
}

const keyed = <T>(list: unknown, keyOf: (item: T) => string): Map<string, T> =>
  new Map(listOf<T>(list).map((item) => [keyOf(item), item]))

/** Plain values (labels, waiters, kept conflicts): sorted; undefined when none is left. */
export function mergeTexts(b: unknown, l: unknown, r: unknown): unknown[] | undefined {
  const kept = survivors(keyed(b, text), keyed(l, text), keyed(r, text)).map(([, [item]]) => item)
  const inOrder = (x: unknown, y: unknown): number =>
    typeof x === 'string' && typeof y === 'string' ? bytewise(x, y) : bytewise(text(x), text(y))
  return kept.length > 0 ? kept.sort(inOrder) : undefined
}

/** Edges: one that a side took away stays away; where both know it and say different things, the later one. */
export function mergeEdges(b: unknown, l: unknown, r: unknown): Dependency[] | undefined {
  const keyOf = (edge: Dependency): string => text([edge?.depends_on_id, edge?.type])
  const base = keyed<Dependency>(b, keyOf)
  const kept = survivors(base, keyed<Dependency>(l, keyOf), keyed<Dependency>(r, keyOf)).map(([key, edges]) =>
    payload(base.get(key), edges, (edge) => Date.parse(edge.created_at) || 0),
  )
  kept.sort((x, y) => bytewise(x.depends_on_id, y.depends_on_id) || bytewise(x.type, y.type))
  return kept.length > 0 ? kept : undefined
}

/** A number made of what a comment is: the same everywhere. */
const ownNumber = (said: Comment): number =>
  (Date.parse(said.created_at) || 0) * 1000 + (crc32(Buffer.from(`${said.author}\n${said.text}`)) % 1000)

/**
 * Comments are told apart by author, time and text, never by number: two clones give the same number to different ones.
 * Of two with the same number the one that came later gets a new one, made of its time and text.
 */
export function mergeComments(b: unknown, l: unknown, r: unknown): Comment[] | undefined {
  const keyOf = (said: Comment): string => text([said?.author, instant(String(said?.created_at)), said?.text])
  const base = keyed<Comment>(b, keyOf)
  const found = survivors(base, keyed<Comment>(l, keyOf), keyed<Comment>(r, keyOf))
  const kept = found.map(([key, both]) => {
    const said = payload(base.get(key), both, (one) => -Number(one.id) || 0)
    // Numbered differently by two who did not know of each other: its own number, whoever is asked first.
    const [one, other] = both
    const differ = other !== undefined && String(one?.id) !== String(other.id) && !base.has(key)
    return differ ? { ...said, id: ownNumber(said) } : said
  })
  kept.sort(
    (x, y) =>
      (Date.parse(x.created_at) || 0) - (Date.parse(y.created_at) || 0) ||
      bytewise(String(x.author), String(y.author)) ||
      bytewise(String(x.text), String(y.text)),
  )
  const before = new Set(listOf<Comment>(b).map((said) => `${said.id} ${keyOf(said)}`))
  const isOld = (said: Comment): boolean => before.has(`${said.id} ${keyOf(said)}`)
  const used = new Set<string>()
  const numbered = new Map<Comment, Comment>()
  for (const said of [...kept.filter(isOld), ...kept.filter((one) => !isOld(one))]) {
    let id = said.id
    if (id === undefined || used.has(String(id))) {
      id = ownNumber(said)
      while (used.has(String(id))) id = Number(id) + 1
    }
    used.add(String(id))
    numbered.set(said, id === said.id ? said : { ...said, id })
  }
  return kept.length > 0 ? kept.map((said) => numbered.get(said)!) : undefined
}

/** The one of two forms of an element that stands: the changed one; of two changed ones that of higher rank. */
function payload<T>(base: T | undefined, forms: T[], rank: (item: T) => number): T {
  const [l, r] = forms as [T, T | undefined]
  if (r === undefined) return l
  if (same(l, r)) return least(l, r) as T
  if (base !== undefined && same(l, base)) return r
  if (base !== undefined && same(r, base)) return l
  return rank(l) === rank(r) ? (least(l, r) as T) : rank(l) > rank(r) ? l : r
}
