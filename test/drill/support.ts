/** What a drill saw, made by hand. Only for tests. */
import type { Bead } from '../../src/beads/bead.ts'
import type { ChangeInput } from '../../src/beads/change.ts'
import type { RunState } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { apply } from '../../src/beads/fold.ts'
import type { Step } from '../../src/beads/history.ts'
import { touched } from '../../src/beads/history.ts'
import type { Hit } from '../../src/drill/fault.ts'
import type { Move, Timeline } from '../../src/drill/timeline.ts'
import { at } from '../kernel/support.ts'

/** The same as `at`, in ms. */
export const ms = (seconds: number): number => Date.parse(at(seconds))

/** Folds changes one second apart, as `replay` gives them. */
export function stepsOf(state: State, inputs: ChangeInput[]): Step[] {
  return inputs.map((input, n) => {
    const change = { ...input, id: `step-${n}`, at: at(n) }
    const now = (): Map<string, Bead | undefined> => new Map(touched(change).map((id) => [id, state.beads.get(id)]))
    const before = now()
    const verdict = apply(state, change)
    return { change, verdict, before, after: now() }
  })
}

export function aMove(seconds: number, run: string, to: RunState, more: Partial<Move> = {}): Move {
  return {
    at: ms(seconds),
    bead: 'gp-a',
    run,
    from: 'working',
    to,
    hasProcess: true,
    attempt: 1,
    round: 1,
    reason: '',
    ...more,
  }
}

export function aHit(seconds: number, kind: Hit['kind'], more: Partial<Hit> = {}): Hit {
  return { n: 1, kind, at: ms(seconds), what: 'something', ...more }
}

export function aTimeline(more: Partial<Timeline> = {}): Timeline {
  return { moves: [], done: [], leases: [], asked: [], landed: new Map(), twice: [], mostActive: 0, ...more }
}
