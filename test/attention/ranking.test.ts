/** What waits for a person: in one order, with what waits behind each, and the commands that answer it. */
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { attention, inOrder } from '../../src/attention/attention.ts'
import { Behind } from '../../src/attention/behind.ts'
import type { Item } from '../../src/attention/item.ts'
import { commandOf, headlineOf } from '../../src/attention/item.ts'
import { SEVERITIES } from '../../src/attention/severity.ts'
import type { Extras } from '../../src/attention/waiting.ts'
import { noticesOf } from '../../src/attention/waiting.ts'
import type { Bead } from '../../src/beads/bead.ts'
import type { GtFacts } from '../../src/beads/facts.ts'
import { isBlocked } from '../../src/beads/ready.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'

const needs = (cause: string, seconds = 0, text = 'What now?') => ({ needs: { cause, text, at: at(seconds) } })
const edge = (id: string, to: string, type = 'blocks') => ({
  issue_id: id,
  depends_on_id: to,
  type,
  created_at: at(0),
})
const slung = { slung: { rig: 'gp', by: 'person', at: at(0) } }
const waits = (id: string, ...edges: [to: string, type?: string][]): Bead =>
  aBead(id, { dependencies: edges.map(([to, type]) => edge(id, to, type)) })
const itemsOf = (beads: Bead[], extras: Extras = {}): Item[] => attention(stateOf(...beads), extras)
const brief = (items: Item[]) => items.map(({ id, severity, behind }) => `${id} ${severity} ${behind.ids.join()}`)
const commands = ({ answers }: Item) =>
  Object.fromEntries(answers.map(({ key, argv }) => [key, argv.slice(1).join(' ')]))

describe('the order', () => {
  it('is by weight, then by what waits behind, then by age', () => {
    const items = itemsOf([
      aBead('gp-old', {}, needs('ask', 1)),
      aBead('gp-new', {}, needs('ask', 5)),
      aBead('gp-holds', {}, needs('declined', 9)),
      waits('gp-w', ['gp-holds']),
      aBead('gp-poison', {}, needs('poison', 9)),
      aBead('gp-urgent', { priority: 0 }, needs('ask', 20)),
      aBead('gp-land', {}, needs('policy', 0)),
    ])
    const red = { red_target: { rig: 'gp', target: 'main', commit: 'c', tree: 't' } }
    expect(itemsOf([aBead('gp-x', {}, { ...red, ...needs('poison') })])[0]!.severity).toBe('critical')
    expect(brief(items)).toEqual([
      'gp-poison high ',
      'gp-urgent high ',
      'gp-holds medium gp-w',
      'gp-old medium ',
      'gp-new medium ',
      'gp-land low ',
    ])
  })

  it('is total: any two items have one order, and it does not turn in circles', () => {
    const item = fc.record({
      key: fc.string(),
      severity: fc.constantFrom(...SEVERITIES),
      since: fc.constantFrom(at(0), at(1), 'never', ''),
      behind: fc.nat(2).map((n) => ({ n, ids: [] })),
    })
    fc.assert(
      fc.property(fc.uniqueArray(item, { selector: ({ key }) => key, minLength: 3, maxLength: 8 }), (found) => {
        const items = found as unknown as Item[]
        const sorted = [...items].sort(inOrder)
        for (const [i, a] of sorted.entries())
          for (const b of sorted.slice(i + 1)) {
            expect(inOrder(a, b)).toBeLessThan(0)
            expect(inOrder(b, a)).toBeGreaterThan(0)
          }
      }),
    )
  })
})

