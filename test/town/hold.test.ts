import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hold } from '../../src/town/hold.ts'
import {
  frozenSince,
  holdPath,
  holdText,
  holdWords,
  lookAtHold,
  parseHold,
  readHold,
  removeDrain,
  removeHold,
  writeHold,
} from '../../src/town/hold.ts'
import { happenedSince, lastMoment, noteMoment } from '../../src/town/moments.ts'
import { self } from '../../src/town/processes.ts'
import { folder } from './folder.ts'

const hold = (more: Partial<Hold> = {}): Hold => ({ reason: '', frozen: false, ...more })
const gone = { pid: self().pid, started: 'earlier' }

describe('the text of a hold', () => {
  it.each<[string, Hold]>([
    ['', hold()],
    ['\n', hold()],
    ['the disk is full\n', hold({ reason: 'the disk is full' })],
    ['two\r\n lines \x1b[31m', hold({ reason: 'two lines [31m' })],
    ['why\ngt: frozen\n', hold({ reason: 'why', frozen: true })],
    ['gt: frozen', hold({ frozen: true })],
    ['it says gt: frozen', hold({ reason: 'it says gt: frozen' })],
    ['gt: frozen solid\n', hold()],
    ['gt: drain 12 b.34\n', hold({ drain: { pid: 12, started: 'b.34' } })],
    ['gt: drain 12\n', hold()],
    ['x'.repeat(500), hold({ reason: 'x'.repeat(200) })],
  ])('%j', (text, meant) => {
    expect(parseHold(text)).toEqual(meant)
  })

  it('comes back as it was written, and no reason can say more than it is', () => {
    const drain = fc.record({ pid: fc.nat(), started: fc.stringMatching(/^[\w.]{1,20}$/) })
    const any = fc.record({ reason: fc.string(), frozen: fc.boolean() })
    fc.assert(
      fc.property(any, fc.option(drain, { nil: undefined }), (written, by) => {
        const read = parseHold(holdText({ ...written, ...(by && { drain: by }) }))
        expect(read.frozen).toBe(written.frozen)
        expect(read.drain).toEqual(by)
        expect(parseHold(holdText(read))).toEqual(read)
      }),
    )
    expect(parseHold(holdText(hold({ reason: 'gt: frozen' })))).toEqual(hold({ reason: 'gt:frozen' }))
    expect(parseHold(holdText(hold({ reason: 'a\ngt: frozen\nb' }))).frozen).toBe(false)
  })

  it('is said in words', () => {
    expect(holdWords(hold())).toBe('no reason given')
    expect(holdWords(hold({ reason: 'why', frozen: true }))).toBe('everything is frozen, why')
  })
})

describe('a hold', () => {
  it('is whatever lies there, a folder too, and gone after it is lifted', () => {
    const root = folder()
    expect(readHold(root)).toEqual({ kind: 'empty' })
    expect(removeHold(root)).toEqual({ kind: 'ok', value: false })
    writeFileSync(join(root, 'hold'), '')
    expect(readHold(root)).toEqual({ kind: 'ok', value: hold() })
    expect(removeHold(root)).toEqual({ kind: 'ok', value: true })
    expect(readHold(root)).toEqual({ kind: 'empty' })
    mkdirSync(join(root, 'hold'))
    expect(readHold(root)).toEqual({ kind: 'ok', value: hold() })
    expect(removeHold(root)).toMatchObject({ kind: 'error', failure: { code: 'E_HOLD' } })
  })

  it('of a drain counts while its process lives; what it left can be seen', () => {
    const root = folder()
    const [mine, dead] = [hold({ reason: 'going down', drain: self() }), hold({ drain: gone })]
    expect(writeHold(root, mine).kind).toBe('ok')
    expect(readHold(root)).toEqual({ kind: 'ok', value: mine })
    writeHold(root, dead)
    expect(readHold(root)).toEqual({ kind: 'empty' })
    expect(lookAtHold(root)).toEqual({ kind: 'ok', value: dead })
  })

  it('of a drain is lifted by that drain alone', () => {
    const root = folder()
    writeHold(root, hold({ reason: 'mine', drain: self() }))
    expect(removeDrain(root, gone)).toEqual({ kind: 'ok', value: false })
    expect(removeDrain(root, self())).toEqual({ kind: 'ok', value: true })
    writeFileSync(holdPath(root), 'a person wrote this over it\n')
    expect(removeDrain(root, self())).toEqual({ kind: 'ok', value: false })
    expect(readFileSync(holdPath(root), 'utf8')).toBe('a person wrote this over it\n')
  })
})

describe('a moment', () => {
  it('is never, then the last time it was noted', () => {
    const root = folder()
    expect(lastMoment(root, 'thawed')).toEqual({ kind: 'empty' })
    noteMoment(root, 'thawed')
    expect(lastMoment(root, 'thawed'), 'without .gt nothing is noted').toEqual({ kind: 'empty' })
    mkdirSync(join(root, '.gt'))
    const before = Date.now()
    noteMoment(root, 'thawed')
    const first = lastMoment(root, 'thawed')
    expect(first.kind === 'ok' && first.value).toBeGreaterThanOrEqual(before)
    expect(lastMoment(root, 'down')).toEqual({ kind: 'empty' })
    utimesSync(join(root, '.gt', 'thawed'), 1, 1)
    expect(happenedSince(root, 'thawed', 999)).toBe(true)
    expect(happenedSince(root, 'thawed', 1000)).toBe(false)
    noteMoment(root, 'thawed')
    expect(happenedSince(root, 'thawed', before - 1)).toBe(true)
    expect(happenedSince(root, 'down', 0)).toBe(false)
  })

  it('tells whether a town was frozen since then, or is', () => {
    const root = folder()
    mkdirSync(join(root, '.gt'))
    expect(frozenSince(root, 0)).toBe(false)
    writeHold(root, hold({ reason: 'why' }))
    expect(frozenSince(root, 0)).toBe(false)
    writeHold(root, hold({ frozen: true }))
    expect(frozenSince(root, Number.POSITIVE_INFINITY)).toBe(true)
    removeHold(root)
    noteMoment(root, 'thawed')
    utimesSync(join(root, '.gt', 'thawed'), 5, 5)
    expect([4_999, 5_000].map((since) => frozenSince(root, since))).toEqual([true, false])
  })
})
