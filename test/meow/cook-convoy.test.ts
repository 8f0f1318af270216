import { expect, test } from 'vitest'
import { render } from '../../src/meow/cook/go-template.ts'
import type { Formula } from '../../src/meow/formulas/formula.ts'
import { aFormula, aLeg, aVar, complaint, cooked, edges } from './support.ts'

const BASE = `{{.formula_name}}: {{.target_description}}
{{if .context}}more: {{.context}}
{{end}}{{range .files -}}
- {{.}} of {{.leg.id}}
{{end -}}
to {{.output_path}}`

const review = (says: Partial<Formula> = {}): Formula =>
  aFormula('review', {
    type: 'convoy',
    inputs: { pr: aVar({ required_unless: ['files'] }), files: aVar({ required_unless: ['pr'] }), context: aVar() },
    prompts: { base: BASE },
    output: { directory: '.reviews/{{.review_id}}', leg_pattern: '{{.leg.id}}.md', synthesis: 'all.md' },
    legs: [aLeg('bugs'), aLeg('speed', { agent: 'fast' }), aLeg('style', { review_only: true })],
    synthesis: {
      title: 'Together',
      description: 'from {{.output.directory}} to {{.output.directory}}/{{.output.synthesis}}',
      depends_on: [],
    },
    presets: { quick: { description: '', legs: ['style', 'bugs'] }, bad: { description: '', legs: ['none'] } },
    ...says,
  })

test('a step for each leg, told what the base prompt says for it, and a synthesis that needs them', () => {
  const recipe = cooked([review()], { files: 'a.ts, b.ts', review_id: 'r1' })
  expect(recipe.kind).toBe('convoy')
  expect(edges(recipe)).toEqual(['bugs', 'speed', 'style', 'synthesis < bugs speed style'])
  expect(recipe.steps[0]!.description).toBe(
    `review: files a.ts, b.ts
- a.ts of bugs
- b.ts of bugs
to .reviews/r1/bugs.md

Focus: bugs focus

bugs words`,
  )
  expect(recipe.steps.at(-1)!.description).toBe('from .reviews/r1 to .reviews/r1/all.md')
  expect(recipe.steps.map(({ agent, reviewOnly }) => [agent, reviewOnly])).toEqual([
    [undefined, undefined],
    ['fast', undefined],
    [undefined, true],
    [undefined, undefined],
  ])
})

test('a base prompt that says focus, description and file itself is all that a leg is told', () => {
  const base = '{{.leg.title}}: {{.leg.focus}}. {{.leg.description}} {{.output_path}}'
  const [step] = cooked([review({ prompts: { base } })], { pr: '1' }).steps
  expect(step!.description).toMatch(/^bugs title: bugs focus\. bugs words \.reviews\/\w+\/bugs\.md$/)
})

test('a leg whose prompt does not say where its words go is told so; names may lack their dot', () => {
  const base = 'For {{leg.id}}, {{nobody.knows}}.'
  const [step] = cooked([review({ prompts: { base } })], { pr: '1' }).steps
  expect(step!.description).toMatch(/^For bugs, \{\{nobody\.knows\}\}\./)
  expect(step!.description).toMatch(/\n\nWrite it to the file \.reviews\/\w+\/bugs\.md, and commit that\.$/)
  expect(step!.title).toBe('review: bugs title')
})

test('an id that nobody gave is made from the values: the same for the same, another for others', () => {
  const place = (vars: Record<string, string>): string => cooked([review()], vars).steps.at(-1)!.description
  expect(place({ pr: '1' })).toMatch(/^from \.reviews\/[0-9a-f]{8} to/)
  expect(place({ pr: '1' })).toBe(place({ pr: '1' }))
  expect(place({ pr: '1' })).not.toBe(place({ pr: '2' }))
})

test.each([
  [{ preset: 'quick' }, ['bugs', 'style', 'synthesis < bugs style']],
  [{ legs: ['speed'] }, ['speed', 'synthesis < speed']],
  [{ preset: 'quick', legs: ['speed'] }, ['bugs', 'speed', 'style', 'synthesis < bugs speed style']],
])('a choice of legs: %j', (choice, result) => {
  expect(edges(cooked([review()], { pr: '1' }, choice))).toEqual(result)
})

