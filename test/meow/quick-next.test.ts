/** The quick answer to "what is next?" is the whole ledger's, whatever the molecule and wherever its steps stand. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { Op } from '../../src/beads/change.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { openView } from '../../src/beads/view.ts'
import { nextData, nextText } from '../../src/cli/mol-text.ts'
import { completeStep } from '../../src/meow/complete.ts'
import { nextStep, stepsOf } from '../../src/meow/molecule.ts'
import { pour } from '../../src/meow/pour.ts'
import { quickNext } from '../../src/meow/quick-next.ts'
import type { RecipeStep } from '../../src/meow/recipe.ts'
import { toldOf } from '../../src/meow/told.ts'
import { bead, cleanUp, create, must, newLedger, reopened, T0, temporaryFolder } from '../beads/support.ts'
import { GT } from '../support/gt.ts'
import { aRecipe, aStep, chain } from './molecules.ts'

afterEach(cleanUp)

/** Words that look like the keys that the quick answer looks for, and other trouble. */
const WORDS = [
  'Do it.',
  'Größe, 円盤 and 🗼',
  '","status":"closed","priority":1',
  'say "status":"closed" and \\"',
  ',"metadata":{"gt":{"step":{"n":1,"name":"a","of":"gp-mol"},"version":1}}}',
  '{"id":"gp-x.1"}\n\nanother line\u2028',
  '',
]
const aWord = fc.constantFrom(...WORDS)

/** What a step is like; `needs` and `parent` as distances to those before it. */
const aKind = fc.record({
  title: aWord,
  description: aWord,
  back: fc.array(fc.nat(4), { maxLength: 2 }),
  group: fc.constantFrom(false, false, false, true),
  inside: fc.boolean(),
  gate: fc.constantFrom(false, false, false, false, true),
  waits: fc.constantFrom(false, false, false, true),
  label: fc.boolean(),
  /** Before anything happens to it. */
  fate: fc.constantFrom('open', 'open', 'open', 'done', 'cancelled', 'deleted', 'with output' as const),
  metadata: fc.constantFrom(undefined, { zeta: { gt: { step: 1 } } }, { alpha: '"status":"closed"' }),
})

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never

function stepsFrom(kinds: Of<typeof aKind>[]): RecipeStep[] {
  let group: string | undefined
  const steps: RecipeStep[] = []
  for (const [i, kind] of kinds.entries()) {
    const id = `s${i}`
    const parent = kind.inside && !kind.group ? group : undefined
    const siblings = steps.filter((one) => one.parent === parent && one.id !== group)
    const needs = [...new Set(kind.back.flatMap((back) => siblings.at(-1 - back)?.id ?? []))]
    const of = kind.waits ? siblings.at(-1)?.id : undefined
    steps.push(
      aStep(id, needs, {
        title: kind.title,
        description: kind.description,
        ...(parent !== undefined && { parent }),
        ...(kind.gate && { gate: { type: 'human' } }),
        ...(of !== undefined && { waitsFor: { gate: 'all-children', of } }),
        ...(kind.label && { labels: ['x'] }),
        ...(kind.metadata && { metadata: kind.metadata }),
      }),
    )
    if (kind.group) group = id
  }
  return steps
}

/** What happens to it: steps are done, and other things that put lines and beads elsewhere. */
const anEvent = fc.oneof(
  { weight: 6, arbitrary: fc.constant('done' as const) },
  { weight: 2, arbitrary: fc.constant('done with output' as const) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'roll',
      'open a gate',
      'skip one',
      'delete one',
      'forget one',
      'hand-made',
      'reopen one' as const,
    ),
  },
)

const IDS = ['gp-root', 'gp-a.b.c.d', 'gp-ü"\\', 'gp-root.1']

