/** Pictures of steps: what they look like, to the sign, and what holds for any steps at all. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Node, NodeState } from '../../src/meow/picture.ts'
import { draw, mermaid, summary } from '../../src/meow/picture.ts'
import { widthOf } from '../../src/screen/width.ts'

const step = (id: string, needs = '', state?: NodeState, more: Partial<Node> = {}): Node => ({
  id,
  title: `do ${id}`,
  needs: needs.split(' ').filter((need) => need !== ''),
  ...(state && { state }),
  ...more,
})
const plain = { width: 80, color: false, unicode: true }
const drawn = (...nodes: Node[]): string[] => draw(nodes, plain).split('\n')
const chain = (length: number, state: (at: number) => NodeState): Node[] =>
  Array.from({ length }, (_, at) => step(`s${at}`, at > 0 ? `s${at - 1}` : '', state(at)))

const GROUPS = [
  step('plan', '', 'done'),
  step('build', 'plan', 'doing'),
  step('build.a', '', 'done', { parent: 'build' }),
  step('build.b', 'build.a', 'skipped', { parent: 'build' }),
  step('build.c', 'build.a', 'doing', { parent: 'build' }),
  step('build.d', 'build.b build.c', 'waiting', { parent: 'build' }),
  step('docs', 'plan', 'ready'),
  step('ship', 'build docs', 'gated', { note: 'waits for CI' }),
]

describe('draw', () => {
  it('draws a chain as marks below each other', () => {
    expect(drawn(step('a', '', 'done'), step('b', 'a', 'doing'), step('c', 'b', 'waiting'))).toEqual([
      '✔  a  do a', //
      '●  b  do b',
      '◌  c  do c',
    ])
  })

  it('draws a diamond', () => {
    const nodes = [
      step('a', '', 'done'),
      step('b', 'a', 'doing'),
      step('c', 'a', 'failed'),
      step('d', 'b c', 'waiting'),
    ]
    expect(drawn(...nodes)).toEqual([
      '✔      a  do a', //
      '├─●─╮  b  do b',
      '╰─✗─┤  c  do c',
      '◌───╯  d  do d',
    ])
  })

  it('draws a fan-out and a fan-in with one lane each, however many take part', () => {
    const legs = ['l1', 'l2', 'l3', 'l4'].map((id) => step(id, 'start'))
    expect(drawn(step('start'), ...legs, step('end', 'l1 l2 l3 l4'))).toEqual([
      '•      start  do start',
      '├─•─╮  l1     do l1',
      '├─•─┤  l2     do l2',
      '├─•─┤  l3     do l3',
      '╰─•─┤  l4     do l4',
      '•───╯  end    do end',
    ])
  })

  it('hangs steps that need nothing at one lane, so that they do not look like a chain', () => {
    expect(drawn(step('a'), step('b', 'a'), step('c'), step('d', 'b c'))).toEqual([
      '╭─•    a  do a',
      '│ •─╮  b  do b',
      '╰─•─┤  c  do c',
      '•───╯  d  do d',
    ])
  })

  it('draws chains side by side, in the order of the list', () => {
    const nodes = [step('s'), step('a1', 's'), step('b1', 's'), step('a2', 'a1'), step('b2', 'b1'), step('e', 'a2 b2')]
    expect(drawn(...nodes)).toEqual([
      '•      s   do s',
      '├─•    a1  do a1',
      '• │    b1  do b1',
      '│ •─╮  a2  do a2',
      '•───┤  b2  do b2',
      '•───╯  e   do e',
    ])
  })

  it('puts the parts of a group under it, and says how far it is', () => {
    expect(drawn(...GROUPS)).toEqual([
      '✔            plan       do plan',
      '├─●─╮        build      do build  2/4',
      '│   │ ✔        build.a  do build.a',
      '│   │ ├─⊘─╮    build.b  do build.b',
      '│   │ ╰─●─┤    build.c  do build.c',
      '│   │ ◌───╯    build.d  do build.d',
      '╰─○─┤        docs       do docs',
      '⏸───╯        ship       do ship  waits for CI',
    ])
  })

  it('keeps the parts of a group together when the list mixes them, and writes out needs across groups', () => {
    const nodes = [
      step('g'),
      step('h'),
      step('g.1', '', undefined, { parent: 'g' }),
      step('h.1', 'g.1', undefined, { parent: 'h' }),
      step('g.2', 'g.1', undefined, { parent: 'g' }),
    ]
    expect(drawn(...nodes)).toEqual([
      '•    g      do g',
      '│ •    g.1  do g.1',
      '│ •    g.2  do g.2',
      '•    h      do h',
      '  •    h.1  do h.1  after g.1',
    ])
  })

  it('writes out what no lane can show: unknown needs, and one of each circle', () => {
    expect(drawn(step('a', 'gone b'), step('b', 'a'))).toEqual(['•  b  do b  after a', '•  a  do a  after gone'])
  })

  it('leaves room left of a join for what will hang there', () => {
    const nodes = [step('a'), step('b', 'a'), step('c', 'a'), step('d', 'b'), step('e', 'b'), step('f', 'c d e')]
    expect(drawn(...nodes)).toEqual([
      '•        a  do a',
      '├─•      b  do b',
      '•─│───╮  c  do c',
      '  ├─•─┤  d  do d',
      '  ╰─•─┤  e  do e',
      '•─────╯  f  do f',
    ])
  })

  it('puts no mark below one that leads nowhere, as if it followed', () => {
    const lines = drawn(step('a'), step('b'), step('c'), step('d'), step('e', 'a b'), step('f', 'c d'))
    expect(lines).toEqual([
      '╭─•─╮    a  do a',
      '├─•─┤    b  do b',
      '├─•─│─╮  c  do c',
      '╰─•─│─┤  d  do d',
      '•───╯ │  e  do e',
      '  •───╯  f  do f',
    ])
  })

  it('folds long stretches of the same state, unless all is asked for', () => {
    const nodes = chain(1000, (at) => (at < 400 ? 'done' : at === 400 ? 'doing' : 'waiting'))
    expect(drawn(...nodes)).toEqual([
      '✔  s0    do s0',
      '✔  s1    do s1',
      '✔  s2    do s2',
      '⋮  … 394 more done',
      '✔  s397  do s397',
      '✔  s398  do s398',
      '✔  s399  do s399',
      '●  s400  do s400',
      '◌  s401  do s401',
      '◌  s402  do s402',
      '◌  s403  do s403',
      '⋮  … 593 more waiting',
      '◌  s997  do s997',
      '◌  s998  do s998',
      '◌  s999  do s999',
    ])
    expect(draw(nodes, { ...plain, all: true }).split('\n')).toHaveLength(1000)
    expect(drawn(...chain(40, () => 'done'))).toHaveLength(40)
    expect(drawn(...chain(41, () => 'done'))).toHaveLength(7)
  })

  it('folds legs between their lanes', () => {
    const legs = Array.from({ length: 60 }, (_, at) => step(`l${at}`, 's'))
    const lines = drawn(step('s'), ...legs, step('e', legs.map(({ id }) => id).join(' ')))
    expect(lines).toHaveLength(9)
    expect(lines[4]).toBe('├─⋮─┤  … 54 more')
  })

  it('never folds a step with a note', () => {
    const nodes = chain(100, () => 'done')
    nodes[50]!.note = 'mended by hand'
    expect(drawn(...nodes).filter((line) => line.includes('mended by hand'))).toHaveLength(1)
  })

  it('makes hostile words harmless', () => {
    const title = (title: string): string => draw([step('x', '', undefined, { title })], { ...plain, width: 24 })
    expect(title('\x1b[31mred\x1b[0m \x1b]0;title\x07\x9b2J\x00\x07')).toBe('•  x  red 2J')
    expect(title('two\r\nlines\tand\u2028more')).toBe('•  x  two lines and more')
    expect(title('\u202egnp.exe\u2066\u200f')).toBe('•  x  gnp.exe')
    expect(title('日本語日本語日本語日本語')).toBe('•  x  日本語日本語日本…')
    expect(title('שלום עולם')).toBe('•  x  שלום עולם')
    expect(title('🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀')).toBe('•  x  🚀🚀🚀🚀🚀🚀🚀🚀…')
    expect(title(`e${'\u0301'.repeat(500)}`)).toBe('•  x  e\u0301\u0301\u0301')
    expect(title('\ud800')).toBe('•  x  \ufffd')
  })

  it('draws with ASCII alone', () => {
    expect(draw([...GROUPS, step('é', 'ship', 'ready', { title: '日本 …' })], { ...plain, unicode: false })).toBe(
      [
        'x            plan       do plan',
        '+-@-.        build      do build  2/4',
        '|   | x        build.a  do build.a',
        '|   | +-~-.    build.b  do build.b',
        '|   | `-@-+    build.c  do build.c',
        "|   | w---'    build.d  do build.d",
        '`-o-+        docs       do docs',
        "=---'        ship       do ship  waits for CI",
        'o            ?          ?? ...',
      ].join('\n'),
    )
  })

  it('says the same in colour', () => {
    const colourful = draw(GROUPS, { ...plain, color: true })
    expect(colourful).toContain('\x1b[32m✔\x1b[0m')
    expect(colourful.replace(/\x1b\[[\d;]*m/g, '')).toBe(draw(GROUPS, plain))
  })

  it('draws nothing of nothing', () => {
    expect(draw([], plain)).toBe('')
  })
})

const STATES: NodeState[] = ['done', 'ready', 'doing', 'waiting', 'gated', 'failed', 'skipped']
const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    'end',
    '"]',
    '%%{init: {}}%%',
    '\x1b[2J',
    '\u202e',
    '日本語'.repeat(30),
    '👨‍👩‍👧🇩🇪'.repeat(9),
    '<b>"x"</b>',
  ),
)
/** Ids that can be found again: nothing else in a drawing looks like them. */
const anySteps = fc
  .array(
    fc.record({
      title: words,
      note: fc.option(words, { nil: undefined }),
      state: fc.option(fc.constantFrom(...STATES), { nil: undefined }),
      parent: fc.option(fc.nat(), { nil: undefined, freq: 2 }),
      needs: fc.array(fc.nat(), { maxLength: 4 }),
    }),
    { maxLength: 40 },
  )
  .map((drafts) =>
    drafts.map(
      ({ title, note, state, parent, needs }, at): Node => ({
        id: `ꙮ${at}ꙮ`,
        title,
        needs: at === 0 ? [] : needs.map((need) => `ꙮ${need % at}ꙮ`),
        ...(note !== undefined && { note }),
        ...(state && { state }),
        ...(parent !== undefined && at > 0 && { parent: `ꙮ${parent % at}ꙮ` }),
      }),
    ),
  )

