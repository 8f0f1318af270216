/** The frame: whose town this is and how it stands, the ways to go, and the view that one is at. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Board } from '../../board/board.ts'
import type { PaneView } from '../sources.ts'
import { Decisions, Myself } from './acts.tsx'
import { AgentPage } from './agent.tsx'
import type { Me } from './ask.ts'
import { whoAmI } from './ask.ts'
import { Convoys } from './convoys.tsx'
import { Costs } from './costs.tsx'
import { onKey } from './keys.ts'
import { Agents, Events, Queue, Waiting } from './lists.tsx'
import type { Link } from './live.ts'
import { listen } from './live.ts'
import { Overview } from './overview.tsx'
import { Now, Part, Type } from './parts.tsx'
import type { Route } from './route.ts'
import { routeOf } from './route.ts'
import { clock } from './time.ts'
import { Top } from './top.tsx'
import { WhyPage } from './why.tsx'

/** Ages are counted on, also while nothing happens. */
const TICK_MS = 5_000

interface State {
  link: Link
  board: Board | null
  trouble: { message: string; hint: string | null } | null
  pane: PaneView | null
  /** How much the server's clock is ahead of ours. */
  ahead: number
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash))
  useEffect(() => {
    const moved = (): void => setRoute(routeOf(location.hash))
    window.addEventListener('hashchange', moved)
    return () => window.removeEventListener('hashchange', moved)
  }, [])
  return route
}

function useTown(pane: string | undefined): State {
  const [state, setState] = useState<State>({ link: 'opening', board: null, trouble: null, pane: null, ahead: 0 })
  useEffect(() => {
    const set = (more: Partial<State>): void => setState((before) => ({ ...before, ...more }))
    return listen(pane, {
      link: (link) => set({ link }),
      board: (board) => set({ board, trouble: null, ahead: Date.parse(board.at) - Date.now() }),
      trouble: (message, hint) => set({ trouble: { message, hint } }),
      pane: (view) => set({ pane: view }),
    })
  }, [pane])
  return state
}

function useNow(ahead: number): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  // A board that has just come is never in the future.
  return Math.max(now, Date.now()) + ahead
}

export function App() {
  const route = useRoute()
  const { link, board, trouble, pane, ahead } = useTown(route.at === 'agent' ? route.id : undefined)
  const now = useNow(ahead)
  const [me, setMe] = useState<Me | null>(null)
  useEffect(() => void whoAmI().then((answer) => answer.ok && setMe(answer.data)), [])
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  useEffect(() => {
    const waiting = board?.problems.length ?? 0
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${board?.town.name ?? me?.town ?? 'town'} · gt`
  }, [board, me])
  return (
    <Now.Provider value={now}>
      <Myself.Provider value={me}>
        <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
          To the content
        </button>
        <Top board={board} route={route} link={link} />
        <main id="main" tabIndex={-1}>
          {trouble !== null && (
            <Banner>
              {trouble.message} {trouble.hint !== null && <Type command={trouble.hint} />}
            </Banner>
          )}
          {link === 'lost' && board !== null && (
            <p role="status" class="notice">
              The dashboard does not answer. What you see is as it was at {clock(board.at, now)}; it comes back by
              itself.
            </p>
          )}
          {link === 'shut' && (
            <Banner>
              This address opens nothing any more: the dashboard was started anew, or has ended.{' '}
              <Type command="gt dashboard" />
            </Banner>
          )}
          <Decisions>
            {board === null ? (
              <p class="lone">Opening the town …</p>
            ) : (
              <Shown route={route} board={board} pane={pane} />
            )}
          </Decisions>
        </main>
      </Myself.Provider>
    </Now.Provider>
  )
}

const Banner = ({ children }: { children: ComponentChildren }) => (
  <p role="alert" class="banner">
    {children}
  </p>
)

function Shown({ route, board, pane }: { route: Route; board: Board; pane: PaneView | null }) {
  switch (route.at) {
    case 'overview':
      return <Overview board={board} />
    case 'agents':
      return (
        <>
          <Part title="Agents" count={board.agents.length}>
            <Agents board={board} whole />
          </Part>
          {board.waiting.length > 0 && (
            <Part title="Slung, not started" count={board.waiting.length}>
              <Waiting board={board} whole />
            </Part>
          )}
        </>
      )
    case 'queue':
      return (
        <Part title="Merge queue" count={board.queue.length}>
          <Queue board={board} whole />
        </Part>
      )
    case 'convoys':
      return (
        <Part title="Convoys" count={board.convoys.length}>
          <Convoys board={board} whole />
        </Part>
      )
    case 'costs':
      return <Costs board={board} />
    case 'events':
      return (
        <Part title="What happened">
          <Events rows={board.events} whole />
        </Part>
      )
    case 'agent':
      return <AgentPage board={board} id={route.id} pane={pane} />
    case 'why':
      return <WhyPage board={board} id={route.id} />
  }
}