it('quick and whole answers are the same for any molecule, any progress, before and after a rollover', () => {
  let quick = 0
  let slow = 0
  fc.assert(
    fc.property(
      fc.record({
        kinds: fc.array(aKind, { minLength: 1, maxLength: 40, size: 'max' }),
        events: fc.array(anEvent, { maxLength: 12, size: 'max' }),
        id: fc.constantFrom(...IDS),
        ephemeral: fc.constantFrom(false, false, false, true),
        taken: fc.subarray([1, 2, 3, 11]),
      }),
      ({ kinds, events, id, ephemeral, taken }) => {
        const ledger = newLedger({ journalBytes: 6_000 })
        create(ledger, bead(id, ephemeral ? { ephemeral: true } : {}), bead(`${id}0.1`), bead(`${id}-1`))
        if (taken.length > 0) create(ledger, ...taken.map((n) => bead(`${id}.${n}`, { title: 'here before' })))
        const how = { prefix: 'gp', rig: 'gp', on: ledger.state.beads.get(id)!, ephemeral, by: 'person', at: T0 }
        const { input } = must(pour(ledger.state, aRecipe(stepsFrom(kinds)), how))
        must(ledger.write({ ...input, ops: input.ops.map((op) => fated(op, kinds)) }))
        for (const event of ['' as const, ...events]) {
          happen(ledger, id, event)
          const [told, whole] = [quickly(ledger, id), wholly(ledger, id)]
          if (told === null) slow += 1
          else quick += 1
          expect(told ?? whole).toEqual(whole)
        }
        ledger.close()
      },
    ),
    { numRuns: 40 },
  )
  // What is left to the whole ledger is the exception.
  expect(quick).toBeGreaterThan(20 * slow)
})

/** A step as if things had happened to it already. */
function fated(op: Op, kinds: Of<typeof aKind>[]): Op {
  const step = op.op === 'create' ? facts(op.bead).step : undefined
  const fate = step === undefined ? 'open' : kinds[step.n - 1]!.fate
  if (op.op !== 'create' || step === undefined || fate === 'open') return op
  const outcome = fate === 'cancelled' ? ('cancelled' as const) : ('done' as const)
  const more = fate === 'with output' ? { output: { step: { n: 1 } } } : { run: 'f1' }
  const gt = { ...facts(op.bead), outcome, step: { ...step, ...more } }
  const status = fate === 'deleted' ? 'tombstone' : 'closed'
  return { op: 'create', bead: { ...op.bead, status, metadata: { ...op.bead.metadata, gt } } }
}

function wholly(ledger: Ledger, root: string): string[] {
  const held = ledger.state.beads.get(root)!
  const told = toldOf(ledger.state, held, new Date())!
  return [
    nextText(held, told, true),
    JSON.stringify(nextData(held, told, told.next && ledger.state.beads.get(told.next.id))),
  ]
}

function quickly(ledger: Ledger, root: string): string[] | null {
  const view = must(openView(ledger.dir, 'all'))
  const held = view.state.beads.get(root)!
  const told = quickNext(view, root, new Date())
  view.close()
  return told && [nextText(held, told, true), JSON.stringify(nextData(held, told, told.step))]
}

function happen(ledger: Ledger, root: string, event: Of<typeof anEvent> | ''): void {
  const { state } = ledger
  const now = new Date()
  const set = (bead: Bead | undefined, ...values: [path: string[], value: unknown][]): void => {
    const ops = values.map(([path, value]): Op => ({ op: 'set', id: bead?.id ?? '', path, value }))
    if (bead !== undefined) must(ledger.write({ by: 'test', why: event, ops }))
  }
  const steps = stepsOf(state, root).map((one) => one.bead)
  const some = steps[Math.floor(steps.length / 2)]
  const next = nextStep(state, root, now)?.bead
  switch (event) {
    case 'done':
    case 'done with output': {
      if (next === undefined) return
      const output = event === 'done' ? undefined : { items: ['"step":{"n":1'] }
      must(ledger.write(must(completeStep(state, next, { by: 'person', at: now.toISOString(), output }))))
      return
    }
    case 'roll':
      must(ledger.roll())
      return
    case 'open a gate':
      set(
        [...state.beads.values()].find((one) => one.issue_type === 'gate' && one.status === 'open'),
        [['status'], 'closed'],
      )
      return
    case 'skip one':
      set(some, [['status'], 'closed'], [['metadata', 'gt', 'outcome'], 'cancelled'])
      return
    case 'delete one':
      set(some, [['status'], 'tombstone'])
      return
    case 'reopen one':
      set(
        steps.find((one) => one.status === 'closed'),
        [['status'], 'open'],
      )
      return
    case 'forget one':
      set(some, [['metadata', 'gt', 'step', 'of'], 'gp-other'])
      return
    case 'hand-made':
      create(ledger, bead(`${root}.1.${state.beads.size}`), bead(`${root}.${state.beads.size + 100}`))
  }
}

