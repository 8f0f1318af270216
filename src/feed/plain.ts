/** An event as one line for people and scripts, the same however long the list. Pure. */
import type { EventLine } from '../board/board.ts'
import { cutTo, harmless, widthOf } from '../screen/width.ts'
import { shortTime } from '../town/duration.ts'

/** When, what, about which bead, by whom, and in which words; nothing in it can steer a terminal. */
export function eventText({ at, kind, bead, by, text, title }: EventLine): string {
  const about = title === null ? '' : `  (${cutTo(harmless(title), 80)})`
  return `${shortTime(at)}  ${kind.padEnd(9)}  ${padTo(bead ?? '-', 10)}  ${padTo(shortName(by), 14)}  ${cutTo(harmless(text), 400)}${about}`
}

/** `app/polecats/toast` as people say it: `app/toast`. */
export const shortName = (address: string): string => harmless(address.replace('/polecats/', '/'))

/** At least as wide. */
export const padTo = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
