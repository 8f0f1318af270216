import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JournalRecord } from '../../src/beads/record.ts'
import { crc32, encode, newRecordId, scan } from '../../src/beads/record.ts'

const record = (id: string, text = 'why'): JournalRecord => ({
  kind: 'change',
  id,
  at: '2026-01-01T00:00:00Z',
  by: 'test',
  why: text,
  ops: [],
})
const ids = (bytes: Buffer): string[] => scan(bytes, 0).records.map((found) => (found.record as { id: string }).id)

test('the checksum is the one of zlib', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926)
  // Node 20.0 to 20.14 have none to compare with.
  if (typeof zlibCrc32 === 'function') {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(bytes) === zlibCrc32(bytes)))
    const long = Buffer.alloc(100_000, 'a checksum')
    for (const to of [10, 32_767, 32_768, 32_775, 99_999])
      expect(crc32(long, 7, to)).toBe(zlibCrc32(long.subarray(7, to)))
  }
})

test('any text comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (texts) => {
      const records = texts.map((text, i) => record(`r${i}`, text))
      const found = scan(Buffer.concat(records.map(encode)), 0)
      expect(found.records.map((one) => one.record)).toEqual(records)
      expect(found.damage).toEqual([])
    }),
  )
})

describe('a torn tail', () => {
  const one = encode(record('one'))
  const two = encode(record('two', 'größer'))
  const three = encode(record('three'))

  test('cut at every byte: what stands before and what is appended later are whole', () => {
    for (let cut = 0; cut < two.length; cut++) {
      const torn = Buffer.concat([one, two.subarray(0, cut)])
      expect(ids(torn)).toEqual(['one'])
      const later = Buffer.concat([torn, three])
      // All but the last newline is a whole record: the next one's first newline ends it.
      expect(ids(later)).toEqual(cut === two.length - 1 ? ['one', 'two', 'three'] : ['one', 'three'])
      const damage = scan(later, 0).damage
      expect(damage.length).toBe(cut > 1 && cut < two.length - 1 ? 1 : 0)
      if (damage[0]) expect(damage[0].offset).toBe(one.length + 1)
    }
  })

  test('is not consumed before its line has ended', () => {
    const torn = Buffer.concat([one, two.subarray(0, 10)])
    expect(scan(torn, 0)).toMatchObject({ damage: [], consumed: one.length + 1 })
  })
})

test('a flipped bit anywhere damages that record only, and is reported', () => {
  const records = ['one', 'two', 'three'].map((id) => encode(record(id)))
  const whole = Buffer.concat(records)
  const from = records[0]!.length
  for (let byte = from + 1; byte < from + records[1]!.length - 1; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[byte] = flipped[byte]! ^ (1 << bit)
      expect(ids(flipped)).toEqual(['one', 'three'])
      expect(scan(flipped, 0).damage.length).toBeGreaterThan(0)
    }
  }
})

test('record ids are unique', () => {
  expect(new Set(Array.from({ length: 10_000 }, newRecordId)).size).toBe(10_000)
})
