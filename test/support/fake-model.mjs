#!/usr/bin/env node
/**
 * A scripted model on loopback: answers Claude Code's `POST /v1/messages` so that the real client can be tested
 * without an account and without a network. It never talks to anything; it only answers. No dependencies.
 *
 * What it says is written in the prompt itself, one step (assistant message) per line:
 *   @bash CMD    call the Bash tool
 *   @say TEXT    say TEXT, which ends the turn
 *   @gate NAME   hold the next step until the test opens NAME
 *   @usage N     the next step says that N tokens were read (100, unless said)
 * `{out N}` in a step stands for what the N-th call of this turn printed: the model has read it.
 * A prompt without such lines, or with all of them done, gets `ACK` or `DONE`. Rules come first: `{ match, reply }`,
 * `match` a regular expression on the prompt, `reply` lines as above or `{ status, message, headers }` for an error.
 * The conversation is the state, so any number of clients can share one server.
 *
 *   node fake-model.mjs [PORT]   prints "LISTENING http://127.0.0.1:PORT"; POST /open/NAME opens a gate, GET /log tells
 */
import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { listenOn, makeGates } from './scripted-server.mjs'

const STEP = /^@(bash|say|gate|usage) ?(.*)$/
/** How the client's own summarising request begins (/compact). */
const SUMMARISE = /^CRITICAL: Respond with TEXT ONLY/m

const isPlan = (text) => text.split('\n').some((line) => STEP.test(line))

/** Text pieces of a message, the client's reminders left out. */
function texts(message) {
  const parts =
    typeof message.content === 'string'
      ? [message.content]
      : message.content.filter((part) => part.type === 'text').map((part) => part.text)
  return parts.map((text) => text.replace(/<(system-reminder)>[\s\S]*?<\/\1>/g, '').trim()).filter(Boolean)
}

/** The prompt that counts and how many assistant messages followed it. */
export function position(messages) {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i]
    if (message.role !== 'user') continue
    const prompt = texts(message).at(-1)
    if (prompt === undefined) continue
    // Text beside a tool result came in the middle of the turn: without a plan of its own it does not end the running one.
    const midTurn = Array.isArray(message.content) && message.content.some((part) => part.type === 'tool_result')
    if (midTurn && !isPlan(prompt)) continue
    return { prompt, step: messages.slice(i + 1).filter((later) => later.role === 'assistant').length }
  }
  return { prompt: '', step: 0 }
}

/** What the tools printed since the prompt that counts, in the order of the calls. */
function printed(messages, step) {
  const parts = messages
    .slice(-2 * step)
    .flatMap(({ role, content }) => (role === 'user' && Array.isArray(content) ? content : []))
  return parts
    .filter((part) => part.type === 'tool_result')
    .map(({ content }) => (typeof content === 'string' ? content : content.map(({ text }) => text).join('')).trim())
}

const filledIn = (text, outputs) => text?.replace(/\{out (\d+)\}/g, (_, n) => outputs[n - 1] ?? '')

/** The step to take now: `{ gate?, usage?, bash? | say }`. */
export function planned(plan, step) {
  const steps = []
  let gate
  let usage
  for (const line of plan.split('\n')) {
    const found = STEP.exec(line.trimEnd())
    if (found === null) continue
    if (found[1] === 'gate') gate = found[2].trim()
    else if (found[1] === 'usage') usage = Number(found[2])
    else {
      steps.push({ [found[1]]: found[2], gate, usage })
      gate = undefined
      usage = undefined
    }
  }
  if (steps.length === 0) return { say: 'ACK', gate }
  return steps[step] ?? { say: 'DONE', gate: step === steps.length ? gate : undefined }
}

function events(body, { bash, say, usage: input = 100 }) {
  const text = bash === undefined
  const usage = { input_tokens: input, output_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
  const block = text
    ? { type: 'text', text: '' }
    : { type: 'tool_use', id: `toolu_${randomUUID()}`, name: 'Bash', input: {} }
  const delta = text
    ? { type: 'text_delta', text: say }
    : { type: 'input_json_delta', partial_json: JSON.stringify({ command: bash, description: 'scripted' }) }
  const message = {
    id: `msg_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model: body.model,
    content: [],
    usage,
  }
  return [
    { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null } },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: text ? 'end_turn' : 'tool_use', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]
}

/** Starts a server. `requests` is what clients asked, `open(gate)` lets a held step go, `rules` may be changed any time. */
export async function startFakeModel({ port = 0, rules = [] } = {}) {
  const requests = []
  const gates = makeGates()

  const failed = (response, { status, message, headers = {} }) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ type: 'error', error: { type: 'api_error', message: message ?? 'scripted' } }))
  }

  async function answer(request, response) {
    let raw = ''
    for await (const chunk of request.setEncoding('utf8')) raw += chunk
    const path = new URL(request.url, 'http://localhost').pathname
    if (path === '/log') return void response.end(JSON.stringify(requests))
    if (path.startsWith('/open/')) {
      gates.open(decodeURIComponent(path.slice('/open/'.length)))
      return void response.end('{}')
    }
    if (path !== '/v1/messages') return failed(response, { status: 404, message: `no route ${path}` })
    const body = JSON.parse(raw)
    const { prompt, step } = position(body.messages ?? [])
    requests.push({ prompt, step, session: request.headers['x-claude-code-session-id'], body })
    const rule = rules.find(({ match }) => new RegExp(match).test(prompt))
    if (typeof rule?.reply === 'object') return failed(response, rule.reply)
    const next = SUMMARISE.test(prompt)
      ? { say: '<summary>A short summary.</summary>' }
      : planned(rule?.reply ?? prompt, step)
    next.bash = filledIn(next.bash, step > 0 ? printed(body.messages, step) : [])
    if (next.gate !== undefined) await gates.opened(next.gate)
    if (response.destroyed) return
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of events(body, next)) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    response.end()
  }

  const { url, close } = await listenOn(port, answer, (response, message) => failed(response, { status: 500, message }))
  return {
    url,
    requests,
    rules,
    open: gates.open,
    close: () => {
      gates.openAll()
      return close()
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { url } = await startFakeModel({ port: Number(process.argv[2] ?? 0) })
  console.log(`LISTENING ${url}`)
}
