/** What it costs: today, and as `gt costs` counts it, by whatever one asks for. */
import { useEffect, useState } from 'preact/hooks'
import type { Board } from '../../board/board.ts'
import { dollars } from '../../board/words.ts'
import type { Answer, CostRow, CostsAnswer } from './ask.ts'
import { costs as ask } from './ask.ts'
import type { Column } from './parts.tsx'
import { Nothing, Part, Table, Type, Why } from './parts.tsx'

const BY = ['bead', 'convoy', 'run', 'role', 'rig', 'day', 'model'] as const
type By = (typeof BY)[number]
const SINCE = { today: 'today', '7d': 'last 7 days', '30d': 'last 30 days', all: 'all time' } as const

/** Groupings whose keys lead somewhere. */
const LINKS: ReadonlySet<string> = new Set(['bead', 'convoy', 'run'])

/** Rows at most: the dearest come first. */
const ROWS = 50
/** How often it is counted anew while somebody looks. */
const EVERY_MS = 15_000

type Since = keyof typeof SINCE

export function Costs({ board }: { board: Board }) {
  const [by, setBy] = useState<By>('bead')
  const [since, setSince] = useState<Since>('today')
  const found = useCosts(by, since)
  const budget = board.costs?.budget_usd ?? null
  return (
    <Part title="Costs">
      <p>
        <strong class="big">{board.costs === undefined ? '?' : dollars(board.costs.today)}</strong> today
        {budget !== null && ` of ${dollars({ usd: budget, partly: false })}`}
      </p>
      <div class="choices">
        <Choice<By> label="By" all={BY} at={by} words={(one) => one} choose={setBy} />
        <Choice<Since>
          label="Since"
          all={Object.keys(SINCE) as Since[]}
          at={since}
          words={(one) => SINCE[one]}
          choose={setSince}
        />
      </div>
      <Found found={found} by={by} />
    </Part>
  )
}

function useCosts(by: string, since: Since): Answer<CostsAnswer> | null {
  const [found, setFound] = useState<{ of: string; answer: Answer<CostsAnswer> } | null>(null)
  const of = `${by} ${since}`
  useEffect(() => {
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async (): Promise<void> => {
      if (document.visibilityState === 'visible') {
        const answer = await ask(by, since === 'all' ? '' : since)
        if (over) return
        setFound({ of, answer })
      }
      timer = setTimeout(() => void look(), EVERY_MS)
    }
    void look()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [of])
  return found?.of === of ? found.answer : null
}

interface ChoiceProps<T extends string> {
  label: string
  all: readonly T[]
  at: T
  words(one: T): string
  choose(one: T): void
}

function Choice<T extends string>({ label, all, at, words, choose }: ChoiceProps<T>) {
  return (
    <label>
      <span class="muted">{label}</span>{' '}
      <select value={at} onChange={({ currentTarget }) => choose(currentTarget.value as T)}>
        {all.map((one) => (
          <option key={one} value={one}>
            {words(one)}
          </option>
        ))}
      </select>
    </label>
  )
}

function Found({ found, by }: { found: Answer<CostsAnswer> | null; by: string }) {
  if (found === null) return <Nothing>Counting …</Nothing>
  if (!found.ok) {
    return (
      <p class="bad-words">
        {found.error.message} {found.error.hint !== undefined && <Type command={found.error.hint} />}
      </p>
    )
  }
  const { rows, total, prices } = found.data
  if (rows.length === 0) return <Nothing>Nothing was used.</Nothing>
  return (
    <>
      <Table
        label="Costs"
        rows={[...rows.slice(0, ROWS), ...(rows.length > 1 ? [total] : [])]}
        keyOf={({ key }) => key}
        columns={columnsOf(by)}
      />
      {rows.length > ROWS && <p class="muted note">{rows.length - ROWS} more, which cost less, are in the sum.</p>}
      {total.unknown.length > 0 && (
        <div class="note">
          <p>Not all is known, so these cost more than is shown:</p>
          <ul class="dots muted">
            {total.unknown.slice(0, 5).map((why) => (
              <li key={why}>
                <bdi>{why}</bdi>
              </li>
            ))}
          </ul>
        </div>
      )}
      <p class="muted note">Prices: {prices}, in dollars; a subscription is billed otherwise.</p>
    </>
  )
}

const columnsOf = (by: string): Column<CostRow>[] => [
  {
    name: by,
    kind: 'main',
    cell: ({ key, about }) => (
      <>
        {LINKS.has(by) && key !== 'total' && key !== '-' ? <Why id={key} /> : <bdi class="id">{key}</bdi>}{' '}
        {about !== undefined && <bdi>{about}</bdi>}
      </>
    ),
  },
  { name: 'dollars', kind: 'number', cell: ({ usd, unknown }) => dollars({ usd, partly: unknown.length > 0 }) },
  { name: 'in', kind: 'late number', cell: ({ tokens }) => short(tokens.input) },
  { name: 'out', kind: 'late number', cell: ({ tokens }) => short(tokens.output) },
  { name: 'cache read', kind: 'late number', cell: ({ tokens }) => short(tokens.cache_read) },
  { name: 'written', kind: 'late number', cell: ({ tokens }) => short(tokens.cache_write) },
]

/** 950, 12.3k, 4.56M. */
function short(count: number): string {
  if (count < 1_000) return String(count)
  if (count < 1_000_000) return `${(count / 1_000).toFixed(count < 100_000 ? 1 : 0)}k`
  return `${(count / 1_000_000).toFixed(count < 100_000_000 ? 2 : 0)}M`
}
