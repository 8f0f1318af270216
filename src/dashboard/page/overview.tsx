/** Everything on one screen: what needs a person, who works, what landed, what it cost; then each of them at length. */
import type { ComponentChildren } from 'preact'
import type { Board } from '../../board/board.ts'
import { dollars } from '../../board/words.ts'
import { Convoys } from './convoys.tsx'
import { Agents, Events, Landed, Queue, Waiting } from './lists.tsx'
import { Ago, Part } from './parts.tsx'
import type { View } from './route.ts'
import { hrefOf } from './route.ts'
import { Waits } from './waits.tsx'

const EVENTS = 12
const LANDED = 6

export function Overview({ board }: { board: Board }) {
  const { problems, agents, waiting, queue, convoys, landed, events } = board
  const { closed } = board.town
  return (
    <div class="overview">
      <Glance board={board} />
      <div class="first">
        {closed !== null && (
          <p class="notice">
            Nothing new starts: <bdi>{closed}</bdi>
          </p>
        )}
        <Part title="Waits for you" count={problems.length}>
          <Waits items={problems} />
        </Part>
      </div>
      <div class="work">
        <Part title="Agents" count={agents.length}>
          <Agents board={board} />
        </Part>
        {waiting.length > 0 && (
          <Part title="Slung, not started" count={waiting.length}>
            <Waiting board={board} />
          </Part>
        )}
      </div>
      <div class="way">
        <Part title="Merge queue" count={queue.length}>
          <Queue board={board} />
        </Part>
        <Part title="Convoys" count={convoys.length}>
          <Convoys board={board} />
        </Part>
      </div>
      <div class="news">
        <Part title="Landed">
          <Landed rows={landed.slice(0, LANDED)} />
        </Part>
        <Part title="What happened">
          <Events rows={events.filter(({ system }) => !system).slice(0, EVENTS)} />
        </Part>
      </div>
    </div>
  )
}

/** Four questions, a figure for each. */
function Glance({ board }: { board: Board }) {
  const { town, problems, agents, waiting, queue, landed, costs } = board
  const grave = problems.filter(({ severity }) => severity === 'critical' || severity === 'high').length
  const last = landed[0]?.at
  return (
    <ul class="glance" aria-label="At a glance">
      <Figure to="overview" value={problems.length} words={problems.length === 1 ? 'waits for you' : 'wait for you'}>
        {problems.length === 0 ? 'nobody needs you' : grave > 0 ? `${grave} pressing` : 'nothing urgent'}
      </Figure>
      <Figure to="agents" value={`${town.workers.busy} of ${town.workers.max}`} words="at work">
        {handedIn(agents.length, queue.length, waiting.length)}
      </Figure>
      <Figure to="events" value={town.landed_today} words="landed today">
        {last === undefined ? (
          'nothing yet'
        ) : (
          <>
            the last <Ago at={last} /> ago
          </>
        )}
      </Figure>
      <Figure
        to="costs"
        value={costs === undefined ? '?' : dollars(costs.today)}
        words="spent today"
        warn={costs?.budget_usd != null && costs.today.usd >= costs.budget_usd}
      >
        {costs?.budget_usd == null ? 'at list prices' : `of ${dollars({ usd: costs.budget_usd, partly: false })}`}
      </Figure>
    </ul>
  )
}

const handedIn = (here: number, queue: number, waiting: number): string =>
  [queue > 0 && `${queue} handed in`, waiting > 0 && `${waiting} to start`].filter(Boolean).join(', ') ||
  (here > 0 ? 'nothing waits to start' : 'nobody is here')

interface FigureProps {
  to: View
  value: string | number
  words: string
  /** It is too much. */
  warn?: boolean
  children: ComponentChildren
}

const Figure = ({ to, value, words, warn = false, children }: FigureProps) => (
  <li class={warn ? 'warn' : undefined}>
    <a href={hrefOf({ at: to })}>
      <strong>{value}</strong> {words}
    </a>
    <span class="muted note">{children}</span>
  </li>
)
