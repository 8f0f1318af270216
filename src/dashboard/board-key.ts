/** When a board is another one than before: not its moment, and not every breath of the machine. Pure. */
import type { Board } from '../board/board.ts'
import type { BoardView } from './sources.ts'

/** The same for two views that look the same to a person. `text`: the view as JSON. */
export function boardKey(view: BoardView, text: string): string {
  if (view.is === 'trouble') return text
  const { at: _moment, town, ...rest } = view.board
  return JSON.stringify({ ...rest, town: { ...town, host: steady(town.host) } })
}

type Host = Board['town']['host']

/** Load to halves, memory to quarters of a gigabyte, disk to gigabytes. */
function steady({ load1, cores, memory_free_mb, disk_free_mb }: Host): Host {
  const to = (step: number, value: number | null): number | null => value && Math.round(value / step) * step
  return { load1: to(0.5, load1), cores, memory_free_mb: to(256, memory_free_mb), disk_free_mb: to(1024, disk_free_mb) }
}
