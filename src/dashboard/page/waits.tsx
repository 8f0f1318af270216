/** What waits for a person: a line each, the most pressing first; opened, all that is said of it and its answers. */
import { useState } from 'preact/hooks'
import type { Item } from '../../attention/item.ts'
import { headlineOf } from '../../attention/item.ts'
import type { Tone } from '../../board/words.ts'
import { Answers } from './acts.tsx'
import { Agent, Ago, Chip, Nothing, Title, Why } from './parts.tsx'

/** So many stand there at first: who works and what landed should be seen too. */
const FIRST = 6

const TONES: Record<Item['severity'], Tone> = { critical: 'bad', high: 'warn', medium: 'warn', low: 'still' }

export function Waits({ items }: { items: Item[] }) {
  const [all, setAll] = useState(false)
  if (items.length === 0) return <Nothing>Nothing waits for you.</Nothing>
  const shown = all ? items : items.slice(0, FIRST)
  return (
    <>
      <ul class="problems">
        {shown.map((item) => (
          <Wait key={item.key} item={item} />
        ))}
      </ul>
      {items.length > shown.length && (
        <p class="more">
          <button type="button" onClick={() => setAll(true)}>
            {items.length - shown.length} more
          </button>
        </p>
      )}
    </>
  )
}

function Wait({ item }: { item: Item }) {
  const { cause, severity, bead, title, text, who, behind, since } = item
  const headline = headlineOf(item)
  return (
    <li class={severity}>
      <details>
        <summary>
          <Chip word={cause} tone={TONES[severity]} title={`weighs ${severity}`} />
          <Title text={headline} />
          <span class="muted note">
            {behind.n > 0 && `${behind.n} wait${behind.n === 1 ? 's' : ''} for it · `}
            <Ago at={since} />
          </span>
        </summary>
        <p class="note">
          {bead !== null && <Why id={bead} />} {headline !== title && <Title text={title} />}{' '}
          {who !== null && <Agent address={who} />}
        </p>
        {text !== title && (
          <p class="words">
            <bdi>{text}</bdi>
          </p>
        )}
        <p class="note ways">
          <Answers item={item} />
        </p>
      </details>
    </li>
  )
}
