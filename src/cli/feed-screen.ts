/** `gt feed` in a terminal: the board as it moves on, the screen of who is looked at, and the terminal lent to whoever is called. */

import { boardOfTown, paneOf } from '../board/view.ts'
import type { BoardOptions, WatchedTown } from '../board/watch.ts'
import { screenOf } from '../feed/screen.ts'
import type { Deed, View } from '../feed/view.ts'
import { NOTHING, press, selected, withBoard } from '../feed/view.ts'
import type { Result } from '../result.ts'
import { knowsUnicode } from '../screen/ink.ts'
import type { Key } from '../screen/keys.ts'
import type { Size } from '../screen/lines.ts'
import { Terminal } from '../screen/terminal.ts'
import type { Context } from './context.ts'
import { untilLeft } from './town.ts'

/** Lines of an agent's screen: more than a terminal shows. */
const PANE_LINES = 100

/** A screen that is looked at is looked at again so often; nobody's is while nothing is open. */
const PEEK_MS = 1_000

/** Ends when the person leaves, or with the signal. E_NO_TOWN when the town went first. */
export function feedHere(context: Context, watched: WatchedTown, options: BoardOptions): Promise<Result<void>> {
  return new FeedScreen(context, watched).run(options)
}

class FeedScreen {
  readonly #watched: WatchedTown
  readonly #env: NodeJS.ProcessEnv
  readonly #terminal: Terminal
  #view: View = NOTHING
  #peeking = false
  #again: NodeJS.Timeout | undefined

  constructor({ env, signal }: Context, watched: WatchedTown) {
    this.#watched = watched
    this.#env = env
    this.#terminal = new Terminal(this, signal)
  }

  async run(options: BoardOptions): Promise<Result<void>> {
    this.#terminal.open()
    const stop = boardOfTown(
      this.#watched,
      () => options,
    )((board) => {
      this.#show(withBoard(this.#view, board))
    })
    try {
      return await untilLeft(this.#terminal.left, this.#watched.town)
    } finally {
      stop()
      clearTimeout(this.#again)
      this.#terminal.close()
    }
  }

  draw(size: Size): string[] {
    return screenOf(this.#view, size, { color: !this.#env.NO_COLOR, unicode: knowsUnicode(this.#env) })
  }

  press(key: Key): void {
    const { view, deed } = press(this.#view, key)
    this.#show(view)
    if (deed?.do === 'quit') this.#terminal.leave()
    else if (deed !== undefined) void this.#carryOut(deed)
  }

  /** Only what became different is written (screen/terminal.ts). */
  #show(view: View): void {
    this.#view = view
    this.#terminal.redraw()
    void this.#peek()
  }

  /** Looks at the screen of whoever is looked at, one look at a time. */
  async #peek(): Promise<void> {
    const who = this.#looked()
    if (who === undefined || this.#peeking) return
    clearTimeout(this.#again)
    this.#peeking = true
    const pane = await paneOf(this.#watched, who, PANE_LINES)
    this.#peeking = false
    // Somebody else may be looked at by now.
    if (this.#looked() !== who) return this.#peek()
    this.#view = { ...this.#view, pane }
    this.#terminal.redraw()
    this.#again = setTimeout(() => void this.#peek(), PEEK_MS)
  }

  /** Nobody while the screen is not ours: lent, or left. */
  #looked(): string | undefined {
    return this.#view.open && this.#terminal.ours ? selected(this.#view)?.agent?.address : undefined
  }

  async #carryOut(deed: Exclude<Deed, { do: 'quit' }>): Promise<void> {
    const { town } = this.#watched
    const place = { cwd: town.root, env: { ...this.#env, GT_TOWN: town.root } }
    const argv =
      deed.do === 'attach' ? town.runtime.attachArgv(deed.session) : [process.execPath, town.gtBin, ...deed.args]
    const prints = deed.do === 'run' && deed.prints
    const code = await this.#terminal.lend({ ...place, argv, prints })
    const said = code === 0 ? '' : `${argv.slice(-2).join(' ')} ended with ${code ?? 'a signal'}`
    this.#show({ ...this.#view, said })
  }
}
