/** What the page is fed with and may ask for. The server knows no town and no ledger: whoever starts it hands these over. */
import type { BoardView, PaneView } from '../board/view.ts'
import type { Result } from '../result.ts'
import type { Producer } from './channel.ts'

export type { BoardView, PaneView } from '../board/view.ts'

/** What a person does from the page: to which thing, in which words, and which of several ways. */
export interface Order {
  id: string
  text: string
  choice: string
}

/** Answers the sentence to show. */
export type Act = (order: Order) => Promise<Result<string>>

export interface Sources {
  town: string
  board: Producer<BoardView>
  /** One look; made once a second while somebody looks. */
  pane(who: string): Promise<PaneView>
  /** The data of `gt why --json` and `gt bead show --json`. */
  why(id: string): Promise<Result<unknown>>
  bead(id: string): Promise<Result<unknown>>
  /** The data of `gt convoy show --json`. */
  convoy(id: string): Promise<Result<unknown>>
  /** The data of `gt costs --json`. */
  costs(by: string, since: string): Promise<Result<unknown>>
  /** By name; empty: the page only reads. */
  acts: ReadonlyMap<string, Act>
}
