import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ChoreName } from '../../src/dogs/schedule.ts'
import { CHORES, choresDue, nextChore, nextOf } from '../../src/dogs/schedule.ts'
import { townSchema } from '../../src/town/schema.ts'

const { dogs } = townSchema.parse({ schema: 1, name: 'test' })
const withBackup = { ...dogs, backup_to: '/somewhere' }
const NOW = Date.UTC(2026, 10, 26, 12)

const anySchedule = fc
  .record(Object.fromEntries(CHORES.map((name) => [name, fc.integer({ min: 1, max: 1e9 })])))
  .chain((every) => fc.boolean().map((backs) => ({ ...(backs ? withBackup : dogs), ...every })))
const anyLooks = fc
  .record(Object.fromEntries(CHORES.map((name) => [name, fc.integer({ min: NOW - 2e9, max: NOW + 1e6 })])), {
    requiredKeys: [],
  })
  .map(
    (looks) =>
      new Map(
        Object.entries(looks).flatMap(([name, at]): [string, number][] => (at === undefined ? [] : [[name, at]])),
      ),
  )

it('everything is due in a town whose Dogs never looked, but a backup without a place', () => {
  expect(choresDue(new Map(), withBackup, new Date(NOW))).toEqual([...CHORES])
  expect(choresDue(new Map(), dogs, new Date(NOW))).toEqual(CHORES.filter((name) => name !== 'backup'))
  expect(nextOf('backup', new Map(), dogs, new Date(NOW))).toBeUndefined()
})

it('a chore is due when its time is up, and when the clock was set back', () => {
  const at = (ms: number): ChoreName[] => choresDue(new Map(CHORES.map((name) => [name, ms])), dogs, new Date(NOW))
  expect(at(NOW)).toEqual([])
  expect(at(NOW - dogs.orphans + 1)).toEqual([])
  expect(at(NOW - dogs.orphans)).toEqual(['orphans'])
  expect(at(NOW + 1)).toEqual(CHORES.filter((name) => name !== 'backup'))
})

it('the next instant is the first at which anything is due: not before, and then it is', () => {
  fc.assert(
    fc.property(anySchedule, anyLooks, (schedule, last) => {
      const next = nextChore(last, schedule, new Date(NOW))
      const due = choresDue(last, schedule, new Date(NOW))
      expect(next).toBeGreaterThanOrEqual(NOW)
      expect(next === NOW).toBe(due.length > 0)
      expect(choresDue(last, schedule, new Date(next)).length).toBeGreaterThan(0)
      if (next > NOW) expect(choresDue(last, schedule, new Date(next - 1))).toEqual([])
    }),
  )
})

it('what was looked at now is due again after its interval, whatever the others are', () => {
  fc.assert(
    fc.property(anySchedule, anyLooks, fc.constantFrom(...CHORES), (schedule, last, name) => {
      const looked = new Map([...last, [name, NOW]])
      expect(choresDue(looked, schedule, new Date(NOW))).not.toContain(name)
      const set = name !== 'backup' || schedule.backup_to !== undefined
      expect(nextOf(name, looked, schedule, new Date(NOW))).toBe(set ? NOW + schedule[name] : undefined)
    }),
  )
})
