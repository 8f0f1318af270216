/** What is read of transcripts as they grow, fork and vanish. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Meter } from '../../src/costs/meter.ts'
import { sumOf } from '../../src/costs/tokens.ts'
import { line } from './support.ts'

let place: string
let project: string
let agent: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'gt-meter-'))
  project = join(place, 'cfg', 'projects', '-town-app-polecats-toast')
  agent = join(place, 'agent')
  mkdirSync(project, { recursive: true })
  mkdirSync(agent)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const meter = (): Meter => new Meter(agent, () => undefined)
const sums = (one: Meter, ...ids: string[]): Record<string, number> | string => {
  const read = one.look([{ config: join(place, 'cfg'), conversations: ids.length > 0 ? ids : ['one'] }])
  if (read.kind !== 'ok') return read.kind
  return Object.fromEntries(Object.entries(read.value).map(([id, days]) => [id, sumOf(days)]))
}
const say = (file: string, ...lines: string[]): void =>
  appendFileSync(join(project, file), lines.map((one) => `${one}\n`).join(''))

test('only what was added is read, a torn line when it is whole, and nothing twice by whoever looks next', () => {
  const one = meter()
  expect(sums(one)).toBe('empty')
  say('one.jsonl', '{"type":"user"}', line('a', { output: 1 }), line('b', { output: 2 }))
  expect(sums(one)).toEqual({ one: 3 })
  // The next block of the same answer comes later, to somebody else.
  const torn = line('c', { output: 4 })
  appendFileSync(join(project, 'one.jsonl'), `${line('b', { output: 2 })}\n${torn.slice(0, 30)}`)
  expect(sums(one)).toEqual({ one: 3 })
  const two = meter()
  appendFileSync(join(project, 'one.jsonl'), `${torn.slice(30)}\n`)
  expect([sums(two), sums(meter()), sums(one)]).toEqual([{ one: 7 }, { one: 7 }, { one: 7 }])
  const before = readFileSync(join(agent, 'usage.json'), 'utf8')
  expect(sums(meter())).toEqual({ one: 7 })
  expect(readFileSync(join(agent, 'usage.json'), 'utf8')).toBe(before)
})

test('sub-agents count with their conversation, a fresh session for itself, and a fork without what it repeats', () => {
  const one = meter()
  say('one.jsonl', line('a', { output: 1 }))
  mkdirSync(join(project, 'one', 'subagents'), { recursive: true })
  say('one/subagents/agent-7.jsonl', line('s', { output: 10 }))
  expect(sums(one)).toEqual({ one: 11 })
  say('two.jsonl', line('a', { output: 1 }), line('b', { output: 100 }))
  // Known by the run's current conversation or by the one before.
  expect([sums(one), sums(meter()), sums(meter(), 'two')]).toEqual(Array(3).fill({ one: 11, two: 100 }))
  rmSync(join(agent, 'usage.json'))
  expect(sums(meter(), 'two', 'one')).toEqual({ one: 11, two: 100 })
})

test('a transcript that was written anew is counted anew, and what was kept in another shape is not believed', () => {
  say('one.jsonl', line('a', { output: 1 }), line('b', { output: 2 }))
  expect(sums(meter())).toEqual({ one: 3 })
  writeFileSync(join(project, 'one.jsonl'), `${line('c', { output: 5 })}\n`)
  expect(sums(meter())).toEqual({ one: 5 })
  for (const wrong of ['{}', '{', '{"version":0,"sessions":{"one":{}}}']) {
    writeFileSync(join(agent, 'usage.json'), wrong)
    expect(sums(meter())).toEqual({ one: 5 })
  }
})

test('lines longer than any buffer are read whole', () => {
  const long = JSON.stringify({ type: 'user', text: 'x'.repeat(3_000_000), usage: 'y' })
  say('one.jsonl', long, line('a', { output: 1 }), long, line('b', { output: 2 }))
  expect(sums(meter())).toEqual({ one: 3 })
})