it('two steps at one place are left to the whole ledger', () => {
  const ledger = newLedger()
  const poured = must(pour(ledger.state, aRecipe(chain('a', 'b')), { prefix: 'gp', by: 'person', at: T0 }))
  must(ledger.write(poured.input))
  const at: Op = { op: 'set', id: `${poured.root}.2`, path: ['metadata', 'gt', 'step', 'n'], value: 1 }
  must(ledger.write({ by: 'test', why: 'twice', ops: [at] }))
  expect(quickly(ledger, poured.root)).toBeNull()
})

it('gt mol next answers by itself inside an agent and for a full id, and leaves all else to the ordinary command', () => {
  const home = temporaryFolder()
  const town = join(home, 'town')
  const gt = (words: string[], more: Record<string, string> = {}) => {
    const env = { PATH: process.env.PATH, HOME: home, TMUX_TMPDIR: home, ...more }
    const { status, stdout, stderr } = spawnSync(process.execPath, [GT, ...words], { cwd: home, env, encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  expect(gt(['install', town]).status).toBe(0)
  const within = (words: string[], more: Record<string, string> = {}) => gt(words, { GT_TOWN: town, ...more })
  const ledger = reopened(join(town, '.beads'))
  const run = { fence: 'f1', agent: 'gp/toast', state: 'working', claimed_at: T0 }
  create(
    ledger,
    bead('gp-a', { metadata: { gt: { version: 0, runs: { f1: run } as never } } }),
    bead('gp-plain', { metadata: { gt: { version: 0, runs: { f2: { ...run, fence: 'f2' } } as never } } }),
  )
  const on = { ...ledger.state.beads.get('gp-a')!, metadata: { gt: { version: 1 } } }
  must(
    ledger.write({
      ...must(pour(ledger.state, aRecipe(chain('a', 'b', 'c')), { prefix: 'gp', on, by: 'person', at: T0 })).input,
      when: [],
    }),
  )
  must(ledger.roll())
  const first = ledger.state.beads.get('gp-a.1')!
  must(
    ledger.write(
      must(completeStep(ledger.state, first, { by: 'gp/toast', fence: 'f1', at: new Date().toISOString() })),
    ),
  )
  const agent = { GT_RUN: 'f1', GT_BEAD: 'gp-a' }
  const same = [
    [within(['mol', 'next'], agent), within(['mol', 'next', '--'], agent)],
    [within(['mol', 'next', '--json'], agent), within(['mol', '--json', 'next'], agent)],
    [within(['mol', 'next', 'gp-a']), within(['mol', 'next', '--', 'gp-a'])],
    [within(['mol', 'next', 'gp-a.3', '--json']), within(['mol', '--json', 'next', 'gp-a.3'])],
  ]
  for (const [quick, ordinary] of same) {
    expect(quick).toEqual(ordinary)
    expect(quick).toMatchObject({ status: 0, stdout: expect.stringContaining('gp-a.2') })
  }
  expect(within(['mol', 'next', 'a']).stdout).toBe(same[2]![0]!.stdout)
  expect(within(['mol', 'next', 'gp-zzz'])).toMatchObject({ status: 1, stdout: '' })
  expect(within(['mol', 'next', '--nonsense'])).toMatchObject({ status: 64 })
  const plain = within(['mol', 'next'], { GT_RUN: 'f2', GT_BEAD: 'gp-plain' })
  expect(plain).toMatchObject({ status: 1, stderr: expect.stringContaining('one piece of work') })
  // Only the ordinary command reads the settings: so this tells which of the two answered.
  writeFileSync(join(town, 'town.toml'), 'nonsense = [')
  expect(within(['mol', 'next'], agent)).toEqual(same[0]![0])
  expect(within(['mol', 'next', 'gp-a']).status).toBe(0)
  for (const words of [['a'], ['--', 'gp-a'], ['gp-plain']]) expect(within(['mol', 'next', ...words]).status).toBe(1)
})
