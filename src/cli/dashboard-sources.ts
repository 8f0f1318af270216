/**
 * What the dashboard shows and may do, by the very functions behind the commands: it knows no more than they, and can do no
 * more. Of its actions none deletes.
 */
import { boardOfTown, paneOf } from '../board/view.ts'
import type { WatchedTown } from '../board/watch.ts'
import { around } from '../convoys/around.ts'
import { convoyView } from '../convoys/view.ts'
import { GROUPINGS } from '../costs/rows.ts'
import type { Act, Order, Sources } from '../dashboard/sources.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { itemsOf } from './attend.ts'
import { shown } from './bead-text.ts'
import { carryOut } from './carry-out.ts'
import type { Answer } from './context.ts'
import { viewData } from './convoy-text.ts'
import { costsIn } from './costs.ts'
import { land, reject, retry } from './landing.ts'
import { stopIn } from './polecat.ts'
import { findBead } from './town.ts'
import { whyOf } from './why.ts'

/** `actions`: a person allowed them. */
export function sourcesOf(watched: WatchedTown, actions: boolean): Sources {
  const { town } = watched
  const fresh = async <T>(body: () => Result<T> | Promise<Result<T>>): Promise<Result<T>> => {
    const read = town.ledger.refresh()
    return read.kind === 'error' ? read : body()
  }
  return {
    town: town.name,
    board: boardOfTown(watched),
    pane: (who) => paneOf(watched, who),
    why: (id) => fresh(() => whyOf(town, id)),
    bead: (id) => fresh(() => beadOf(town, id)),
    convoy: (id) => fresh(() => convoyOf(town, id)),
    costs: (by, since) => fresh(async () => dataOf(await costsOf(town, by, since))),
    acts: actions ? decisions(town) : new Map(),
  }
}

function beadOf(town: OpenTown, id: string): Result<object> {
  const found = findBead(town, id)
  return found.kind === 'error' ? found : ok(shown(town.ledger.state, found.value, town.now()))
}

function convoyOf(town: OpenTown, id: string): Result<object> {
  const found = findBead(town, id)
  return found.kind === 'error' ? found : ok(viewData(convoyView(town.ledger.state, found.value, around(town))))
}

const dataOf = (answer: Answer): Result<unknown> => (answer.kind === 'ok' ? ok(answer.value.data) : answer)

async function costsOf(town: OpenTown, by: string, since: string): Promise<Answer> {
  const grouping = GROUPINGS.find((one) => one === by)
  if (grouping === undefined) return fail('E_USAGE', `Nothing is counted by "${by}".`)
  return costsIn(town, { by: grouping, ...(since !== '' && { since }) })
}

type Deed = (town: OpenTown, order: Order) => Promise<Answer>

const DEEDS: Record<string, Deed> = {
  land: (town, { id }) => land(town, id),
  retry: (town, { id }) => retry(town, id),
  reject: async (town, { id, text }) =>
    text.trim() === '' ? fail('E_USAGE', 'Say what must be mended.') : reject(town, id, text),
  stop: (town, { id, text }) => stopIn(town, id, text.trim() || 'stopped by a person'),
  answer: answered,
}

/**
 * One of the answers to what waits now, by its key (`gt attend`): which command that is, this side knows. `id`: the key of the
 * item, another one when the same waits anew, so that nobody answers what they did not see.
 */
async function answered(town: OpenTown, { id, text, choice }: Order): Promise<Answer> {
  const item = (await itemsOf(town)).find(({ key }) => key === id)
  const way = item?.answers.find(({ key, looks }) => key === choice && !looks)
  if (item === undefined || way === undefined)
    return fail('E_NOT_ASKED', 'That does not wait for you any more.', { kept: 'Nothing was done.', hint: 'gt attend' })
  if (way.asks !== undefined && text.trim() === '') return fail('E_USAGE', `${way.asks}: some words are needed.`)
  const done = await carryOut(town, town.env, way.asks === undefined ? way.argv : [...way.argv, text])
  return done.ok
    ? ok({ data: null, text: done.text })
    : fail('E_ANSWER', done.text.replace(/^gt: /, ''), { kept: `${item.id} waits as before.` })
}

/** By name. Each looks at the ledger anew first; its answer is the sentence that the command prints. */
function decisions(town: OpenTown): ReadonlyMap<string, Act> {
  const act =
    (deed: Deed): Act =>
    async (order) => {
      const read = town.ledger.refresh()
      if (read.kind === 'error') return read
      const done = await deed(town, order)
      return done.kind === 'error' ? done : ok(done.value.text)
    }
  return new Map(Object.entries(DEEDS).map(([name, deed]) => [name, act(deed)]))
}
