/**
 * Deaths noticed within a moment, without tmux: with `remain-on-exit` tmux announces none on its control connection,
 * while asking the system about 30 processes costs 0.4 ms (measured), so a poll each 100 ms is nearly free.
 */
import type { ProcessId } from '../town/processes.ts'
import { isRunning } from '../town/processes.ts'

/**
 * Every so many looks each process is identified, not only signalled, because a zombie answers a signal. From /proc that
 * costs 12 µs a process, elsewhere a call of `ps`.
 */
const THOROUGH_EVERY = process.platform === 'linux' ? 1 : 20

export interface DeathWatch {
  stop(): void
}

/**
 * Tells `listener` once about each process of `watched()` that is certainly gone (pid *and* start time; "cannot tell"
 * is not gone). `watched` is asked at each look, every `intervalMs`. Keeps no process alive by itself.
 */
export function onDeaths(
  watched: () => ProcessId[],
  listener: (dead: ProcessId) => void,
  intervalMs = 100,
): DeathWatch {
  const told = new Set<string>()
  let looks = 0
  const look = (): void => {
    // A zombie and a pid that came back answer a signal as well; the question that tells them apart costs 20 times more.
    const thorough = looks++ % THOROUGH_EVERY === 0
    const now = new Map(watched().map((id) => [`${id.pid} ${id.started}`, id]))
    for (const key of told) if (!now.has(key)) told.delete(key)
    for (const [key, id] of now) {
      if (told.has(key) || (signalReaches(id.pid) && !thorough)) continue
      const running = isRunning(id)
      if (running.kind !== 'ok' || running.value) continue
      told.add(key)
      listener(id)
    }
  }
  const timer = setInterval(look, intervalMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** False when there certainly is no process with this pid: the cheapest question there is. */
function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
