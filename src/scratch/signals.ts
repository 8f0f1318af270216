/** Ctrl-C in a scratch town means "take it down and go", not "drop everything": a second one must not interrupt the clean-up. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Whoever insists this often is let go at once, with whatever is left behind. */
const INSISTS = 4

/**
 * Runs `body` with the process's signals in hand; the first one (or `outer`) aborts the signal that `body` gets.
 * Listeners that were there before are back afterwards. A reader of our progress that went away stops nothing.
 */
export async function undisturbed<T>(
  outer: AbortSignal,
  say: (line: string) => void,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  let asked = 0
  const onSignal = (): void => {
    asked++
    if (asked >= INSISTS) process.exit(130)
    say(asked === 1 ? 'Stopping: the town goes down and is deleted.' : 'Still cleaning up; one moment.')
    stop.abort()
  }
  const onOuter = (): void => stop.abort()
  const onBrokenPipe = (): void => {}
  const before = SIGNALS.map((name) => ({ name, listeners: process.rawListeners(name) as NodeJS.SignalsListener[] }))
  for (const name of SIGNALS) process.removeAllListeners(name).on(name, onSignal)
  process.stderr.on('error', onBrokenPipe)
  if (outer.aborted) stop.abort()
  outer.addEventListener('abort', onOuter, { once: true })
  try {
    return await body(stop.signal)
  } finally {
    outer.removeEventListener('abort', onOuter)
    for (const { name, listeners } of before) {
      process.removeAllListeners(name)
      for (const listener of listeners) process.on(name, listener)
    }
  }
}
