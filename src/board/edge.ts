/** The town in one line, for the edge of a screen that shows something else. Pure; plain text. */
import type { Item } from '../attention/item.ts'
import { headlineOf } from '../attention/item.ts'
import type { Cost } from '../costs/glance.ts'
import { cutTo, harmless } from '../screen/width.ts'
import { dollars } from './words.ts'

export interface EdgeFacts {
  /** Worker slots: taken, and how many there are. */
  working: number
  slots: number
  /** Handed in and not landed. */
  queue: number
  /** Today, at list prices. Undefined: nobody counted. */
  spent?: Cost | undefined
  /** What waits for a person, the most pressing first. */
  items: readonly Pick<Item, 'cause' | 'title' | 'text' | 'who'>[]
}

/** A narrow terminal shows the end of a line, so what matters most stands last. */
const HEADLINE_COLUMNS = 40

export function edgeOf({ working, slots, queue, spent, items }: EdgeFacts): { calm: string; loud: string } {
  const calm = [`${working}/${slots} at work`]
  if (queue > 0) calm.push(`queue ${queue}`)
  if (spent !== undefined && spent.usd > 0) calm.push(`${dollars(spent)} today`)
  const [first] = items
  if (first === undefined) return { calm: calm.join(' | '), loud: '' }
  const who = first.who === null ? '' : `${first.who.replace(/\/(polecats|crew)\//, '/')}: `
  const headline = cutTo(harmless(`${who}${headlineOf(first)}`), HEADLINE_COLUMNS)
  const count = items.length === 1 ? '1 waits for you' : `${items.length} wait for you`
  return { calm: calm.join(' | '), loud: `${headline} | ${count} (C-b a)` }
}
