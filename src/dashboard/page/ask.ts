/** Questions and orders to the server, and the words it answers with. */

export interface Problem {
  code: string
  message: string
  hint?: string
}

export type Answer<T> = { ok: true; data: T } | { ok: false; error: Problem }

/** What this page may do; told once. */
export interface Me {
  town: string
  acts: string[]
  seal: string | null
}

async function call<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
  try {
    const response = await fetch(path, init)
    const type = response.headers.get('content-type') ?? ''
    if (type.startsWith('application/json')) return (await response.json()) as Answer<T>
    return { ok: false, error: { code: `E_HTTP_${response.status}`, message: (await response.text()).trim() } }
  } catch {
    return { ok: false, error: { code: 'E_AWAY', message: 'The dashboard does not answer.', hint: 'gt dashboard' } }
  }
}

export const ask = <T>(what: 'why' | 'bead' | 'convoy', id: string): Promise<Answer<T>> =>
  call(`api/${what}?id=${encodeURIComponent(id)}`)

export const whoAmI = (): Promise<Answer<Me>> => call('api/me')

/** One action of a person; the sentence to show. `choice`: which of the answers to what waits. */
export const act = (
  me: Me,
  name: string,
  order: { id: string; text: string; choice?: string },
): Promise<Answer<{ text: string }>> =>
  call(`api/act/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-GT-Seal': me.seal ?? '' },
    body: JSON.stringify(order),
  })

/** What `gt costs --json` answers, as far as the page shows it. */
export interface CostsAnswer {
  rows: CostRow[]
  total: CostRow
  prices: string
}

export interface CostRow {
  key: string
  about?: string
  tokens: { input: number; output: number; cache_read: number; cache_write: number }
  usd: number
  unknown: string[]
}

export const costs = (by: string, since: string): Promise<Answer<CostsAnswer>> =>
  call(`api/costs?by=${encodeURIComponent(by)}&since=${encodeURIComponent(since)}`)
