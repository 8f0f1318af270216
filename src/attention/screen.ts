/** The screen of `gt attend`, as lines that fit its size; pure. The list above, the selected item below it, keys at the foot. */
import { sanitize } from '../agents/fence.ts'
import type { Size } from '../screen/lines.ts'
import { aligned, wrap } from '../screen/lines.ts'
import { cutTo, harmless, widthOf } from '../screen/width.ts'
import { ageOf } from '../town/duration.ts'
import type { Desk } from './desk.ts'
import { selected } from './desk.ts'
import type { Item } from './item.ts'
import { headlineOf } from './item.ts'

const NAMED = 6
/** Lines of what came of an answer. */
const SAID = 3

/** Below this width a list tells what it is about, and leaves out how it was ranked. */
const NARROW = 60

/** One row of the list, without its number. */
export function rowOf(item: Item, now: Date, columns = Infinity): string[] {
  const { n } = item.behind
  const rank = [
    item.severity,
    ageOf(Math.max(0, now.getTime() - Date.parse(item.since))),
    n === 0 ? '' : `${n} wait${n === 1 ? 's' : ''}`,
  ]
  return [...(columns < NARROW ? [] : rank), item.id, item.cause, harmless(headlineOf(item))]
}

/** Who waits for it and for how long, in one line. */
export function about(item: Item, now: Date): string {
  const { n, ids } = item.behind
  const who = item.who === null ? '' : `, ${item.who}`
  const more = n > NAMED ? ` and ${n - NAMED} more` : ''
  const behind = n === 0 ? '' : `; ${ids.slice(0, NAMED).join(', ')}${more} wait${n === 1 ? 's' : ''} for it`
  const since = ageOf(Math.max(0, now.getTime() - Date.parse(item.since)))
  return `${item.cause}${who}, since ${since}${behind}`
}

export function screenOf(desk: Desk, { columns, rows }: Size, how: { town: string; now: Date }): string[] {
  const { items } = desk
  const wait = items.length === 1 ? '1 thing waits for you' : `${items.length} things wait for you`
  const head = `${how.town}: ${items.length === 0 ? 'nothing waits for you' : wait}`
  const foot = footOf(desk, columns)
  // The list has at most half of what is left, the selected item the rest.
  const room = Math.max(0, rows - 2 - foot.length)
  const listed = Math.min(items.length, Math.max(1, Math.floor(room / 2)))
  const first = Math.max(0, Math.min(desk.place - Math.floor(listed / 2), items.length - listed))
  const table = aligned(items.slice(first, first + listed).map((item) => rowOf(item, how.now, columns)))
  const list = table.map((line, at) => {
    const mark = first + at === desk.place && !desk.input?.over ? '>' : ' '
    const number = first + at < 9 ? `${first + at + 1}` : ' '
    return `${mark}${number} ${line}`
  })
  const item = selected(desk)
  const detail = item === undefined ? [] : detailOf(item, columns, how.now)
  const space = Math.max(0, room - list.length - 1)
  const shown = detail.length > space ? [...detail.slice(0, Math.max(0, space - 1)), '… v shows all of it'] : detail
  const body = [head, ...list, '', ...shown]
  const blank = Array.from({ length: Math.max(0, rows - body.length - foot.length) }, () => '')
  return [...body, ...blank, ...foot].slice(0, rows).map((line) => cutTo(line, columns))
}

function detailOf(item: Item, columns: number, now: Date): string[] {
  const [first = '', ...more] = sanitize(item.text).split('\n').map(harmlessLine)
  const head = harmless(item.title)
  // An escalation's first words are its title.
  const text = first === head ? more : [first, ...more]
  return [
    ...wrap(`${item.id}  ${head}`, columns),
    ...wrap(about(item, now), columns),
    '',
    ...text.flatMap((line) => wrap(line, columns)),
  ]
}

/** A line as it is written, its indentation kept. */
const harmlessLine = (line: string): string => `${/^ */.exec(line)![0]}${harmless(line)}`

function footOf(desk: Desk, columns: number): string[] {
  if (desk.input !== null) {
    const { answer, text, over } = desk.input
    const ends = over ? 'That one is over: nothing is sent. Your words stay until Esc.' : 'Enter sends, Esc leaves it'
    const said = desk.said === '' ? [] : saidOf(desk.said, columns)
    return [...said, endOf(`${answer.asks}: `, `${text.replaceAll('\n', '⏎')}▏`, columns), ends]
  }
  const keys = (selected(desk)?.answers ?? []).map(({ key, label }) => `${key} ${label}`)
  const moves = desk.items.length > 1 ? ['j/k move'] : []
  const said = desk.busy ? 'at it …' : desk.over ? 'The one that you looked at is over. Any key goes on.' : desk.said
  return [...saidOf(said, columns), ...wrap([...keys, ...moves, 'q quit'].join('   '), columns)]
}

const saidOf = (said: string, columns: number): string[] =>
  wrap(harmless(said.split('\n')[0] ?? ''), columns).slice(0, SAID)

/** Of what is typed the end matters. */
function endOf(label: string, text: string, columns: number): string {
  let rest = sanitize(text)
  if (widthOf(label + rest) <= columns) return label + rest
  while (rest !== '' && widthOf(`${label}…${rest}`) > columns) rest = [...rest].slice(1).join('')
  return `${label}…${rest}`
}
