/** What a person may do from here, where the town was opened for it: each is asked once more, and says what came of it. */
import type { ComponentChildren } from 'preact'
import { createContext } from 'preact'
import { useContext, useEffect, useRef, useState } from 'preact/hooks'
import type { Item } from '../../attention/item.ts'
import { commandOf } from '../../attention/item.ts'
import type { Me } from './ask.ts'
import { act } from './ask.ts'
import { Type } from './parts.tsx'

export const Myself = createContext<Me | null>(null)

/** One thing to decide, as a button and the question before it. */
interface Order {
  /** Unlike any other beside it. */
  key: string
  button: string
  /** What happens, in a sentence. */
  what: ComponentChildren
  /** What the words are that go with it; absent: none. `need`: not without them. */
  words?: { label: string; need: boolean }
  send(me: Me, text: string): ReturnType<typeof act>
}

const ORDERS = {
  land: { button: 'Land', what: 'It goes into the queue, is tested and lands.' },
  retry: { button: 'Try again', what: 'It is tested once more, as its branch stands now.' },
  reject: {
    button: 'Send back',
    what: 'It goes back to its worker, with your reason.',
    words: { label: 'What must be mended', need: true },
  },
  stop: {
    button: 'Stop',
    what: 'The run ends now. What it has done is archived (gt restore), and its bead is open again.',
    words: { label: 'Why (may stay empty)', need: false },
  },
} satisfies Record<string, Pick<Order, 'button' | 'what' | 'words'>>

export type Verb = keyof typeof ORDERS

/** What can be decided about a merge request in this state. */
export function verbsOf(state: string): Verb[] {
  if (state === 'landed' || state === 'landing' || state === 'rejected') return []
  if (state === 'held') return ['land', 'reject']
  return ['red', 'conflict', 'could_not_run'].includes(state) ? ['retry', 'reject'] : ['reject']
}

/** Buttons for these, as far as they are allowed; nothing where the page only reads. */
export function Acts({ verbs, id }: { verbs: Verb[]; id: string }) {
  const me = useContext(Myself)
  const allowed = verbs.filter((verb) => me?.acts.includes(verb))
  const orders = allowed.map(
    (verb): Order => ({ key: verb, ...ORDERS[verb], send: (mine, text) => act(mine, verb, { id, text }) }),
  )
  return <Buttons orders={orders} about={id} />
}

/** The answers to what waits for a person: buttons where this page may act, and the commands to type where it only reads. */
export function Answers({ item }: { item: Item }) {
  const me = useContext(Myself)
  const decide = item.answers.filter(({ looks }) => !looks)
  if (me === null) return null
  if (!me.acts.includes('answer')) {
    return (
      <>
        {decide.map((answer) => (
          <Type key={answer.key} command={commandOf(answer)} />
        ))}
      </>
    )
  }
  const orders = decide.map(
    (answer): Order => ({
      key: answer.key,
      button: answer.label,
      what: (
        <>
          <bdi class="words">{item.text}</bdi>
          <code>{commandOf(answer)}</code>
        </>
      ),
      ...(answer.asks !== undefined && { words: { label: answer.asks, need: true } }),
      send: (mine, text) => act(mine, 'answer', { id: item.key, text, choice: answer.key }),
    }),
  )
  return <Buttons orders={orders} about={item.id} />
}

/** The question that is open. */
interface Open {
  order: Order
  about: string
  /** Says what came of it, where the button stands. */
  tell(text: string): void
}

const Opening = createContext<(open: Open) => void>(() => {})

/**
 * Around everything that decides. The question stands here and not in the line whose button was pressed: lines go when what
 * they tell is over, or when something more pressing comes, and the words that somebody types must not go with them.
 */
export function Decisions({ children }: { children: ComponentChildren }) {
  const me = useContext(Myself)
  const [open, setOpen] = useState<Open | null>(null)
  return (
    <Opening.Provider value={setOpen}>
      {children}
      {me !== null && open !== null && (
        <Ask
          order={open.order}
          about={open.about}
          send={async (text) => {
            const answer = await open.order.send(me, text)
            if (!answer.ok) return [answer.error.message, answer.error.hint].filter(Boolean).join(' Next: ')
            open.tell(answer.data.text)
            setOpen(null)
            return ''
          }}
          close={() => setOpen(null)}
        />
      )}
    </Opening.Provider>
  )
}

/** `about`: the id of what it is about. */
function Buttons({ orders, about }: { orders: Order[]; about: string }) {
  const me = useContext(Myself)
  const open = useContext(Opening)
  const [told, tell] = useState('')
  if (me === null || orders.length === 0) return null
  return (
    <span class="acts">
      {orders.map((order) => (
        <button
          key={order.key}
          type="button"
          aria-label={`${order.button}: ${about}`}
          onClick={() => open({ order, about, tell })}
        >
          {order.button}
        </button>
      ))}
      <span role="status" class="note">
        {told}
      </span>
    </span>
  )
}

interface AskProps {
  order: Order
  about: string
  /** What is wrong; empty: done. */
  send(text: string): Promise<string>
  close(): void
}

function Ask({ order, about, send, close }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState('')
  const [busy, setBusy] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setWrong(await send(text))
    setBusy(false)
  }
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="order">
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="order">
          {order.button}: {about}
        </h2>
        <div class="what">{order.what}</div>
        {order.words !== undefined && (
          <label>
            {order.words.label}
            <textarea
              rows={4}
              maxLength={8_000}
              required={order.words.need}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
        )}
        <p role="alert" class="bad-words">
          {wrong}
        </p>
        <p class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Not now
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {order.button}
          </button>
        </p>
      </form>
    </dialog>
  )
}
