/** The test's end of the puppet agent: waits for puppets that `gt` starts, and tells each what to do. */
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Answer } from './gt.ts'
import { until } from './gt.ts'

const AGENT = fileURLToPath(new URL('./puppet-agent.mjs', import.meta.url))

export interface Said {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
}

export interface Puppet {
  pid: number
  /** Fence of its run. */
  run: string
  bead: string
  agent: string
  round: number
  /** Its worktree. */
  cwd: string
  brief: string
  /** All that `gt` started it with. */
  args: string[]
  env: Record<string, string>
  /** Runs a shell line as the agent would. */
  sh(line: string, more?: { cwd?: string; env?: Record<string, string> }): Promise<Said>
  /** Runs one command and sends it SIGKILL after a while (it may have ended by then). */
  killed(line: string, afterMs: number): Promise<Said>
  /** From now on it takes no notice of TERM, INT and HUP. */
  stubborn(): Promise<void>
  /** Starts a child in a session of its own that takes no notice of signals; its pid. */
  fork(): Promise<number>
  /** Fires a hook of Claude Code's (agent `hooked`); what it said to the model. */
  hook(event: string, json?: object): Promise<Said>
  /** Puts this on its screen, and nothing else. */
  show(text: string): Promise<void>
  /** Lines typed at its prompt, each with what its hook said to the model. */
  typed: { text: string; heard: string }[]
  /** Ends with this code. */
  exit(code: number): Promise<void>
  /** Resolves when its process is gone. */
  gone: Promise<void>
}

export interface Puppets {
  /** What `gt config agent set puppet …` is told. */
  command: string[]
  /** Every puppet that came, in order. */
  all: Puppet[]
  /** The next puppet that nobody took yet; for one bead only, if named. */
  next(bead?: string): Promise<Puppet>
  close(): void
}

/** Listens on a socket in `dir` (a short path: sockets allow about 100 bytes). */
export async function puppets(dir: string): Promise<Puppets> {
  const path = `${dir}/puppets`
  const all: Puppet[] = []
  const waiting: Puppet[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    greet(socket, (puppet) => {
      all.push(puppet)
      waiting.push(puppet)
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return {
    command: [process.execPath, AGENT, path],
    all,
    next: (bead) =>
      until(`a puppet for ${bead ?? 'any bead'}`, () => {
        const at = waiting.findIndex((one) => bead === undefined || one.bead === bead)
        return at < 0 ? undefined : waiting.splice(at, 1)[0]
      }),
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function greet(socket: Socket, welcome: (puppet: Puppet) => void): void {
  const typed: Puppet['typed'] = []
  const asked = new Map<number, (answer: Answer) => void>()
  let count = 0
  let left: () => void = () => {}
  const gone = new Promise<void>((resolve) => {
    left = resolve
  })
  const ask = (verb: string, more: object = {}): Promise<Answer> => {
    const id = ++count
    return new Promise((resolve, reject) => {
      asked.set(id, resolve)
      void gone.then(() => reject(new Error(`the puppet ended before it answered ${verb} ${JSON.stringify(more)}`)))
      socket.write(`${JSON.stringify({ id, verb, ...more })}\n`)
    })
  }
  socket.on('error', () => {}) // `close` follows.
  socket.on('close', () => left())
  createInterface({ input: socket }).on('line', (line) => {
    const message = JSON.parse(line)
    if (message.typed !== undefined) return typed.push({ text: message.typed, heard: message.heard })
    if (message.hello === undefined) return asked.get(message.id)?.(message.answer)
    welcome({
      ...message.hello,
      gone,
      typed,
      hook: (event, json) => ask('hook', { event, json }),
      show: (text) => ask('show', { text }),
      sh: (text, more) => ask('sh', { line: text, ...more }),
      killed: (text, afterMs) => ask('killed', { line: text, afterMs }),
      stubborn: () => ask('stubborn'),
      fork: async () => (await ask('fork')).pid,
      exit: async (code) => {
        void ask('exit', { code }).catch(() => {})
        await gone
      },
    })
  })
}
