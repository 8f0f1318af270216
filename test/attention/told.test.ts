/** Nothing is told twice, nothing is forgotten, and a burst is one message. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Memory, Notice } from '../../src/attention/told.ts'
import { due } from '../../src/attention/told.ts'

const NONE: Memory = { told: [], sent: {}, pending: [] }
const asks = (n: number, from = 0): Notice[] =>
  Array.from({ length: n }, (_, at) => ({ cause: 'ask', key: `k${from + at}`, title: `t${from + at}`, text: 'why?' }))

describe('what stands', () => {
  it('is told once, each by itself', () => {
    const first = due(asks(2), [], NONE, 0)
    expect(first.send.map(({ title }) => title)).toEqual(['t0', 't1'])
    expect(due(asks(2), [], first.memory, 1)).toMatchObject({ send: [], changed: false })
  })

  it('is one message when there is much of one cause, with the weight of the heaviest', () => {
    const open = [...asks(5), { cause: 'pr', key: 'p', title: 'a pull request', text: '' }]
    const { send } = due([...open.slice(0, 4), { ...open[4]!, severity: 'high' }, open[5]!], [], NONE, 0)
    expect(send.map(({ title, severity }) => [title, severity])).toEqual([
      ['5 things wait: ask', 'high'],
      ['a pull request', 'low'],
    ])
    expect(send[0]!.text).toBe('t0\nt1\nt2\nt3\nt4\nAll of them: gt attend')
  })

  it('waits for its minute, and is one message then', () => {
    const three = due(asks(3), [], NONE, 0)
    const more = due(asks(6), [], three.memory, 10_000)
    expect(more.send).toEqual([])
    const later = due(asks(6), [], more.memory, 60_000)
    expect(later.send.map(({ title, keys }) => [title, keys])).toEqual([
      ['t3', ['k3']],
      ['t4', ['k4']],
      ['t5', ['k5']],
    ])
    expect(due(asks(9), [], more.memory, 60_000).send.map(({ title }) => title)).toEqual(['6 things wait: ask'])
  })
})

describe('news', () => {
  it('that has to wait is kept until it is told, also when nobody gives it again', () => {
    const landed = (n: number): Notice => ({ cause: 'landed', key: `c${n}`, title: `c${n}`, text: '', kind: 'news' })
    let memory = NONE
    for (const n of [0, 1, 2, 3, 4]) memory = due(null, [landed(n)], memory, n).memory
    expect(memory.pending.map(({ key }) => key)).toEqual(['c3', 'c4'])
    const later = due([], [], memory, 70_000)
    expect(later.send.map(({ title, severity }) => [title, severity])).toEqual([
      ['c3', 'low'],
      ['c4', 'low'],
    ])
    expect(later.memory.pending).toEqual([])
  })
})

it('whatever comes when: each key goes out at most once, at most three messages of a cause a minute, and all of it in the end', () => {
  const step = fc.record({ open: fc.nat(12), news: fc.nat(3), wait: fc.integer({ min: 0, max: 40_000 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let memory = NONE
      let now = 1_000_000
      let given = 0
      const keys: string[] = []
      const times: number[] = []
      const all = [...steps, { open: 12, news: 0, wait: 60_000 }, { open: 12, news: 0, wait: 60_000 }]
      for (const { open, news, wait } of all) {
        now += wait
        const fresh = asks(news, 1000 + given)
        given += news
        const { send, memory: next } = due(asks(open), fresh, memory, now)
        memory = next
        keys.push(...send.flatMap((message) => message.keys))
        times.push(...send.map(() => now))
      }
      expect(new Set(keys).size).toBe(keys.length)
      expect(new Set(keys)).toEqual(new Set([...asks(12), ...asks(given, 1000)].map(({ key }) => key)))
      for (const at of times) expect(times.filter((one) => one > at - 60_000 && one <= at).length).toBeLessThan(4)
    }),
    { numRuns: 200 },
  )
})

it('remembers what stands however much is told meanwhile', () => {
  const others = Array.from({ length: 1100 }, (_, at) => `n${at}`)
  const memory: Memory = { ...NONE, told: ['k0', ...others] }
  const news: Notice[] = [{ cause: 'landed', key: 'l', title: '', text: '' }]
  expect(due(asks(1), [], memory, 0).send).toEqual([])
  // Without a look at what stands nothing is forgotten.
  expect(due(null, news, memory, 0).memory.told.length).toBe(1102)
  const { told } = due(asks(1), news, memory, 0).memory
  expect([told.length, told[0], told.at(-1)]).toEqual([1001, 'k0', 'l'])
})
