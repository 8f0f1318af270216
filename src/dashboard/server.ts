/**
 * The dashboard's server: loopback only, nothing without the pass, nothing from disk, one stream for each window that is
 * looked at. What it shows comes from `Sources`; who may see it is decided by `judge` (door.ts).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Err, Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { boardKey } from './board-key.ts'
import { readOrder } from './body.ts'
import { Channel } from './channel.ts'
import type { Door } from './door.ts'
import { cookieOf, judge, newDoor } from './door.ts'
import type { PageFile } from './files.ts'
import { HEADERS } from './headers.ts'
import type { BoardView, PaneView, Sources } from './sources.ts'
import { openStream } from './stream.ts'

/** Windows that may look at once: a bound against mistakes, far above any person. */
const STREAMS_MAX = 64
const PANE_MS = 1_000
/** Longest name of a bead, run or agent that is looked up. */
const NAME_MAX = 300

export interface Dashboard {
  /** With the token: whoever has it gets in. */
  url: string
  port: number
  /** Windows that are looked at now. */
  viewers(): number
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

export interface Options {
  /** 0: any free one. */
  port: number
  files: ReadonlyMap<string, PageFile>
}

/** Begins to listen on 127.0.0.1. `E_PORT`: the port is taken, or not ours to take. */
export function serve(sources: Sources, { port, files }: Options): Promise<Result<Dashboard>> {
  const desk = new Desk(sources, newDoor(), files)
  const server = createServer((request, response) => void desk.answer(request, response))
  server.on('clientError', (_error, socket) => void socket.destroy())
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(portTrouble(port, error)))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(ok(listening(server, desk))))
  })
}

function listening(server: Server, desk: Desk): Dashboard {
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/?token=${desk.door.token}`,
    port,
    viewers: () => desk.viewers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const portTrouble = (port: number, error: Error): Err =>
  fail('E_PORT', `Port ${port} of 127.0.0.1 cannot be used: ${messageOf(error)}.`, {
    hint: 'gt dashboard   without --port takes a free one',
  })

/** Answers requests: the page, its data, its stream, its actions. */
class Desk {
  readonly door: Door
  readonly #sources: Sources
  readonly #files: ReadonlyMap<string, PageFile>
  readonly #board: Channel<BoardView>
  readonly #panes = new Map<string, Channel<PaneView>>()
  #streams = 0

  constructor(sources: Sources, door: Door, files: ReadonlyMap<string, PageFile>) {
    this.door = door
    this.#sources = sources
    this.#files = files
    this.#board = new Channel(sources.board, boardKey)
  }

  get viewers(): number {
    return this.#board.viewers
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    response.on('error', () => {}) // The reader went away.
    const { method = '', url = '', headers } = request
    const entry = judge({ method, url, headers }, this.door)
    try {
      if (entry.is === 'out') plainText(response, entry.status, entry.text)
      else if (entry.is === 'enter') this.#welcome(response)
      else if (entry.is === 'act') await this.#act(entry.path, request, response)
      else await this.#show(entry.path, entry.query, request, response)
    } catch (thrown) {
      if (!response.headersSent) plainText(response, 500, `The dashboard stumbled: ${messageOf(thrown)}.`)
      else response.end()
    }
  }

  /**
   * Sets the cookie and goes to the clean address by a page of our own, not by a redirect: browsers do not send a strict
   * cookie along a redirect that another site's link began (a chat, a mail, a file).
   */
  #welcome(response: ServerResponse): void {
    response.setHeader('Set-Cookie', cookieOf(this.door))
    const home = `/${this.door.place}/`
    const text = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${home}"><title>gt</title><a href="${home}">The dashboard</a>`
    send(response, 200, 'text/html; charset=utf-8', text)
  }

  async #show(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = this.#files.get(path)
    if (file !== undefined) return send(response, 200, file.type, file.body)
    const id = (query.get('id') ?? '').slice(0, NAME_MAX)
    if (path === 'live') return this.#stream(query, request, response)
    if (path === 'api/me') return json(response, ok(this.#me()))
    if (path === 'api/why') return json(response, await this.#sources.why(id))
    if (path === 'api/bead') return json(response, await this.#sources.bead(id))
    if (path === 'api/convoy') return json(response, await this.#sources.convoy(id))
    if (path === 'api/costs') return json(response, await this.#costs(query))
    plainText(response, 404, 'There is nothing here.')
  }

  #costs(query: URLSearchParams): Promise<Result<unknown>> {
    return this.#sources.costs(
      (query.get('by') ?? 'bead').slice(0, NAME_MAX),
      (query.get('since') ?? '').slice(0, NAME_MAX),
    )
  }

  #me(): object {
    const acts = [...this.#sources.acts.keys()]
    return { town: this.#sources.town, acts, seal: acts.length > 0 ? this.door.seal : null }
  }

  async #act(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const act = this.#sources.acts.get(path.replace(/^api\/act\//, ''))
    if (!path.startsWith('api/act/') || act === undefined) {
      const why = 'This dashboard only reads.'
      const more = { hint: 'gt dashboard --allow-actions' }
      return json(response, fail('E_READ_ONLY_PAGE', why, more), 403)
    }
    const order = await readOrder(request)
    if (order.kind === 'error') return json(response, order, 400)
    const done = await act(order.value)
    json(response, done.kind === 'ok' ? ok({ text: done.value }) : done, done.kind === 'ok' ? 200 : 409)
  }

  #stream(query: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    if (this.#streams >= STREAMS_MAX) {
      plainText(response, 503, 'Too many windows look at this town.')
      return
    }
    this.#streams++
    const stream = openStream(response)
    // Of this very server, or nothing: another one counts anew.
    const [boot, last] = String(request.headers['last-event-id'] ?? '').split('.')
    const seen = boot === this.door.place ? Number(last) : undefined
    const leave = [this.#board.join(({ id, text }) => stream.send('board', text, `${this.door.place}.${id}`), seen)]
    const who = query.get('pane')?.slice(0, NAME_MAX)
    if (who) leave.push(this.#joinPane(who, (text) => stream.send('pane', text)))
    stream.onEnd(() => {
      this.#streams--
      for (const way of leave) way()
    })
  }

  #joinPane(who: string, tell: (text: string) => void): () => void {
    const channel = this.#panes.get(who) ?? new Channel<PaneView>(this.#watchPane(who))
    this.#panes.set(who, channel)
    const leave = channel.join(({ text }) => tell(text))
    return () => {
      leave()
      if (channel.viewers === 0) this.#panes.delete(who)
    }
  }

  /** Looks again a second after the last look ended, however long that took. */
  #watchPane(who: string): (tell: (view: PaneView) => void) => () => void {
    return (tell) => {
      let timer: NodeJS.Timeout | undefined
      let over = false
      const look = async (): Promise<void> => {
        const view = await this.#sources.pane(who)
        if (over) return
        tell(view)
        timer = setTimeout(() => void look(), PANE_MS)
      }
      void look()
      return () => {
        over = true
        clearTimeout(timer)
      }
    }
  }
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

const plainText = (response: ServerResponse, status: number, text: string): void =>
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`)

/** As the commands answer with `--json`. */
function json(response: ServerResponse, answer: Result<unknown>, status = answer.kind === 'ok' ? 200 : 404): void {
  const { kind } = answer
  const body =
    kind === 'ok'
      ? { ok: true, data: answer.value }
      : { ok: false, error: { code: answer.failure.code, message: answer.failure.message, hint: answer.failure.hint } }
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(body))
}
