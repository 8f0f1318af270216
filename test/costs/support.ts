/** Lines of transcripts, as Claude Code writes them. Only for tests. */
export interface Said {
  model?: string
  input?: number
  output?: number
  cacheRead?: number
  cacheWrite?: number
  hour?: number
  at?: string
  speed?: string
}

/** One line of an answer: the same for each of its content blocks. */
export function line(id: string, said: Said = {}): string {
  const { model = 'claude-opus-5-5', input = 0, output = 0, cacheRead = 0, cacheWrite = 0, hour = 0 } = said
  return JSON.stringify({
    type: 'assistant',
    timestamp: said.at ?? new Date(2026, 10, 26, 12).toISOString(),
    message: {
      id,
      model,
      usage: {
        input_tokens: input,
        output_tokens: output,
        cache_read_input_tokens: cacheRead,
        cache_creation_input_tokens: cacheWrite,
        cache_creation: { ephemeral_5m_input_tokens: cacheWrite - hour, ephemeral_1h_input_tokens: hour },
        ...(said.speed !== undefined && { speed: said.speed }),
      },
    },
  })
}
