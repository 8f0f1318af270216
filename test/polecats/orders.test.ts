/** What an order does at its turn, on a real ledger: one change, asked at the hour that the test says. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { OrderTurn } from '../../src/beads/facts.ts'
import { history } from '../../src/beads/history.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { refreshSettings } from '../../src/kernel/town.ts'
import { orderBead, seenOrders } from '../../src/meow/orders/books.ts'
import { markOrders } from '../../src/meow/orders/mark.ts'
import { forgetOrder, runOrder } from '../../src/polecats/orders.ts'
import { DAY, inside } from '../dogs/support.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown } from '../support/town.ts'

const CONVOY = `formula = "sides"
type = "convoy"
description = "From two sides"
[inputs.what]
required = true
[prompts]
base = "Look at {{.what}}."
[[legs]]
id = "speed"
title = "Speed"
description = "Measure it."
agent = "puppet"
[[legs]]
id = "safety"
title = "Safety"
description = "Break it."
[synthesis]
title = "Together"
description = "Bring it together."
`

async function town(more: Record<string, string> = {}): Promise<[TestTown, OpenTown]> {
  const made = await makeTown()
  mkdirSync(join(made.root, 'formulas'))
  writeFileSync(join(made.root, 'formulas', 'sides.formula.toml'), CONVOY)
  const lines = Object.entries(more).map(([key, value]) => `${key} = ${value}\n`)
  const table = `\n[orders.o]\nformula = "sides"\nrig = "app"\nvars = { what = "docs" }\n${lines.join('')}`
  appendFileSync(join(made.root, 'town.toml'), table)
  return [made, await inside(made)]
}

const run = async (open: OpenTown, signal = new AbortController().signal): Promise<OrderTurn | null> => {
  const done = await runOrder(open, 'o', { by: 'deacon', signal })
  if (done.kind === 'error') throw new Error(done.failure.message)
  return done.value
}
const changes = ({ root }: TestTown): number => [...history(join(root, '.beads'))].length
const bead = (open: OpenTown, id: string): Bead => open.ledger.state.beads.get(id)!

it('a convoy is poured, slung leg by leg and written down, all in one change', async () => {
  const [made, open] = await town()
  const before = changes(made)
  const turn = await run(open)
  expect([turn?.did, changes(made) - before]).toEqual(['slung', 1])
  const epic = bead(open, turn!.molecule!)
  const legs = [...open.ledger.state.beads.values()].filter(({ id }) => id.startsWith(`${epic.id}.`))
  expect(legs.map((leg) => [leg.title, facts(leg).slung?.preset, facts(leg).slung?.rig])).toEqual([
    ['sides: Speed', 'puppet', 'app'],
    ['sides: Safety', undefined, 'app'],
    ['sides: Together', undefined, 'app'],
  ])
  expect(facts(epic).slung).toBeUndefined()
  const record = orderBead(open.ledger.state, 'o')!
  expect([record.status, record.pinned, record.issue_type]).toEqual(['closed', true, 'event'])
  expect(facts(record).order).toMatchObject({ name: 'o', last: turn, slung: { molecule: epic.id } })
  // Busy, and lost runtime state does not change that.
  rmSync(join(made.root, '.gt', 'orders.json'))
  expect(await run(open)).toMatchObject({ did: 'busy', molecule: epic.id })
  expect(changes(made) - before).toBe(1)
})

it('what makes it fail is told once until it is something else, and a removed order asks nobody', async () => {
  const [made, open] = await town({ when: '"./gone"' })
  expect(await run(open)).toMatchObject({ did: 'failed', said: expect.stringContaining('not found') })
  const record = orderBead(open.ledger.state, 'o')!
  expect([record.status, facts(record).needs?.cause]).toEqual(['open', 'order'])
  const told = changes(made)
  expect(await run(open)).toMatchObject({ did: 'failed' })
  expect(changes(made)).toBe(told)

  made.set('orders.o.when', 'true')
  made.set('orders.o.formula', 'side')
  await refreshSettings(open)
  expect(await run(open)).toMatchObject({ did: 'failed', said: expect.stringContaining('side') })
  expect(facts(orderBead(open.ledger.state, 'o')!).needs?.text).toContain('There is no formula named "side"')
  expect(changes(made)).toBe(told + 1)

  forgetOrder(open, 'o', 'person')
  const { status, metadata } = bead(open, record.id)
  expect([status, metadata?.gt?.needs]).toEqual(['closed', undefined])
  expect([orderBead(open.ledger.state, 'o'), seenOrders(open, Date.now()).get('o')]).toEqual([undefined, undefined])
})

it('a condition that our own end cut short says nothing; one without an end is a failure', async () => {
  const [, open] = await town({ when: '"kill -9 $$"' })
  expect(await run(open)).toMatchObject({ did: 'failed', said: expect.stringContaining('SIGKILL') })
  const before = seenOrders(open, Date.now()).get('o')
  expect(await run(open, AbortSignal.abort())).toBeNull()
  expect(seenOrders(open, Date.now()).get('o')).toEqual(before)
})

it('with a time of day it begins when it is first seen, and stands for its day', async () => {
  const [, open] = await town({ at: '"03:00"' })
  const seen = markOrders(open, Date.now())
  expect(seen.get('o')).toEqual({ at: expect.any(Number) })
  expect(markOrders(open, Date.now())).toEqual(seen)
  const tomorrow = Date.now() + DAY
  open.now = () => new Date(tomorrow)
  const turn = await run(open)
  expect(turn).toMatchObject({ did: 'slung', day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) })
  expect(seenOrders(open, tomorrow).get('o')).toEqual({ at: tomorrow, day: turn!.day, last: turn })
})
