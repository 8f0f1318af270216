/** Reading formulas: what a valid one becomes, and what is said of everything that is wrong. */
import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { mapJson } from '../../../src/meow/formulas/json-map.ts'
import { readFormula } from '../../../src/meow/formulas/read.ts'
import type { Problem } from '../../../src/town/explain.ts'
import { lineOf } from '../../../src/town/toml-map.ts'

const STEP = 'formula = "f"\n[[steps]]\nid = "a"\ntitle = "A"\n'

/** What a person reads of an error: the lines, and the first hint. */
function shown(text: string, file = 'f.formula.toml'): string {
  const read = readFormula(text, file)
  return read.kind === 'ok' ? 'ok' : `${read.failure.code} ${read.failure.message}\n→ ${read.failure.hint}`
}

function value(text: string, file = 'f.formula.toml') {
  const read = readFormula(text, file)
  if (read.kind === 'error') throw new Error(read.failure.message)
  return read.value
}

describe('a valid formula', () => {
  test('has every default filled', () => {
    expect(value(STEP)).toEqual({
      formula: 'f',
      description: '',
      version: 1,
      type: 'workflow',
      phase: 'liquid',
      extends: [],
      vars: {},
      steps: [
        {
          id: 'a',
          title: 'A',
          description: '',
          notes: '',
          acceptance: '',
          type: 'task',
          labels: [],
          metadata: {},
          needs: [],
          parallel: false,
          interactive: false,
          expand_vars: {},
          children: [],
        },
      ],
      template: [],
      compose: { bond_points: [], hooks: [], expand: [], map: [], branch: [], gate: [], aspects: [] },
      advice: [],
      pointcuts: [],
      inputs: {},
      prompts: {},
      legs: [],
      aspects: [],
      presets: {},
      review_only: false,
    })
  })

  test('needs and depends_on are one list, and acceptance_criteria is acceptance', () => {
    const step = value(
      `${STEP}[[steps]]\nid = "b"\ntitle = "B"\nneeds = ["a"]\ndepends_on = ["a"]\nacceptance_criteria = "works"\n`,
    ).steps[1]
    expect(step).toMatchObject({ needs: ['a'], acceptance: 'works' })
  })

  test('a variable may be its default alone, and defaults may be numbers and booleans', () => {
    const { vars } = value(
      `${STEP}[vars]\nname = "x"\ncount = 3\n[vars.deep]\ndefault = false\nrequired = true\nenum = ["true", false]\n`,
    )
    const plain = { description: '', type: 'string', required: false, required_unless: [], enum: [] }
    expect(vars).toEqual({
      name: { ...plain, default: 'x' },
      count: { ...plain, default: '3' },
      deep: { ...plain, default: 'false', required: true, enum: ['true', 'false'] },
    })
  })

  test.each([
    ['convoy', '[[legs]]\nid = "x"\n'],
    ['expansion', '[[template]]\nid = "{target}.x"\ntitle = "X"\n'],
    ['aspect', '[[advice]]\ntarget = "*"\n'],
    ['aspect', '[[aspects]]\nid = "x"\n'],
    ['workflow', '[[steps]]\nid = "x"\ntitle = "X"\n'],
  ])('without a type it is what its parts make it: %s', (type, parts) => {
    expect(value(`formula = "f"\n${parts}`).type).toBe(type)
  })

  test('uses the whole format', () => {
    const text = `
formula = "f"
description = "Everything at once"
version = 3
phase = "vapor"
pour = true
agent = "claude"
[vars.who]
description = "Whom to greet"
pattern = "^[a-z]+$"
default = "you"
[vars.n]
type = "int"
default = 2
[[steps]]
id = "plan"
title = "Plan for {{who}}"
type = "feature"
priority = 1
labels = ["x"]
metadata = { deep = { er = [1] } }
interactive = true
condition = "{{who}} == you"
[steps.gate]
type = "gh:run"
id = "ci.yml"
timeout = "1h30m"
default = "ask"
[[steps]]
id = "each"
title = "Rounds"
needs = ["plan"]
[steps.loop]
range = "1..{{n}}"
var = "i"
[[steps.loop.body]]
id = "run"
title = "Round {i}"
[[steps.loop.body]]
id = "look"
title = "Look at {i}"
needs = ["run"]
[[steps]]
id = "parts"
title = "Parts"
depends_on = ["each.iter2.look"]
[[steps.children]]
id = "left"
title = "Left"
parallel = true
[[steps.children]]
id = "right"
title = "Right"
needs = ["left"]
waits_for = "children-of(plan)"
[[steps]]
id = "open"
expand = "rule"
expand_vars = { depth = "{{n}}" }
needs = ["parts"]
[[steps]]
id = "fan"
title = "Fan out"
needs = ["open.last"]
on_complete = { for_each = "output.items", bond = "other", vars = { item = "{item}" }, parallel = true }
[compose]
aspects = ["watch"]
expand = [{ target = "plan", with = "rule", vars = { a = "b" } }]
map = [{ select = "*.run", with = "rule" }]
branch = [{ from = "plan", steps = ["each"], join = "fan" }]
gate = [{ before = "fan", condition = "step.status == 'complete'" }]
bond_points = [{ id = "here", after_step = "plan" }]
hooks = [{ trigger = "label:x", attach = "other" }]
`
    const formula = value(text)
    expect(formula.steps.map(({ id, needs }) => [id, needs])).toEqual([
      ['plan', []],
      ['each', ['plan']],
      ['parts', ['each.iter2.look']],
      ['open', ['parts']],
      ['fan', ['open.last']],
    ])
    expect(formula.steps[2]).toMatchObject({
      type: 'epic',
      children: [{ id: 'left', parallel: true }, { id: 'right' }],
    })
    expect(formula.steps[3]).toMatchObject({ title: 'open', expand: 'rule' })
    expect(formula.steps[4]?.on_complete).toEqual({
      for_each: 'output.items',
      bond: 'other',
      vars: { item: '{item}' },
      sequential: false,
    })
    expect(formula.compose.hooks).toEqual([{ trigger: 'label:x', attach: 'other', vars: {} }])
  })

  test('words of Go templates and of GitHub workflows are no variables', () => {
    const text = `{{.leg.id}} {{range .files}}{{else}}{{end}} \${{ secrets }}`
    expect(shown(`formula = "f"\n[[legs]]\nid = "x"\ndescription = "${text}"\n`)).toBe('ok')
  })
})

