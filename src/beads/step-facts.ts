/** The typed facts of work in steps, under `metadata.gt` like the others (facts.ts): molecules, steps, gates, orders. */

/** On a bead whose work goes step by step: what was poured under it (src/meow). Its steps are its children. */
export interface Molecule {
  formula: string
  version: number
  vars: Record<string, string>
  /** `convoy`: its children are work for several workers; else they are the steps of the one who has this bead. */
  kind: 'molecule' | 'convoy'
  /** Names of places at which more may be bonded, each behind or before a step (meow/recipe.ts). */
  bond_points?: { id: string; after?: string; before?: string; parallel?: true }[]
  at: string
  by: string
}

/** On a step of a molecule. */
export interface StepFacts {
  /** The bead that the molecule was poured under. */
  of: string
  /** Its name in the recipe. */
  name: string
  /** Its place in the order of the recipe, from 1; what was added while it ran comes behind. */
  n: number
  /** It has parts, and is done when they are. */
  parts?: true
  /** What its worker said came out of it. */
  output?: unknown
  /** Fence of the run that did it; absent when a person did. */
  run?: string
  /** A condition that must hold when its turn comes, as it was written. */
  when?: string
  /** What begins when it is done, and how its parts are repeated (meow/recipe.ts). */
  on_complete?: unknown
  until?: unknown
  /** Of a part that is repeated: which round, from 1. */
  round?: number
}

/**
 * On a bead of type `gate`: something that is waited for. What and how long are the format's own fields (`await_type`,
 * `await_id`, `timeout`, `waiters`; src/meow/gates/gate.ts). Open: closed with outcome `done`. Failed: it stays open and has
 * `failed`, so what needs it stays blocked.
 */
export interface GateFacts {
  /** Made with the steps of this molecule: its clock begins when the turn of its step comes. */
  of?: string
  /** Of a `command` gate: what `sh -c` gets, and where it runs; without a folder in the town's own. */
  command?: { run: string; cwd?: string }
  /** Of a `condition` gate: the condition as it was written, and the bead that its molecule was poured under. */
  condition?: { text: string; of: string }
  /** RFC 3339. Without one, the format's `timeout` after its creation. A timer has none. */
  deadline?: string
  /** What becomes of it at its deadline; absent: a person is asked. */
  default?: 'open' | 'fail' | 'ask'
  /** It cannot open by itself any more. */
  failed?: { at: string; why: string }
  /** A person was asked about it: it is theirs to open and somebody waits, its time was over, or it could not be looked at. */
  asked?: { at: string; about: 'turn' | 'deadline' | 'unknown' }
}

/** What an order did at one of its turns. */
export interface OrderTurn {
  at: string
  /** `skipped`: its condition did not hold. `busy`: what it made the last time is not over. */
  did: 'slung' | 'skipped' | 'failed' | 'busy'
  /** The day (`2026-11-26`) that it stood for, of an order with a time of day. */
  day?: string
  molecule?: string
  /** One line for people. */
  said: string
}
