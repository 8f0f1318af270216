/** The top of the page: the town and how it stands, the ways to go, and whether what is shown is live. */
import { useState } from 'preact/hooks'
import type { Board } from '../../board/board.ts'
import type { Tone } from '../../board/words.ts'
import type { Link } from './live.ts'
import { Chip } from './parts.tsx'
import type { Route, View } from './route.ts'
import { hrefOf, VIEWS } from './route.ts'

interface TopProps {
  board: Board | null
  route: Route
  link: Link
}

export function Top({ board, route, link }: TopProps) {
  return (
    <header>
      <div class="bar-top">
        <h1>
          <a href={hrefOf({ at: 'overview' })}>
            <bdi>{board?.town.name ?? 'gt'}</bdi>
          </a>
        </h1>
        {board !== null && <Standing town={board.town} />}
        <Linked link={link} />
        <GoTo />
      </div>
      <nav aria-label="Views">
        <ul>
          {VIEWS.map((view, n) => (
            <li key={view}>
              <a
                href={hrefOf({ at: view })}
                aria-current={isAt(route, view) ? 'page' : undefined}
                title={`${view} (${n + 1})`}
                data-key={n + 1}
              >
                {view === 'overview' ? 'town' : view}
                <Count board={board} view={view} />
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  )
}

const isAt = ({ at }: Route, view: View): boolean => at === view || (at === 'agent' && view === 'agents')

function Count({ board, view }: { board: Board | null; view: View }) {
  if (board === null) return null
  const { problems, agents, queue, convoys } = board
  const counts: Partial<Record<View, number>> = {
    overview: problems.length,
    agents: agents.length,
    queue: queue.length,
    convoys: convoys.length,
  }
  const count = counts[view]
  if (!count) return null
  return (
    <span class={view === 'overview' ? 'count warn' : 'count'}>
      {count}
      {view === 'overview' && <span class="unseen"> wait for you</span>}
    </span>
  )
}

function Standing({ town }: { town: Board['town'] }) {
  const { daemon, hold, closed, workers, ready } = town
  const { word, tone } = standingOf(town)
  return (
    <p class="standing">
      <Chip word={word} tone={tone} />
      <span>
        {workers.busy} of {workers.max} at work
      </span>
      <span class="late">{ready} ready</span>
      {hold === null && closed !== null && <Chip word="starts nothing new" tone="warn" title={closed} />}
      {!daemon.running && <span class="why late">gt up starts it</span>}
    </p>
  )
}

function standingOf({ daemon, hold }: Board['town']): { word: string; tone: Tone } {
  if (hold !== null) return hold.frozen ? { word: 'frozen', tone: 'warn' } : { word: 'held', tone: 'warn' }
  return daemon.running ? { word: 'up', tone: 'good' } : { word: 'down', tone: 'still' }
}

const LINKS: Record<Link, { word: string; tone: Tone; title: string }> = {
  opening: { word: 'opening', tone: 'still', title: 'The first look is under way' },
  live: { word: 'live', tone: 'good', title: 'What you see is what is' },
  lost: { word: 'reconnecting', tone: 'bad', title: 'The dashboard does not answer; what you see is as it was' },
  off: { word: 'resting', tone: 'still', title: 'This window is not looked at' },
  shut: { word: 'ended', tone: 'bad', title: 'What you see is as it was' },
}

function Linked({ link }: { link: Link }) {
  const { word, tone, title } = LINKS[link]
  return (
    <p class={`link ${tone}`} role="status" title={title}>
      {word}
    </p>
  )
}

/** To whatever has a name: a bead, a run, a worker, a merge request. */
function GoTo() {
  const [name, setName] = useState('')
  const go = (event: Event): void => {
    event.preventDefault()
    if (name.trim() === '') return
    location.hash = hrefOf({ at: 'why', id: name.trim() })
    setName('')
  }
  return (
    <search class="go">
      <form onSubmit={go}>
        <input
          type="search"
          data-key="/"
          placeholder="bead, run or worker  ( / )"
          aria-label="Go to a bead, run, worker or merge request"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </form>
    </search>
  )
}
