/** Whom an emergency stop is about, and whom it leaves. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Scene } from '../../src/polecats/freeze-plan.ts'
import { toFreeze } from '../../src/polecats/freeze-plan.ts'
import type { ProcessRow } from '../../src/town/process-table.ts'

const row = (pid: number, ppid: number, more: Partial<ProcessRow> = {}): ProcessRow => ({
  ...{ pid, ppid, pgid: pid, session: 1, foreground: -1, started: `s${pid}` },
  ...more,
})
const id = (pid: number) => ({ pid, started: `s${pid}` })

const scene = (rows: ProcessRow[], more: Partial<Scene> = {}): Scene => ({
  rows,
  agents: [],
  leave: [],
  drivers: [],
  fenceOf: () => undefined,
  inSlot: () => false,
  inRig: () => true,
  names: new Map(),
  own: 999,
  ...more,
})
const stopped = (one: Scene): Record<number, string> =>
  Object.fromEntries([...toFreeze(one)].map(([{ pid }, name]) => [pid, name]))

/** init, tmux's server, a session's process with its agent, the agent's tool in a session of its own with a child. */
const TOWN = [
  row(1, 0),
  row(10, 1),
  row(20, 10),
  row(21, 20),
  row(22, 21, { session: 22 }),
  row(23, 22, { session: 22 }),
]
const TOAST = { name: 'gp/polecats/toast', roots: [id(20)] }

describe('toFreeze', () => {
  it('takes an agent with all that it started; the session’s own process and the runtime stay', () => {
    const name = TOAST.name
    expect(stopped(scene(TOWN, { agents: [TOAST] }))).toEqual({ 21: name, 22: name, 23: name })
  })

  it('takes a session’s process that is the agent itself', () => {
    expect(stopped(scene(TOWN.slice(0, 3), { agents: [TOAST] }))).toEqual({ 20: TOAST.name })
  })

  it('takes nothing of a process that only has the pid', () => {
    const agents = [{ name: 'x', roots: [{ pid: 20, started: 'earlier' }] }]
    expect(stopped(scene(TOWN, { agents }))).toEqual({})
  })

  it('wakes a session’s process that somebody stopped', () => {
    const rows = TOWN.map((one) => (one.pid === 20 ? { ...one, stopped: true as const } : one))
    expect(Object.keys(stopped(scene(rows, { agents: [TOAST] })))).toContain('20')
  })

  it('takes what carries a fence of the town, wherever it is, by the name of its run', () => {
    const rows = [...TOWN, row(40, 1), row(41, 40), row(42, 1)]
    const fenceOf = ({ pid }: ProcessRow) => (pid === 40 ? 'r1' : pid === 42 ? 'r0' : undefined)
    const names = new Map([['r1', 'gp/polecats/nux']])
    expect(stopped(scene(rows, { fenceOf, names }))).toMatchObject({ 40: 'gp/polecats/nux', 42: 'ended runs' })
    expect(stopped(scene(rows, { fenceOf, names }))).toHaveProperty('41')
  })

  it('takes gates, by their slot or by the driver that gave them a session; never the driver, nor its other children', () => {
    const rows = [
      row(1, 0),
      row(30, 1),
      row(31, 30, { session: 31 }),
      row(32, 31, { session: 31 }),
      row(33, 30),
      row(34, 1),
    ]
    const gates = { 31: 'gates', 32: 'gates', 34: 'gates' }
    expect(stopped(scene(rows, { drivers: [30], inSlot: ({ pid }) => pid === 34 }))).toEqual(gates)
    expect(stopped(scene(rows, { drivers: [30], inRig: () => false }))).toEqual({})
    expect(
      stopped(scene(rows, { drivers: [30], fenceOf: ({ pid }) => (pid === 30 ? 'r1' : undefined) })),
    ).not.toHaveProperty('30')
  })

  it('leaves the Mayor with all that it started, whoever else would count it', () => {
    const leave = [{ name: 'mayor', roots: [id(20)] }]
    expect(stopped(scene(TOWN, { leave, fenceOf: () => 'r1' }))).not.toMatchObject({ 21: expect.anything() })
    const rows = [...TOWN, row(50, 10), row(51, 50)]
    expect(stopped(scene(rows, { leave, agents: [{ name: 'x', roots: [id(50)] }] }))).toEqual({ 51: 'x' })
  })

  it('leaves whoever calls it from inside a tree, with what that started and what it stands on', () => {
    const rows = [...TOWN, row(24, 23), row(25, 22)]
    expect(Object.keys(stopped(scene(rows, { agents: [TOAST], own: 23 })))).toEqual(['25'])
  })

  it('for any table: never 0, 1, itself, its ancestors, a driver, nor an ancestor of an agent', () => {
    const pid = fc.integer({ min: 0, max: 9 })
    const table = fc.uniqueArray(
      fc.record({ pid: fc.integer({ min: 1, max: 9 }), ppid: pid, session: pid, pgid: pid, stopped: fc.boolean() }),
      { selector: (one) => one.pid },
    )
    const facts = fc.record({
      raw: table,
      agent: pid,
      left: pid,
      driver: pid,
      own: pid,
      marked: fc.array(pid),
      slots: fc.array(pid),
    })
    fc.assert(
      fc.property(facts, ({ raw, agent, left, driver, own, marked, slots }) => {
        const rows = raw.map(({ pid, ppid, stopped, ...more }) =>
          row(pid, ppid, { ...more, ...(stopped && { stopped: true }) }),
        )
        const frozen = toFreeze(
          scene(rows, {
            agents: [{ name: 'a', roots: [id(agent)] }],
            leave: [{ name: 'mayor', roots: [id(left)] }],
            drivers: [driver],
            own,
            fenceOf: (one) => (marked.includes(one.pid) ? 'r' : undefined),
            inSlot: (one) => slots.includes(one.pid),
          }),
        )
        const above = (from: number): number[] => {
          const line: number[] = []
          for (let at = rows.find((one) => one.pid === from)?.ppid; at !== undefined && !line.includes(at); ) {
            line.push(at)
            at = rows.find((one) => one.pid === at)?.ppid
          }
          return line
        }
        const never = new Set([0, 1, own, driver, left, ...above(own), ...above(agent)])
        for (const one of frozen.keys()) expect(never.has(one.pid), JSON.stringify(one)).toBe(false)
        expect(new Set([...frozen.keys()].map((one) => one.pid)).size).toBe(frozen.size)
      }),
    )
  })
})
