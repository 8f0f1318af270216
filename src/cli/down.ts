/** `gt down`, at once or after a drain. */
import { goDown } from '../deacon/down.ts'
import type { Drained, Undrained } from '../deacon/drain.ts'
import { drain, endDrain } from '../deacon/drain.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import type { Answer, Context } from './context.ts'
import { withTownAnyhow } from './town.ts'

export interface DownOptions {
  drain?: boolean
  timeout: string
  thenStop?: boolean
}

/** Whoever works in a town does not end it, nor whoever drives it: everybody's work would stand still, its own in the middle of this. */
export function refuseEnd(env: NodeJS.ProcessEnv): Result<never> | undefined {
  if (!isAgent(env)) return undefined
  return fail('E_NOT_FOR_AGENTS', 'Only a person takes the town down.', {
    kept: 'Everything goes on.',
    hint: 'gt escalate "…" --severity critical   tells people why it should stop',
    exit: EXIT.needsPerson,
  })
}

/** Exit codes: 75 when a drain did not come to its end; the town is as it was then. */
export async function down(context: Context, options: DownOptions): Promise<Answer> {
  const refused = refuseEnd(context.env)
  if (refused !== undefined) return refused
  const timeoutMs = parseDuration(options.timeout)
  if (timeoutMs === undefined) {
    return fail('E_USAGE', `"${options.timeout}" is no duration.`, { hint: '--timeout 30m', exit: EXIT.usage })
  }
  return withTownAnyhow(context, async (town) => {
    if (!options.drain) return downNow(town, context)
    const onChange = (left: Undrained): void => {
      const words = wordsOf(left)
      if (words !== '') context.progress(`Waiting for ${words} …`)
    }
    const drained = await drain(town, { timeoutMs, signal: context.signal, onChange })
    if (drained.kind === 'error') return drained
    const { is } = drained.value
    if (is !== 'drained' && !(is === 'timed-out' && options.thenStop)) return notDrained(is, drained.value)
    const went = await downNow(town, context)
    const ended = endDrain(town)
    return went.kind === 'ok' && ended.kind === 'error' ? ended : went
  })
}

async function downNow(town: OpenTown, context: Context): Promise<Answer> {
  context.progress('Going down …')
  const went = await goDown(town)
  if (went.kind === 'error') return went
  const { runs } = went.value
  const kept = runs.length > 0 ? ` ${runs.length} run(s) were archived and go on with the next gt up.` : ''
  return ok({ data: went.value, text: `The town is down.${kept}` })
}

const WHY = {
  'timed-out': { code: 'E_TIMEOUT', text: 'The time is over' },
  interrupted: { code: 'E_INTERRUPTED', text: 'Stopped waiting' },
  'called-off': { code: 'E_CALLED_OFF', text: 'Somebody lifted the hold (gt up, gt thaw)' },
} as const satisfies Record<Exclude<Drained['is'], 'drained'>, unknown>

/** The town stays up: what is left, and what to type. */
function notDrained(is: keyof typeof WHY, drained: Undrained): Answer {
  const { runs, queue } = drained
  const { code, text } = WHY[is]
  const left = wordsOf(drained)
  const lines = runs.map((run) => `${run.agent}  ${run.bead}  ${run.state}`)
  lines.push(...queue.map(({ bead, merge }) => `${bead.id}  ${merge.bead}  ${merge.state}`))
  return ok({
    data: { runs: runs.map((run) => run.fence), queue: queue.map(({ bead }) => bead.id) },
    text: lines.join('\n'),
    exit: EXIT.tryAgain,
    problem: {
      code,
      message: `${text}${left ? `; left: ${left}` : ''}. Nothing was ended, the town goes on.`,
      hint: 'gt down --drain   waits again; gt down ends them now, and their work is archived',
    },
  })
}

/** "2 workers and 1 change in the queue"; empty when nothing is left. */
function wordsOf({ runs, queue }: Undrained): string {
  const count = (n: number, one: string, many: string): string[] => (n === 0 ? [] : [`${n} ${n === 1 ? one : many}`])
  return [
    ...count(runs.length, 'worker', 'workers'),
    ...count(queue.length, 'change', 'changes').map((words) => `${words} in the queue`),
  ].join(' and ')
}
