/** When the line is told: with new words, a new runtime or after a while, and at the end that nobody vouches for it. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { EdgeLine } from '../../src/agents/runtime.ts'
import { put } from '../../src/beads/fold.ts'
import { dayOf } from '../../src/costs/tokens.ts'
import { Edge } from '../../src/deacon/edge.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { ok } from '../../src/result.ts'
import { parseTownSettings } from '../../src/town/settings.ts'
import { aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import { folder } from '../support/places.ts'
import { value } from '../tmux/helper.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }))
afterEach(() => void vi.useRealTimers())

const keeper = { pid: 7, started: 'b.1' }

function scene() {
  const root = folder()
  const state = stateOf()
  const settings = value(parseTownSettings('schema = 1\nname = "t"\n', 'town.toml'))
  const told: EdgeLine[] = []
  const town = {
    root,
    paths: { runtime: root },
    settings,
    ledger: { state, dir: root },
    runtime: {
      tell: async (line: EdgeLine) => {
        told.push(line)
        return ok(undefined)
      },
    },
    rig: async () => ok({}),
    now: () => new Date(),
  } as unknown as OpenTown
  const edge = new Edge(town)
  /** What was told by a look, once all is done that it started. */
  const look = async (ms: number, by = keeper): Promise<EdgeLine[]> => {
    edge.look(by)
    await vi.advanceTimersByTimeAsync(ms)
    await edge.settled()
    return told.splice(0)
  }
  return { edge, state, told, look }
}

it('tells words once, vouches for them now and then, and tells a new runtime again', async () => {
  const { look, state } = scene()
  const [first, ...more] = await look(1_000)
  expect(more).toEqual([])
  expect(first?.words).toEqual({ calm: '0/4 at work', loud: '' })
  expect(first!.until - first!.at).toBeGreaterThan(120_000)
  expect(await look(5_000)).toEqual([])
  put(state, beadWith(aRun('r1', 'gp-a')))
  expect(await look(5_000)).toMatchObject([{ words: { calm: '1/4 at work' } }])
  expect(await look(30_000)).toEqual([])
  const [vouched] = await look(5_000)
  expect(vouched).toBeDefined()
  expect(vouched?.words).toBeUndefined()
  expect(await look(5_000, { pid: 8, started: 'b.2' })).toMatchObject([{ words: { calm: '1/4 at work' } }])
})

it('counts what today cost, and what waits for a person', async () => {
  const { look, state } = scene()
  const used = { input: 250_000, output: 10_000, cacheRead: 0, cacheWrite: 0 }
  const day = dayOf(Date.now())
  const usage = { c1: { at: new Date().toISOString(), days: { [day]: { 'claude-opus-5-5': used } } } }
  put(state, beadWith(aRun('r1', 'gp-a', { usage }), { needs: { cause: 'ask', text: 'Which one?', at: at(0) } }))
  expect(await look(1_000)).toMatchObject([
    { words: { calm: '1/4 at work | $1.20 today', loud: 'gp/r1: Which one? | 1 waits for you (C-b a)' } },
  ])
})

it('looks once for a burst of passes, and does not miss its end', async () => {
  const { edge, look, state, told } = scene()
  await look(5_000)
  edge.look(keeper)
  await vi.advanceTimersByTimeAsync(10)
  put(state, beadWith(aRun('r1', 'gp-a')))
  for (let n = 0; n < 20; n++) edge.look(keeper)
  await edge.settled()
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  await edge.settled()
  expect(told).toMatchObject([{ words: { calm: '1/4 at work' } }])
})

it('at the end nobody vouches for it; where nothing was told there is nothing to take back', async () => {
  const { edge, look, told } = scene()
  await look(1_000)
  await edge.end()
  expect(told).toMatchObject([{ until: 0 }])
  expect(told[0]?.words).toBeUndefined()
  expect(await look(60_000)).toEqual([{ at: expect.any(Number), until: 0 }])
  const other = scene()
  await other.edge.end()
  expect(other.told).toEqual([])
})
