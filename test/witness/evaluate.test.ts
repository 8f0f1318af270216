/** The verdict on a worker under every kind of evidence: dead only with proof (law 5). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SessionView } from '../../src/agents/runtime.ts'
import type { Run } from '../../src/beads/facts.ts'
import type { Read } from '../../src/result.ts'
import { empty, fail, ok, unknown } from '../../src/result.ts'
import type { Evidence, Verdict } from '../../src/witness/evaluate.ts'
import { evaluate, GOODBYE_MS } from '../../src/witness/evaluate.ts'
import type { Doing, SignName, Signs } from '../../src/witness/evidence.ts'
import { NOT_LOOKED, SIGNS } from '../../src/witness/evidence.ts'
import { aRun, at } from '../kernel/support.ts'

const QUIET_MS = 600_000
const now = Date.parse(at(7_200))
const run = aRun('r1', 'gp-a', { conversation: 'c1' })
const error = fail('E_X', 'could not look')
const silent = unknown('no answer')

const session = (more: Partial<SessionView> = {}): Read<SessionView> =>
  ok({ name: run.session, labels: { run: 'r1' }, process: run.process!, alive: true, ...more })
const NEVER: Signs = { hook: empty, client: empty, transcript: empty, files: empty, git: empty, output: empty }
const CALM: Evidence = {
  ...NEVER,
  session: session(),
  process: ok(true),
  runtime: ok(true),
  earlierBoot: false,
  hook: ok(now),
  doing: { is: 'unknown' },
  conversation: empty,
}
const verdict = (more: Partial<Evidence>, of: Run = run): Verdict =>
  evaluate(of, { ...CALM, ...more }, now, { quietAfterMs: QUIET_MS })
const said = ({ is, rule }: Verdict): string => `${is} ${rule}`

const SESSIONS: Record<string, Read<SessionView>> = {
  lives: session(),
  ended: session({ alive: false, exitCode: 3 }),
  killed: session({ alive: false, exitCode: 137 }),
  'ended somehow': session({ alive: false }),
  'of another run, ended': session({ labels: { run: 'r0' }, alive: false, exitCode: 3 }),
  'of an earlier round, ended': session({ process: { pid: 4242, started: 'before' }, alive: false, exitCode: 0 }),
  'of another process': session({ process: { pid: 4243, started: 'boot.r1' } }),
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
const RUNTIMES: Record<string, Read<boolean>> = {
  stands: ok(true),
  gone: ok(false),
  'does not tell': empty,
  error,
  unknown: silent,
}
const LIVES: Record<string, Partial<Signs>> = {
  fresh: { hook: ok(now) },
  'just in time': { hook: ok(now - QUIET_MS) },
  old: { hook: ok(now - QUIET_MS - 1) },
  never: {},
  'silent, but its files change': { hook: ok(now - 3_600_000), files: ok(now - 25_000) },
  'only its screen moves': { hook: ok(now - 3_600_000), output: ok(now - 1_000) },
  'dated in the far future': { hook: ok(now + 86_400_000) },
  'old, the rest not looked at': { hook: ok(now - QUIET_MS - 1), files: NOT_LOOKED },
  'old, the rest an error': { hook: ok(now - QUIET_MS - 1), transcript: error },
  'old, its client not understood': { hook: ok(now - QUIET_MS - 1), client: silent },
}
const FRESH = new Set(['fresh', 'just in time', 'silent, but its files change'])
const DOINGS: Record<string, Doing> = {
  unknown: { is: 'unknown' },
  busy: { is: 'busy', since: now - 7_000_000, by: 'client' },
  idle: { is: 'idle', since: now - 7_000_000, by: 'client' },
  waits: { is: 'waiting', since: now - 7_000_000, waitingFor: 'permission prompt', by: 'client' },
  'just said good-bye': { is: 'ended', since: now - GOODBYE_MS, by: 'hook' },
  'said good-bye': { is: 'ended', since: now - GOODBYE_MS - 1, by: 'hook' },
}
const CONVERSATIONS: Record<string, Read<string>> = { own: ok('c1'), another: ok('c2'), 'not told': empty }

interface Case {
  session: string
  process: string
  runtime: string
  boot: 'this' | 'earlier'
  life: string
  doing: string
  conversation: string
}

/** The rule once more, as a table in words. */
function expected(the: Case): string {
  const ended = ['ended', 'killed', 'ended somehow'].includes(the.session)
  const others = ['of another run, ended', 'of an earlier round, ended', 'of another process'].includes(the.session)
  switch (the.process) {
    case 'gone':
      if (the.boot === 'earlier') return 'dead other-boot'
      if (ended) return 'dead dead-pane'
      return the.runtime === 'gone' ? 'dead runtime-gone' : 'dead dead-process'
    case 'not recorded':
      return 'unknown no-process'
    case 'error':
    case 'unknown':
      return 'unknown no-process-table'
  }
  if (the.session === 'none') return 'detecting process-without-session'
  if (others) return 'detecting other-process'
  if (ended) return 'detecting process-without-pane'
  if (the.doing === 'said good-bye') return 'detecting said-goodbye'
  if (the.conversation === 'another') return 'detecting other-conversation'
  if (the.life === 'only its screen moves') return 'alive only-its-screen'
  if (FRESH.has(the.life)) return 'alive sign'
  if (the.doing === 'waits') return 'alive waits'
  if (the.session === 'error' || the.session === 'unknown') return 'unknown no-runtime'
  return the.life.startsWith('old, the rest') ? 'unknown unseen' : 'quiet no-sign'
}

