/**
 * The connection to the town: one stream while this window can be seen, and none while it cannot. A browser reconnects by
 * itself; what it cannot know is that the door is shut, which is told here.
 */
import type { Board } from '../../board/board.ts'
import type { BoardView, PaneView } from '../sources.ts'

/** `off`: this window is not looked at. `shut`: this address opens nothing any more. */
export type Link = 'opening' | 'live' | 'lost' | 'off' | 'shut'

export interface Listener {
  link(link: Link): void
  board(board: Board): void
  trouble(message: string, hint: string | null): void
  pane(pane: PaneView): void
}

/** Listens until the returned function is called. `pane`: whose screen is wanted too. */
export function listen(pane: string | undefined, to: Listener): () => void {
  let source: EventSource | undefined
  const open = (): void => {
    source?.close()
    source = new EventSource(pane === undefined ? 'live' : `live?pane=${encodeURIComponent(pane)}`)
    source.onopen = () => to.link('live')
    source.onerror = () => to.link(source?.readyState === EventSource.CLOSED ? 'shut' : 'lost')
    source.addEventListener('board', ({ data }) => {
      const view = JSON.parse(data) as BoardView
      if (view.is === 'board') to.board(view.board)
      else to.trouble(view.message, view.hint)
    })
    source.addEventListener('pane', ({ data }) => to.pane(JSON.parse(data) as PaneView))
  }
  const seen = (): void => {
    if (document.visibilityState === 'visible') {
      open()
      return
    }
    source?.close()
    source = undefined
    to.link('off')
  }
  document.addEventListener('visibilitychange', seen)
  seen()
  return () => {
    document.removeEventListener('visibilitychange', seen)
    source?.close()
  }
}
