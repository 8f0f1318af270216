import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { GtFacts, Slung } from '../../src/beads/facts.ts'
import { freeName, polecatAddress } from '../../src/polecats/names.ts'
import { order, parseTarget } from '../../src/polecats/sling.ts'
import { aBead, aRun, at, beadWith, stateOf, write } from '../kernel/support.ts'

const slung: Slung = { rig: 'gp', by: 'person', at: at(5) }

test.each<[string, { rig: string; agent?: string } | string]>([
  ['gp', { rig: 'gp' }],
  ['gp/toast', { rig: 'gp', agent: 'gp/polecats/toast' }],
  ['gp/polecats/toast', { rig: 'gp', agent: 'gp/polecats/toast' }],
  ['gp/polecats', { rig: 'gp', agent: 'gp/polecats/polecats' }],
  ['', 'E_TARGET'],
  ['/toast', 'E_TARGET'],
  ['gp/', 'E_TARGET'],
  ['gp/polecats/', 'E_TARGET'],
  ['gp/crew/max', 'E_TARGET'],
  ['gp/refinery', 'E_TARGET'],
  ['gp/polecats/a/b', 'E_TARGET'],
  ['gp/../x', 'E_TARGET'],
  ['gp/Toast', 'E_TARGET'],
  ['gp/-x', 'E_TARGET'],
  ['gp/$(x)', 'E_TARGET'],
  [`gp/${'x'.repeat(32)}`, 'E_TARGET'],
])('the target "%s"', (text, expected) => {
  const target = parseTarget(text)
  expect(target.kind === 'ok' ? target.value : target.failure.code).toEqual(expected)
})

test('a target that is understood names a worker that can be a folder and a session', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `gp/${text}`),
      ),
      (text) => {
        const target = parseTarget(text)
        if (target.kind === 'ok' && target.value.agent !== undefined)
          expect(target.value.agent).toMatch(/^[^/]+\/polecats\/[a-z][a-z0-9_-]{0,30}$/)
      },
    ),
  )
})

/** The bead after an order, or the code of the refusal; null: nothing to change. */
function ordered(more: Partial<Bead>, gt: Partial<GtFacts> = {}, by: Slung = slung): Bead | string | null {
  const bead = aBead('gp-a', more, gt)
  const change = order(bead, by)
  if (change.kind === 'error') return change.failure.code
  if (change.value === null) return null
  const state = stateOf(bead)
  expect(write(state, change.value).applied).toBe(true)
  return state.beads.get('gp-a')!
}

test.each<[string, Partial<Bead>, Partial<GtFacts>, string | null]>([
  ['closed', { status: 'closed' }, {}, 'E_CLOSED'],
  ['a tombstone', { status: 'tombstone' }, {}, 'E_NO_BEAD'],
  ['a message', { issue_type: 'message' }, {}, 'E_NOT_WORK'],
  ['a merge request', { issue_type: 'merge-request' }, {}, 'E_NOT_WORK'],
  ['a gate', { issue_type: 'gate' }, {}, 'E_NOT_WORK'],
  ['of another rig', {}, { rig: 'other' }, 'E_OTHER_RIG'],
  ['slung already', {}, { slung }, null],
])('a bead that is %s is not slung', (_what, more, gt, answer) => {
  expect(ordered(more, gt)).toBe(answer)
})

test('a bead with a live run keeps that run', () => {
  const change = order(beadWith(aRun('r1', 'gp-a')), slung)
  expect(change).toEqual({ kind: 'ok', value: null })
})

test('an order stands in the bead, with its rig where it had none', () => {
  const bead = aBead('gp-a')
  delete bead.metadata!.gt!.rig
  const change = order(bead, slung)
  const state = stateOf(bead)
  if (change.kind === 'ok' && change.value) write(state, change.value)
  expect(facts(state.beads.get('gp-a')!)).toMatchObject({ slung, rig: 'gp' })
})

// The last two: as another tool left it, and a slip of the pen.
test.each(['deferred', 'blocked', 'in_progress', 'opne'])('an order opens a bead that was %s by hand', (status) => {
  expect(ordered({ status })).toMatchObject({ status: 'open' })
  expect(ordered({ status }, { slung })).toMatchObject({ status: 'open' })
})

test('a new order answers what a person was asked, and counts attempts afresh', () => {
  const bead = ordered(
    {},
    { slung, attempts: 3, needs: { cause: 'attempts', text: '3 attempts failed', at: at(1) } },
  ) as Bead
  expect(facts(bead)).toMatchObject({ attempts: 0, slung })
  expect(facts(bead).needs).toBeUndefined()
})

test('a new order ends a rest, and keeps the count', () => {
  const bead = ordered({}, { slung: { ...slung, not_before: at(500) }, attempts: 2 }) as Bead
  expect(facts(bead).slung).toEqual(slung)
  expect(facts(bead).attempts).toBe(2)
})

test('an order that was built before somebody claimed the bead changes nothing', () => {
  const change = order(aBead('gp-a'), slung)
  const state = stateOf(beadWith(aRun('r1', 'gp-a')))
  expect(change.kind === 'ok' && change.value && write(state, change.value).applied).toBe(false)
})

test('names: the first free one, another after each clash, numbered once the pool is used up', () => {
  expect(freeName(new Set())).toBe('toast')
  expect(freeName(new Set(['toast']))).toBe('rust')
  expect(freeName(new Set(), 1)).toBe('rust')
  const taken = new Set<string>()
  for (let n = 0; n < 200; n++) {
    const name = freeName(taken, n % 3)
    expect(taken.has(name)).toBe(false)
    expect(parseTarget(polecatAddress('gp', name))).toMatchObject({
      kind: 'ok',
      value: { agent: `gp/polecats/${name}` },
    })
    taken.add(name)
  }
  expect([...taken].at(-1)).toMatch(/^polecat\d+$/)
})

test('a name that was just taken is not offered again and again', () => {
  expect(new Set(Array.from({ length: 40 }, (_, skip) => freeName(new Set(['toast']), skip))).size).toBe(40)
})