/** What is wrong; the lines that make it so, below one step `a` (which ends on line 4); what is said of it. */
const WRONG: [string, string, string][] = [
  [
    'a misspelt key',
    'descripton = "x"',
    'f.formula.toml:5: unknown key `steps.0.descripton`; did you mean `description`?\n→ Rename `descripton` to `description` on line 5.',
  ],
  [
    'a key of another place',
    '[vars.x]\nlegs = []',
    'f.formula.toml:6: unknown key `vars.x.legs`; it belongs at the top of the file.\n→ Move line 6 to the top of the file, above the first [table].',
  ],
  [
    'a wrong type',
    'needs = "b"',
    'f.formula.toml:5: `steps.0.needs` must be a list, not "b".\n→ Write a list: needs = ["…"]',
  ],
  [
    'a type that is none',
    'type = "taks"',
    'f.formula.toml:5: `steps.0.type` must be "task" or "bug" or "feature" or "epic" or "chore", not "taks".\n→ Did you mean "task"?',
  ],
  [
    'a variable of a strange kind',
    '[vars]\nx = ["a"]',
    'f.formula.toml:6: `vars.x` must be text in quotes or a whole number or true or false or a table, not ["a"].\n→ Write text in quotes or a whole number or true or false or a table.',
  ],
  ['no TOML', 'needs = [', 'f.formula.toml:6:1: this is not TOML: invalid value.\n→ Mend line 6: '],
  [
    'a second step with the id',
    '[[steps]]\nid = "a"\ntitle = "B"',
    'f.formula.toml:6: two steps have the id "a"; the other is on line 3.\n→ Give the step on line 6 an id of its own.',
  ],
  [
    'a misspelt id',
    '[[steps]]\nidd = "b"\ntitle = "B"',
    'f.formula.toml:6: unknown key `steps.1.idd`; did you mean `id`?\n→ Rename `idd` to `id` on line 6.',
  ],
  ['no title', '[[steps]]\nid = "b"', 'f.formula.toml:5: step "b" has no title.\n→ Add to it: title = "…"'],
  [
    'a need of no step',
    '[[steps]]\nid = "build"\ntitle = "B"\n[[steps]]\nid = "c"\ntitle = "C"\nneeds = [\n  "a",\n  "biuld",\n]',
    'f.formula.toml:13: step "c" needs "biuld", which is not a step here; did you mean "build"?\n→ Write "build" on line 13.',
  ],
  [
    'a need of nothing near',
    'depends_on = ["elsewhere"]',
    'f.formula.toml:5: step "a" needs "elsewhere", which is not a step here.\n→ Steps that can be named: a.',
  ],
  [
    'a need of a step inside a loop',
    '[[steps]]\nid = "l"\ntitle = "L"\nloop = { count = 2, body = [{ id = "inner", title = "I" }] }\n[[steps]]\nid = "z"\ntitle = "Z"\nneeds = ["inner"]',
    'f.formula.toml:12: step "z" needs "inner", which is not a step here.\n→ Steps that can be named: a, l, z.',
  ],
  [
    'a circle',
    'needs = ["c"]\n[[steps]]\nid = "b"\ntitle = "B"\nneeds = ["a"]\n[[steps]]\nid = "c"\ntitle = "C"\nneeds = ["b"]',
    'f.formula.toml:5: these steps wait for each other: a → c → b → a.\n→ Take one of these needs away.',
  ],
  [
    'a need of itself',
    'needs = ["a"]',
    'f.formula.toml:5: these steps wait for each other: a → a.\n→ Take one of these needs away.',
  ],
  [
    'a part that needs the whole',
    '[[steps.children]]\nid = "part"\ntitle = "P"\nneeds = ["a"]',
    'f.formula.toml:8: these steps wait for each other: part → a → part.\n→ Take one of these needs away.',
  ],
  [
    'a loop with two ends',
    'loop = { count = 2, range = "1..2", body = [{ id = "b", title = "B" }] }',
    'f.formula.toml:5: the loop of step "a" must have exactly one of `count`, `until` and `range`; it has `count` and `range`.\n→ Keep one: count = 3, range = "1..3", or until = "…" with max = 3',
  ],
  [
    'a loop without end',
    '[steps.loop]\nuntil = "x"\nbody = [{ id = "b", title = "B" }]',
    'f.formula.toml:6: the loop of step "a" has `until` without `max`.\n→ Add how often at most: max = 10',
  ],
  [
    'a loop with no range',
    'loop = { range = "5", body = [{ id = "b", title = "B" }] }',
    'f.formula.toml:5: the loop of step "a" has the range "5", which is not one.\n→ Write both ends: range = "1..5"',
  ],
  [
    'a gate of no kind',
    'gate = { type = "gh:runs" }',
    'f.formula.toml:5: `steps.0.gate.type` must be "timer" or "bead" or "mail" or "human" or "gh:run" or "gh:pr" or "command", not "gh:runs".\n→ Did you mean "gh:run"?',
  ],
  [
    'a duration that is none',
    'gate = { type = "timer", timeout = "30" }',
    'f.formula.toml:5: the gate of step "a" has the timeout "30", which is not a duration.\n→ Write a number and a unit (s, m, h, d): timeout = "30m"',
  ],
  [
    'a timer without end',
    'gate = { type = "timer" }',
    'f.formula.toml:5: the gate of step "a" is a timer without `timeout`.\n→ Say how long: timeout = "30m"',
  ],
  [
    'waits_for with steps',
    'waits_for = "all-childs"',
    'f.formula.toml:5: `waits_for` of step "a" must be "all-children", "any-children" or "children-of(STEP)", not "all-childs".\n→ Did you mean "all-children"?',
  ],
  [
    'waits_for of no step',
    'waits_for = "children-of(b)"',
    'f.formula.toml:5: step "a" waits for "b", which is not a step here; did you mean "a"?\n→ Write "a" on line 5.',
  ],
  [
    'for_each of no output',
    'on_complete = { for_each = "items", bond = "x" }',
    'f.formula.toml:5: `for_each` of step "a" must name a list in its output, not "items".\n→ Write: for_each = "output.items"',
  ],
  [
    'an undefined variable',
    'description = """\nfirst\nsecond {{nmae}}"""\n[vars]\nname = ""',
    'f.formula.toml:7: `{{nmae}}` is not a variable of this formula; did you mean `{{name}}`?\n→ Write {{name}} on line 7.',
  ],
  [
    'an undeclared variable',
    'description = "{{issue}}"',
    'f.formula.toml:5: `{{issue}}` is not a variable of this formula.\n→ Declare it: [vars.issue] with a description, and a default or required = true.',
  ],
  [
    'a pattern that does not compile',
    '[vars.v]\npattern = "["',
    'f.formula.toml:6: variable "v" has a pattern that is no regular expression: /[/: Unterminated character class.\n→ Correct: "["',
  ],
  [
    'a default outside of its enum',
    '[vars.v]\nenum = ["red", "green"]\ndefault = "gren"',
    'f.formula.toml:7: variable "v" has the default "gren", which is not in its `enum`.\n→ Did you mean "green"?',
  ],
  [
    'a default against its pattern',
    '[vars.v]\npattern = "^\\\\d+$"\ndefault = "x"',
    'f.formula.toml:7: variable "v" has the default "x", which does not match its pattern "^\\\\d+$".\n→ Correct one of the two.',
  ],
  [
    'a default of another type',
    '[vars.v]\ntype = "int"\ndefault = "many"',
    'f.formula.toml:7: variable "v" has the default "many", which is not of type int.\n→ Correct one of the two.',
  ],
  [
    'a branch to nowhere',
    '[[compose.branch]]\nfrom = "a"\nsteps = ["b"]\njoin = "z9"\n[[steps]]\nid = "b"\ntitle = "B"',
    'f.formula.toml:8: compose.branch names "z9", which is not a step here.\n→ Steps that can be named: a, b.',
  ],
  [
    'a preset with no leg',
    'parallel = true\n[[legs]]\nid = "style"\n[presets.p]\nlegs = ["stile"]',
    'f.formula.toml:9: preset "p" names "stile", which is not a leg; did you mean "style"?\n→ Write "style" on line 9.',
  ],
  [
    'a synthesis with no leg',
    'parallel = true\n[[legs]]\nid = "style"\n[synthesis]\ndepends_on = ["x"]',
    'f.formula.toml:9: the synthesis names "x", which is not a leg.\n→ Legs: style.',
  ],
  [
    'a condition on no input',
    '[inputs.pr]\nrequired_unless = ["file"]\n[inputs.files]',
    'f.formula.toml:6: variable "pr" is required unless "file", which is not an input.\n→ Did you mean "files"?',
  ],
]

