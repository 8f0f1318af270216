/** The signs that lanes are drawn with. */

export interface LaneStyle {
  /** By what meets in the sign: 1 up, 2 down, 4 left, 8 right. */
  signs: string
  /** Beside a mark that joins a lane at its left: it leads there. */
  back: string
}

export const BOX: LaneStyle = { signs: '   │ ╯╮┤ ╰╭├─┴┬┼', back: '◂' }
export const ASCII: LaneStyle = { signs: "   | '.+ `.+-+++", back: '<' }

/** What stands left and right of the mark. */
export function signsOf(
  before: readonly unknown[],
  after: readonly unknown[],
  touched: number[],
  mark: number,
  out: number | undefined,
  style: LaneStyle,
): { left: string; right: string } {
  const low = Math.min(mark, ...touched)
  const high = Math.max(mark, ...touched)
  let left = ''
  let line = ''
  const last = Math.max(high, lastOf(before))
  for (let column = 0; column <= last; column++) {
    const sides = (column > low && column <= high ? 4 : 0) + (column >= low && column < high ? 8 : 0)
    const ways = (before[column] ? 1 : 0) + (after[column] ? 2 : 0)
    if (column === mark) {
      left = line
      line = ''
    } else if (touched.includes(column)) line += style.signs[ways + sides]
    else line += style.signs[ways > 0 ? 3 : sides]
    line += style.signs[sides & 8 ? 12 : 0]
  }
  if (out !== undefined && out < mark && before[out]) left = left.slice(0, -1) + style.back
  return { left, right: line.trimEnd() }
}

/** The highest place that holds something, -1 for none. */
export function lastOf(lanes: readonly unknown[]): number {
  let last = lanes.length - 1
  while (last >= 0 && !lanes[last]) last--
  return last
}
