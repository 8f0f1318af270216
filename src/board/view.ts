/** What screens show of a town that is kept in view: its board while somebody looks, and the screens of its agents. */
import { sanitize } from '../agents/fence.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Read } from '../result.ts'
import { empty, ok } from '../result.ts'
import type { Board } from './board.ts'
import type { BoardOptions, WatchedTown } from './watch.ts'

/** The projection of the town, or why there is none at this moment. */
export type BoardView = { is: 'board'; board: Board } | { is: 'trouble'; message: string; hint: string | null }

/** An agent's screen: plain text, or why there is none. */
export type PaneView = { who: string } & ({ is: 'screen'; text: string } | { is: 'none' | 'unknown'; why: string })

export const trouble = ({ message, hint }: Pick<Failure, 'message' | 'hint'>): BoardView => ({
  is: 'trouble',
  message,
  hint: hint ?? null,
})

/** Lines of a screen, its scrollback with it. */
const PANE_LINES = 200

/**
 * The town as a board, followed while somebody looks (board/watch.ts says how often). A ledger that cannot be read is told as
 * that; what was seen before is not shown as if it were now.
 */
export function boardOfTown(
  watched: WatchedTown,
  options?: () => BoardOptions,
): (tell: (view: BoardView) => void) => () => void {
  return (tell) => {
    const { stop } = watched.follow((board) => {
      const read = watched.town.ledger.refresh()
      tell(read.kind === 'error' ? trouble(read.failure) : { is: 'board', board })
    }, options)
    return stop
  }
}

/** The last lines of an agent's screen, by its address, run or bead. */
export async function paneOf({ town }: WatchedTown, who: string, lines = PANE_LINES): Promise<PaneView> {
  const session = await sessionOf(town, who)
  if (session.kind !== 'ok') return { who, is: session.kind === 'empty' ? 'none' : 'unknown', why: whyNot(session) }
  const screen = await town.runtime.peek(session.value, lines)
  if (screen.kind === 'ok') return { who, is: 'screen', text: sanitize(screen.value) }
  return { who, is: screen.kind === 'empty' ? 'none' : 'unknown', why: whyNot(screen) }
}

/** The session of a live run, or one that bears this address (Mayor, crew). */
async function sessionOf({ ledger, runtime }: OpenTown, who: string): Promise<Read<string>> {
  const runs = [...ledger.state.live.values()].flat()
  const run = runs.find(({ agent, fence, bead }) => agent === who || fence === who || bead === who)
  if (run !== undefined) return ok(run.session)
  const sessions = await runtime.list()
  if (sessions.kind !== 'ok') return sessions
  const named = sessions.value.find(({ labels }) => labels.agent === who)
  return named === undefined ? empty : ok(named.name)
}

function whyNot(read: Exclude<Read<string>, { kind: 'ok' }>): string {
  if (read.kind === 'empty') return 'It has no session now.'
  return read.kind === 'unknown' ? `The screen could not be read: ${read.why}.` : read.failure.message
}
