/** Server-Sent Events on one response: a slow reader gets the newest of each kind, not everything. */
import type { ServerResponse } from 'node:http'

/** How soon a browser that lost us tries again. */
const RETRY_MS = 1_000
/** A line that says nothing, so that a dead connection is noticed at both ends. */
const ALIVE_MS = 20_000

export interface Stream {
  /** One event. `id`: what a browser that comes back says it has seen last. */
  send(event: string, text: string, id?: string): void
  /** Called once, when the reader is gone or the stream was ended. */
  onEnd(listener: () => void): void
  end(): void
}

/** Answers with a stream that stays open. */
export function openStream(response: ServerResponse): Stream {
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
  response.write(`retry: ${RETRY_MS}\n\n`)
  const waiting = new Map<string, string>()
  const alive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': still here\n\n')
  }, ALIVE_MS)
  response.on('drain', () => {
    for (const [event, frame] of waiting) {
      waiting.delete(event)
      if (!response.write(frame)) return
    }
  })
  response.on('close', () => clearInterval(alive))
  return {
    send: (event, text, id) => {
      const frame = `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${text}\n\n`
      if (response.writableNeedDrain) waiting.set(event, frame)
      else response.write(frame)
    },
    onEnd: (listener) => void response.once('close', listener),
    end: () => void response.end(),
  }
}
