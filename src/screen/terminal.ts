/**
 * The terminal as a screen of our own: taken, drawn on, lent to a command, and given back as it was, however we end (but for
 * SIGKILL, which nobody can). Only rows that became different are written.
 */
import { spawn } from 'node:child_process'
import { writeSync } from 'node:fs'
import type { Key } from './keys.ts'
import { keysOf } from './keys.ts'
import type { Size } from './lines.ts'
import { changed } from './paint.ts'

/** Another screen, no cursor, pasted text in brackets. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?2004h'
const LEAVE = '\x1b[0m\x1b[?2004l\x1b[?25h\x1b[?1049l'

export interface Screen {
  /** The lines to show now, none wider than the terminal. */
  draw(size: Size): string[]
  press(key: Key): void
}

/** What is run in our place, as an argument vector. */
export interface Borrower {
  argv: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** It only prints: what it printed stays until a key is pressed. So does whatever it says when it fails. */
  prints: boolean
}

export class Terminal {
  /** Over when the person leaves, the signal comes, or the terminal is gone. */
  readonly left: Promise<void>
  readonly #screen: Screen
  readonly #signal: AbortSignal
  #leave: () => void = () => {}
  /** Rows as they stand there. */
  #rows: string[] = []
  #ours = false

  constructor(screen: Screen, signal: AbortSignal) {
    this.#screen = screen
    this.#signal = signal
    this.left = new Promise((resolve) => {
      this.#leave = resolve
    })
  }

  open(): void {
    this.#signal.addEventListener('abort', this.leave, { once: true })
    process.on('exit', give)
    process.on('SIGHUP', this.leave)
    process.stdout.on('resize', this.#onResize)
    process.stdin.on('end', this.leave)
    process.stdin.on('error', this.leave)
    this.#take()
    if (this.#signal.aborted) this.leave()
  }

  close(): void {
    if (this.#ours) this.#give()
    this.#signal.removeEventListener('abort', this.leave)
    process.off('exit', give)
    process.off('SIGHUP', this.leave)
    process.stdout.off('resize', this.#onResize)
    process.stdin.off('end', this.leave)
    process.stdin.off('error', this.leave)
    process.stdin.unref()
  }

  /** Nobody has borrowed it, and nobody has left. */
  get ours(): boolean {
    return this.#ours
  }

  readonly leave = (): void => this.#leave()

  redraw(): void {
    if (!this.#ours) return
    const { columns = 80, rows = 24 } = process.stdout
    const lines = this.#screen.draw({ columns, rows })
    const text = changed(this.#rows, lines, rows)
    this.#rows = lines
    if (text !== '') process.stdout.write(text)
  }

  bell(): void {
    if (this.#ours) process.stdout.write('\x07')
  }

  /** The terminal is that command's for as long. Answers its exit code; null: a signal ended it, or it could not be started. */
  async lend({ argv: [program = '', ...args], cwd, env, prints }: Borrower): Promise<number | null> {
    this.#give()
    const code = await new Promise<number | null>((resolve) => {
      const child = spawn(program, args, { cwd, env, stdio: 'inherit', signal: this.#signal })
      child.on('error', () => resolve(null))
      child.on('close', resolve)
    })
    if ((prints || code !== 0) && !this.#signal.aborted) await this.#anyKey()
    if (!this.#signal.aborted) this.#take()
    return code
  }

  #anyKey(): Promise<void> {
    process.stdout.write('\n(any key goes back) ')
    raw(true)
    process.stdin.resume()
    return new Promise((resolve) => {
      const done = (): void => {
        process.stdin.off('data', done)
        this.#signal.removeEventListener('abort', done)
        resolve()
      }
      process.stdin.on('data', done)
      this.#signal.addEventListener('abort', done, { once: true })
    })
  }

  readonly #onResize = (): void => {
    if (!this.#ours) return
    this.#rows = []
    process.stdout.write('\x1b[2J')
    this.redraw()
  }

  readonly #onData = (chunk: string): void => {
    for (const key of keysOf(chunk)) this.#screen.press(key)
    this.redraw()
  }

  #take(): void {
    this.#ours = true
    this.#rows = []
    raw(true)
    process.stdout.write(`${ENTER}\x1b[2J`)
    // A sign of several bytes may come in two chunks.
    process.stdin.setEncoding('utf8')
    process.stdin.on('data', this.#onData)
    process.stdin.resume()
    this.redraw()
  }

  #give(): void {
    this.#ours = false
    process.stdin.off('data', this.#onData)
    process.stdin.pause()
    give()
  }
}

function raw(on: boolean): void {
  try {
    process.stdin.setRawMode(on)
  } catch {
    // The terminal is gone.
  }
}

/** At once, also while the process ends. */
function give(): void {
  raw(false)
  try {
    writeSync(1, LEAVE)
  } catch {
    // The terminal is gone.
  }
}
