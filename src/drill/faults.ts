/** Every fault there is, by kind. */
import type { Fault } from './fault.ts'
import { agent, commit, done, driver, tmux } from './faults/kill.ts'
import { stale } from './faults/stale.ts'
import { stop } from './faults/still.ts'
import { clock, disk, runtime, torn } from './faults/world.ts'
import type { Kind } from './schedule.ts'

export const FAULTS: Record<Kind, Fault> = {
  driver,
  tmux,
  agent,
  commit,
  done,
  stop,
  disk,
  clock,
  runtime,
  torn,
  stale,
}
