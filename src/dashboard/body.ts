/** What a page sends with an action. */
import type { IncomingMessage } from 'node:http'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Order } from './sources.ts'

/** Longest order: an answer to an agent is a few sentences. */
const BODY_MAX = 16 * 1024

/** Reads `{"id": "…", "text": "…", "choice": "…"}`, but for the id all may be absent. `E_BAD_ORDER`: too long, or something else. */
export async function readOrder(request: IncomingMessage): Promise<Result<Order>> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > BODY_MAX) return fail('E_BAD_ORDER', `More than ${BODY_MAX / 1024} KB were sent.`)
    pieces.push(piece)
  }
  try {
    const { id, text = '', choice = '' } = JSON.parse(Buffer.concat(pieces).toString('utf8'))
    const words = [id, text, choice].every((one) => typeof one === 'string')
    if (words && id !== '') return ok({ id, text, choice })
  } catch {
    // Said below.
  }
  return fail('E_BAD_ORDER', 'An order is {"id": "…", "text": "…"}.')
}
