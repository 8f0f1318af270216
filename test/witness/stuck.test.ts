/** How a worker that stands still is helped: each step once, in order, and never one that ends it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { Run, Stuck } from '../../src/beads/facts.ts'
import type { Help, Reach, Standstill } from '../../src/witness/stuck.ts'
import { helpFor, MOST_REMINDERS, nextHelpAt, reportOf } from '../../src/witness/stuck.ts'
import { POLICY } from '../deacon/support.ts'
import { aBead, aRun, at, beadWith } from '../kernel/support.ts'

const PATIENCE = POLICY.patience
const REACH: Reach = { hears: true, judges: true, witness: true }
const T0 = Date.parse(at(0))

/** Lets a worker stand still for ever: every step it gets, with the second at which it comes. */
function story(is: Stuck['is'], more: { reach?: Partial<Reach>; report?: boolean; run?: Partial<Run> } = {}): string[] {
  const reach = { ...REACH, ...more.reach }
  const steps: string[] = []
  let run = aRun('r1', 'gp-a', more.run)
  let question: Bead | undefined
  for (let s = 0; s <= 4_000; s += 5) {
    const still: Standstill = { is, since: T0, evidence: 'seen' }
    const help = helpFor(beadWith(run), run, still, reach, PATIENCE, T0 + s * 1000, question)
    if (help === null) continue
    steps.push(`${help.do}@${s}`)
    if (help.do === 'ask' || help.do === 'recover') break
    run = { ...run, stuck: help.stuck, ...('helped' in help && { helped: help.helped }) }
    if (help.do === 'diagnose') {
      run.stuck = { ...help.stuck, diagnosis: 'gp-q' }
      const done = {
        status: 'closed',
        comments: [{ id: 1, issue_id: 'gp-q', author: 'w', text: 'It waits.', created_at: at(s) }],
      }
      question = more.report ? aBead('gp-q', done, { outcome: 'done' }) : aBead('gp-q')
    }
  }
  return steps
}

test.each<[string, string[], string[]]>([
  ['silent, no answer from the Witness', story('silent'), ['remind@0', 'wake@180', 'diagnose@360', 'ask@1260']],
  [
    'silent, the Witness answers',
    story('silent', { report: true }),
    ['remind@0', 'wake@180', 'diagnose@360', 'pass-on@365', 'ask@545'],
  ],
  ['idle', story('idle'), ['wake@0', 'diagnose@180', 'ask@1080']],
  ['at a dialog', story('waiting'), ['ask@45']],
  ['contradictory', story('detecting'), ['note@0', 'ask@300']],
  ['silent, without hooks', story('silent', { reach: { hears: false } }), ['wake@0', 'diagnose@180', 'ask@1080']],
  [
    'silent, and nobody can be the Witness',
    story('silent', { reach: { witness: false } }),
    ['remind@0', 'wake@180', 'ask@360'],
  ],
  ['silent, and it cannot be told anything', story('silent', { reach: { judges: false } }), ['note@0', 'ask@360']],
  ['helped too often already', story('idle', { run: { helped: MOST_REMINDERS } }), ['diagnose@0', 'ask@900']],
])('a worker that stands still: %s', (_what, steps, expected) => {
  expect(steps).toEqual(expected)
})

test('whoever waits for a person is not disturbed', () => {
  const run = aRun('r1', 'gp-a')
  const still: Standstill = { is: 'idle', since: T0, evidence: 'idle' }
  const asked = beadWith(run, { needs: { cause: 'ask', text: 'which?', at: at(0) } })
  expect(helpFor(asked, run, still, REACH, PATIENCE, T0 + 9e9)).toBeNull()
})

const stuck = (more: Partial<Stuck> = {}): Stuck => ({
  is: 'idle',
  since: at(0),
  step: 'woken',
  at: at(0),
  evidence: 'x',
  ...more,
})

test('one sentence after a reminder is not work yet; a while of work is', () => {
  const run = aRun('r1', 'gp-a', { stuck: stuck() })
  const after = (ms: number): Help | null => helpFor(beadWith(run), run, null, REACH, PATIENCE, T0 + ms)
  expect(after(PATIENCE.stepMs - 1)).toBeNull()
  expect(after(PATIENCE.stepMs)).toEqual({ do: 'recover' })
})

test('a dialog that was answered takes its question back at once; a question of the worker itself stays', () => {
  const run = aRun('r1', 'gp-a', { stuck: stuck({ is: 'waiting', step: 'asked' }) })
  const about = (cause: string) => beadWith(run, { needs: { cause, text: '', at: at(0) } })
  expect(helpFor(about('dialog'), run, null, REACH, PATIENCE, T0)).toEqual({ do: 'recover' })
  const asks = aRun('r1', 'gp-a')
  const own = beadWith(asks, { needs: { cause: 'ask', text: '', at: at(0) } })
  expect(helpFor(own, asks, null, REACH, PATIENCE, T0 + 9e9)).toBeNull()
})

test('the answer of the Witness is the report of its bead, and only once it is done', () => {
  const comments = [{ id: 1, issue_id: 'gp-q', author: 'w', text: 'It waits for a lock.', created_at: at(0) }]
  expect(reportOf(aBead('gp-q', { status: 'closed', comments }, { outcome: 'done' }))).toBe('It waits for a lock.')
  expect(reportOf(aBead('gp-q', { status: 'open', comments }))).toBeUndefined()
  expect(reportOf(aBead('gp-q', { status: 'closed', comments }, { outcome: 'cancelled' }))).toBeUndefined()
})

test('whatever is seen and whenever: at most one person is asked, and every step waits for its time', () => {
  const looks = fc.array(
    fc.record({
      s: fc.integer({ min: 1, max: 600 }),
      is: fc.option(fc.constantFrom<Stuck['is'][]>('silent', 'idle', 'waiting', 'detecting')),
    }),
    { maxLength: 80 },
  )
  fc.assert(
    fc.property(looks, fc.boolean(), fc.boolean(), (rows, hears, judges) => {
      let run = aRun('r1', 'gp-a')
      let now = T0
      let needs: { cause: string; text: string; at: string } | undefined
      for (const { s, is } of rows) {
        now += s * 1000
        const still: Standstill | null = is === null ? null : { is, since: now - s * 1000, evidence: 'seen' }
        const bead = beadWith(run, needs === undefined ? {} : { needs })
        const help = helpFor(bead, run, still, { hears, judges, witness: judges }, PATIENCE, now)
        if (help === null) {
          const due = nextHelpAt(run, PATIENCE)
          // Nothing is due that is not done, as long as it stands still in the same way.
          if (still !== null && needs === undefined && run.stuck?.is === still.is && run.stuck.is !== 'waiting')
            expect(due).toBeGreaterThan(now)
          continue
        }
        if (help.do === 'recover') {
          const { stuck: _over, ...rest } = run
          run = rest as Run
          needs = undefined
          continue
        }
        if (help.do === 'ask') {
          expect(needs).toBeUndefined()
          needs = { cause: help.cause, text: '', at: new Date(now).toISOString() }
        }
        if (!judges) expect(['note', 'ask']).toContain(help.do)
        if (!hears) expect(help.do).not.toBe('remind')
        run = { ...run, stuck: help.stuck, ...('helped' in help && { helped: help.helped }) }
      }
    }),
  )
})
