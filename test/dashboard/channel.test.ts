import { expect, test } from 'vitest'
import { Channel } from '../../src/dashboard/channel.ts'

/** A channel whose values the test makes. */
function made(keyOf?: (value: { n: number; at?: number }, text: string) => string) {
  let tell: ((value: { n: number; at?: number }) => void) | undefined
  let begun = 0
  const channel = new Channel<{ n: number; at?: number }>((to) => {
    begun++
    tell = to
    return () => {
      tell = undefined
    }
  }, keyOf)
  return {
    channel,
    tell: (n: number, at?: number) => tell?.(at === undefined ? { n } : { n, at }),
    runs: () => tell !== undefined,
    begun: () => begun,
  }
}

test('nothing is made while nobody looks, and once for all who do', () => {
  const { channel, tell, runs, begun } = made()
  expect(runs()).toBe(false)
  const seen: string[][] = [[], []]
  const leave = seen.map((list) => channel.join(({ text }) => list.push(text)))
  tell(1)
  tell(2)
  expect(seen).toEqual([
    ['{"n":1}', '{"n":2}'],
    ['{"n":1}', '{"n":2}'],
  ])
  expect(begun()).toBe(1)
  leave[0]!()
  expect(runs()).toBe(true)
  leave[1]!()
  leave[1]!()
  expect(runs()).toBe(false)
})

test('whoever comes later is told at once what is; nothing is told twice', () => {
  const { channel, tell } = made()
  channel.join(() => {})
  tell(1)
  tell(1)
  const late: number[] = []
  channel.join(({ id }) => late.push(id))
  tell(1)
  tell(2)
  expect(late).toEqual([1, 2])
})

test('who comes back and has seen what is, is told the next change only', () => {
  const { channel, tell } = made()
  const leave = channel.join(() => {})
  tell(7)
  leave()
  const back: string[] = []
  channel.join(({ text }) => back.push(text), 1)
  tell(7)
  expect(back).toEqual([])
  tell(8)
  expect(back).toEqual(['{"n":8}'])
})

test('what was kept from before is not told as what is', () => {
  const { channel, tell } = made()
  channel.join(() => {})()
  channel.join(() => {})
  tell(1)
  channel.join(() => {})()
  const { channel: other, tell: say } = made()
  const leave = other.join(() => {})
  say(1)
  leave()
  const seen: string[] = []
  other.join(({ text }) => seen.push(text))
  expect(seen).toEqual([])
  say(2)
  expect(seen).toEqual(['{"n":2}'])
})

test('what does not make it another value does not make it news', () => {
  const { channel, tell } = made(({ n }) => String(n))
  const seen: string[] = []
  channel.join(({ text }) => seen.push(text))
  tell(1, 100)
  tell(1, 200)
  const late: string[] = []
  channel.join(({ text }) => late.push(text))
  expect(seen).toEqual(['{"n":1,"at":100}'])
  expect(late).toEqual(['{"n":1,"at":200}'])
})
