/** The small parts that every view is made of. All text is text: there is no way to markup here. */
import type { ComponentChildren } from 'preact'
import { createContext } from 'preact'
import { useContext, useState } from 'preact/hooks'
import type { Tone } from '../../board/words.ts'
import { said, toneOf } from '../../board/words.ts'
import { hrefOf } from './route.ts'
import { ago, exactly } from './time.ts'

/** The town's clock, which is the server's. */
export const Now = createContext(0)

export function Ago({ at }: { at: string | null }) {
  const now = useContext(Now)
  if (at === null) return <span class="muted">–</span>
  return (
    <time dateTime={at} title={exactly(at)}>
      {ago(at, now)}
    </time>
  )
}

export function Chip({ word, tone = toneOf(word), title }: { word: string; tone?: Tone; title?: string }) {
  return (
    <span class={`chip ${tone}`} title={title}>
      {said(word)}
    </span>
  )
}

/** A bead, run, merge request or incident: leads to why it is so. */
export function Why({ id, children = id }: { id: string; children?: ComponentChildren }) {
  return (
    <a class="id" href={hrefOf({ at: 'why', id })}>
      {children}
    </a>
  )
}

/** `app/polecats/toast` is said `app/toast`, as in the commands. */
export const shortAddress = (address: string): string => address.replace('/polecats/', '/')

export function Agent({ address }: { address: string }) {
  return (
    <a class="agent" href={hrefOf({ at: 'agent', id: address })}>
      <bdi>{shortAddress(address)}</bdi>
    </a>
  )
}

/** Of a title that somebody pasted a page into, a list shows the beginning. */
const TITLE_MAX = 120

/** Somebody's title: in a direction of its own, so that it turns nothing around it. `whole`: all of it, however long. */
export function Title({ text, whole = false }: { text: string | null; whole?: boolean }) {
  if (text === null) return null
  const letters = [...text]
  const short = whole || letters.length <= TITLE_MAX ? text : `${letters.slice(0, TITLE_MAX).join('')}…`
  return (
    <bdi class="title" title={short === text ? undefined : text}>
      {short}
    </bdi>
  )
}

/** A part of a page with a heading; its count is part of the heading. */
export function Part(props: { title: string; count?: number; class?: string; children: ComponentChildren }) {
  const { title, count, children } = props
  const id = `part-${title.toLowerCase().replaceAll(' ', '-')}`
  return (
    <section class={`part ${props.class ?? ''}`} aria-labelledby={id}>
      <h2 id={id}>
        {title}
        {count !== undefined && count > 0 && <span class="count">{count}</span>}
      </h2>
      {children}
    </section>
  )
}

export const Nothing = ({ children }: { children: ComponentChildren }) => <p class="nothing">{children}</p>

/** A command to type, with a button that copies it. */
export function Type({ command }: { command: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(command)
      setCopied(true)
      setTimeout(() => setCopied(false), 1_500)
    } catch {
      // Not allowed here: the words can still be selected.
    }
  }
  return (
    <span class="type">
      <code>{command}</code>
      <button type="button" class="quiet" aria-label={`Copy: ${command}`} onClick={() => void copy()}>
        {copied ? 'copied' : 'copy'}
      </button>
    </span>
  )
}

export interface Column<T> {
  name: string
  /** `main`: the widest; `late`: left out where there is little room. */
  kind?: 'main' | 'late' | 'number' | 'late number'
  cell: (row: T) => ComponentChildren
}

/** A table that becomes a list of short blocks where the window is narrow (app.css). */
export function Table<T>(props: { label: string; columns: Column<T>[]; rows: T[]; keyOf: (row: T) => string }) {
  const { label, columns, rows, keyOf } = props
  return (
    <table aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ name, kind }) => (
            <th key={name} scope="col" class={kind}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ name, kind, cell }) => (
              <td key={name} class={kind}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
