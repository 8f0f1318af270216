/**
 * Chance that can be had again: everything a drill decides follows from its seed. Each fault draws from a generator of its
 * own (`fork`), so that one that finds nothing to hit does not change what the next ones do.
 */

export interface Rng {
  /** In [0, 1). */
  next(): number
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number
  /** One of them; undefined of none. */
  pick<T>(among: readonly T[]): T | undefined
  chance(probability: number): boolean
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, enough for a few thousand draws. */
export function rngOf(seed: number): Rng {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    int: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick: (among) => among[Math.floor(next() * among.length)],
    chance: (probability) => next() < probability,
  }
}

/** A generator of its own for each number of a seed: the n-th does not depend on how much the others drew. */
export function fork(seed: number, n: number): Rng {
  return rngOf(Math.floor(rngOf((seed ^ Math.imul(n + 1, 0x9e3779b1)) >>> 0).next() * 2 ** 32))
}

/** Seeds are short enough to type. */
export const SEEDS = 1_000_000

/** A seed for whoever brings none. */
export const anySeed = (): number => Math.floor(Math.random() * SEEDS)
