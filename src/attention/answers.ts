/**
 * The answers to each cause: one key, one plain command. Pure. What is not known here can be looked at, and a worker that is
 * there can be gone to.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { liveRun } from '../kernel/runs.ts'
import type { Answer, Waiting } from './item.ts'
import { requestOf } from './waiting.ts'

type One = Answer | undefined

/** `sessions`: those that live; undefined: not looked at. */
export function answersFor(state: State, item: Waiting, sessions?: ReadonlySet<string>): Answer[] {
  const there = attach(state, item, sessions)
  const found = specific(state, item, there).filter((answer) => answer !== undefined)
  const general = looks(item, there).filter(({ key }) => found.every((answer) => answer.key !== key))
  return [...found, ...general]
}

function specific(state: State, item: Waiting, there: One): One[] {
  const bead = item.bead === null ? undefined : state.beads.get(item.bead)
  if (bead === undefined) return ofTown(item)
  const { id } = bead
  const run = liveRun(bead)
  const stop: One = run && {
    key: 'x',
    label: 'stop it',
    argv: ['gt', 'run', 'stop', run.fence, '--reason'],
    asks: 'Why',
  }
  const close: Answer = { key: 'c', label: 'close it', argv: ['gt', 'bead', 'close', id, '--reason'], asks: 'Why' }
  switch (item.cause) {
    case 'ask':
      return [reply(id)]
    case 'escalation':
      return [
        item.who === 'person' ? undefined : reply(id),
        { ...close, argv: ['gt', 'escalate', 'close', id, '--reason'] },
      ]
    case 'mail':
      return [
        { key: 'm', label: 'read', argv: ['gt', 'mail', 'read', id], looks: true },
        { key: 'r', label: 'reply', argv: ['gt', 'mail', 'reply', id, '--body'], asks: 'Your answer' },
      ]
    case 'policy':
    case 'pr':
      return [land(id), reject(id)]
    case 'unverified': {
      const rig = item.rig ?? ''
      const argv = ['gt', 'config', 'set', `rig.${rig}.gate`]
      return [
        { key: 'g', label: 'set the gate', argv, asks: `Command that proves a change of ${rig} good` },
        retry(state, id),
      ]
    }
    case 'red-target':
      return [sling(bead)]
    case 'gate':
      return [
        { key: 'o', label: 'open it', argv: ['gt', 'gate', 'open', id, '--reason'], asks: 'What came' },
        { key: 'v', label: 'view it', argv: ['gt', 'gate', 'show', id], looks: true },
      ]
    case 'dialog':
    case 'stuck':
    case 'contradiction':
    case 'model':
    case 'auth':
    case 'billing':
      // With the town went whoever it was about.
      return run === undefined ? [sling(bead), ...ends(id)] : [there, stop]
    case 'branch-left':
    case 'branch-gone':
    case 'nothing-to-land':
    case 'breaker':
      return [close]
    case 'order':
      return [{ key: 'r', label: 'run it now', argv: ['gt', 'order', 'run', facts(bead).order?.name ?? ''] }]
    default:
      // Work that came back, could not be tested or was refused; or that nobody is at any more.
      return requestOf(state, id) === undefined ? [sling(bead), ...ends(id)] : [retry(state, id), stop]
  }
}

function ofTown(item: Waiting): One[] {
  if (item.cause === 'hold') {
    const drains = item.text.includes('gt up')
    return [
      drains ? { key: 'u', label: 'stay up', argv: ['gt', 'up'] } : { key: 't', label: 'thaw', argv: ['gt', 'thaw'] },
    ]
  }
  if (item.cause === 'budget') {
    const [kind, name = ''] = splitOnce(item.id)
    const answer: Answer =
      kind === 'agent'
        ? {
            key: 'u',
            label: 'let it work uncounted',
            argv: ['gt', 'config', 'set', 'budget.exempt', exemptIn(item.text)],
          }
        : { key: 'r', label: 'raise it', argv: ['gt', 'costs', 'raise', name] }
    return [answer, { key: 'c', label: 'costs', argv: ['gt', 'costs'], looks: true }]
  }
  if (item.cause === 'rig') return [{ key: 'd', label: 'doctor', argv: ['gt', 'doctor'], looks: true }]
  if (item.cause === 'daemon') return [{ key: 'u', label: 'start it', argv: ['gt', 'up'] }]
  return item.who === null ? [] : [{ key: 'a', label: 'attach', argv: ['gt', 'attach', item.who], looks: true }]
}

/** The list that the text names. */
const exemptIn = (text: string): string => /budget\.exempt '(\[[^']*\])'/.exec(text)?.[1] ?? '[]'

/** `budget:run:x` is `budget` and `run:x`. */
const splitOnce = (id: string): string[] => [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)]

/** What can be done about anything: go there, ask why, read it. */
function looks(item: Waiting, there: One): Answer[] {
  if (item.bead === null) return []
  return [
    ...(there === undefined ? [] : [there]),
    { key: 'w', label: 'why', argv: ['gt', 'why', item.bead], looks: true },
    { key: 'v', label: 'view', argv: ['gt', 'bead', 'show', item.bead], looks: true },
  ]
}

const reply = (id: string): Answer => ({
  key: 'r',
  label: 'reply',
  argv: ['gt', 'answer', id, '--'],
  asks: 'Your answer',
})
const land = (id: string): Answer => ({ key: 'l', label: 'land', argv: ['gt', 'land', id] })
const reject = (id: string): Answer => ({
  key: 'x',
  label: 'send back',
  argv: ['gt', 'reject', id, '--reason'],
  asks: 'What must be mended',
})

function retry(state: State, id: string): One {
  const request = requestOf(state, id)
  return request && { key: 'r', label: 'retry', argv: ['gt', 'mq', 'retry', request.bead.id] }
}

function sling(bead: Bead): One {
  const { slung, rig } = facts(bead)
  const where = slung?.rig ?? rig
  if (where === undefined || liveRun(bead) !== undefined) return undefined
  return { key: 's', label: slung === undefined ? 'sling it' : 'sling again', argv: ['gt', 'sling', bead.id, where] }
}

/** How work ends that nobody is at: what was not done counts as a failure, for what waits for one and for whoever waits. */
const ends = (id: string): Answer[] => [
  { key: 'c', label: 'close as done', argv: ['gt', 'bead', 'close', id, '--reason'], asks: 'What was done' },
  { key: 'n', label: 'will not be done', argv: ['gt', 'bead', 'close', id, '--cancelled', '--reason'], asks: 'Why' },
]

/** To whoever works on it now, unless its session is gone. */
function attach(state: State, item: Waiting, sessions?: ReadonlySet<string>): One {
  const runs = [...(state.live.get(item.bead ?? '') ?? []), ...[...state.live.values()].flat()]
  const run = runs.find((one) => (one.bead === item.bead || one.agent === item.who) && ACTIVE_RUN.has(one.state))
  if (run === undefined || sessions?.has(run.session) === false) return undefined
  return { key: 'a', label: 'attach', argv: ['gt', 'attach', run.agent], looks: true }
}
