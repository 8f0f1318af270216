/** `gt attend` in a terminal: shows the desk, and carries out answers as the plain commands that they are. */
import type { Desk, Running } from '../attention/desk.ts'
import { EMPTY, press, withItems, withOutcome } from '../attention/desk.ts'
import type { Item, Answer as Way } from '../attention/item.ts'
import { screenOf } from '../attention/screen.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import type { Key } from '../screen/keys.ts'
import type { Size } from '../screen/lines.ts'
import { Terminal } from '../screen/terminal.ts'
import { carryOut } from './carry-out.ts'
import { untilLeft } from './town.ts'

/** What the ledger does not tell of (a dialog, a hold) is looked for this often; ages move on as well. */
const LOOK_MS = 5_000

export interface Attended {
  town: OpenTown
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  /** What waits now. */
  look(): Promise<Item[]>
}

/** Ends when the person leaves, or with the signal. E_NO_TOWN when the town went first. */
export function attendHere(attended: Attended): Promise<Result<void>> {
  return new AttendScreen(attended).run()
}

class AttendScreen {
  readonly #attended: Attended
  readonly #terminal: Terminal
  #desk: Desk = EMPTY
  #looked = false
  #looking = false
  #again = false

  constructor(attended: Attended) {
    this.#attended = attended
    this.#terminal = new Terminal(this, attended.signal)
  }

  async run(): Promise<Result<void>> {
    this.#terminal.open()
    const unwatch = this.#attended.town.ledger.watch(() => void this.#look())
    const timer = setInterval(() => void this.#look(), LOOK_MS)
    try {
      await this.#look()
      return await untilLeft(this.#terminal.left, this.#attended.town)
    } finally {
      clearInterval(timer)
      unwatch()
      this.#terminal.close()
    }
  }

  draw(size: Size): string[] {
    const { town } = this.#attended
    return screenOf(this.#desk, size, { town: town.name, now: town.now() })
  }

  press(key: Key): void {
    const { desk, deed } = press(this.#desk, key)
    this.#desk = desk
    if (deed?.do === 'quit') this.#terminal.leave()
    else if (deed !== undefined) void this.#carryOut(deed)
  }

  /** Looks at what waits, one look at a time; a change during a look means another one. */
  async #look(): Promise<void> {
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#looking = true
    do {
      this.#again = false
      this.#attended.town.ledger.refresh()
      const items = await this.#attended.look()
      const known = new Set(this.#desk.items.map(({ key }) => key))
      const news = this.#looked && items.some(({ key }) => !known.has(key))
      this.#looked = true
      this.#desk = withItems(this.#desk, items)
      this.#terminal.redraw()
      if (news) this.#terminal.bell()
    } while (this.#again)
    this.#looking = false
  }

  /** An answer, whose first line is shown at the foot. */
  async #carryOut(deed: Running): Promise<void> {
    const { town, env } = this.#attended
    const { answer, argv } = deed
    const outcome = answer.looks ? await this.#show(answer, argv) : await carryOut(town, env, argv)
    this.#desk = withOutcome(this.#desk, deed, outcome)
    this.#terminal.redraw()
    await this.#look()
  }

  /** A look at something: the terminal is that command's for as long. */
  async #show(answer: Way, [, ...args]: string[]): Promise<{ ok: boolean; text: string }> {
    const argv = [process.execPath, this.#attended.town.gtBin, ...args]
    const code = await this.#terminal.lend({ ...this.#place(), argv, prints: answer.argv[1] !== 'attach' })
    return { ok: code === 0, text: code === 0 ? '' : `gt ${args.join(' ')} ended with ${code ?? 'a signal'}` }
  }

  #place(): { cwd: string; env: NodeJS.ProcessEnv } {
    const { town, env } = this.#attended
    return { cwd: town.root, env: { ...env, GT_TOWN: town.root } }
  }
}
