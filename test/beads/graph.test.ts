import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { normal } from '../../src/beads/canonical.ts'
import { findCycles } from '../../src/beads/cycles.ts'
import { addDependency, createBead } from '../../src/beads/edit.ts'
import { epicStatus } from '../../src/beads/epics.ts'
import { emptyState, put } from '../../src/beads/fold.ts'
import { graphMermaid, graphTree } from '../../src/beads/graph.ts'
import { isBlocked } from '../../src/beads/ready.ts'
import { bead } from './support.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
/** `'a': 'b waits-for:c'` → a needs b (blocks) and waits for the children of c; more fields behind. */
function town(beads: Record<string, string | [string, Partial<Bead>]>) {
  const state = emptyState()
  for (const [id, given] of Object.entries(beads)) {
    const [edges, more] = typeof given === 'string' ? [given, {}] : given
    const dependencies = edges
      .split(' ')
      .filter(Boolean)
      .map((edge) => {
        const [to, type = 'blocks'] = edge.split(':').reverse() as [string, string?]
        return { issue_id: id, depends_on_id: to, type, created_at: '2026-01-01T00:00:00Z' }
      })
    put(state, normal(bead(id, { dependencies, ...more })))
  }
  return state
}
const label = (id: string, made: Bead | undefined): string => (made ? id : `${id}?`)
const tree = (beads: Parameters<typeof town>[0], root?: string): string[] =>
  graphTree(town(beads), label, root).split('\n')

describe('circles', () => {
  test.each<[string, Record<string, string | [string, Partial<Bead>]>, string[][]]>([
    ['none', { a: 'b', b: 'c', c: '' }, []],
    ['of one', { a: 'a' }, [['a', 'a']]],
    [
      'of two, and one apart',
      { a: 'b', b: 'a', x: 'y', y: 'z', z: 'x' },
      [
        ['a', 'b', 'a'],
        ['x', 'y', 'z', 'x'],
      ],
    ],
    ['through a parent', { p: 'c', c: 'parent-child:p' }, [['c', 'p', 'c']]],
    ['through children that are waited for', { x: 'waits-for:s', s: '', c: 'parent-child:s x' }, [['c', 'x', 'c']]],
    ['not through the one whose children they are', { x: 'waits-for:s', s: 'x' }, []],
    ['not through what only informs', { a: 'related:b', b: 'a' }, []],
    ['not through what is closed', { a: 'b', b: ['a', { status: 'closed' }] }, []],
  ])('%s', (_name, beads, circles) => {
    expect(findCycles(town(beads))).toEqual(circles)
  })
  test('whoever stands in a circle of needs is blocked, and every such bead is in a knot that is found', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 14 }), (edges) => {
        const beads: Record<string, string> = {}
        for (let i = 0; i < 7; i++) {
          beads[`n${i}`] = edges
            .filter(([from]) => from === i)
            .map(([, to]) => `n${to}`)
            .join(' ')
        }
        const state = town(beads)
        const circles = findCycles(state)
        for (const circle of circles) {
          expect(circle[0]).toBe(circle.at(-1))
          for (const [i, id] of circle.slice(0, -1).entries()) {
            const made = state.beads.get(id)!
            expect(made.dependencies!.map((edge) => edge.depends_on_id)).toContain(circle[i + 1])
            expect(isBlocked(state, made, NOW)).not.toBeNull()
          }
        }
        // Without circles somebody can begin.
        const free = [...state.beads.values()].some((made) => isBlocked(state, made, NOW) === null)
        expect(circles.length > 0 || free).toBe(true)
      }),
    )
  })
})

test('a chain of thousands is no trouble', () => {
  const long = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`n${i}`, i === 0 ? '' : `n${i - 1}`]))
  expect(findCycles(town(long))).toEqual([])
  expect(findCycles(town({ ...long, n0: 'n19999' }))[0]!.length).toBe(20_001)
})

