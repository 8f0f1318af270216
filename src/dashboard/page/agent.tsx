/** One agent: who it is, and its screen as it is now. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Board } from '../../board/board.ts'
import type { PaneView } from '../sources.ts'
import { Acts } from './acts.tsx'
import { Context, Doing } from './lists.tsx'
import { Ago, Nothing, Part, shortAddress, Title, Type, Why } from './parts.tsx'
import { hrefOf } from './route.ts'

interface AgentProps {
  board: Board
  id: string
  pane: PaneView | null
}

export function AgentPage({ board, id, pane }: AgentProps) {
  const at = board.agents.findIndex(({ address, run }) => address === id || run === id)
  const line = board.agents[at]
  const short = shortAddress(id)
  return (
    <div class="agent-page">
      <Part title={`Agent ${short}`}>
        <Neighbours agents={board.agents} at={at} />
        {line === undefined ? (
          <Nothing>Nobody of this name is at work now.</Nothing>
        ) : (
          <dl class="facts">
            <dt>Doing</dt>
            <dd>
              <Doing line={line} />
            </dd>
            {line.bead !== null && (
              <>
                <dt>Work</dt>
                <dd>
                  <Why id={line.bead} /> <Title text={line.title} />
                </dd>
              </>
            )}
            <dt>Since</dt>
            <dd>
              <Ago at={line.since} />, last sign <Ago at={line.seen} />
            </dd>
            {line.run !== null && (
              <>
                <dt>Run</dt>
                <dd>
                  <Why id={line.run} />, attempt {line.attempt}, round {line.round}
                </dd>
              </>
            )}
            <dt>Context</dt>
            <dd>
              <Context used={line.context} />
            </dd>
            <dt>Runs as</dt>
            <dd>{[line.agent, line.model].filter(Boolean).join(' · ') || '–'}</dd>
            <dt>Go there</dt>
            <dd>
              {line.session === null ? 'it has no session now' : <Type command={`gt attach ${short}`} />}
              {line.run !== null && <Acts verbs={['stop']} id={line.run} />}
            </dd>
          </dl>
        )}
      </Part>
      <Part title="Screen">
        <Screen pane={pane?.who === id ? pane : null} name={short} />
      </Part>
    </div>
  )
}

/** To walk through the panes. */
function Neighbours({ agents, at }: { agents: Board['agents']; at: number }) {
  if (at < 0 || agents.length < 2) return null
  const link = (step: number, word: string, key: string) => {
    const { address } = agents[(at + step + agents.length) % agents.length]!
    return (
      <a href={hrefOf({ at: 'agent', id: address })} data-key={key} title={`${word} agent (${key})`}>
        {word}
      </a>
    )
  }
  return (
    <nav class="neighbours" aria-label="Agents beside this one">
      {link(-1, 'previous', '[')} <span class="muted">{`${at + 1} of ${agents.length}`}</span> {link(1, 'next', ']')}
    </nav>
  )
}

/** Follows its end, as a terminal does, unless somebody scrolled up to read. */
function Screen({ pane, name }: { pane: PaneView | null; name: string }) {
  const box = useRef<HTMLElement>(null)
  const follows = useRef(true)
  const text = pane?.is === 'screen' ? pane.text : ''
  useEffect(() => {
    follows.current = true
  }, [name])
  useLayoutEffect(() => {
    if (box.current !== null && follows.current) box.current.scrollTop = box.current.scrollHeight
  }, [text])
  if (pane === null) return <Nothing>Looking …</Nothing>
  if (pane.is !== 'screen') return <Nothing>{pane.why}</Nothing>
  return (
    <section
      ref={box}
      class="screen"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
      tabIndex={0}
      aria-label={`Screen of ${name}`}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        follows.current = scrollTop + clientHeight >= scrollHeight - 8
      }}
    >
      <pre>{text}</pre>
    </section>
  )
}
