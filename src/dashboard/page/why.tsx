/** Why something is as it is: a bead with its words, a run, a merge request, an incident; and every decision about it. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Board } from '../../board/board.ts'
import { Acts, Answers } from './acts.tsx'
import type { BeadAnswer, ConvoyAnswer, WhyAnswer } from './answers.ts'
import type { Answer } from './ask.ts'
import { ask } from './ask.ts'
import { Members } from './convoys.tsx'
import { Agent, Ago, Chip, Nothing, Part, Title, Type, Why } from './parts.tsx'
import { Because, Evidence, Facts, Request, Runs, Steps, Words } from './story.tsx'

interface Found {
  id: string
  why: Answer<WhyAnswer>
  bead: BeadAnswer | null
  convoy: ConvoyAnswer | null
}

/** Asks again when the town moved on, one question at a time. */
function useWhy(id: string, board: Board): Found | null {
  const [found, setFound] = useState<Found | null>(null)
  useEffect(() => {
    let over = false
    const look = async (): Promise<void> => {
      const why = await ask<WhyAnswer>('why', id)
      const isBead = why.ok && (why.data.kind === 'bead' || why.data.kind === 'incident')
      const bead = isBead ? await ask<BeadAnswer>('bead', id) : null
      const isConvoy = board.convoys.some((one) => one.id === id)
      const convoy = isConvoy ? await ask<ConvoyAnswer>('convoy', id) : null
      if (!over) setFound({ id, why, bead: bead?.ok ? bead.data : null, convoy: convoy?.ok ? convoy.data : null })
    }
    const timer = setTimeout(() => void look(), found?.id === id ? 400 : 0)
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [id, board.events[0]?.id])
  return found?.id === id ? found : null
}

export function WhyPage({ id, board }: { id: string; board: Board }) {
  const found = useWhy(id, board)
  if (found === null) return <Nothing>Looking …</Nothing>
  const { why, bead, convoy } = found
  if (!why.ok) {
    return (
      <Part title="Not found">
        <p>{why.error.message}</p>
        {why.error.hint !== undefined && (
          <p>
            <Type command={why.error.hint} />
          </p>
        )}
      </Part>
    )
  }
  return (
    <div class="why-page">
      <div>
        <Subject why={why.data} board={board} />
        {convoy !== null && <Members members={convoy.members} />}
        {bead !== null && <Words bead={bead} />}
      </div>
      <Part title="How it came to be so" count={why.data.steps.length}>
        <Steps steps={why.data.steps} />
      </Part>
    </div>
  )
}

function Subject({ why, board }: { why: WhyAnswer; board: Board }) {
  switch (why.kind) {
    case 'bead': {
      const live = board.agents.find(({ bead }) => bead === why.id)
      const item = board.problems.find(({ bead }) => bead === why.id)
      return (
        <>
          <Part title={why.id} class="subject">
            <p class="headline">
              <Chip word={why.standing} /> <Title text={why.title} whole />
            </p>
            <Because text={why.reason} />
            {item !== undefined && (
              <p class="note ways">
                <Answers item={item} />
              </p>
            )}
            {live !== undefined && (
              <p class="note">
                at work: <Agent address={live.address} />
                {live.run !== null && <Acts verbs={['stop']} id={live.run} />}
              </p>
            )}
          </Part>
          {why.merge_request !== null && <Request merge={why.merge_request} />}
          {why.runs.length > 0 && (
            <Part title="Runs" count={why.runs.length}>
              <Runs runs={why.runs} />
            </Part>
          )}
        </>
      )
    }
    case 'run':
      return (
        <Part title={`Run ${why.run}`} class="subject">
          <p class="headline">
            <Chip word={why.state} /> <Why id={why.bead} /> <Title text={why.title} whole />
          </p>
          <Because text={why.reason} />
          <Facts
            rows={[
              ['Worker', <Agent key="a" address={why.agent} />],
              ['Attempt', `${why.attempt}, round ${why.round}`],
              ['Since', <Ago key="s" at={why.since} />],
              ['Merge request', why.merge_request === null ? '–' : <Why key="m" id={why.merge_request} />],
              ['Archive', why.archive === null ? '–' : <Type key="r" command={`gt restore ${why.run}`} />],
              ...(why.verdict === null ? [] : [['Seen now', why.verdict] as [string, ComponentChildren]]),
            ]}
          />
          <Evidence facts={why.evidence} />
        </Part>
      )
    case 'merge-request':
      return <Request merge={why} />
    case 'incident':
      return (
        <Part title={why.id} class="subject">
          <p class="headline">
            <Chip word={why.open ? 'open' : 'closed'} tone={why.open ? 'bad' : 'good'} />{' '}
            <Title text={why.title} whole />
          </p>
          <Because text={why.breaker?.text ?? null} />
          <p class="muted">
            {why.rule}: {why.rule_text}
          </p>
          <ul class="lines">
            {why.failures.map((one) => (
              <li key={one.run}>
                <span class="aside">
                  <Ago at={one.at} />
                </span>
                <Why id={one.run} /> <Agent address={one.agent} /> <Why id={one.bead} />
                <span class="note">
                  <bdi>{one.reason}</bdi>
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )
  }
}
