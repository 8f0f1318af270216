/** How many rows each list gets. Pure. */

/**
 * Deals the rows of a screen: one to each list in turn until it has all that it wants, so that a long list never takes the room
 * of a short one. Where there is less room than lists, those at the end get nothing.
 *
 * @param room rows for all of them, their titles included
 * @param wants rows that each would fill; those that come first are served first
 * @returns rows for each without its title; null: not even that fits
 */
export function dealt(room: number, wants: readonly number[]): (number | null)[] {
  // Two rows are the least with which a list says anything.
  const shown = Math.min(wants.length, Math.floor(room / 2))
  const got = wants.map((_, i) => (i < shown ? 0 : null))
  let left = room - shown
  for (let gave = true; gave && left > 0; ) {
    gave = false
    for (let i = 0; i < shown && left > 0; i++) {
      if (got[i]! >= wants[i]!) continue
      got[i]!++
      left--
      gave = true
    }
  }
  return got
}

/** The first row of a window of `rows` over a list of `all`, with the selected one in it, as near its middle as it goes. */
export const firstShown = (place: number, rows: number, all: number): number =>
  Math.max(0, Math.min(place - Math.floor(rows / 2), all - rows))
