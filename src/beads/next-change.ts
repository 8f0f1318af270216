/** Sleeping until the ledger moves on, for whoever waits for something that will be written in it. */
import { timerMs } from '../town/duration.ts'
import type { Ledger } from './ledger.ts'

/**
 * The next change of the ledger, the end of the time, or the signal. It is listened for from this call on: whoever looks at the
 * ledger after it misses nothing. `stop` ends the wait; `came` is over then, too.
 */
export function nextChange(ledger: Ledger, ms: number, signal?: AbortSignal): { came: Promise<void>; stop(): void } {
  let stop = (): void => {}
  const came = new Promise<void>((resolve) => {
    const unwatch = ledger.watch(() => stop())
    const timer = setTimeout(() => stop(), timerMs(ms))
    const onAbort = (): void => stop()
    signal?.addEventListener('abort', onAbort, { once: true })
    stop = () => {
      unwatch()
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }
  })
  return { came, stop: () => stop() }
}
