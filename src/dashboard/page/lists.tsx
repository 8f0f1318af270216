/** The town's lists: agents, queue, convoys, what waits, what landed, what happened. */
import { useContext } from 'preact/hooks'
import type { Board } from '../../board/board.ts'
import { dollars } from '../../board/words.ts'
import { Acts, verbsOf } from './acts.tsx'
import type { Column } from './parts.tsx'
import { Agent, Ago, Chip, Nothing, Now, shortAddress, Table, Title, Why } from './parts.tsx'
import type { View } from './route.ts'
import { hrefOf } from './route.ts'
import { clock, exactly } from './time.ts'

type Line = Board['agents'][number]

/** So many rows on the overview: what comes after them should be seen too. */
const FIRST = { agents: 12, queue: 8, waiting: 5 }

/** Where the rest is. */
export function More(props: { of: readonly unknown[]; shown: readonly unknown[]; at: View }) {
  const left = props.of.length - props.shown.length
  if (left <= 0) return null
  return (
    <p class="more">
      <a href={hrefOf({ at: props.at })}>{left} more</a>
    </p>
  )
}

/** What it is doing, in one or two words: what was seen, before what the books say. */
export function Doing({ line }: { line: Line }) {
  const { state, health, doing, waiting_for } = line
  const odd = health !== null && health !== 'alive' && health !== state
  return (
    <span class="doing">
      <Chip word={state} />
      {odd && <Chip word={health} />}
      {!odd && doing !== null && doing !== state && doing !== health && <span class="muted">{doing}</span>}
      {waiting_for !== null && (
        <span class="muted">
          for <bdi>{waiting_for}</bdi>
        </span>
      )}
    </span>
  )
}

/** How full its memory is. */
export function Context({ used }: { used: number | null }) {
  if (used === null) return <span class="muted">–</span>
  return (
    <span class="context">
      <meter min={0} max={100} high={80} optimum={0} value={used} aria-label={`context ${Math.round(used)} % full`} />
      {Math.round(used)} %
    </span>
  )
}

const Task = ({ bead, title }: { bead: string | null; title: string | null }) => (
  <span class="task">
    {bead !== null && <Why id={bead} />} <Title text={title} />
  </span>
)

const AGENT: Column<Line> = { name: 'Agent', cell: ({ address }) => <Agent address={address} /> }
const DOING: Column<Line> = { name: 'Doing', cell: (line) => <Doing line={line} /> }
const WORK: Column<Line> = { name: 'Work', kind: 'main', cell: (line) => <Task bead={line.bead} title={line.title} /> }
const SINCE: Column<Line> = { name: 'Since', kind: 'number', cell: ({ since, seen }) => <Ago at={since ?? seen} /> }

const MORE: Column<Line>[] = [
  { name: 'Last sign', kind: 'late', cell: ({ seen }) => <Ago at={seen} /> },
  { name: 'Context', kind: 'late', cell: ({ context }) => <Context used={context} /> },
  { name: 'Runs as', kind: 'late', cell: ({ agent, model }) => [agent, model].filter(Boolean).join(' · ') || '–' },
  {
    name: 'Attempt',
    kind: 'late',
    cell: ({ attempt, round }) => (attempt === null ? '–' : `${attempt}${(round ?? 1) > 1 ? `, round ${round}` : ''}`),
  },
]

export function Agents({ board, whole = false }: { board: Board; whole?: boolean }) {
  if (board.town.blind !== null) return <Nothing>It cannot be told who is here: {board.town.blind}.</Nothing>
  if (board.agents.length === 0) return <Nothing>Nobody is at work.</Nothing>
  const columns = whole ? [AGENT, DOING, WORK, SINCE, ...MORE] : [AGENT, DOING, WORK, SINCE]
  const rows = whole ? board.agents : board.agents.slice(0, FIRST.agents)
  return (
    <>
      <Table label="Agents" columns={columns} rows={rows} keyOf={(one) => one.run ?? one.address} />
      <More of={board.agents} shown={rows} at="agents" />
    </>
  )
}

