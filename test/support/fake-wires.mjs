#!/usr/bin/env node
/**
 * A scripted model on loopback for clients that are not Claude Code: it speaks OpenAI's responses (codex), Gemini's
 * streamGenerateContent (gemini) and OpenAI's chat completions (opencode). What it says stands in `rules`, `{ match, reply }`,
 * by the prompt, in the words of fake-model.mjs (`@bash`, `@say`, `@gate`); the conversation is the state. It only answers.
 *
 *   node fake-wires.mjs [PORT]   prints "LISTENING http://127.0.0.1:PORT"
 */
import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { planned, position } from './fake-model.mjs'
import { listenOn, makeGates } from './scripted-server.mjs'

const said = (role, text) => ({ role, content: [{ type: 'text', text }] })
const result = { role: 'user', content: [{ type: 'tool_result' }] }
const called = { role: 'assistant', content: [] }
const words = (parts) => (typeof parts === 'string' ? parts : (parts ?? []).map(({ text }) => text ?? '').join('\n'))
const ids = () => randomUUID().replaceAll('-', '')

/** The name of the client's own shell tool, of those that it offers. */
const shellOf = (names) =>
  ['exec_command', 'shell_command', 'run_shell_command', 'bash'].find((one) => names.includes(one))

/** Each wire: `messages` in the shape of fake-model.mjs, and the events of one answer. */
const WIRES = [
  {
    name: 'responses',
    path: /^\/v1\/responses$/,
    messages: ({ input = [] }) =>
      input.flatMap((item) => {
        if (item.type === 'function_call') return [called]
        if (item.type === 'function_call_output') return [result]
        return item.type === 'message' ? [said(item.role, words(item.content))] : []
      }),
    tools: ({ tools = [] }) => tools.map(({ name }) => name),
    events: (body, { bash, say }, tool) => {
      const item =
        bash === undefined
          ? {
              type: 'message',
              role: 'assistant',
              id: `msg_${ids()}`,
              content: [{ type: 'output_text', text: say, annotations: [] }],
            }
          : {
              type: 'function_call',
              id: `fc_${ids()}`,
              call_id: `call_${ids()}`,
              name: tool,
              arguments: JSON.stringify({ [tool === 'exec_command' ? 'cmd' : 'command']: bash }),
            }
      const response = { id: `resp_${ids()}`, object: 'response', model: body.model, output: [] }
      const usage = {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 10,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 110,
      }
      return [
        { type: 'response.created', response: { ...response, status: 'in_progress' } },
        { type: 'response.output_item.added', output_index: 0, item },
        { type: 'response.output_item.done', output_index: 0, item },
        { type: 'response.completed', response: { ...response, status: 'completed', output: [item], usage } },
      ]
    },
  },
  {
    name: 'gemini',
    path: /^\/v1beta\/models\/[^/]+:(streamGenerateContent|generateContent)$/,
    messages: ({ contents = [] }) =>
      contents.map(({ role, parts }) => {
        if (role === 'model') return called
        return parts.some((part) => part.functionResponse) ? result : said('user', parts.at(-1)?.text ?? '')
      }),
    tools: ({ tools = [] }) =>
      tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations.map(({ name }) => name)),
    events: (_body, { bash, say }, tool) => [
      {
        candidates: [
          {
            index: 0,
            finishReason: 'STOP',
            content: {
              role: 'model',
              parts: [
                bash === undefined
                  ? { text: say }
                  : { functionCall: { name: tool, args: { command: bash, description: 'scripted' } } },
              ],
            },
          },
        ],
        usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 },
      },
    ],
  },
  {
    name: 'chat',
    path: /^\/v1\/chat\/completions$/,
    messages: ({ messages = [] }) =>
      messages.flatMap((message) => {
        if (message.role === 'tool') return [result]
        if (message.role === 'assistant') return [called]
        return message.role === 'user' ? [said('user', words(message.content))] : []
      }),
    tools: ({ tools = [] }) => tools.map((tool) => tool.function?.name),
    events: (body, { bash, say }, tool) => {
      const chunk = { id: `chatcmpl-${ids()}`, object: 'chat.completion.chunk', created: 0, model: body.model }
      const call = {
        index: 0,
        id: `call_${ids()}`,
        type: 'function',
        function: { name: tool, arguments: JSON.stringify({ command: bash, description: 'scripted' }) },
      }
      const delta = { role: 'assistant', ...(bash === undefined ? { content: say } : { tool_calls: [call] }) }
      const finish = bash === undefined ? 'stop' : 'tool_calls'
      const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }
      return [
        { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
        { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: finish }], usage },
      ]
    },
    end: 'data: [DONE]\n\n',
  },
]

/** Starts a server. `requests` is what clients asked for, `open(gate)` lets a held step go, `rules` may be changed any time. */
export async function startFakeWires({ port = 0, rules = [] } = {}) {
  const requests = []
  const strangers = []
  const gates = makeGates()
  const failed = (response, status, message) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message } }))
  }

  async function answer(request, response) {
    let raw = ''
    for await (const chunk of request.setEncoding('utf8')) raw += chunk
    const { pathname } = new URL(request.url, 'http://localhost')
    if (pathname === '/log') return void response.end(JSON.stringify({ requests, strangers }))
    if (pathname.startsWith('/open/')) {
      gates.open(decodeURIComponent(pathname.slice('/open/'.length)))
      return void response.end('{}')
    }
    const wire = WIRES.find(({ path }) => path.test(pathname))
    if (wire === undefined || request.method !== 'POST') {
      strangers.push(`${request.method} ${pathname}`)
      return failed(response, 404, `no route ${pathname}`)
    }
    const body = JSON.parse(raw)
    const { prompt, step } = position(wire.messages(body))
    const tool = shellOf(wire.tools(body))
    requests.push({ wire: wire.name, prompt, step, tools: wire.tools(body), body })
    // A request that offers no shell is one for a title or a summary.
    const next =
      tool === undefined
        ? { say: 'Scripted' }
        : planned(rules.find(({ match }) => new RegExp(match).test(prompt))?.reply ?? prompt, step)
    if (next.gate !== undefined) await gates.opened(next.gate)
    if (response.destroyed) return
    const events = wire.events(body, next, tool)
    if (pathname.endsWith(':generateContent')) {
      response.writeHead(200, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify(events[0]))
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of events) {
      response.write(`${event.type ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`)
    }
    response.end(wire.end ?? '')
  }

  const { url, close } = await listenOn(port, answer, (response, message) => failed(response, 500, message))
  return {
    url,
    requests,
    strangers,
    rules,
    open: gates.open,
    close: () => {
      gates.openAll()
      return close()
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { url } = await startFakeWires({ port: Number(process.argv[2] ?? 0) })
  console.log(`LISTENING ${url}`)
}