function* everything(): Generator<Case> {
  const names = Object.keys
  for (const s of names(SESSIONS))
    for (const process of names(PROCESSES))
      for (const runtime of names(RUNTIMES))
        for (const boot of ['this', 'earlier'] as const)
          for (const life of names(LIVES))
            for (const doing of names(DOINGS))
              for (const conversation of names(CONVERSATIONS))
                yield { session: s, process, runtime, boot, life, doing, conversation }
}

test('every combination of evidence', () => {
  const wrong: string[] = []
  let cases = 0
  for (const the of everything()) {
    cases++
    const found = verdict({
      ...NEVER,
      ...LIVES[the.life]!,
      session: SESSIONS[the.session]!,
      process: PROCESSES[the.process]!,
      runtime: RUNTIMES[the.runtime]!,
      earlierBoot: the.boot === 'earlier',
      doing: DOINGS[the.doing]!,
      conversation: CONVERSATIONS[the.conversation]!,
    })
    if (said(found) !== expected(the)) wrong.push(`${JSON.stringify(the)}: ${said(found)}, not ${expected(the)}`)
  }
  expect(cases).toBe(10 * 5 * 5 * 2 * 10 * 6 * 3)
  expect(wrong).toEqual([])
})

describe('a verdict carries', () => {
  test('of a dead agent how it ended, and whether by a signal', () => {
    const gone = { process: ok(false) }
    expect(verdict({ ...gone, session: SESSIONS.ended! })).toMatchObject({
      proof: "the agent's process ended (exit code 3)",
      exit: 3,
      interrupted: false,
    })
    expect(verdict({ ...gone, session: SESSIONS.ended! })).not.toHaveProperty('signal')
    expect(verdict({ ...gone, session: SESSIONS.killed! })).toMatchObject({ exit: 137, signal: 9 })
    expect(verdict({ ...gone, session: session({ alive: false, exitCode: 255 }) })).not.toHaveProperty('signal')
    expect(verdict({ ...gone, session: SESSIONS['ended somehow']! })).toMatchObject({
      proof: "the agent's process ended (it was killed)",
    })
    expect(verdict({ ...gone, session: empty })).toMatchObject({ proof: 'process 4242 is gone', interrupted: false })
  })

  test('whether the agent was interrupted, or that nobody can tell', () => {
    const dead = (more: Partial<Evidence>) => verdict({ process: ok(false), session: empty, ...more })
    expect(dead({ earlierBoot: true, runtime: silent })).toMatchObject({ interrupted: true })
    expect(dead({ runtime: ok(false) })).toMatchObject({ interrupted: true })
    expect(dead({ runtime: empty })).toMatchObject({ interrupted: false })
    expect(dead({ runtime: silent, session: silent })).not.toHaveProperty('interrupted')
    // A pane that shows its end stands in a runtime that did not end.
    expect(dead({ runtime: ok(false), session: SESSIONS.ended! })).toMatchObject({ interrupted: false })
  })

  test('of a living one what it does, and its newest sign with its grade', () => {
    const idle = { is: 'idle', since: now - 120_000, by: 'client' } as const
    expect(verdict({ doing: idle, hook: ok(now - 120_000), output: ok(now - 90_000) })).toMatchObject({
      is: 'alive',
      doing: idle,
      newest: { name: 'output', grade: 'weak', at: now - 90_000 },
      work: { name: 'hook', grade: 'strong', at: now - 120_000 },
    })
    expect(verdict({ hook: ok(now - 5), client: ok(now - 5) })).toMatchObject({ newest: { name: 'hook' } })
  })

  test('of a quiet one since when', () => {
    const seen = verdict({ hook: ok(now - 3_600_000), git: ok(now - 1_800_000), doing: DOINGS.idle! })
    expect(seen).toMatchObject({ is: 'quiet', sinceMs: 1_800_000, newest: { name: 'git' }, doing: { is: 'idle' } })
  })

  test('what contradicts what', () => {
    expect(verdict({ session: empty })).toMatchObject({
      contradiction: `process 4242 runs, yet its session ${run.session} is not there`,
    })
    expect(verdict({ doing: DOINGS['said good-bye']! })).toMatchObject({
      contradiction: expect.stringContaining('30 s'),
    })
  })

  test('a line for each fact, with its age or the reason why it is not known', () => {
    const { evidence } = verdict({
      hook: ok(now - 720_000),
      client: empty,
      transcript: ok(now - 3_000),
      files: NOT_LOOKED,
      git: error,
      doing: DOINGS.waits!,
    })
    expect(evidence).toEqual([
      'process: 4242 runs',
      'session: holds process 4242',
      'doing: waiting for: permission prompt since 2 h (told by its client)',
      'hook: 12 min ago',
      'client: none',
      'transcript: 3 s ago',
      'files: not looked at',
      'git: could not look',
      'output: none',
    ])
    expect(verdict({ process: ok(false), session: SESSIONS.killed! }).evidence.slice(0, 2)).toEqual([
      'process: 4242 is gone',
      'session: its process 4242 ended (exit code 137)',
    ])
  })
})