describe('what waits behind', () => {
  it('goes through dependencies, children of what is held, and up to epics that cannot be finished', () => {
    const items = itemsOf([
      { ...aBead('gp-q', { dependencies: [edge('gp-q', 'gp-epic', 'parent-child')] }, needs('ask')) },
      aBead('gp-epic', { issue_type: 'epic' }),
      waits('gp-sibling', ['gp-epic', 'parent-child']),
      waits('gp-after', ['gp-epic']),
      waits('gp-held', ['gp-q']),
      waits('gp-child-of-held', ['gp-held', 'parent-child']),
      waits('gp-free', ['gp-done']),
      aBead('gp-done', { status: 'closed' }),
    ])
    expect(items[0]!.behind).toEqual({ n: 4, ids: ['gp-after', 'gp-child-of-held', 'gp-epic', 'gp-held'] })
  })

  it('goes through a gate to the molecule of the step behind it, and to whoever is parked on it', () => {
    const step = aBead(
      'gp-m.1',
      { dependencies: [edge('gp-m.1', 'gp-gate')] },
      { step: { of: 'gp-m', name: 's', n: 1 } },
    )
    const parked = aRun('r1', 'gp-p', { state: 'parked', parked: { gates: ['gp-gate'], at: at(0) } })
    const [item] = itemsOf([
      aBead('gp-gate', { issue_type: 'gate' }, needs('gate')),
      step,
      aBead('gp-m'),
      waits('gp-x', ['gp-m']),
      beadWith(parked),
    ])
    expect(item!.behind.ids).toEqual(['gp-m', 'gp-p', 'gp-x'])
  })

  it('a red target holds up its queue, an open breaker its rig, a login all that share it, a hold everything slung', () => {
    const held = aRun('r1', 'gp-h', { state: 'submitted', merge_request: 'gp-mr' })
    const limit = { is: 'auth', until: at(9), times: 1, text: 'no' } as const
    const limited = (n: number, account?: string) =>
      aRun(`l${n}`, `gp-l${n}`, { state: 'rate_limited', limit, ...(account && { account }) })
    const incident = { node: 'gp/polecats', cause: 'start', count: 5, first: at(0), last: at(1) } as const
    const red = { rig: 'gp', target: 'main', commit: 'c', tree: 't' }
    const items = itemsOf(
      [
        aBead('gp-red', { issue_type: 'bug' }, { red_target: red, ...needs('red-target') }),
        beadWith(held),
        aMerge('gp-mr', held, { state: 'could_not_run', held_for: 'red-target' }).bead,
        waits('gp-after', ['gp-h']),
        aBead('gp-i', { issue_type: 'event' }, { incident, ...needs('breaker') }),
        aBead('gp-s', {}, slung),
        aBead('xx-s', {}, { rig: 'xx', slung: { ...slung.slung, rig: 'xx' } }),
        beadWith(limited(1), needs('auth')),
        beadWith(limited(2)),
        beadWith(limited(3, 'other')),
      ],
      { hold: { reason: 'lunch', frozen: false, drain: false, since: at(0) } },
    )
    expect(brief(items)).toEqual([
      'gp-red critical gp-after,gp-h',
      'gp-i high gp-s',
      'gp-l1 high gp-l2',
      'hold low gp-s,xx-s',
    ])
  })

  it('holds back exactly what ready.ts holds back, in any net of dependencies', () => {
    const edges = fc.array(
      fc.record({
        from: fc.nat(7),
        to: fc.nat(7),
        type: fc.constantFrom('blocks', 'parent-child', 'waits-for', 'related'),
      }),
      { maxLength: 14 },
    )
    fc.assert(
      fc.property(edges, (list) => {
        // Edges go from later to earlier beads, so that there are no cycles; 0 is the one that waits.
        const beads = Array.from({ length: 8 }, (_, n) => {
          const own = list.filter(({ from, to }) => from === n && to < n)
          return waits(`gp-${n}`, ...own.map(({ to, type }): [string, string] => [`gp-${to}`, type]))
        })
        const now = new Date(at(99))
        const closed = (bead: Bead): Bead => ({ ...bead, status: 'closed' })
        const rest = (bead: Bead) => (bead.id === 'gp-0' ? bead : bead)
        const behind = new Behind(stateOf(...beads)).of(['gp-0'])
        // Were it over and nothing else changed, whoever was blocked by it alone would be free: so it waits for it.
        const before = stateOf(...beads.map(rest))
        const after = stateOf(...beads.map((bead) => (bead.id === 'gp-0' ? closed(bead) : bead)))
        for (const bead of beads.slice(1)) {
          const freed = isBlocked(before, bead, now) !== null && isBlocked(after, bead, now) === null
          if (freed) expect(behind).toContain(bead.id)
        }
        // And nothing is counted that has no way to it at all.
        for (const id of behind) expect(reaches(beads, id, 'gp-0')).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

/** Whether any chain of edges, in either direction, leads from one to the other. */
function reaches(beads: Bead[], from: string, to: string): boolean {
  const seen = new Set([from])
  for (const id of seen) {
    for (const bead of beads)
      for (const { depends_on_id: other } of bead.dependencies ?? []) {
        if (bead.id === id) seen.add(other)
        if (other === id) seen.add(bead.id)
      }
  }
  return seen.has(to)
}

describe('the answers', () => {
  const run = aRun('r1', 'gp-a')
  const handedIn = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-mr' })
  const merge = (state: 'held' | 'could_not_run' | 'red') => aMerge('gp-mr', handedIn, { state }).bead
  const causes: [cause: string, beads: Bead[], answers: Record<string, string>][] = [
    ['ask', [beadWith(run, needs('ask'))], { r: 'answer gp-a --', a: 'attach gp/polecats/r1' }],
    ['dialog', [beadWith(run, needs('dialog'))], { a: 'attach gp/polecats/r1', x: 'run stop r1 --reason' }],
    [
      'stuck',
      [aBead('gp-a', {}, { ...slung, ...needs('stuck') })],
      { s: 'sling gp-a gp', c: 'bead close gp-a --reason' },
    ],
    ['policy', [beadWith(handedIn, needs('policy')), merge('held')], { l: 'land gp-a', x: 'reject gp-a --reason' }],
    ['red', [beadWith(handedIn, needs('red')), merge('red')], { r: 'mq retry gp-mr', x: 'run stop r1 --reason' }],
    ['could_not_run', [beadWith(handedIn, needs('could_not_run')), merge('could_not_run')], { r: 'mq retry gp-mr' }],
    ['unverified', [beadWith(handedIn, needs('unverified')), merge('held')], { g: 'config set rig.gp.gate' }],
    [
      'attempts',
      [aBead('gp-a', {}, { ...slung, ...needs('attempts') })],
      { s: 'sling gp-a gp', c: 'bead close gp-a --reason' },
    ],
    ['poison', [aBead('gp-a', {}, { ...slung, ...needs('poison') })], { s: 'sling gp-a gp' }],
    [
      'declined',
      [aBead('gp-a', {}, { ...slung, ...needs('declined') })],
      { c: 'bead close gp-a --reason', n: 'bead close gp-a --cancelled --reason' },
    ],
    ['red-target', [aBead('gp-a', {}, needs('red-target'))], { s: 'sling gp-a gp' }],
    [
      'gate',
      [aBead('gp-a', { issue_type: 'gate' }, needs('gate'))],
      { o: 'gate open gp-a --reason', v: 'gate show gp-a' },
    ],
  ]
  test.each(causes)('to %s are plain commands', (_, beads, answers) => {
    const [item] = itemsOf(beads)
    expect(commands(item!)).toMatchObject({ w: 'why gp-a', ...answers })
    const keys = item!.answers.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    // j, k, q and digits belong to the screen.
    for (const key of keys) expect(key).toMatch(/^[a-ilm-pr-z]$/)
  })

  it('lead to no session that is gone, and to any while nobody looked', () => {
    const beads = [beadWith(run, needs('stuck'))]
    const keys = (sessions?: Set<string>) => itemsOf(beads, { sessions })[0]!.answers.map(({ key }) => key)
    expect(keys(new Set())).toEqual(['x', 'w', 'v'])
    expect(keys(new Set([run.session]))).toEqual(['a', 'x', 'w', 'v'])
    expect(keys()).toEqual(['a', 'x', 'w', 'v'])
  })

  it('and what it is about stand in one line as a person reads and types them', () => {
    const [ask, red] = itemsOf([
      aBead('gp-a', {}, needs('ask', 0, '\nWhich colour?\nRed or blue.')),
      aBead('gp-b', {}, needs('red', 1, 'came back')),
    ])
    expect([ask, red].map((item) => headlineOf(item!))).toEqual(['Which colour?', 'Bead gp-b'])
    expect(commandOf(ask!.answers[0]!)).toBe('gt answer gp-a -- "Your answer …"')
    expect(commandOf({ key: 'x', label: '', argv: ['gt', 'order', 'run', "it's"] })).toBe(`gt order run 'it'\\''s'`)
  })

  it('of what is no bead: a held town, a town without a driver, the Mayor at a dialog', () => {
    const items = itemsOf([aBead('gp-s', {}, slung)], {
      hold: { reason: '', frozen: true, drain: false, since: at(0) },
      undriven: { since: at(1) },
      dialogs: [{ agent: 'mayor', since: at(2) }],
    })
    expect(items.map((item) => [item.id, commands(item)])).toEqual([
      ['daemon', { u: 'up' }],
      ['agent:mayor', { a: 'attach mayor' }],
      ['hold', { t: 'thaw' }],
    ])
    expect(itemsOf([], { undriven: { since: at(1) } })).toEqual([])
  })
})

it('a pull request waits until it is merged, and its own words are told; a hold is told to nobody', () => {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-mr' })
  const pr = { number: 4, url: 'u', branch: 'b', head: 'c'.repeat(40) }
  const request = (head: string) =>
    aMerge('gp-mr', run, { state: 'held', held_for: 'pr', reason: 'open', pr: { ...pr, head } })
  const seen = stateOf(beadWith(run), request(pr.head).bead)
  expect(noticesOf(seen, { hold: { reason: '', frozen: false, drain: false, since: at(0) } })).toEqual([
    {
      cause: 'pr',
      key: `gp-mr pr ${at(0)}`,
      severity: 'low',
      title: 'gp-a: Bead gp-a',
      text: 'held: open',
      bead: 'gp-a',
    },
  ])
  expect(noticesOf(stateOf(beadWith(run), request('d').bead))).toEqual([])
  expect(noticesOf(stateOf(aBead('gp-x', {}, needs('ask') as Partial<GtFacts>)))).toMatchObject([
    { key: `gp-x ask ${at(0)}` },
  ])
})

describe('a rig that cannot go on', () => {
  const slungBead = (id: string): Bead => aBead(id, {}, slung)
  const obstacle = { rig: 'gp', since: at(0), code: 'E_X', message: 'The remote is gone.', hint: 'git ls-remote r' }

  it('is critical when all of it stands still, and shows whatever stands', () => {
    const [item] = itemsOf([slungBead('gp-a'), slungBead('gp-b')], { obstacles: [{ ...obstacle, beads: [] }] })
    expect(item).toMatchObject({ id: 'rig:gp', cause: 'rig', severity: 'critical', title: 'The remote is gone.' })
    expect([item!.behind.ids, commands(item!)]).toEqual([['gp-a', 'gp-b'], { d: 'doctor' }])
    expect(item!.text).toContain('git ls-remote r')
  })

  it('weighs less when it is about some, and is nothing when nobody waits for it any more', () => {
    const one = { obstacles: [{ ...obstacle, beads: ['gp-a'] }] }
    expect(brief(itemsOf([slungBead('gp-a'), slungBead('gp-b')], one))).toEqual(['rig:gp high gp-a'])
    expect(itemsOf([slungBead('gp-b')], one)).toEqual([])
  })
})