describe('what is wrong is told with line and fix', () => {
  test.each(WRONG)('%s', (_, lines, message) => {
    expect(shown(`${STEP}${lines}\n`)).toBe(`E_FORMULA ${message}`)
  })

  test('no name', () => {
    expect(shown('[[steps]]\nid = "a"\ntitle = "A"\n')).toBe(
      'E_FORMULA f.formula.toml:1: `formula` is missing.\n→ Add at the top of the file: formula = "name-of-the-file"',
    )
  })

  test('another name than the file', () => {
    expect(shown(STEP, 'dir/g.formula.toml')).toBe(
      'E_FORMULA dir/g.formula.toml:1: `formula` is "f", but the file is named "g".\n→ Write: formula = "g", or rename the file to f.formula.toml.',
    )
  })

  test('a table that the original never read', () => {
    expect(shown(`formula = "f"\n[squash]\ntrigger = "on_complete"\n[[steps]]\nid = "a"\ntitle = "A"\n`)).toBe(
      'E_FORMULA f.formula.toml:2: unknown key `squash`: it has no effect here.\n→ Delete the table on line 2. A molecule is squashed when somebody says so: gt mol squash',
    )
  })

  test('nothing to do', () => {
    expect(shown('formula = "f"\ntype = "convoy"\n')).toBe(
      'E_FORMULA f.formula.toml:2: a convoy with no legs does nothing.\n→ Add [[legs]], or give it another type.',
    )
  })

  test('all problems at once, in the order of the lines', () => {
    const read = readFormula(
      `${STEP}needs = ["x"]\ndescription = "{{y}}"\ngate = { type = "timer" }\n`,
      'f.formula.toml',
    )
    expect(read.kind === 'error' && (read.failure.details as Problem[]).map(({ line }) => line)).toEqual([5, 6, 7])
  })

  test('a formula with parents may name what they may have', () => {
    expect(shown(`extends = ["p"]\n${STEP}needs = ["x"]\ndescription = "{{y}}"\n`)).toBe('ok')
  })
})

