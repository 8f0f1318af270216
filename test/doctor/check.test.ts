/** The row of checks itself: what is mended is looked at again, and nothing that stumbles is called good. */
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/doctor/check.ts'
import { examine } from '../../src/doctor/check.ts'
import { compare, parse } from '../../src/doctor/programs.ts'
import { fail, ok } from '../../src/result.ts'

interface Patient {
  sick: boolean
  looks: number
}

/** A check of one thing that can be mended, by an act that works or not. */
const check =
  (apply: (patient: Patient) => ReturnType<NonNullable<Finding['mend']>['apply']>) =>
  (patient: Patient): Finding[] => {
    patient.looks++
    const base = { id: 'it', title: 'It' }
    if (!patient.sick) return [{ ...base, verdict: 'good', text: 'Well.' }]
    return [{ ...base, verdict: 'bad', text: 'Sick.', mend: { what: 'heal it', apply: () => apply(patient) } }]
  }

const heal = check((patient) => {
  patient.sick = false
  return ok(undefined)
})

describe('examine', () => {
  it('only offers a mending without fix', async () => {
    const patient = { sick: true, looks: 0 }
    expect(await examine([heal], patient, false)).toEqual({
      checks: [{ id: 'it', title: 'It', verdict: 'bad', text: 'Sick.', fix: 'heal it' }],
      bad: 1,
      fixed: 0,
    })
    expect(patient.sick).toBe(true)
  })

  it('mends, looks again, and the second time has nothing to do', async () => {
    const patient = { sick: true, looks: 0 }
    const first = await examine([heal], patient, true)
    expect(first).toEqual({
      checks: [{ id: 'it', title: 'It', verdict: 'good', text: 'Well.', fixed: 'heal it' }],
      bad: 0,
      fixed: 1,
    })
    expect(patient.looks).toBe(2)
    expect(await examine([heal], patient, true)).toMatchObject({ bad: 0, fixed: 0 })
  })

  it('says what stood in the way of a mending', async () => {
    const refused = check(() => fail('E_NO', 'The disk said no.', { hint: 'ask the disk' }))
    const { checks, bad, fixed } = await examine([refused], { sick: true, looks: 0 }, true)
    expect(checks[0]).toMatchObject({ text: 'Sick. Tried to heal it: The disk said no.', hint: 'ask the disk' })
    expect({ bad, fixed }).toEqual({ bad: 1, fixed: 0 })
  })

  it('does not believe a mending that changed nothing', async () => {
    const { checks, bad, fixed } = await examine([check(() => ok(undefined))], { sick: true, looks: 0 }, true)
    expect(checks[0]).toMatchObject({ verdict: 'bad', text: 'Sick. Tried to heal it: it did not help' })
    expect({ bad, fixed }).toEqual({ bad: 1, fixed: 0 })
  })

  it('calls a check that stumbles unknown, and goes on', async () => {
    const stumbling = function stumbling(): Finding[] {
      throw new Error('no such folder')
    }
    const { checks, bad } = await examine([stumbling, heal], { sick: false, looks: 0 }, true)
    expect(checks.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['stumbling', 'unknown'],
      ['it', 'good'],
    ])
    expect(checks[0]?.text).toContain('no such folder')
    expect(bad).toBe(0)
  })
})

describe('versions', () => {
  it.each([
    ['git version 2.39.5', [2, 39, 5]],
    ['tmux 3.3a', [3, 3]],
    ['v20.20.2', [20, 20, 2]],
    ['2.1.330 (Claude Code)', [2, 1, 330]],
    ['no number', undefined],
  ])('reads %j', (said, version) => {
    expect(parse(said)).toEqual(version)
  })

  it('compares number by number, as far as the bound goes', () => {
    expect(compare([2, 9], [2, 38])).toBeLessThan(0)
    expect(compare([2, 39, 5], [2, 38])).toBeGreaterThan(0)
    expect(compare([3, 2, 9], [3, 2])).toBe(0)
    expect(compare([3], [3, 2])).toBeLessThan(0)
  })
})