test('a synthesis of some legs needs those of them that were chosen', () => {
  const f = review({ synthesis: { title: '', description: '', depends_on: ['bugs', 'speed'] } })
  expect(edges(cooked([f], { pr: '1' }, { preset: 'quick' }))).toEqual(['bugs', 'style', 'synthesis < bugs'])
})

test('without a place for what they find, or when the formula says so, legs only report', () => {
  const only = (says: Partial<Formula>) => cooked([review(says)], { pr: '1' }).steps.map(({ reviewOnly }) => reviewOnly)
  const { output: _, ...bare } = review()
  expect(cooked([bare], { pr: '1' }).steps.map(({ reviewOnly }) => reviewOnly)).toEqual([true, true, true, true])
  expect(only({ review_only: true, legs: [aLeg('a'), aLeg('b', { review_only: false })] })).toEqual([
    true,
    undefined,
    true,
  ])
})

test('an aspect that is a list of things to look at is a convoy', () => {
  const f = aFormula('looks', { type: 'aspect', aspects: [aLeg('a'), aLeg('b')] })
  expect(cooked([f])).toMatchObject({
    kind: 'convoy',
    steps: [{ id: 'a', source: { location: 'aspects[0]' } }, { id: 'b' }],
  })
})

test.each([
  [{}, { preset: 'quik' }, 'Formula review has no preset quik. Did you mean quick?'],
  [{}, { legs: ['bug'] }, 'Formula review has no leg bug. Did you mean bugs?'],
  [{}, { preset: 'bad' }, 'Formula review: preset bad names leg none, and there is none.'],
  [{ legs: [] }, {}, 'Formula review is a convoy without legs.'],
  [{ legs: [aLeg('a'), aLeg('a')] }, {}, 'Formula review has two legs with the id a.'],
  [
    { synthesis: { title: '', description: '', depends_on: ['bgus'] } },
    {},
    'Formula review: the synthesis depends on leg bgus, and there is none. Did you mean bugs?',
  ],
  [
    { prompts: { base: 'a\n{{if .x}}' } },
    {},
    'Formula review, prompts.base: in line 2 of the text, lacks {{end}} for {{if …}}.',
  ],
])('convoys that do not do: %#', (says, choice, words) => {
  expect(complaint([review(says)], { pr: '1' }, choice)).toBe(words)
})

test('a workflow has no legs to choose from', () => {
  expect(complaint([aFormula('f')], {}, { legs: ['a'] })).toBe('Formula f is a workflow and has no legs.')
})

test.each([
  ['{{.a}} {{ .b.c }} {{.none.at.all}}|', '1 2 |'],
  ['{{if .a}}yes{{else}}no{{end}} {{if .none}}yes{{else if .b}}b{{else}}no{{end}}', 'yes b'],
  ['{{if .none}}{{if .a}}x{{end}}{{end}}-', '-'],
  ['{{range .list}}<{{.}}>{{end}} {{range .none}}x{{else}}none{{end}}', '<x><y> none'],
  ['{{range .rows}}{{.n}}{{$.a}} {{end}}', '11 21 '],
  ['a \n {{- .a -}} \n b {{.a -}}\n\n{{- .a}}', 'a1b 11'],
  ['{{unknown}} {{a}} {{/* words */}}{{printf "%s" .a}}', '{{unknown}} 1 '],
])('Go templates: %s', (template, text) => {
  const data = { a: '1', b: { c: '2' }, list: 'x, y', rows: [{ n: '1' }, { n: '2' }] }
  expect(render(template, data)).toEqual({ kind: 'ok', value: text })
})

test.each([
  ['a {{.b', 'in line 1 of the text, {{.b is not closed by }}'],
  ['{{end}}', 'in line 1 of the text, {{end}} belongs to nothing'],
  ['\n{{else}}', 'in line 2 of the text, {{else}} belongs to nothing'],
  ['{{range .x}}', 'in line 1 of the text, lacks {{end}} for {{range …}}'],
])('broken ones: %j', (template, message) => {
  expect(render(template, {})).toMatchObject({ failure: { message } })
})