describe('JSON', () => {
  const json = (text: string) => shown(text, 'f.formula.json')
  test('is the same formula', () => {
    expect(value('{"formula":"f","steps":[{"id":"a","title":"A"}]}', 'f.formula.json')).toEqual(value(STEP))
  })
  test('broken', () => {
    expect(json('{\n  "formula": "f",\n  oops\n}')).toMatch(
      /^E_FORMULA f\.formula\.json:3:3: this is not JSON: .+\.\n→ Mend line 3: oops$/,
    )
  })
  test('problems have lines', () => {
    expect(
      json(
        '{\n "formula": "f",\n "steps": [\n  {"id": "a", "title": "A"},\n  {"id": "b", "title": "B",\n   "needs": ["c,{", "a"]}]}',
      ),
    ).toBe(
      'E_FORMULA f.formula.json:6: step "b" needs "c,{", which is not a step here.\n→ Steps that can be named: a, b.',
    )
    expect(json('{\n "formula": "f",\n "steps": {}}')).toBe(
      'E_FORMULA f.formula.json:3: `steps` must be a list, not {}.\n→ Write a list: "steps": ["…"]',
    )
  })
  test('every value has its line, whatever the layout (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (document) => {
        const text = JSON.stringify({ root: document }, null, 1)
        const map = mapJson(text)
        const lines = text.split('\n')
        const visit = (each: unknown, path: (string | number)[]): void => {
          const key = path.at(-1)
          const line = lines[lineOf(map, path) - 1]!
          expect(line).toContain(
            typeof key === 'string' ? JSON.stringify(key) : JSON.stringify(each, null, 1).split('\n')[0],
          )
          if (typeof each !== 'object' || each === null) return
          for (const [name, inner] of Object.entries(each))
            visit(inner, [...path, Array.isArray(each) ? Number(name) : name])
        }
        visit(document, ['root'])
      }),
      { numRuns: 50 },
    )
  })
})

