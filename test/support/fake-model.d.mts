export interface Rule {
  match: string
  reply: string | { status: number; message?: string; headers?: Record<string, string> }
}
export interface ModelRequest {
  prompt: string
  step: number
  session: string | undefined
  body: { model: string; messages: { role: string; content: unknown }[]; system?: unknown; tools?: { name?: string }[] }
}
export interface FakeModel {
  url: string
  requests: ModelRequest[]
  rules: Rule[]
  open(gate: string): void
  close(): Promise<void>
}
export function startFakeModel(options?: { port?: number; rules?: Rule[] }): Promise<FakeModel>
export function position(messages: { role: string; content: unknown }[]): { prompt: string; step: number }
export function planned(plan: string, step: number): { gate?: string; usage?: number; bash?: string; say?: string }
