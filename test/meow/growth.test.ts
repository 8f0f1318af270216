/** What steps call for and how loops go on, from formulas through to beads. */
import { describe, expect, it } from 'vitest'
import { emptyState } from '../../src/beads/fold.ts'
import type { Growth } from '../../src/meow/complete.ts'
import { cook } from '../../src/meow/cook.ts'
import { readFormula } from '../../src/meow/formulas/read.ts'
import { growth } from '../../src/meow/growth.ts'
import { write } from '../kernel/support.ts'
import { complete, completion, next, poured, value } from './molecules.ts'

type State = ReturnType<typeof emptyState>

function pouredFrom(state: State, ...texts: string[]): string {
  const formulas = texts.map((text) => value(readFormula(text, `${/formula = "(\w+)"/.exec(text)![1]}.formula.toml`)))
  const frozen = {
    formula: formulas[0]!.formula,
    formulas: Object.fromEntries(formulas.map((one) => [one.formula, one])),
  }
  return poured(state, value(cook(frozen, {})))
}

const grows = (state: State, env: NodeJS.ProcessEnv = {}): Growth =>
  growth({ ledger: { state }, env } as unknown as Parameters<typeof growth>[0])

const SURVEY = (how: string) => `formula = "survey"
[[steps]]
id = "look"
title = "Look"
[steps.on_complete]
for_each = "output.items"
bond = "mend"
${how} = true
vars = { what = "{item.name}", at = "{index}" }
[[steps]]
id = "join"
title = "Join"
needs = ["look"]
waits_for = "all-children"
`
const MEND = `formula = "mend"
[vars]
what = ""
at = ""
[[steps]]
id = "first"
title = "First {{what}} {{at}}"
[[steps]]
id = "second"
title = "Second"
needs = ["first"]
`
const ITEMS = { items: [{ name: 'door' }, { name: 'roof' }] }
const titles = (state: State): string[] => [...state.beads.values()].map(({ title }) => title)

describe('on_complete', () => {
  it('pours a formula for each thing that was found, one after the other', () => {
    const state = emptyState()
    const root = pouredFrom(state, SURVEY('sequential'), MEND)
    const grow = grows(state)
    expect(complete(state, root, 'look', { output: ITEMS }, grow)).toBe(true)
    expect(titles(state)).toEqual(expect.arrayContaining(['First door 0', 'First roof 1']))
    const order: string[] = []
    for (let name = next(state, root); name !== undefined; name = next(state, root)) {
      order.push(name)
      expect(complete(state, root, name, {}, grow)).toBe(true)
    }
    const mends = [1, 2].flatMap((n) => [`look.mend-${n}.first`, `look.mend-${n}.second`])
    expect(order).toEqual([...mends, 'join'])
    expect(state.beads.get(root)?.status).toBe('closed')
  })

  it('pours them side by side, and waits for all of them', () => {
    const state = emptyState()
    const root = pouredFrom(state, SURVEY('parallel'), MEND)
    const grow = grows(state)
    complete(state, root, 'look', { output: ITEMS }, grow)
    expect(complete(state, root, 'look.mend-2.first', {}, grow)).toBe(true)
    expect(completion(state, root, 'join').kind).toBe('error')
  })

  it('goes on at once when nothing was found, and refuses what is no list', () => {
    const state = emptyState()
    const root = pouredFrom(state, SURVEY('parallel'), MEND)
    const grow = grows(state)
    const refused = completion(state, root, 'look', { output: { items: 'many' } }, grow)
    expect(refused).toMatchObject({ failure: { code: 'E_OUTPUT' } })
    expect(complete(state, root, 'look', { output: { items: [] } }, grow)).toBe(true)
    expect(next(state, root)).toBe('join')
  })
})

const UNTIL = `formula = "again"
[[steps]]
id = "cycle"
title = "Cycle"
[steps.loop]
until = "check.output.left == 0"
max = 3
var = "round"
[[steps.loop.body]]
id = "work"
title = "Work, round {round}"
[[steps.loop.body]]
id = "check"
title = "Check, round {round}"
needs = ["work"]
[[steps]]
id = "end"
title = "End"
needs = ["cycle"]
`

describe('until', () => {
  const rounds = (state: State, root: string, left: number[]): string[] => {
    const order: string[] = []
    const grow = grows(state)
    for (let name = next(state, root); name !== undefined; name = next(state, root)) {
      order.push(name)
      const output = name.endsWith('.check') ? { left: left.shift() } : undefined
      expect(complete(state, root, name, { output }, grow)).toBe(true)
    }
    return order
  }
  const round = (n: number): string[] => [`cycle.iter${n}.work`, `cycle.iter${n}.check`]

  it('adds a round while its condition does not hold', () => {
    const state = emptyState()
    const root = pouredFrom(state, UNTIL)
    expect(rounds(state, root, [2, 0])).toEqual([...round(1), ...round(2), 'end'])
    expect(titles(state)).toContain('Work, round 2')
    expect(state.beads.get(root)?.status).toBe('closed')
  })

  it('asks a person after as many rounds as it may have, before anything goes on', () => {
    const state = emptyState()
    const root = pouredFrom(state, UNTIL)
    expect(rounds(state, root, [9, 9, 9])).toEqual([...round(1), ...round(2), ...round(3)])
    const gate = [...state.beads.values()].find((bead) => bead.issue_type === 'gate')!
    expect(gate).toMatchObject({ await_type: 'human', status: 'open' })
    write(state, { by: 'person', why: 'x', ops: [{ op: 'set', id: gate.id, path: ['status'], value: 'closed' }] })
    expect(rounds(state, root, [])).toEqual(['cycle.ask', 'end'])
    expect(state.beads.get(root)?.status).toBe('closed')
  })
})
