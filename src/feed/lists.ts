/** The lists of the feed, from a board: what waits for a person first. Pure. */
import { headlineOf } from '../attention/item.ts'
import type { AgentLine, Board, ConvoyLine, EventLine, QueueLine } from '../board/board.ts'
import { span } from '../screen/ink.ts'
import { aboutAgent, aboutConvoy, aboutEvent, aboutProblem, aboutRequest, aboutWaiting } from './about.ts'
import { shortName } from './plain.ts'
import type { Row } from './row.ts'
import { age, cell, spare, state, words } from './row.ts'

export const LISTS = ['problems', 'agents', 'queue', 'convoys', 'waiting', 'events'] as const
export type ListId = (typeof LISTS)[number]

export interface List {
  id: ListId
  title: string
  rows: Row[]
  /** What is said where there is no row; absent: then the list is not shown. */
  none?: string
}

/** In the order of the screen. */
export function listsOf(board: Board): List[] {
  const now = Date.parse(board.at)
  const to = (address: string | null): Row['agent'] => agentAt(board, address)
  const { blind } = board.town
  return [
    { id: 'problems', title: 'Waits for you', rows: board.problems.map((one) => problem(one, now, to)) },
    {
      id: 'agents',
      title: 'Agents',
      rows: board.agents.map((one) => agent(one, now)),
      none: blind === null ? 'Nobody is at work.' : `It cannot be told who is here: ${blind}.`,
    },
    { id: 'queue', title: 'Merge queue', rows: board.queue.map((one) => request(one, now, to)) },
    { id: 'convoys', title: 'Convoys', rows: board.convoys.map((one) => convoy(one, now)) },
    { id: 'waiting', title: 'Slung, not started', rows: board.waiting.map(waiting) },
    {
      id: 'events',
      title: 'Events',
      rows: board.events.map((one) => event(one, now, board)),
      none: 'Nothing has happened yet.',
    },
  ]
}

/** Whoever has a live run of this fence, on this bead, or this address. */
function agentAt({ agents }: Board, who: string | null): Row['agent'] {
  const found = who === null ? undefined : agents.find(({ address, run, bead }) => [address, run, bead].includes(who))
  return found === undefined ? null : { address: found.address, session: found.session }
}

type To = (address: string | null) => Row['agent']

function problem(one: Board['problems'][number], now: number, to: To): Row {
  const { key, id, cause, severity, since, behind, bead, who } = one
  const grave = severity === 'critical' || severity === 'high'
  const ink = grave ? 'bad' : 'warn'
  return {
    key,
    cells: [
      span(severity === 'critical' ? '!!' : grave ? '!' : ' ', ink),
      cell(cause, ink),
      cell(id),
      span(age(since, now), 'dim'),
      span(behind.n === 0 ? '' : `${behind.n} wait${behind.n === 1 ? 's' : ''}`, 'bold'),
      words(headlineOf(one)),
    ],
    why: bead,
    bead,
    agent: to(who) ?? to(bead),
    about: () => aboutProblem(one, now),
  }
}

function agent(one: AgentLine, now: number): Row {
  const { address, health, doing, context, since, seen, bead, title, waiting_for, run } = one
  const odd = health !== null && health !== 'alive'
  const word = odd ? health : one.state === 'working' || one.state === 'in' ? (doing ?? one.state) : one.state
  const task = waiting_for === null ? (title ?? '') : `waits for ${waiting_for}`
  return {
    key: run ?? address,
    cells: [
      cell(shortName(address)),
      state(word),
      spare(span(context === null ? '' : `${Math.round(context)}%`, (context ?? 0) >= 80 ? 'warn' : 'dim')),
      span(age(since ?? seen, now), 'dim'),
      cell(bead ?? ''),
      words(task),
    ],
    why: run ?? bead,
    bead,
    agent: { address, session: one.session },
    about: () => aboutAgent(one, now),
  }
}

function request(one: QueueLine, now: number, to: To): Row {
  const { id, bead, rig, state: is, queued_at, worker, title, reason } = one
  return {
    key: id,
    cells: [
      cell(rig),
      state(is),
      span(age(queued_at, now), 'dim'),
      cell(bead),
      spare(cell(shortName(worker).split('/').at(-1)!)),
      words([title, reason].filter(Boolean).join(': ')),
    ],
    why: id,
    bead,
    agent: to(bead),
    about: () => aboutRequest(one, now),
  }
}

function convoy(one: ConvoyLine, now: number): Row {
  const { id, title, closed, total, running, waiting: left, stuck, cause } = one
  const parts = [running > 0 && `${running} at work`, left > 0 && `${left} to come`, stuck > 0 && `${stuck} stuck`]
  return {
    key: id,
    cells: [
      cell(id),
      state(one.state),
      span(`${closed}/${total}`, 'bold'),
      spare(span(parts.filter(Boolean).join(', '), 'dim')),
      words(cause === null ? title : `${title}: ${cause}`),
    ],
    why: id,
    bead: id,
    agent: null,
    about: () => aboutConvoy(one, now),
  }
}

function waiting(one: Board['waiting'][number]): Row {
  const { bead, title, rig, reason } = one
  return {
    key: bead,
    cells: [cell(bead), cell(rig ?? ''), words(`${title}: ${reason || 'waits for a free worker'}`)],
    why: bead,
    bead,
    agent: null,
    about: () => aboutWaiting(one),
  }
}

function event(one: EventLine, now: number, board: Board): Row {
  const { id, at, kind, bead, by, text, title, run } = one
  return {
    key: id,
    cells: [
      span(clock(at, now), 'dim'),
      state(kind),
      cell(bead ?? '-'),
      spare(cell(shortName(by), 'dim', 16)),
      words([text, title === null ? '' : `(${title})`].filter(Boolean).join('  ')),
    ],
    why: bead ?? run,
    bead,
    agent: agentAt(board, run) ?? agentAt(board, bead),
    about: () => aboutEvent(one),
  }
}

const DAY_MS = 24 * 60 * 60 * 1000
const two = (n: number): string => `${n}`.padStart(2, '0')

/** On the clock of whoever looks: the time, and of what is older than a day the date. */
function clock(at: string, now: number): string {
  const date = new Date(at)
  return now - date.getTime() < DAY_MS
    ? `${two(date.getHours())}:${two(date.getMinutes())}`
    : `${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