describe('properties', () => {
  const id = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
  const words = fc.string({ minLength: 1 }).filter((text) => !text.includes('{{') && !/\p{Surrogate}/u.test(text))
  /** Steps in an order that their needs agree with. */
  const steps = fc.uniqueArray(id, { minLength: 1, maxLength: 6 }).chain((ids) =>
    fc.tuple(
      ...ids.map((each, index) =>
        fc.record(
          {
            id: fc.constant(each),
            title: words,
            description: words,
            needs: fc.subarray(ids.slice(0, index)),
            type: fc.constantFrom('task', 'bug', 'chore'),
            priority: fc.integer({ min: 0, max: 4 }),
            labels: fc.array(words, { maxLength: 2 }),
          },
          { requiredKeys: ['id', 'title'] },
        ),
      ),
    ),
  )

  test('a valid formula is the same as TOML and as JSON', () => {
    fc.assert(
      fc.property(steps, words, fc.dictionary(id, words, { maxKeys: 3 }), (each, description, vars) => {
        const document = { formula: 'f', description, vars, steps: each }
        const read = value(stringify(document))
        expect(read).toEqual(value(JSON.stringify(document), 'f.formula.json'))
        expect(read.steps.map((step) => [step.id, step.title, step.needs])).toEqual(
          each.map((step) => [step.id, step.title, [...new Set(step.needs ?? [])]]),
        )
      }),
    )
  })

  test('steps that need each other in a circle are never accepted, and chains of any length are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.boolean(), (length, closed) => {
        const chain = Array.from({ length }, (_, index) => ({
          id: `s${index}`,
          title: 'S',
          needs: index > 0 ? [`s${index - 1}`] : closed ? [`s${length - 1}`] : [],
        }))
        expect(readFormula(JSON.stringify({ formula: 'f', steps: chain }), 'f.formula.json').kind).toBe(
          closed ? 'error' : 'ok',
        )
      }),
      { numRuns: 20 },
    )
  })
})
