/** Escalations (pain E03, T5.2): never work, counted up by cause, few at a time, and never about another one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Raise } from '../../src/attention/escalation.ts'
import { closeEscalation, escalate, escalationOf, MOST_OPEN, openEscalations } from '../../src/attention/escalation.ts'
import { noticesOf } from '../../src/attention/waiting.ts'
import { createLedger } from '../../src/beads/ledger.ts'
import { notReadyBecause, readyBeads } from '../../src/beads/ready.ts'
import { order } from '../../src/polecats/sling.ts'
import { aBead, aRun, at, beadWith } from '../kernel/support.ts'

const dir = mkdtempSync(join(tmpdir(), 'gt-escalate-'))
const opened = createLedger(join(dir, '.beads'))
if (opened.kind === 'error') throw new Error(opened.failure.message)
const ledger = opened.value
afterAll(() => {
  ledger.close()
  rmSync(dir, { recursive: true })
})
const create = (...beads: ReturnType<typeof aBead>[]) =>
  ledger.write({ by: 'test', why: 'test', ops: beads.map((bead) => ({ op: 'create', bead })) })
create(aBead('gp-a'), beadWith(aRun('r1', 'gp-w')), beadWith(aRun('r2', 'gp-v')))

const words = (text: string, more: Partial<Raise> = {}): Raise => ({
  text,
  severity: 'medium',
  from: 'gp/polecats/r1',
  fence: 'r1',
  at: at(1),
  ...more,
})
/** Says it; the id, or the code of the refusal. */
function say(raise: Raise): string {
  const raised = escalate(ledger.state, raise)
  if (raised.kind === 'error') return raised.failure.code
  const written = ledger.write(raised.value.input)
  return written.kind === 'ok' && written.value.applied ? raised.value.id : 'not applied'
}
const bead = (id: string) => ledger.state.beads.get(id)!

it('the same again is counted, as grave as it was ever called, and told once', () => {
  const id = say(words('Disk /dev/sda1 is 97 % full'))
  const key = noticesOf(ledger.state).map((one) => one.key)
  expect(say(words('disk /dev/sda1 is 98 % full', { severity: 'high', at: at(5) }))).toBe(id)
  expect(say(words('DISK /dev/sda2 is 99 % full', { severity: 'low', at: at(9) }))).toBe(id)
  expect(escalationOf(bead(id))).toMatchObject({ count: 3, severity: 'high', last: at(9), from: 'gp/polecats/r1' })
  expect(noticesOf(ledger.state)).toMatchObject([{ key: key[0], severity: 'high', cause: 'escalation' }])
})

it('is nobody’s work: not ready, not slung, also when it is over', () => {
  const { bead: open } = openEscalations(ledger.state)[0]!
  const now = new Date(at(60))
  expect(order(open, { rig: 'gp', by: 'person', at: at(2) })).toMatchObject({ failure: { code: 'E_NOT_WORK' } })
  expect(readyBeads(ledger.state, { now }).map(({ id }) => id)).toEqual(['gp-a'])
  ledger.write(closeEscalation(open, 'cleaned up', 'person'))
  const over = bead(open.id)
  expect(notReadyBecause(ledger.state, { ...over, status: 'open' }, now)).toContain('not work')
  expect([over.status, noticesOf(ledger.state)]).toEqual(['closed', []])
  // The same trouble another day is another one.
  expect(say(words('Disk /dev/sda1 is 97 % full', { at: at(99) }))).not.toBe(open.id)
})

it('cannot be about another one, nor about an incident', () => {
  const about = openEscalations(ledger.state)[0]!.bead
  expect(say(words('still', { about }))).toBe('E_DEPTH')
  const incident = { node: 'gp', cause: 'start', count: 5, first: at(0), last: at(1) } as const
  expect(say(words('it is bad', { about: aBead('gp-i', { issue_type: 'event' }, { incident }) }))).toBe('E_DEPTH')
})

it('a run has few open; another run and a person may still speak', () => {
  const all = ['the login fails', 'the network is slow', 'nobody reviews'].map((text) => say(words(text)))
  expect(all.at(-1)).toBe('E_TOO_MANY')
  expect(openEscalations(ledger.state).length).toBe(MOST_OPEN)
  // What is known may be said again.
  expect(say(words('the login fails'))).toBe(all[0])
  expect(say(words('nobody reviews', { from: 'gp/polecats/r2', fence: 'r2' }))).toMatch(/^hq-e/)
  const { fence: _fence, ...person } = words('nobody reviews', { from: 'person', about: bead('gp-a') })
  expect(say(person)).toMatch(/^gp-e/)
})

it('two who say the same at once make one', () => {
  const both = [words('at once', { from: 'x', fence: 'x' }), words('at once', { from: 'x', fence: 'x' })].map((raise) =>
    escalate(ledger.state, raise),
  )
  const written = both.map((one) => (one.kind === 'ok' ? ledger.write(one.value.input) : one))
  expect(written.map((one) => one.kind === 'ok' && one.value.applied)).toEqual([true, false])
})

it('words are cut and cleaned, and none are refused', () => {
  const id = say(words(`\x1b[31m${'long '.repeat(4000)}`, { from: 'y', fence: 'y' }))
  expect(bead(id).title.length).toBeLessThanOrEqual(120)
  expect(bead(id).description!.length).toBeLessThanOrEqual(8000)
  expect(say(words(' \x07 ', { from: 'y', fence: 'y' }))).toBe('E_EMPTY')
})
