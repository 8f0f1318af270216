/** Tells when the ledger moved on, by the events of its journal folder. */
import { watch } from 'node:fs'
import type { Ledger } from './ledger.ts'

/** Poll that stands in where the system has no file events to give (the limit of inotify, network disks). */
const POLL_MS = 500

/**
 * Refreshes the ledger whenever its journal folder changes and calls the listener when the state moved on since the
 * last call, by whomever. A refresh that fails is tried again at the next event.
 *
 * @returns the way to stop
 */
export function watchLedger(ledger: Ledger, folder: string, listener: () => void): () => void {
  let told = ledger.revision
  let stopped = false
  const look = (): void => {
    if (stopped) return
    ledger.refresh()
    if (ledger.revision === told) return
    told = ledger.revision
    listener()
  }
  let poll: NodeJS.Timeout | undefined
  const fallBack = (): void => {
    poll ??= setInterval(look, POLL_MS)
  }
  let close = (): void => {}
  try {
    const watcher = watch(folder, look)
    watcher.on('error', fallBack)
    close = () => watcher.close()
  } catch {
    fallBack()
  }
  return () => {
    stopped = true
    close()
    clearInterval(poll)
  }
}
