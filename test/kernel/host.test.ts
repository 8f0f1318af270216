/** Whether the machine has room for something new. */
import { expect, test } from 'vitest'
import { hostSays } from '../../src/kernel/host.ts'
import type { Read } from '../../src/result.ts'
import { empty, fail, ok, unknown } from '../../src/result.ts'
import type { Hold } from '../../src/town/hold.ts'
import type { HostReadings } from '../../src/town/host.ts'

const MB = 1024 * 1024
const LIMITS = { max_load: 5, min_memory_mb: 512, min_disk_mb: 512 }
const IDLE: HostReadings = {
  load1: ok(10),
  cores: ok(2),
  memoryFreeBytes: ok(512 * MB),
  diskFreeBytes: ok(512 * MB),
  oomKills: ok(0),
}

const says = (
  readings: Partial<HostReadings>,
  limits: Partial<typeof LIMITS> = {},
  hold: Read<Hold> = empty,
): string => {
  const verdict = hostSays({ ...IDLE, ...readings }, { ...LIMITS, ...limits }, hold)
  return verdict.is === 'open' ? 'open' : verdict.why
}

test('exactly at each limit the town is open', () => {
  expect(says({})).toBe('open')
})

test.each<[string, Partial<HostReadings>, RegExp, keyof typeof LIMITS]>([
  ['load', { load1: ok(10.26) }, /load is 10\.3 on 2 cores, 5\.1 for each of 5 allowed.*host\.max_load/, 'max_load'],
  ['load of one core', { load1: ok(6), cores: ok(1) }, /load is 6 on 1 core, 6 for each/, 'max_load'],
  [
    'memory',
    { memoryFreeBytes: ok(512 * MB - 1) },
    /511 MB of memory are free of 512 wanted.*host\.min_memory_mb/,
    'min_memory_mb',
  ],
  ['disk', { diskFreeBytes: ok(0) }, /0 MB of disk are free of 512 wanted.*host\.min_disk_mb/, 'min_disk_mb'],
])('it closes for want of %s, with figures and what to type; 0 switches that off', (_what, readings, words, key) => {
  expect(says(readings)).toMatch(words)
  expect(says(readings, { [key]: 0 })).toBe('open')
})

test('everything that is short is named at once', () => {
  const why = says({ load1: ok(99), memoryFreeBytes: ok(0), diskFreeBytes: ok(0) })
  for (const key of Object.keys(LIMITS)) expect(why).toContain(`host.${key}`)
})

test('a reading that is unknown closes nothing', () => {
  const blind = unknown('the system is silent')
  expect(says({ load1: blind, cores: blind, memoryFreeBytes: blind, diskFreeBytes: blind, oomKills: blind })).toBe(
    'open',
  )
  expect(says({ load1: ok(99), cores: blind })).toBe('open')
  expect(says({ load1: fail('E_X', 'x') })).toBe('open')
  expect(says({ load1: blind, diskFreeBytes: ok(0) })).toMatch(/disk/)
})

test('a hold closes, whatever the machine has; so does one that may be there', () => {
  const held = (hold: Partial<Hold>) => says({}, { max_load: 0 }, ok({ reason: '', frozen: false, ...hold }))
  expect(held({ reason: 'payday' })).toBe('The town is held: payday. To go on: gt thaw')
  expect(held({})).toContain('no reason given')
  expect(held({ frozen: true })).toContain('everything is frozen')
  expect(says({}, {}, unknown('EIO'))).toContain('cannot be told whether the town is held: EIO')
  expect(says({}, {}, fail('E_X', 'EIO'))).toContain('EIO')
})
