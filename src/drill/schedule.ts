/**
 * Which fault comes when. Pure: the seed alone decides, so `gt drill --seed N` gives the same faults in the same order with
 * the same pauses and the same draws. What each of them hits is up to the moment, which no seed decides.
 */
import type { Rng } from './rng.ts'
import { fork } from './rng.ts'

export const KINDS = [
  'driver',
  'tmux',
  'agent',
  'commit',
  'done',
  'stop',
  'disk',
  'clock',
  'runtime',
  'torn',
  'stale',
] as const
export type Kind = (typeof KINDS)[number]

/**
 * How often each is drawn, of about a hundred. The end of a driver cuts off whatever it had begun for thirty workers, the end of
 * tmux's server ends all of them: so often that nothing ever gets done would test little.
 */
const WEIGHT: Record<Kind, number> = {
  driver: 3,
  tmux: 0.5,
  agent: 9,
  commit: 9,
  done: 15,
  stop: 15,
  disk: 6,
  clock: 6,
  runtime: 13,
  torn: 13,
  stale: 10,
}

export interface Planned {
  /** From 1. */
  n: number
  kind: Kind
  /** Pause before it. */
  waitMs: number
  /** What it draws from. */
  rng: Rng
}

/**
 * The endless row of faults of a seed: every kind of `kinds` once first, in an order of chance, then by weight. Pauses are
 * between a half and one and a half times `everyMs`.
 */
export function* schedule(seed: number, kinds: readonly Kind[], everyMs: number): Generator<Planned> {
  const first = shuffled(kinds, fork(seed, 0))
  for (let n = 1; kinds.length > 0; n++) {
    const rng = fork(seed, n)
    const waitMs = Math.round(everyMs * (0.5 + rng.next()))
    const drawn = drawKind(kinds, rng)
    yield { n, kind: first[n - 1] ?? drawn, waitMs, rng }
  }
}

function shuffled<T>(all: readonly T[], rng: Rng): T[] {
  const left = [...all]
  const out: T[] = []
  while (left.length > 0) out.push(...left.splice(rng.int(0, left.length - 1), 1))
  return out
}

function drawKind(kinds: readonly Kind[], rng: Rng): Kind {
  let at = rng.next() * kinds.reduce((sum, kind) => sum + WEIGHT[kind], 0)
  for (const kind of kinds) {
    at -= WEIGHT[kind]
    if (at < 0) return kind
  }
  return kinds.at(-1) as Kind
}
