import { array, assert, boolean, constantFrom, integer, oneof, property, record, shuffledSubarray } from 'fast-check'
import { expect, test } from 'vitest'
import type { Action, Link, Row, Running, View } from '../../src/refinery/plan.ts'
import { due, isFrozen, plan } from '../../src/refinery/plan.ts'
import type { RedSet } from '../../src/refinery/suspects.ts'
import type { Verdict } from '../../src/refinery/verdict.ts'
import { isGreen, isRed } from '../../src/refinery/verdict.ts'

const NOON = Date.UTC(2026, 0, 1, 12)
const MINUTE = 60_000

/** A verdict on a tree as a letter: g(reen), ? (unknown), f(laky), or how often it was red. */
function verdict(letter: string, tree: string, redAt = NOON): Verdict {
  const reds = Number(letter)
  const missing = [{ name: 'gate', key: tree }]
  if (reds > 0) return { is: 'fail', reds, redAt, missing, parts: [] }
  const is = letter === 'g' ? 'pass' : letter === 'f' ? 'flaky' : 'unknown'
  return { is, reds: 0, missing: is === 'unknown' ? missing : [], parts: [] }
}

/** Links for entries such as 'a? b1 cg', on top of `base`; a tree is named by what is in it. */
function links(text: string, base = 'main'): Link[] {
  let tree = base
  return text.split(' ').flatMap((word) => {
    if (word === '') return []
    const [id = '', letter = '?'] = word
    tree += `+${id}`
    return [{ id, commit: `commit ${tree}`, tree, verdict: verdict(letter, tree) }]
  })
}

const red = (...ids: string[]): RedSet => ({ run: ids.join(''), at: NOON, ids })

/** A row on a green target, with these links. */
function row(text: string, more: Partial<Row> & { is?: string } = {}): Row {
  const { is = 'g', ...rest } = more
  const name = rest.name ?? 'main'
  return {
    name,
    base: { commit: `commit ${name}`, tree: name, verdict: verdict(is, name) },
    links: links(text, name),
    reds: [],
    spare: [],
    alarmed: false,
    ...rest,
  }
}

const viewOf = (rows: Row[], more: Partial<View> = {}): View => ({
  rows,
  running: [],
  slots: 1,
  p: 0.05,
  f: 0.01,
  now: NOON,
  ...more,
})

function words(action: Action): string {
  switch (action.do) {
    case 'test':
      return `test ${action.tree}`
    case 'land':
      return `land ${action.count} of ${action.row.name}`
    case 'return':
      return `return ${action.link.id}`
    case 'stop':
      return `stop ${action.run}`
    default:
      return `${action.do} ${action.row.name}`
  }
}

