/** All that the board knows of one row, with what to type next. Pure. */
import type { Item } from '../attention/item.ts'
import { commandOf, headlineOf } from '../attention/item.ts'
import type { AgentLine, Board, ConvoyLine, EventLine, QueueLine } from '../board/board.ts'
import type { Line } from '../screen/ink.ts'
import { span } from '../screen/ink.ts'
import { unarmed } from '../screen/width.ts'
import { shortTime } from '../town/duration.ts'
import { age, state, words } from './row.ts'

/** `name   value`, where there is one. */
function fact(name: string, value: string | null | false): Line[] {
  return value === null || value === false || value === '' ? [] : [[span(`${name.padEnd(9)} `, 'dim'), words(value)]]
}

const head = (...texts: (string | null)[]): Line => [words(texts.filter((text) => text !== null).join('  '), 'bold')]
const prose = (text: string): Line[] => [
  [],
  ...unarmed(text)
    .split('\n')
    .map((line) => [span(line)]),
]
const next = (...commands: string[]): Line[] => [
  [],
  ...commands.map((line): Line => [span('  '), words(line, 'moving')]),
]

const ago = (since: string | null, now: number): string | null =>
  since === null ? null : `${age(since, now)}, since ${shortTime(since)}`

export function aboutProblem(one: Item, now: number): Line[] {
  const { id, cause, severity, since, behind, who, answers } = one
  const ids = behind.ids.slice(0, 8).join(', ')
  return [
    head(id, headlineOf(one)),
    [span('waits     ', 'dim'), words(`${cause}, ${severity}, ${ago(since, now)}`)],
    ...fact('who', who),
    ...fact('behind it', behind.n > 0 && `${ids}${behind.n > 8 ? ` and ${behind.n - 8} more` : ''}`),
    ...prose(one.text),
    ...next(...answers.map(commandOf)),
  ]
}

export function aboutAgent(one: AgentLine, now: number): Line[] {
  const { address, role, rig, bead, title, run, health, doing, waiting_for, seen, context, attempt, round } = one
  const seems = [health, doing].filter((word) => word !== null).join(', ')
  return [
    [words(address, 'bold'), span('  '), state(one.state), span(seems === '' ? '' : `  (${seems})`)],
    ...fact('is', [role, rig === null ? null : `of ${rig}`, one.agent, one.model].filter(Boolean).join(' ')),
    ...fact('waits for', waiting_for),
    ...fact('works on', [bead, title].filter(Boolean).join('  ')),
    ...fact('run', run && `${run}, attempt ${attempt}, round ${round}`),
    ...fact('since', ago(one.since, now)),
    ...fact('seen', seen && age(seen, now)),
    ...fact('context', context !== null && `${Math.round(context)} % full`),
  ]
}

export function aboutRequest(one: QueueLine, now: number): Line[] {
  const { id, bead, title, rig, target, worker, queued_at, reason } = one
  return [
    [words(id, 'bold'), span('  '), state(one.state)],
    ...fact('merges', `${bead}  ${title ?? ''}`),
    ...fact('into', `${target} of ${rig}`),
    ...fact('from', worker),
    ...fact('since', ago(one.since, now)),
    ...fact('in line', ago(queued_at, now)),
    ...(reason === null ? [] : prose(reason)),
    ...next(`gt mq show ${id}`),
  ]
}

export function aboutConvoy(one: ConvoyLine, now: number): Line[] {
  const { id, title, kind, total, closed, landed, running, waiting, stuck, since, cause } = one
  return [
    [words(id, 'bold'), span('  '), state(one.state)],
    ...fact('is', `${kind}: ${title}`),
    ...fact('since', ago(since, now)),
    ...fact('over', `${closed} of ${total}, ${landed} landed`),
    ...fact('at work', `${running}`),
    ...fact('to come', `${waiting}`),
    ...fact('stuck', `${stuck}`),
    ...(cause === null ? [] : prose(cause)),
    ...next(`gt convoy show ${id}`),
  ]
}

export function aboutWaiting({ bead, title, rig, reason }: Board['waiting'][number]): Line[] {
  return [
    head(bead, title),
    ...fact('rig', rig),
    ...prose(reason || 'waits for a free worker'),
    ...next(`gt why ${bead}`),
  ]
}

export function aboutEvent({ id, at, by, kind, bead, title, run, text }: EventLine): Line[] {
  return [
    [words(shortTime(at), 'bold'), span('  '), state(kind)],
    ...fact('bead', [bead, title].filter(Boolean).join('  ')),
    ...fact('by', by),
    ...fact('run', run),
    ...fact('change', id),
    ...prose(text),
    ...(bead === null ? [] : next(`gt trail ${bead}`)),
  ]
}
