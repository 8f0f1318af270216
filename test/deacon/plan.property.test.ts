/** The plan of the town, for any town and any evidence. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { MergeState, RunState } from '../../src/beads/facts.ts'
import { activeRuns } from '../../src/beads/fold.ts'
import { plan } from '../../src/deacon/plan.ts'
import type { Read } from '../../src/result.ts'
import { empty, fail, ok, unknown } from '../../src/result.ts'
import type { Doing, Evidence } from '../../src/witness/evaluate.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import { aGate } from '../meow/gates/support.ts'
import { brief, budgets, evidence, handover, needs, now, observed, POLICY, purse, slung } from './support.ts'

const aRead = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Read<T>> =>
  fc.oneof(value.map(ok), fc.constantFrom(empty, unknown('?'), fail('E_X', 'x')))

/** A town of a few beads in any state with any evidence. */
const aTown = fc
  .array(
    fc.record({
      state: fc.constantFrom<(RunState | 'none')[]>(
        'none',
        'claimed',
        'provisioning',
        'starting',
        'working',
        'quiet',
        'rate_limited',
        'parked',
        'submitted',
        'finished',
        'lost',
        'failed',
        'stopped',
      ),
      merge: fc.option(
        fc.constantFrom<MergeState[]>('queued', 'building', 'testing', 'conflict', 'red', 'held', 'could_not_run'),
      ),
      round: fc.integer({ min: 1, max: 5 }),
      asked: fc.boolean(),
      session: fc.option(aRead(fc.boolean())),
      process: aRead(fc.boolean()),
      beat: aRead(fc.integer({ min: 0, max: now.getTime() })),
      agent: fc.constantFrom(undefined, 'gp/polecats/toast'),
      preset: fc.constantFrom('script', 'claude'),
      to: fc.option(fc.constantFrom('worker' as const, 'refinery' as const)),
      cycle: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((rows) => {
    const beads: Bead[] = [aGate('gp-g', { await_type: 'human' })]
    const seen: Record<string, Evidence> = {}
    for (const [n, row] of rows.entries()) {
      const order = slung(row.agent === undefined ? {} : { agent: row.agent })
      const left = row.to === null ? {} : { handover: { ...handover, to: row.to } }
      const gt = { ...order, ...left, ...(row.asked && { needs }) }
      if (row.state === 'none') {
        beads.push(aBead(`gp-${n}`, {}, gt))
        continue
      }
      const run = aRun(`r${n}`, `gp-${n}`, {
        state: row.state,
        round: row.round,
        preset: row.preset,
        merge_request: `gp-m${n}`,
        ...(row.cycle && { cycle: 'asked' as const, notes: { text: 'n', at: at(0) } }),
        ...(row.state === 'parked' && { parked: { gates: [row.asked ? 'gp-g' : 'gp-gone'], at: at(0) } }),
      })
      beads.push(beadWith(run, gt))
      if (row.merge !== null) beads.push(aMerge(`gp-m${n}`, run, { state: row.merge }).bead)
      if (row.session === null) continue
      const session =
        row.session.kind === 'ok'
          ? ok({ name: 's', labels: { run: run.fence }, process: run.process!, alive: row.session.value })
          : row.session
      seen[run.fence] = { ...evidence(run, { session, process: row.process, beat: row.beat })[run.fence]! }
    }
    return { state: stateOf(...beads), seen }
  })

test('any town: the same look gives the same plan, no action stands in it twice, and the cap holds', () => {
  fc.assert(
    fc.property(aTown, fc.nat(5), fc.boolean(), ({ state, seen }, cap, gone) => {
      const before = JSON.stringify([...state.beads])
      const look = observed(state, { evidence: seen, gone, movable: ['gp'] })
      const actions = plan(look, { ...POLICY, cap }, now)
      expect(plan(look, { ...POLICY, cap }, now)).toEqual(actions)
      expect(JSON.stringify([...state.beads])).toBe(before)
      const keys = actions.map(brief)
      expect(new Set(keys).size).toBe(keys.length)
      const active = activeRuns(state).length
      const free = Math.max(0, cap - active)
      expect(keys.filter((key) => /^(?:dispatch|rework|unpark) /.test(key)).length).toBeLessThanOrEqual(free)
      // Whatever came back goes one way, and only what came back does.
      const ways = actions.filter(({ do: what }) => ['rework', 'hand-over', 'ask-person'].includes(what))
      const ids = ways.map((action) => ('bead' in action ? action.bead : ''))
      expect(new Set(ids).size).toBe(ids.length)
      for (const id of ids) {
        const request = state.beads.get(id.replace('gp-', 'gp-m'))!
        expect(['red', 'conflict']).toContain(facts(request).merge?.state)
      }
    }),
    { numRuns: 300 },
  )
})

test('any town: nobody is called dead without proof', () => {
  fc.assert(
    fc.property(aTown, fc.boolean(), ({ state, seen }, gone) => {
      for (const action of plan(observed(state, { evidence: seen, gone }), POLICY, now)) {
        if (action.do !== 'lose') continue
        const { session, process } = seen[action.run.fence]!
        const proven = (session.kind === 'ok' && !session.value.alive) || (process.kind === 'ok' && !process.value)
        expect(proven, JSON.stringify(seen[action.run.fence])).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

/** Actions after which a model is asked something. */
const COSTS = new Set(['dispatch', 'unpark', 'rework', 'bring-back', 'go-on', 'ask-hand-off'])

test('any town: where the day is used up nothing begins that costs, and nobody is parked who uses nothing', () => {
  const doings = fc.constantFrom<Doing['is']>('busy', 'idle', 'waiting', 'unknown')
  const ways = fc.record({ doing: doings, odd: fc.boolean(), beat: fc.nat(now.getTime()), full: fc.boolean() })
  fc.assert(
    fc.property(aTown, ways, fc.constantFrom('over', 'stop'), ({ state, seen }, { doing, odd, beat, full }, stands) => {
      const runs = activeRuns(state)
      const well = runs.map((run) => {
        const found = evidence(run, { beat: ok(beat) })[run.fence]!
        return [run.fence, { ...found, doing: { is: doing, since: beat } }] as const
      })
      const trouble = runs.map(({ fence }) => [fence, { is: full ? 'context' : 'other', at: now.getTime(), text: '' }])
      const look = observed(state, {
        evidence: odd ? seen : Object.fromEntries(well),
        trouble: Object.fromEntries(trouble),
        budgets: budgets(purse('day', stands as 'over')),
      })
      for (const action of plan(look, POLICY, now)) {
        if ('run' in action && action.run.preset === 'script') expect(action.do).not.toMatch(/^budget/)
        else if (action.do === 'help') expect(['ask', 'note', 'recover']).toContain(action.help.do)
        else if (COSTS.has(action.do)) expect(`${action.do} of ${JSON.stringify(action)}`).toBe('nothing')
      }
    }),
    { numRuns: 500 },
  )
})