const QUEUE: Column<Board['queue'][number]>[] = [
  { name: 'Request', cell: ({ id }) => <Why id={id} /> },
  { name: 'State', cell: ({ state }) => <Chip word={state} /> },
  { name: 'Work', kind: 'main', cell: ({ bead, title }) => <Task bead={bead} title={title} /> },
  { name: 'Waits', kind: 'number', cell: ({ queued_at }) => <Ago at={queued_at} /> },
]

const QUEUE_MORE: Column<Board['queue'][number]>[] = [
  { name: 'Worker', kind: 'late', cell: ({ worker }) => <Agent address={worker} /> },
  {
    name: 'Into',
    kind: 'late',
    cell: ({ rig, target }) => (
      <bdi>
        {rig} · {target}
      </bdi>
    ),
  },
  {
    name: 'Why',
    kind: 'main',
    cell: ({ id, state, reason }) => (
      <>
        {reason !== null && <bdi class="muted">{reason}</bdi>}
        <Acts verbs={verbsOf(state)} id={id} />
      </>
    ),
  },
]

export function Queue({ board, whole = false }: { board: Board; whole?: boolean }) {
  if (board.queue.length === 0) return <Nothing>Nothing waits to land.</Nothing>
  const columns = whole ? [...QUEUE, ...QUEUE_MORE] : QUEUE
  const rows = whole ? board.queue : board.queue.slice(0, FIRST.queue)
  return (
    <>
      <Table label="Merge queue" columns={columns} rows={rows} keyOf={({ id }) => id} />
      <More of={board.queue} shown={rows} at="queue" />
    </>
  )
}

export function Waiting({ board, whole = false }: { board: Board; whole?: boolean }) {
  const rows = whole ? board.waiting : board.waiting.slice(0, FIRST.waiting)
  const free = board.town.closed === null ? 'waits for a free worker' : 'nothing new starts'
  return (
    <>
      <ul class="lines">
        {rows.map(({ bead, title, reason }) => (
          <li key={bead}>
            <Why id={bead} /> <Title text={title} />
            <span class="muted note">{reason || free}</span>
          </li>
        ))}
      </ul>
      <More of={board.waiting} shown={rows} at="agents" />
    </>
  )
}

export function Landed({ rows }: { rows: Board['landed'] }) {
  if (rows.length === 0) return <Nothing>Nothing yet.</Nothing>
  return (
    <ul class="lines">
      {rows.map(({ bead, title, commit, target, at, cost }) => (
        <li key={`${bead} ${commit}`}>
          <span class="aside">
            <Ago at={at} />
          </span>
          <Why id={bead} /> <Title text={title} />
          <span class="muted note">
            on <bdi>{target}</bdi> as <code>{commit.slice(0, 10)}</code>
            {cost !== null && (cost.usd > 0 || cost.partly) && `, for ${dollars(cost)}`}
          </span>
        </li>
      ))}
    </ul>
  )
}

export function Events({ rows, whole = false }: { rows: Board['events']; whole?: boolean }) {
  const now = useContext(Now)
  if (rows.length === 0) return <Nothing>Nothing has happened yet.</Nothing>
  return (
    <ol class={whole ? 'lines events whole' : 'lines events'}>
      {rows.map(({ id, at, by, kind, bead, title, text }) => (
        <li key={id}>
          <time class="aside" dateTime={at} title={exactly(at)}>
            {clock(at, now)}
          </time>
          <Chip word={kind} />
          <span class="of">
            {bead !== null && <Why id={bead} />} <Title text={title ?? ''} />
          </span>
          <span class="note">
            <bdi>{text}</bdi>{' '}
            <span class="muted">
              by <bdi>{shortAddress(by)}</bdi>
            </span>
          </span>
        </li>
      ))}
    </ol>
  )
}
