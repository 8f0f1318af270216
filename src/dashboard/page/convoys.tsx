/** Convoys: how far each is, in one bar and in words. */
import type { Board } from '../../board/board.ts'
import type { ConvoyMember } from './answers.ts'
import { More } from './lists.tsx'
import { Agent, Ago, Chip, Nothing, Part, Table, Title, Why } from './parts.tsx'

/** So many on the overview. */
const FIRST = 5

type Convoy = Board['convoys'][number]

/** Its parts, in the order of the bar; what is none of these is not begun. */
function shares({ landed, closed, running, stuck, waiting }: Convoy): { word: string; tone: string; count: number }[] {
  return [
    { word: 'landed', tone: 'good', count: landed },
    { word: 'closed otherwise', tone: 'still', count: closed - landed },
    { word: 'under way', tone: 'moving', count: running },
    { word: 'stuck', tone: 'bad', count: stuck },
    { word: 'go on by themselves', tone: 'warn', count: waiting },
  ].filter(({ count }) => count > 0)
}

function Bar({ convoy }: { convoy: Convoy }) {
  return (
    <div class="bar" aria-hidden="true">
      {shares(convoy).map(({ word, tone, count }) => (
        <span key={word} class={tone} style={{ width: `${(100 * count) / convoy.total}%` }} />
      ))}
    </div>
  )
}

export function Convoys({ board, whole = false }: { board: Board; whole?: boolean }) {
  if (board.convoys.length === 0) return <Nothing>None is under way.</Nothing>
  const rows = whole ? board.convoys : board.convoys.slice(0, FIRST)
  return (
    <>
      <ul class={whole ? 'convoys whole' : 'convoys'}>
        {rows.map((convoy) => (
          <li key={convoy.id}>
            <div class="head">
              <Chip word={convoy.state} /> <Why id={convoy.id} /> <Title text={convoy.title} />
            </div>
            <Bar convoy={convoy} />
            {convoy.cause !== null && (
              <p class="note">
                <bdi>{convoy.cause}</bdi>
              </p>
            )}
            <p class="muted note">
              {convoy.landed} of {convoy.total} landed
              {shares(convoy)
                .filter(({ word }) => word !== 'landed')
                .map(({ word, count }) => ` · ${count} ${word}`)}
              {whole && (
                <>
                  {' · since '}
                  <Ago at={convoy.since} />
                </>
              )}
            </p>
          </li>
        ))}
      </ul>
      <More of={board.convoys} shown={rows} at="convoys" />
    </>
  )
}

/** Of one convoy, wave by wave. */
export const Members = ({ members }: { members: ConvoyMember[] }) => (
  <Part title="Members" count={members.length}>
    <Table
      label="Members"
      rows={members}
      keyOf={({ id }) => id}
      columns={[
        { name: 'Wave', kind: 'late', cell: ({ wave }) => wave },
        { name: 'State', cell: ({ state }) => <Chip word={state} /> },
        {
          name: 'Work',
          kind: 'main',
          cell: ({ id, title, cause }) => (
            <>
              <Why id={id} /> <Title text={title} />
              {cause !== null && (
                <p class="muted note clamp">
                  {cause.bead !== id && [<Why key={cause.bead} id={cause.bead} />, ': ']}
                  <bdi>{cause.text}</bdi>
                </p>
              )}
            </>
          ),
        },
        { name: 'Worker', cell: ({ agent }) => (agent === null ? '' : <Agent address={agent} />) },
      ]}
    />
  </Part>
)