describe('any steps', () => {
  it('each have their line, no wider than asked, without control characters', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 20, max: 200 }), fc.boolean(), (nodes, width, all) => {
        const text = draw(nodes, { width, color: false, unicode: true, all })
        expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
        const lines = nodes.length === 0 ? [] : text.split('\n')
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
        // A line is its step's by what stands before the words `after`, which names other steps.
        const ids = lines.map((line) => /ꙮ\d+ꙮ/.exec(line)?.[0])
        if (width >= 60) expect(ids.sort()).toEqual(nodes.map(({ id }) => id).sort())
        else expect(lines).toHaveLength(nodes.length)
      }),
      { numRuns: 300 },
    )
  })

  it('stand below what they need, under their group', () => {
    fc.assert(
      fc.property(anySteps, (nodes) => {
        const lines = draw(nodes, { width: 200, color: false, unicode: true, all: true }).split('\n')
        const at = new Map(lines.map((line, place) => [/ꙮ\d+ꙮ/.exec(line)?.[0], place]))
        const words = new Map(lines.map((line) => [/ꙮ\d+ꙮ/.exec(line)?.[0], line]))
        for (const { id, parent, needs } of nodes) {
          if (parent !== undefined) expect(at.get(parent)).toBeLessThan(at.get(id)!)
          for (const need of needs) if (at.get(need)! > at.get(id)!) expect(words.get(id)).toContain('after ')
        }
      }),
      { numRuns: 300 },
    )
  })

  it('stay within ASCII where that is all there is', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 20, max: 200 }), (nodes, width) => {
        const text = draw(nodes, { width, color: false, unicode: false })
        expect(text).toMatch(/^[\x20-\x7e\n]*$/)
        for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width)
      }),
    )
  })

  it('make balanced Mermaid, whatever their titles', () => {
    const known = [
      /^flowchart TD$/,
      /^ +n\d+\["[^"[\]{}<>`%|]*"\]$/,
      /^ +subgraph n\d+\["[^"[\]{}<>`%|]*"\]$/,
      /^ +end$/,
      /^ {2}n\d+ --> n\d+$/,
      /^ {2}classDef [a-z]+ [\w:,#-]+$/,
      /^ {2}class (n\d+,?)+ [a-z]+$/,
    ]
    fc.assert(
      fc.property(anySteps, (nodes) => {
        const lines = mermaid(nodes).split('\n')
        for (const line of lines)
          expect(
            known.some((form) => form.test(line)),
            line,
          ).toBe(true)
        const count = (form: RegExp): number => lines.filter((line) => form.test(line)).length
        expect(count(/^ +subgraph /)).toBe(count(/^ +end$/))
        expect(count(/^ +(subgraph )?n\d+\[/)).toBe(nodes.length)
      }),
    )
  })
})

