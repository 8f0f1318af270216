/** The verdict on a worker under every kind of evidence: dead only with proof (law 5). */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SessionView } from '../../src/agents/runtime.ts'
import type { Read } from '../../src/result.ts'
import { empty, fail, ok, unknown } from '../../src/result.ts'
import type { Evidence, Verdict } from '../../src/witness/evaluate.ts'
import { evaluate } from '../../src/witness/evaluate.ts'
import { aRun } from '../kernel/support.ts'

const run = aRun('r1', 'gp-a')
const now = 10_000_000
const QUIET_MS = 600_000
const error = fail('E_X', 'could not look')
const silent = unknown('no answer')

const session = (more: Partial<SessionView> = {}): Read<SessionView> =>
  ok({ name: run.session, labels: { run: 'r1' }, process: run.process!, alive: true, ...more })
const verdict = (evidence: Evidence): Verdict => evaluate(run, evidence, now, QUIET_MS)

const SESSIONS: Record<string, Read<SessionView>> = {
  lives: session(),
  ended: session({ alive: false, exitCode: 3 }),
  killed: session({ alive: false }),
  'of another run, ended': session({ labels: { run: 'r0' }, alive: false, exitCode: 3 }),
  'of an earlier round, ended': session({ process: { pid: 4242, started: 'before' }, alive: false, exitCode: 0 }),
  'of nobody, ended': session({ labels: {}, alive: false }),
  none: empty,
  error,
  unknown: silent,
}
const PROCESSES: Record<string, Read<boolean>> = {
  runs: ok(true),
  gone: ok(false),
  'not recorded': empty,
  error,
  unknown: silent,
}
const BEATS: Record<string, Read<number>> = {
  now: ok(now),
  'just in time': ok(now - QUIET_MS),
  'too long ago': ok(now - QUIET_MS - 1),
  none: empty,
  error,
  unknown: silent,
}

/** The rule once more, as a table in words. */
function expected(sessionIs: string, processIs: string, beatIs: string): Verdict['is'] {
  if (sessionIs === 'ended' || sessionIs === 'killed') return 'dead'
  if (processIs === 'gone') return 'dead'
  if (processIs !== 'runs') return 'unknown'
  if (sessionIs === 'none') return 'unknown'
  return beatIs === 'too long ago' ? 'quiet' : 'alive'
}

const names = (table: object): string[] => Object.keys(table)
const everything = names(SESSIONS).flatMap((s) =>
  names(PROCESSES).flatMap((p) => names(BEATS).map((b) => [s, p, b] as const)),
)

test('every combination of evidence', () => {
  expect(everything).toHaveLength(9 * 5 * 6)
  const found = everything.map(([s, p, b]) => {
    const { is } = verdict({ session: SESSIONS[s]!, process: PROCESSES[p]!, lastBeat: BEATS[b]! })
    return `session ${s}, process ${p}, beat ${b}: ${is}`
  })
  expect(found).toEqual(everything.map(([s, p, b]) => `session ${s}, process ${p}, beat ${b}: ${expected(s, p, b)}`))
})

test('a verdict carries its proof', () => {
  const dead = (of: Partial<Evidence>) => verdict({ session: session(), process: ok(true), lastBeat: ok(now), ...of })
  expect(dead({ session: SESSIONS.ended! })).toEqual({
    is: 'dead',
    evidence: "the agent's process ended (exit code 3)",
    ended: 3,
  })
  expect(dead({ session: SESSIONS.killed! })).toEqual({
    is: 'dead',
    evidence: "the agent's process ended (it was killed)",
  })
  expect(dead({ process: ok(false) })).toEqual({ is: 'dead', evidence: 'process 4242 is gone' })
  expect(dead({ lastBeat: ok(now - QUIET_MS - 5) })).toEqual({ is: 'quiet', sinceMs: QUIET_MS + 5 })
  expect(dead({ session: empty })).toMatchObject({ is: 'unknown', why: expect.stringContaining('4242') })
})

test('an agent that ended by itself with code 0 is dead too: it did not hand in', () => {
  expect(
    verdict({ session: session({ alive: false, exitCode: 0 }), process: ok(true), lastBeat: ok(now) }),
  ).toMatchObject({
    is: 'dead',
    ended: 0,
  })
})

const aRead = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Read<T>> =>
  fc.oneof({ weight: 2, arbitrary: value.map(ok) }, { weight: 3, arbitrary: fc.constantFrom(empty, silent, error) })
const aSession = fc.record({
  name: fc.string(),
  labels: fc.record({ run: fc.constantFrom('r1', 'r0', '') }),
  process: fc.constantFrom(run.process!, { pid: 4242, started: 'before' }, { pid: 7, started: 'boot.r1' }),
  alive: fc.boolean(),
  exitCode: fc.constantFrom<(number | undefined)[]>(undefined, 0, 1, 137),
}) as fc.Arbitrary<SessionView>

test('never dead unless the session of this very fence and process shows its end, or the process is proven gone', () => {
  fc.assert(
    fc.property(aRead(aSession), aRead(fc.boolean()), aRead(fc.integer()), (seen, process, lastBeat) => {
      const ours = seen.kind === 'ok' && seen.value.labels.run === 'r1' && seen.value.process === run.process
      const ended = ours && !seen.value.alive
      const gone = process.kind === 'ok' && !process.value
      expect(verdict({ session: seen, process, lastBeat }).is === 'dead').toBe(ended || gone)
    }),
  )
})
