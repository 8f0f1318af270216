/**
 * Deaths noticed within a moment, by asking the system: with `remain-on-exit` tmux announces none on its control
 * connection. A look at 30 processes costs 0.05 ms (measured), so that one each 50 ms is nearly free.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import type { ProcessId } from './processes.ts'
import { isRunning } from './processes.ts'

/**
 * How often a process is identified where only signals can be sent to it, because its pid may be another's by now, or it a
 * zombie. That is a call of `ps` where there is no /proc.
 */
const THOROUGH_MS = process.platform === 'linux' ? 1_000 : 10_000

export interface DeathWatch {
  stop(): void
}

/**
 * Tells `listener` once about each process of `watched()` that is certainly gone (pid *and* start time; "cannot tell"
 * is not gone). `watched` is asked at each look, every `intervalMs`; one that was left out for a while and comes back
 * dead is told again. Keeps no process alive by itself.
 */
export function onDeaths(watched: () => ProcessId[], listener: (dead: ProcessId) => void, intervalMs = 50): DeathWatch {
  const pulses = new Map<string, Pulse>()
  const every = Math.max(1, Math.round(THOROUGH_MS / intervalMs))
  let looks = 0
  const forget = (keep: ReadonlyMap<string, ProcessId>): void => {
    for (const [key, pulse] of pulses) {
      if (keep.has(key)) continue
      pulse.close()
      pulses.delete(key)
    }
  }
  const look = (): void => {
    looks++
    const now = new Map(watched().map((id) => [`${id.pid} ${id.started}`, id]))
    forget(now)
    let place = 0
    for (const [key, id] of now) {
      const known = pulses.get(key)
      const pulse = known ?? new Pulse(id.pid)
      pulses.set(key, pulse)
      // Those of doubtful pulse by turns, so that no look costs more than the others.
      const thorough = known === undefined || (!pulse.certain && (looks + place++) % every === 0)
      if (pulse.told || (!thorough && pulse.beats())) continue
      const running = isRunning(id)
      if (running.kind !== 'ok' || running.value) continue
      pulse.told = true
      listener(id)
    }
  }
  const timer = setInterval(look, intervalMs)
  timer.unref()
  return {
    stop: () => {
      clearInterval(timer)
      forget(new Map())
    },
  }
}

/**
 * The cheapest question whether a process may still run. A signal 0 is answered by a zombie too, and a busy tmux leaves its
 * dead so for up to a second (measured: 3 of 20). Linux knows better: `/proc/<pid>/statm` tells a process's memory, a
 * zombie has none, and held open it stays that of this very process, whoever gets the pid.
 */
class Pulse {
  told = false
  readonly #pid: number
  readonly #memory: number | undefined
  readonly #sign = Buffer.alloc(2)

  constructor(pid: number) {
    this.#pid = pid
    try {
      this.#memory = openSync(`/proc/${pid}/statm`, 'r')
    } catch {
      // Gone, or no Linux: the signal tells.
    }
  }

  /** It is held to this very process, once that was identified with the pulse in hand. */
  get certain(): boolean {
    return this.#memory !== undefined
  }

  /** False: it looks dead, and is worth the question that proves it. */
  beats(): boolean {
    try {
      if (this.#memory === undefined) return process.kill(this.#pid, 0)
      return readSync(this.#memory, this.#sign, 0, 2, 0) > 0 && this.#sign.toString() !== '0 '
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }

  close(): void {
    if (this.#memory !== undefined) closeSync(this.#memory)
  }
}