describe('an edge that would close a circle is refused', () => {
  const author = { by: 'max' }
  const codeOf = (result: { kind: string; failure?: { code: string } }): string => result.failure?.code ?? result.kind
  test('also through children that somebody waits for, from whichever end', () => {
    const beads = { x: 'waits-for:s', s: '', c: 'parent-child:s' }
    expect(codeOf(addDependency(town(beads), 'c', 'x', author))).toBe('E_CYCLE')
    expect(codeOf(addDependency(town({ ...beads, c: 'x' }), 'c', 's', author, 'parent-child'))).toBe('E_CYCLE')
    expect(codeOf(addDependency(town({ ...beads, x: '', c: 'parent-child:s x' }), 'x', 's', author, 'waits-for'))).toBe(
      'E_CYCLE',
    )
    expect(codeOf(createBead(town(beads), { prefix: 'gp', title: 'new', parent: 's', needs: ['x'] }, author))).toBe(
      'E_CYCLE',
    )
    expect(codeOf(createBead(town(beads), { prefix: 'gp', title: 'new', parent: 's' }, author))).toBe('ok')
  })
  test('but not one that only informs, and not because of another circle', () => {
    expect(codeOf(addDependency(town({ a: 'b', b: '' }), 'b', 'a', author, 'related'))).toBe('ok')
    expect(codeOf(addDependency(town({ a: 'b', b: 'a', c: '' }), 'a', 'c', author))).toBe('ok')
  })
})

describe('the tree', () => {
  test('children and needs hang below; what was shown is only named', () => {
    expect(
      tree({ e: ['', { issue_type: 'epic' }], a: 'parent-child:e', b: 'parent-child:e a x', x: 'y', y: '' }),
    ).toEqual(['e', '├─ a', '└─ b', '   ├─ needs a', '   └─ needs x', '      └─ needs y'])
  })
  test('closed beads are left out, missing ones are shown', () => {
    expect(tree({ a: 'b gone waits-for:c', b: ['', { status: 'closed' }], c: '' })).toEqual([
      'a',
      '├─ waits-for c',
      '└─ needs gone?',
    ])
  })
  test('of one bead, with what is closed below it', () => {
    expect(tree({ a: 'b', b: ['c', { status: 'closed' }], c: '', z: 'a' }, 'a')).toEqual([
      'a',
      '└─ needs b',
      '   └─ needs c',
    ])
  })
  test('a circle ends, and is shown though nothing leads to it', () => {
    expect(tree({ a: 'b', b: 'a' })).toEqual(['a', '└─ needs b', '   └─ needs a  (see above)'])
  })
})

test('Mermaid: arrows from what must come first; titles are text, whatever they hold', () => {
  const title = 'say "hi" ]; click n0 <script>'
  const text = graphMermaid(town({ a: ['b parent-child:e gone', { title }], b: '', e: '' }))
  expect(text.split('\n')).toEqual([
    'flowchart TD',
    '  n0["a: say #34;hi#34; #93;; click n0 #60;script#62; (open)"]',
    '  n1["b: bead b (open)"]',
    '  n2["gone (not here)"]',
    '  n3["e: bead e (open)"]',
    '  n1 --> n0',
    '  n2 --> n0',
    '  n3 -.-> n0',
  ])
})

test('an epic becomes closable with its last child', () => {
  const beads = (status: string): Parameters<typeof town>[0] => ({
    e: ['', { issue_type: 'epic' }],
    a: ['parent-child:e', { status: 'closed' }],
    b: ['parent-child:e', { status }],
    t: ['parent-child:e', { status: 'tombstone' }],
  })
  const of = (status: string) => epicStatus(town(beads(status)))[0]
  expect(of('open')).toMatchObject({ total: 2, closed: 1, eligible: false })
  expect(of('closed')).toMatchObject({ total: 2, closed: 2, eligible: true })
})