describe('mermaid', () => {
  it('draws groups as subgraphs and states as classes', () => {
    const nodes = [
      step('a', '', 'done'),
      step('g', 'a', 'doing'),
      step('g.1', 'a', 'doing', { parent: 'g', note: 'CI' }),
    ]
    expect(mermaid(nodes)).toBe(
      [
        'flowchart TD',
        '  n0["a: do a"]',
        '  subgraph n1["g: do g (0/1)"]',
        '    n2["g.1: do g.1 (CI)"]',
        '  end',
        '  n0 --> n1',
        '  n0 --> n2',
        '  classDef done fill:#d3f2d9,stroke:#2e7d32,color:#123',
        '  class n0 done',
        '  classDef doing fill:#cfe8fc,stroke:#1565c0,color:#123,stroke-width:3px',
        '  class n1,n2 doing',
      ].join('\n'),
    )
  })

  it('lets no title break the syntax', () => {
    expect(mermaid([step('end', '', undefined, { title: '"] --> n9\nend <b>`x`</b> %%{init}%%' })])).toBe(
      'flowchart TD\n  n0["end: #34;#93; --#62; n9 end #60;b#62;#96;x#96;#60;/b#62; #37;#37;#123;init#125;#37;#37;"]',
    )
  })
})

describe('summary', () => {
  it('counts steps, not groups', () => {
    expect(summary(GROUPS)).toEqual({
      total: 7,
      done: 3,
      ready: ['docs'],
      doing: ['build.c'],
      waiting: 1,
      gated: ['ship'],
    })
  })
})
