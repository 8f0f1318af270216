/** What the formulas that come with gt cook to: steps that say what to do, in the order that is meant. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cook } from '../../src/meow/cook.ts'
import type { Recipe, RecipeStep } from '../../src/meow/recipe.ts'
import { formula, frozen, must, NAMES, ROOT, SAMPLE } from './shipped-support.ts'

const TITLE_CHARS = 70

const cooked = (name: string, vars: Record<string, string> = {}, preset?: string): Recipe =>
  must(cook(frozen(name), { ...SAMPLE[name], ...vars }, preset === undefined ? {} : { preset }))
const idsOf = (recipe: Recipe): string[] => recipe.steps.map((step) => step.id)
/** Steps that are done by somebody: no group of others. */
const leaves = ({ steps }: Recipe): RecipeStep[] => steps.filter(({ id }) => !steps.some(({ parent }) => parent === id))

/** Expansions and aspects are only parts of others. */
const WHOLE = NAMES.filter((name) => !['expansion', 'aspect'].includes(formula(name).type))

describe.each(WHOLE)('%s', (name) => {
  const { type, presets } = formula(name)

  test('cooks to steps that say what to do', () => {
    for (const preset of [undefined, ...Object.keys(presets)]) {
      const recipe = cooked(name, {}, preset)
      expect(recipe.kind).toBe(type === 'convoy' ? 'convoy' : 'molecule')
      expect(recipe.steps.length).toBeGreaterThan(1)
      for (const step of recipe.steps) {
        expect(step.title.length, step.title).toBeLessThanOrEqual(TITLE_CHARS)
        expect(step.description, step.id).toMatch(/\w/)
        for (const text of [step.title, step.description, step.acceptance ?? '']) {
          // What a finished step gave out, and the rounds of a loop, are known only later.
          const later = step.until === undefined ? text : ''
          expect(later, step.id).not.toMatch(/\{\{|\{(i|round|target|step|leg)\b/)
        }
      }
    }
  })

  test('cooks to steps that only need earlier ones', () => {
    const { steps } = cooked(name)
    const seen = new Set<string>()
    for (const step of steps) {
      expect(step.needs.filter((need) => !seen.has(need), step.id)).toEqual([])
      expect(seen.has(step.id), step.id).toBe(false)
      seen.add(step.id)
    }
  })
})

/** Whether the one is done before the other, by what is needed. */
function comesBefore(recipe: Recipe, first: string, then: string): boolean {
  const steps = new Map(recipe.steps.map((step) => [step.id, step]))
  const reach = (id: string, seen = new Set<string>()): boolean => {
    if (seen.has(id)) return false
    seen.add(id)
    const step = steps.get(id)
    return (step?.needs ?? []).some((need) => need === first || reach(need, seen))
  }
  return reach(then)
}

describe('what its variables and compositions do', () => {
  test('polecat-work: a small task is not set out, and the order still holds', () => {
    expect(idsOf(cooked('polecat-work'))).toEqual([
      'understand',
      'set-out',
      'implement',
      'self-review',
      'test',
      'hand-in',
    ])
    const small = cooked('polecat-work', { size: 'small' })
    expect(idsOf(small)).not.toContain('set-out')
    expect(comesBefore(small, 'understand', 'implement')).toBe(true)
    expect(cook(frozen('polecat-work'), { size: 'tiny' }, {}).kind).toBe('error')
  })

  test('tdd-feature: the cycle takes the place of the step that builds', () => {
    const recipe = cooked('tdd-feature')
    const ids = idsOf(recipe)
    expect(ids).not.toContain('implement')
    for (const id of ['implement-list', 'implement-cycle', 'implement-whole']) expect(ids).toContain(id)
    const cycle = recipe.steps.find((step) => step.id === 'implement-cycle')
    expect(cycle?.until).toMatchObject({ max: 20, var: 'round' })
    expect(cycle?.until?.body.map((step) => step.id)).toHaveLength(3)
    expect(comesBefore(recipe, 'understand', 'implement-list')).toBe(true)
    expect(comesBefore(recipe, 'implement-whole', 'self-review')).toBe(true)
    const list = recipe.steps.find((step) => step.id === 'implement-list')
    expect(list?.description).toContain('Do the work in small commits')
  })

  test('secure-work: threats before the building, an audit after it, secrets before the end', () => {
    const recipe = cooked('secure-work')
    expect(comesBefore(recipe, 'implement-threats', 'implement')).toBe(true)
    expect(comesBefore(recipe, 'implement', 'implement-audit')).toBe(true)
    expect(comesBefore(recipe, 'implement-audit', 'self-review')).toBe(true)
    expect(comesBefore(recipe, 'hand-in-secrets', 'hand-in')).toBe(true)
    expect(comesBefore(recipe, 'test', 'hand-in-secrets')).toBe(true)
  })

  test('release: a version, and a person before the tag', () => {
    expect(cook(frozen('release'), {}, {}).kind).toBe('error')
    expect(cook(frozen('release'), { version: 'v1.4' }, {}).kind).toBe('error')
    const recipe = cooked('release')
    expect(recipe.steps.find((step) => step.id === 'tag')?.gate).toMatchObject({ type: 'human', default: 'ask' })
    expect(idsOf(recipe)).not.toContain('upgrade-notes')
    expect(comesBefore(recipe, 'changelog', 'bump')).toBe(true)
    expect(idsOf(cooked('release', { breaking: 'true' }))).toContain('upgrade-notes')
  })

  test('dependency-upgrade: each item becomes an upgrade, one after the other, and the rest waits for all', () => {
    const recipe = cooked('dependency-upgrade')
    const survey = recipe.steps.find((step) => step.id === 'survey')
    expect(survey?.onComplete).toMatchObject({ forEach: 'output.items', sequential: true })
    expect(survey?.onComplete?.bond.formula).toBe('upgrade-one')
    expect(Object.keys(survey?.onComplete?.vars ?? {}).sort()).toEqual(['from', 'name', 'to'])
    expect(recipe.steps.find((step) => step.id === 'together')?.waitsFor).toEqual({
      gate: 'all-children',
      of: 'survey',
    })
  })

  test('bug-hunt: what happens now and then is measured first', () => {
    expect(idsOf(cooked('bug-hunt'))).not.toContain('measure')
    const flaky = cooked('bug-hunt', { flaky: 'true' })
    expect(comesBefore(flaky, 'reproduce', 'measure')).toBe(true)
    expect(comesBefore(flaky, 'measure', 'cause')).toBe(true)
  })

  test('docs-pass: as many rounds as asked for', () => {
    const reads = (recipe: Recipe): number => leaves(recipe).filter((step) => /^Round \d: read/.test(step.title)).length
    expect(reads(cooked('docs-pass'))).toBe(1)
    expect(reads(cooked('docs-pass', { rounds: '3' }))).toBe(3)
  })

  test('code-review: a branch or files; everybody reports; the last one waits for all', () => {
    expect(cook(frozen('code-review'), {}, {}).kind).toBe('error')
    expect(cooked('code-review', { branch: '', files: 'src' }).steps.length).toBeGreaterThan(1)
    expect(must(cook(frozen('code-review'), { files: 'src' }, {})).steps[0]?.description).toContain('src')
    const quick = cooked('code-review', {}, 'quick')
    expect(quick.steps).toHaveLength(3)
    expect(quick.steps.every((step) => step.reviewOnly)).toBe(true)
    expect(quick.steps.at(-1)?.needs).toHaveLength(2)
    expect(cooked('code-review').steps).toHaveLength(9)
  })

  test('design: each angle has a file of its own, in the folder of the design', () => {
    const recipe = cooked('design', {}, 'small')
    expect(recipe.steps).toHaveLength(4)
    for (const id of ['simplest', 'interface', 'failure']) {
      const leg = recipe.steps.find((step) => step.id === id)
      expect(leg?.description).toContain(`docs/design/offline-mode/${id}.md`)
      expect(leg?.reviewOnly ?? false).toBe(false)
    }
    expect(recipe.steps.at(-1)?.description).toContain('docs/design/offline-mode')
    expect(recipe.steps.at(-1)?.description).toContain('design.md')
    expect(cook(frozen('design'), { topic: '../x', problem: 'p' }, {}).kind).toBe('error')
  })

  test('towers-of-hanoi: every move in order, for ten disks as well', () => {
    for (const moves of [7, 1023]) {
      const recipe = cooked('towers-of-hanoi', { disks: String(Math.log2(moves + 1)), moves: String(moves) })
      const steps = leaves(recipe)
      const titles = Array.from({ length: moves }, (_, i) => `move ${i + 1}`)
      expect(steps.map((step) => step.title).slice(1, -1)).toEqual(titles)
      const last = steps.filter((step) => /^move /.test(step.title)).at(-1)!
      expect(comesBefore(recipe, 'set-up', steps[1]!.id) || comesBefore(recipe, 'set-up', steps[1]!.parent!)).toBe(true)
      expect(comesBefore(recipe, steps[1]!.id, last.id)).toBe(true)
    }
  })
})

test('docs/formulas.md: every line that slings one gives variables that it has', () => {
  const lines = [
    ...readFileSync(join(ROOT, 'docs/formulas.md'), 'utf8').matchAll(/gt sling ([a-z-]+) app((?: --?[^`#\n]*)?)/g),
  ]
  expect(lines.length).toBeGreaterThan(10)
  for (const [line, name, rest] of lines) {
    const given = Object.fromEntries(
      [...rest!.matchAll(/--var (\w+)=("[^"]*"|\S+)/g)].map(([, key, value]) => [key!, value!.replaceAll('"', '')]),
    )
    const preset = rest!.match(/--preset (\w+)/)?.[1]
    const recipe = cook(frozen(name!), given, preset === undefined ? {} : { preset })
    expect(recipe.kind === 'ok' ? '' : `${line}: ${recipe.failure.message}`).toBe('')
  }
})
