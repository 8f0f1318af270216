/** What becomes of mail that nobody is shown any more, as the driver settles it. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agentAt, newAgent } from '../../src/kernel/agents.ts'
import { mailDue, nextExpiry, unheard } from '../../src/mail/due.ts'
import { received } from '../../src/mail/inbox.ts'
import type { Recipient } from '../../src/mail/message.ts'
import { markRead } from '../../src/mail/read.ts'
import { layAnew, settleMail } from '../../src/mail/settle.ts'
import { must } from '../beads/support.ts'
import type { MailTown } from './support.ts'
import { MAX, MAYOR, mailTown, NUX, TOAST } from './support.ts'

const HOUR = 3_600_000
/** A pass of the driver; how many messages it settled. */
function pass(town: MailTown): number {
  must(town.ledger.refresh())
  const due = mailDue(town.ledger.state, town.now())
  return due.filter((id) => must(settleMail(town, id, 'deacon'))).length
}
const later = (town: MailTown, ms: number): void => {
  town.clock = new Date(town.clock.getTime() + ms)
}
const bodies = (town: MailTown, who: Recipient): string[] =>
  received(town.ledger.state.beads.values(), who).map(({ message }) => message.bead.description ?? '')

test('a run that is over gets no mail any more: expired, and who sent what it was not shown is told, once', () => {
  const town = mailTown()
  const seen = town.mail({ to: 'gp/toast', from: 'mayor', body: 'seen' })
  town.hook(TOAST)
  const both = town.mail({ to: ['gp/toast', 'gp/nux'], from: 'mayor', body: 'both' })
  expect(pass(town)).toBe(0)
  town.end('toast')
  expect(pass(town)).toBe(2)
  expect(town.message(seen)).toMatchObject({ bead: { status: 'closed' } })
  expect(town.message(both)).toMatchObject({
    bead: { status: 'open' },
    mail: { deliveries: { ftoast: { state: 'expired', reason: 'its run is over' }, fnux: { state: 'queued' } } },
  })
  expect(bodies(town, MAYOR)).toEqual([expect.stringContaining(`${both} was never shown to gp/polecats/toast`)])
  // It lies in the Mayor's folder, and comes by its next hook.
  expect(town.hook(MAYOR)).toContain('never shown')
  expect(pass(town)).toBe(0)
  expect(town.hook(NUX)).toContain('both')
})

test('a crew member that was removed gets no mail any more, and neither does one that bears its name since', () => {
  const town = mailTown()
  const old = town.mail({ to: 'gp/crew/max', from: 'mayor', body: 'for the first' })
  const facts = { ...agentAt(town.ledger.state, MAX.address)!.agent, in: false }
  const crew = { rig: 'gp', name: 'max', branch: 'crew/max', worktree: '/nowhere', from: 'main', fence: 'fmax' }
  const removed = { ...facts, crew: { ...crew, state: 'removed' as const, removed_at: town.clock.toISOString() } }
  const { id } = agentAt(town.ledger.state, MAX.address)!
  const path = ['metadata', 'gt', 'agent']
  must(town.ledger.write({ by: 'test', why: 'test', ops: [{ op: 'set', id, path, value: removed }] }))
  must(town.ledger.write(newAgent(town.ledger.state, facts, town.clock.toISOString()).change))
  const young = town.mail({ to: 'gp/crew/max', from: 'mayor', body: 'for the second' })
  expect([pass(town), pass(town)]).toEqual([1, 0])
  expect([town.state(old, MAX.address), town.state(young, MAX.address)]).toEqual(['expired', 'queued'])
  expect(bodies(town, MAYOR)).toEqual([expect.stringContaining('never shown to gp/crew/max: it was removed')])
})

test('its time is over for agents and never for a person; a part of the town, and who is gone, is not told', () => {
  const town = mailTown('mail.expire = "1h"\n')
  const id = town.mail({ to: ['mayor', 'person'], from: 'gp/polecats/toast' })
  expect(nextExpiry(town.ledger.state)).toBe(town.clock.getTime() + HOUR)
  later(town, HOUR - 1)
  expect(pass(town)).toBe(0)
  later(town, 1)
  expect(pass(town)).toBe(1)
  expect([town.state(id, 'mayor'), town.state(id, 'human')]).toEqual(['expired', 'queued'])
  expect([nextExpiry(town.ledger.state), pass(town)]).toEqual([undefined, 0])
  must(markRead(town, town.message(id), { address: 'human' }))
  expect(town.message(id).bead.status).toBe('closed')

  const report = town.mail({ to: 'mayor', body: 'report' })
  later(town, HOUR)
  expect(pass(town)).toBe(1)
  const human: Recipient = { address: 'human' }
  const said = received(town.ledger.state.beads.values(), human)[0]!.message
  expect(said.mail).toMatchObject({ type: 'undelivered', thread: report, data: { message: report, to: ['mayor'] } })
  expect(received(town.ledger.state.beads.values(), human)).toHaveLength(2)
})

test('two who take the last two steps at once leave it open; the driver closes it', () => {
  const town = mailTown()
  const id = town.mail({ to: ['mayor', 'person'], from: 'deacon' })
  const before = town.message(id)
  for (const me of [MAYOR, { address: 'human' }]) must(markRead(town, before, me))
  expect(town.message(id).bead.status).toBe('open')
  expect([pass(town), pass(town), town.message(id).bead.status]).toEqual([1, 0, 'closed'])
})

test('a sender that was killed before it lay in the folder: laid by the driver after a minute', () => {
  const town = mailTown()
  town.mail({ to: 'gp/toast', body: 'lost' })
  rmSync(join(town.folder(TOAST), 'inbox'), { recursive: true })
  expect(unheard(town.ledger.state, town.now())).toEqual([])
  later(town, 60_000)
  expect(unheard(town.ledger.state, town.now())).toEqual([TOAST])
  must(layAnew(town, TOAST))
  expect(town.hook(TOAST)).toContain('lost')
  must(town.ledger.refresh())
  expect(unheard(town.ledger.state, town.now())).toEqual([])
})