const planned = (rows: Row | Row[], more: Partial<View> = {}): string[] => plan(viewOf([rows].flat(), more)).map(words)
/** The run of a tree that links() made, named like it. */
const running = (tree: string): Running => ({ run: tree, tree, keys: [tree], ids: tree.split('+').slice(1) })
const many = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${String.fromCodePoint(97 + i)}?`).join(' ')

test('nothing in line, nothing to do', () => {
  expect(planned([])).toEqual([])
  expect(planned(row(''))).toEqual([])
  expect(planned(row('', { is: '?' })), 'a target is not tested for its own sake').toEqual([])
})

test('what nobody knows is tested, as many together as pay', () => {
  expect(planned(row('a?'))).toEqual(['test main+a'])
  expect(planned(row(many(14)))).toEqual(['test main+a+b+c+d+e+f+g+h+i+j+k+l+m+n'])
  expect(planned(row('a? b? c?'), { p: 0.4 })).toEqual(['test main+a'])
  const [first] = plan(viewOf([row('a? b?')]))
  expect(first).toMatchObject({ commit: 'commit main+a+b', ids: ['a', 'b'], why: 'nothing is known of these yet' })
})

test('the longest green prefix lands, whatever is behind or within it', () => {
  expect(planned(row('ag b?'))).toEqual(['land 1 of main'])
  expect(planned(row('a? bf c?'))).toEqual(['land 2 of main'])
  expect(planned(row('a1 bg c1')), 'the whole is green, so its part was a flake').toEqual(['land 2 of main'])
})

test('what lands does not wait for the target, which is not tested either', () => {
  expect(planned(row('ag', { is: '?' }))).toEqual(['land 1 of main'])
})

test('a red group is searched: only prefixes shorter than it can teach anything', () => {
  const [first] = plan(viewOf([row('a? b? c? d1 e?', { reds: [red('a', 'b', 'c', 'd')] })]))
  expect(first).toMatchObject({ do: 'test', ids: ['a', 'b'], why: 'at least one of the first 4 is bad' })
})

test('so is a prefix that is red by a run of which no group is known, such as a worker’s own', () => {
  expect(planned(row('a? b? c? d1 e?'))).toEqual(['test main+a+b'])
  expect(planned(row('a1 b?'))).toEqual(['test main+a'])
})

test('a lone suspect is tested again, then sent back', () => {
  const once = row('a1 b?', { reds: [red('a')] })
  expect(planned(once)).toEqual(['test main+a'])
  const twice = row('a2 b?', { reds: [red('a'), red('a')] })
  expect(plan(viewOf([twice]))).toMatchObject([
    { do: 'return', link: { id: 'a' }, rule: 'red twice on the same tree, alone on a target that passes' },
  ])
})

test('where nothing is red for nothing, one red is enough', () => {
  const once = row('a1 b?', { reds: [red('a')] })
  const rule = 'red on its own tree; that it is good is less likely than one in a thousand'
  expect(plan(viewOf([once], { f: 0 }))).toMatchObject([{ do: 'return', link: { id: 'a' }, rule }])
  expect(plan(viewOf([once], { f: 0.0001, p: 0.2 }))).toMatchObject([{ do: 'return', rule }])
})

test('a suspect by inference alone is run before it is sent back', () => {
  expect(planned(row('a? b?', { reds: [red('a')] }), { f: 0 })).toEqual(['test main+a'])
})

test('reds that are left to it alone by landings count as its own', () => {
  expect(planned(row('a1', { reds: [red('a'), red('a')] }))).toEqual(['return a'])
})

test('an entry that is red in a group is never sent back for that', () => {
  const group = row('a? b2', { reds: [red('a', 'b'), red('a', 'b')] })
  expect(planned(group, { f: 0 })).toEqual(['test main+a'])
})

test('a red on a target that nobody knows: the target is tested first', () => {
  const found = row('a1 b?', { is: '?', reds: [red('a')] })
  expect(planned(found, { f: 0 })).toEqual(['test main'])
  expect(planned(found, { slots: 2 }), 'and the suspect beside it').toEqual(['test main', 'test main+a'])
  expect(planned(row('a? b?', { is: '?' })), 'without a red there is no need').toEqual(['test main+a+b'])
})

test('a target that is red once is tested again before anything else', () => {
  const doubtful = row('a2 b?', { is: '1', reds: [red('a')] })
  expect(planned(doubtful, { slots: 3, f: 0 })).toEqual(['test main'])
  expect(planned(doubtful, { slots: 3, running: [running('main')] })).toEqual([])
  expect(isFrozen(doubtful)).toBe(false)
})

test('red twice: the row freezes and nobody pays for it', () => {
  const frozen = row('', { is: '2' })
  expect(isFrozen(frozen)).toBe(true)
  expect(planned(frozen, { slots: 3 })).toEqual(['freeze main'])
  expect(planned({ ...frozen, alarmed: true }), 'said again at every look').toEqual(['freeze main'])
})

test('a repair is tested alone on a frozen row, and lands when it is green', () => {
  expect(planned(row('a?', { is: '2', alarmed: true }), { slots: 3 })).toEqual(['freeze main', 'test main+a'])
  expect(planned(row('ag', { is: '2', alarmed: true }))).toEqual(['land 1 of main'])
})

test('a repair that is red goes back', () => {
  const rule = 'the target is red, and with this change it still is'
  expect(plan(viewOf([row('a1', { is: '2', alarmed: true })]))).toMatchObject([
    { do: 'freeze' },
    { do: 'return', link: { id: 'a' }, rule },
  ])
})

test('a red target is looked at again after five minutes, doubling up to an hour', () => {
  const rests = ['2', '3', '4', '5', '6', '20'].map((is) => {
    const frozen = row('', { is, alarmed: true })
    const at = due([row('a?'), frozen])!
    expect(planned(frozen, { now: at - 1 })).toEqual(['freeze main'])
    expect(planned(frozen, { now: at })).toEqual(['freeze main', 'test main'])
    return (at - NOON) / MINUTE
  })
  expect(rests).toEqual([5, 10, 20, 40, 60, 60])
})

test('the earliest look at a red target is when time alone changes the plan', () => {
  expect(due([row('a1'), row('', { is: '1' })])).toBeUndefined()
  const later = row('', { base: { commit: 'c', tree: 't', verdict: verdict('2', 't', NOON + MINUTE) } })
  expect(due([later, row('', { is: '2' })])).toBe(NOON + 5 * MINUTE)
})

test('a repair and the target itself share the slots, the repair first', () => {
  const frozen = row('a?', { is: '2', alarmed: true })
  const now = NOON + 5 * MINUTE
  expect(planned(frozen, { now })).toEqual(['freeze main', 'test main+a'])
  expect(planned(frozen, { now, slots: 2 })).toEqual(['freeze main', 'test main+a', 'test main'])
})

test('a target that is not known to be red thaws, and its row goes on', () => {
  expect(planned(row('a? b?', { alarmed: true }))).toEqual(['thaw main', 'test main+a+b'])
  expect(planned(row('', { is: '?', alarmed: true })), 'it moved: nothing says that it is red').toEqual(['thaw main'])
  expect(planned(row('a?', { is: '1', alarmed: true })), 'red once is not the end of it').toEqual(['test main'])
  expect(planned(row('a2', { alarmed: true, reds: [red('a')] }))).toEqual(['thaw main', 'return a'])
})

test('two slots look at two prefixes', () => {
  const all = 'main+a+b+c+d+e+f+g+h+i+j+k+l'
  expect(planned(row(many(12)), { slots: 2, p: 0.1 })).toEqual(['test main+a+b+c', `test ${all}`])
})

test('rows take turns: the first wish of each before the second of any', () => {
  const rows = [row('a? b? c?', { name: 'x' }), row('d? e? f?', { name: 'y' }), row('g? h? i?', { name: 'z' })]
  expect(planned(rows, { slots: 2, p: 0.3 })).toEqual(['test x+a', 'test y+d'])
  expect(planned(rows, { slots: 4, p: 0.3 })).toEqual(['test x+a', 'test y+d', 'test z+g', 'test x+a+b'])
})

test('what a row lands frees its slots for others', () => {
  expect(planned([row('ag b?', { name: 'x' }), row('c?', { name: 'y' })])).toEqual(['land 1 of x', 'test y+c'])
})

test('full slots start nothing, and what runs is not started twice', () => {
  const two = row('a? b?')
  expect(planned(two, { running: [running('main+a+b')] })).toEqual([])
  expect(planned(two, { running: [running('main+a+b')], slots: 2 })).not.toContain('test main+a+b')
})

test('a slot that is free while a suspect is confirmed runs the row without it', () => {
  const suspected = row('a1 b? c?', { reds: [red('a')], spare: links('b? c?') })
  expect(planned(suspected)).toEqual(['test main+a'])
  expect(planned(suspected, { slots: 2 })).toEqual(['test main+a', 'test main+b+c'])
  expect(planned(suspected, { slots: 2, running: [running('main+a')] })).toEqual(['test main+b+c'])
  expect(planned(suspected, { slots: 2, running: [running('main+a'), running('main+b+c')] })).toEqual([])
})

test('what is known of the row without the suspect counts', () => {
  const known = (spare: string, ...reds: RedSet[]): string[] =>
    planned(row('a1 b? c? d?', { reds: [red('a'), ...reds], spare: links(spare) }), {
      slots: 2,
      running: [running('main+a')],
    })
  expect(known('b? c? dg'), 'all of it is green already').toEqual([])
  expect(known('bg c? d?'), 'so much of it is').toEqual(['test main+b+c+d'])
  expect(known('b? c2 d?', red('b', 'c')), 'a group in it is red').toEqual(['test main+b'])
  expect(known('b1 cg d?', red('b')), 'a flake in a green group').toEqual([])
})

test('a run that nothing in line needs any more is stopped, and its slot used', () => {
  expect(planned(row('a? b?'), { running: [running('old+a')] })).toEqual(['stop old+a', 'test main+a+b'])
  expect(planned([], { running: [running('old+a')] })).toEqual(['stop old+a'])
  expect(planned(row('', { is: '?' }), { running: [running('main')] }), 'the target is in its row').toEqual([])
})

test('a run is known by what it runs on: a landing in another lane leaves it its use', () => {
  const [moved] = links('a?', 'landed')
  moved!.verdict = verdict('?', 'main+a')
  expect(planned(row('', { links: [moved!] }), { running: [running('main+a')], slots: 2 })).toEqual([])
})

test('a run over a group that holds a smaller red one is stopped, too', () => {
  const searched = row('a? b? c? d?', { reds: [red('a', 'b')] })
  expect(planned(searched, { running: [running('main+a+b+c+d')] })).toEqual(['stop main+a+b+c+d', 'test main+a'])
  const same = row('a? b2', { reds: [red('a', 'b')] })
  expect(planned(same, { running: [running('main+a')] }), 'a part of it is what is looked for').toEqual([])
  const lone = row('a1 b?', { reds: [red('a')] })
  expect(planned(lone, { running: [running('main+a')] }), 'its confirmation').toEqual([])
  const ending = { ...running('main+a+b'), run: 'ab' }
  expect(planned(searched, { running: [ending] }), 'its own red is in the log before it has ended').toEqual([])
})

/** Rows of any kind, whether or not a queue could come to look like that. */
const arbitraryRow = record({
  is: constantFrom('g', 'g', '?', '1', '2', '5'),
  letters: array(constantFrom('?', '?', '?', 'g', '1', '2'), { maxLength: 6 }),
  spare: array(constantFrom('?', '?', 'g', '1'), { maxLength: 5 }),
  reds: array(
    oneof(constantFrom(['a'], ['b'], ['b', 'c']), shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 1 })),
    { maxLength: 3 },
  ),
  alarmed: boolean(),
})
const arbitraryView = record({
  rows: array(arbitraryRow, { maxLength: 3 }),
  slots: integer({ min: 1, max: 4 }),
  p: constantFrom(0.01, 0.05, 0.2, 0.5),
  f: constantFrom(0, 0.02),
  minutes: integer({ min: 0, max: 90 }),
  started: integer({ min: 0, max: 4 }),
}).map(({ rows, started, minutes, ...more }) => {
  const built = rows.map(({ is, letters, spare, reds, alarmed }, index) => {
    const text = letters.map((letter, at) => `${'abcdef'[at]}${letter}`).join(' ')
    const rest = spare.slice(0, Math.max(0, letters.length - 1)).map((letter, at) => `${'bcdef'[at]}${letter}`)
    const name = `row${index}`
    const lone = reds.some((ids) => ids.length === 1 && ids[0] === 'a') && letters.length > 0
    const without = lone ? links(rest.join(' '), name) : []
    return row(text, { is, name, reds: reds.map((ids) => red(...ids)), spare: without, alarmed })
  })
  const trees = built.flatMap((one) => one.links.map(({ tree }) => tree))
  const now = NOON + minutes * MINUTE
  return viewOf(built, { ...more, now, running: trees.slice(0, Math.min(started, more.slots)).map(running) })
})

test('whatever is in line: slots, trees and verdicts are respected', () => {
  assert(
    property(arbitraryView, (view) => {
      const actions = plan(view)
      const tests = actions.filter((action) => action.do === 'test')
      const stopped = new Set(actions.flatMap((action) => (action.do === 'stop' ? [action.run] : [])))
      const left = view.running.filter(({ run }) => !stopped.has(run))
      expect(left.length + tests.length, 'no more runs than slots').toBeLessThanOrEqual(view.slots)
      const trees = [...left, ...tests].map(({ tree }) => tree)
      expect(new Set(trees).size, 'no tree twice').toBe(trees.length)
      for (const action of actions) {
        if (action.do === 'land') expect(isGreen(action.row.links[action.count - 1]!.verdict)).toBe(true)
        if (action.do === 'freeze') expect(isFrozen(action.row)).toBe(true)
        if (action.do === 'thaw') expect(isRed(action.row.base.verdict)).toBe(false)
        if (action.do !== 'return') continue
        expect(action.link, 'only the first of a row').toBe(action.row.links[0])
        expect(isRed(action.link.verdict), 'only for a red on its own tree').toBe(true)
        expect(isGreen(action.row.base.verdict) || isFrozen(action.row)).toBe(true)
      }
      for (const { row: of, tree } of tests) {
        const known = [...of.links, ...of.spare, of.base].find((one) => one.tree === tree)!
        expect(isGreen(known.verdict), 'what is green is not tested').toBe(false)
      }
    }),
    { seed: 41, numRuns: 2_000 },
  )
})

test('whatever is in line: what was just started is not stopped by the next look', () => {
  assert(
    property(arbitraryView, (view) => {
      const first = plan(view)
      const stopped = new Set(first.flatMap((action) => (action.do === 'stop' ? [action.run] : [])))
      const started = first.flatMap((action) => (action.do === 'test' ? [running(action.tree)] : []))
      const kept = view.running.filter(({ run }) => !stopped.has(run))
      const next = plan({ ...view, running: [...kept, ...started] })
      expect(next.filter((action) => action.do === 'stop' || action.do === 'test')).toEqual([])
    }),
    { seed: 42, numRuns: 2_000 },
  )
})
