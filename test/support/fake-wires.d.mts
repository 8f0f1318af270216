export interface WireRequest {
  wire: 'responses' | 'gemini' | 'chat'
  /** The prompt that counts, and how many answers followed it. */
  prompt: string
  step: number
  /** Names of the tools that it was offered. */
  tools: string[]
  body: unknown
}
export interface FakeWires {
  url: string
  requests: WireRequest[]
  /** What it was asked for and does not know: method and path. */
  strangers: string[]
  rules: { match: string; reply: string }[]
  open(gate: string): void
  close(): Promise<void>
}
export function startFakeWires(options?: {
  port?: number
  rules?: { match: string; reply: string }[]
}): Promise<FakeWires>
