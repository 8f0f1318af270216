/** What the page of one thing is made of: its merge request, its runs, its words, and every decision about it. */
import type { ComponentChildren } from 'preact'
import { Acts, verbsOf } from './acts.tsx'
import type { BeadAnswer, RunLine, Step, WhyMerge } from './answers.ts'
import { Agent, Ago, Chip, Nothing, Part, Table, Why } from './parts.tsx'
import { exactly } from './time.ts'

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  )
}

export const Because = ({ text }: { text: string | null }) =>
  text === null ? null : (
    <bdi class="words" dir="auto">
      {text}
    </bdi>
  )

export function Request({ merge }: { merge: WhyMerge }) {
  return (
    <Part title={`Merge request ${merge.id}`} class="subject">
      <p class="headline">
        <Chip word={merge.state} /> <Why id={merge.bead} />
        <Acts verbs={verbsOf(merge.state)} id={merge.id} />
      </p>
      <Because text={merge.reason} />
      <Facts
        rows={[
          ['Rule', merge.rule ?? '–'],
          ['Tree', <code key="t">{merge.tree?.slice(0, 12) ?? '–'}</code>],
          ...(merge.batch === null || merge.batch.length < 2
            ? []
            : [
                ['Together with', merge.batch.map((id) => [<Why key={id} id={id} />, ' '])] as [
                  string,
                  ComponentChildren,
                ],
              ]),
        ]}
      />
      {merge.tests.length > 0 && (
        <Table
          label="Gate runs"
          rows={merge.tests}
          keyOf={({ at }) => at}
          columns={[
            { name: 'Gate run', cell: ({ at }) => <Ago at={at} /> },
            { name: 'Outcome', cell: ({ outcome }) => <Chip word={outcome} /> },
            { name: 'Place', kind: 'late', cell: ({ place, size }) => `${place} of ${size}` },
            { name: 'Took', kind: 'number', cell: ({ ms }) => `${(ms / 1000).toFixed(1)} s` },
            { name: 'Why', kind: 'main', cell: ({ reason }) => reason && <bdi class="muted">{reason}</bdi> },
          ]}
        />
      )}
    </Part>
  )
}

export const Runs = ({ runs }: { runs: RunLine[] }) => (
  <Table
    label="Runs"
    rows={runs}
    keyOf={({ run }) => run}
    columns={[
      { name: 'Run', cell: ({ run }) => <Why id={run} /> },
      { name: 'State', cell: ({ state }) => <Chip word={state} /> },
      { name: 'Worker', cell: ({ agent }) => <Agent address={agent} /> },
      {
        name: 'Attempt',
        kind: 'late',
        cell: ({ attempt, round }) => `${attempt}${round > 1 ? `, round ${round}` : ''}`,
      },
      { name: 'Since', kind: 'number', cell: ({ since }) => <Ago at={since} /> },
      { name: 'Why', kind: 'main', cell: ({ reason }) => reason && <bdi class="muted">{reason}</bdi> },
    ]}
  />
)

export function Words({ bead }: { bead: BeadAnswer }) {
  const needs = (bead.dependencies ?? []).filter(({ type }) => type === 'blocks')
  return (
    <Part title="What was asked">
      <p class="muted note">
        {bead.issue_type} · priority {bead.priority}
        {(bead.labels ?? []).map((label) => [' · ', <bdi key={label}>{label}</bdi>])}
        {needs.length > 0 && ' · needs '}
        {needs.map(({ depends_on_id: id }) => [<Why key={id} id={id} />, ' '])}
      </p>
      {bead.description ? (
        <pre class="text" dir="auto">
          {bead.description}
        </pre>
      ) : (
        <Nothing>It has no more words than its title.</Nothing>
      )}
      {(bead.comments ?? []).map(({ author, text, created_at }) => (
        <figure key={`${created_at} ${text}`} class="comment">
          <figcaption class="muted">
            <bdi>{author}</bdi>
            {created_at !== undefined && (
              <>
                {', '}
                <Ago at={created_at} /> ago
              </>
            )}
          </figcaption>
          <pre class="text" dir="auto">
            {text}
          </pre>
        </figure>
      ))}
    </Part>
  )
}

export function Steps({ steps }: { steps: Step[] }) {
  if (steps.length === 0) return <Nothing>The books hold nothing about it.</Nothing>
  return (
    <ol class="steps">
      {steps.map((step, n) => (
        <li key={`${step.at} ${n}`}>
          <p>
            <bdi>{step.why}</bdi>{' '}
            {step.rule !== null && <Chip word={step.rule} tone="still" title="the rule applied" />}
          </p>
          <p class="muted note">
            <time dateTime={step.at}>{exactly(step.at)}</time> by <bdi>{step.by}</bdi>
            {step.fence !== null && (
              <>
                {', run '}
                <Why id={step.fence} />
              </>
            )}
          </p>
          <Evidence facts={step.evidence} />
        </li>
      ))}
    </ol>
  )
}

export function Evidence({ facts }: { facts: string[] }) {
  if (facts.length === 0) return null
  return (
    <ul class="evidence">
      {facts.map((fact) => (
        <li key={fact}>
          <bdi>{fact}</bdi>
        </li>
      ))}
    </ul>
  )
}