test('who was set going a moment ago is not quiet yet; who is quiet stays so until it gives a sign', () => {
  const old = { ...NEVER, hook: ok(now - 3_600_000) }
  const since = new Date(now - QUIET_MS).toISOString()
  expect(said(verdict(old, { ...run, since }))).toBe('alive just-begun')
  expect(said(verdict({ ...NEVER }, { ...run, since }))).toBe('alive just-begun')
  expect(verdict(old, { ...run, since, state: 'quiet' })).toMatchObject({ is: 'quiet', sinceMs: 3_600_000 })
  expect(verdict({ ...NEVER }, { ...run, since, state: 'quiet' })).toMatchObject({ is: 'quiet', sinceMs: QUIET_MS })
  const earlier = new Date(now - QUIET_MS - 1).toISOString()
  expect(verdict(old, { ...run, since: earlier })).toMatchObject({ is: 'quiet', sinceMs: QUIET_MS + 1 })
})

const aRead = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Read<T>> =>
  fc.oneof({ weight: 3, arbitrary: value.map(ok) }, { weight: 2, arbitrary: fc.constantFrom(empty, silent, error) })
const aTime = fc.integer({ min: now - 2 * QUIET_MS, max: now })
const anEvidence: fc.Arbitrary<Evidence> = fc.record({
  ...(Object.fromEntries(SIGNS.map((name) => [name, aRead(aTime)])) as Record<SignName, fc.Arbitrary<Read<number>>>),
  session: fc.oneof({ weight: 3, arbitrary: fc.constant(session()) }, fc.constantFrom(...Object.values(SESSIONS))),
  process: fc.oneof({ weight: 3, arbitrary: fc.constant(ok(true)) }, aRead(fc.boolean())),
  runtime: aRead(fc.boolean()),
  earlierBoot: fc.boolean(),
  doing: fc.constantFrom(...Object.values(DOINGS)),
  conversation: aRead(fc.constantFrom('c1', 'c2')),
})
const aRunOf = fc.record({
  state: fc.constantFrom('working' as const, 'quiet' as const, 'starting' as const),
  since: aTime.map((ms) => new Date(ms).toISOString()),
})
const READS = ['session', 'process', 'runtime', 'conversation', ...SIGNS] as const

test('dead exactly when the process is proven gone', () => {
  fc.assert(
    fc.property(anEvidence, aRunOf, (seen, more) => {
      const gone = seen.process.kind === 'ok' && !seen.process.value
      expect(verdict(seen, { ...run, ...more }).is === 'dead').toBe(gone)
    }),
  )
})

test('to know less never makes anybody dead, nor anybody quiet who was alive', () => {
  fc.assert(
    fc.property(anEvidence, aRunOf, fc.subarray([...READS]), fc.constantFrom(silent, error), (seen, more, lost, by) => {
      const less: Evidence = { ...seen, ...Object.fromEntries(lost.map((name) => [name, by])) }
      const [before, after] = [seen, less].map((one) => verdict(one, { ...run, ...more }).is)
      if (after === 'dead') expect(before).toBe('dead')
      // A client's status may be lost for good (evaluate.ts); hooks say as much.
      if (after === 'quiet' && !lost.includes('client')) expect(['quiet', 'detecting']).toContain(before)
      if (after === 'detecting') expect(before).toBe('detecting')
    }),
    { numRuns: 2_000 },
  )
})

test('a newer sign of life never makes it worse', () => {
  const RANK = { dead: 0, detecting: 1, unknown: 2, quiet: 2, alive: 3 }
  fc.assert(
    fc.property(anEvidence, aRunOf, fc.constantFrom(...SIGNS), aTime, (seen, more, name, when) => {
      const old = seen[name]
      const newer: Evidence = { ...seen, [name]: ok(old.kind === 'ok' ? Math.max(old.value, when) : when) }
      const [before, after] = [seen, newer].map((one) => verdict(one, { ...run, ...more }))
      expect(RANK[after!.is]).toBeGreaterThanOrEqual(RANK[before!.is])
      if (before!.is === 'quiet' && after!.is === 'quiet') expect(after!.sinceMs).toBeLessThanOrEqual(before!.sinceMs)
    }),
    { numRuns: 2_000 },
  )
})
