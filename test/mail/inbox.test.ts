/** Mail as its readers have it: lists, threads, answers, reading by hand and waiting. A real ledger, no process. */
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { closeBead, updateBead } from '../../src/beads/edit.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { deleteBead } from '../../src/beads/remove.ts'
import { directoryOf } from '../../src/mail/directory.ts'
import { received, sentBy, threadOf } from '../../src/mail/inbox.ts'
import type { Recipient } from '../../src/mail/message.ts'
import { markRead } from '../../src/mail/read.ts'
import { answerSubject, answerTo } from '../../src/mail/reply.ts'
import { waitForMail } from '../../src/mail/wait.ts'
import { must } from '../beads/support.ts'
import type { MailTown } from './support.ts'
import { MAYOR, mailTown, NUX, TOAST } from './support.ts'

const PERSON: Recipient = { address: 'human' }
const inbox = (town: MailTown, who: Recipient): string[] => {
  must(town.ledger.refresh())
  return received(town.ledger.state.beads.values(), who).map(
    ({ message, delivery }) => `${message.bead.description} ${delivery.state}`,
  )
}
const never = new AbortController().signal

test('unread first, the most urgent before others; then the rest, newest first', () => {
  const town = mailTown()
  const ids = ['first', 'second', 'third', 'fourth'].map((body) =>
    town.mail({ to: 'person', body, priority: body === 'fourth' ? 0 : 2, from: 'mayor' }),
  )
  for (const id of [ids[0]!, ids[1]!]) must(markRead(town, town.message(id), PERSON))
  expect(inbox(town, PERSON)).toEqual(['fourth queued', 'third queued', 'second acknowledged', 'first acknowledged'])
  expect(inbox(town, MAYOR)).toEqual([])
  expect(sentBy(town.ledger.state.beads.values(), MAYOR)).toHaveLength(4)
})

test('read once, by whom it is for and by nobody else; read by all it is closed', () => {
  const town = mailTown()
  const id = town.mail({ to: ['person', 'mayor'], from: 'gp/polecats/toast' })
  const message = town.message(id)
  expect([NUX, PERSON, PERSON].map((who) => must(markRead(town, message, who)))).toEqual([false, true, false])
  expect([town.state(id, 'human'), town.state(id, 'mayor')]).toEqual(['acknowledged', 'queued'])
  expect(town.message(id).bead.status).toBe('open')
  // As a hook would find it: shown, and then read by hand before the hook after that.
  expect(town.hook(MAYOR)).toContain('hello')
  expect(must(markRead(town, town.message(id), MAYOR))).toBe(true)
  expect(town.message(id)).toMatchObject({ bead: { status: 'closed' } })
  expect(town.hook(MAYOR)).toBe('')
})

test('one that was taken back is shown to nobody any more', () => {
  const town = mailTown()
  const id = town.mail({ to: ['mayor', 'person'] })
  const op = { op: 'set' as const, id, path: ['status'], value: 'tombstone' }
  must(town.ledger.write({ by: 'person', why: 'test', ops: [op] }))
  expect([town.hook(MAYOR), inbox(town, MAYOR), inbox(town, PERSON)]).toEqual(['', [], []])
})

test('what a worker was sent is in the mail of its name, and in that of its own run only', () => {
  const town = mailTown()
  town.mail({ to: 'gp/toast' })
  const later: Recipient = { address: TOAST.address, run: 'flater' }
  expect([TOAST, later, { address: TOAST.address }].map((who) => inbox(town, who).length)).toEqual([1, 0, 1])
})

test('an answer goes to the very run that asked, into its thread; once that is over, to nobody', () => {
  const town = mailTown()
  town.env = { GT_AGENT: TOAST.address, GT_RUN: TOAST.run! }
  const id = town.mail({ from: TOAST.address, to: 'person', body: 'Which one?' })
  town.env = {}
  const to = () => answerTo(must(directoryOf(town)), town.message(id), PERSON)
  expect(to()).toEqual({ kind: 'ok', value: [TOAST.run] })
  const answer = town.mail({ to: must(to()), replyTo: id, body: 'Both.' })
  expect(threadOf(town.ledger.state.beads.values(), id).map(({ bead }) => bead.id)).toEqual([id, answer])
  // One's own message is followed up where it went.
  expect(answerTo(must(directoryOf(town)), town.message(answer), PERSON)).toEqual({ kind: 'ok', value: [TOAST.run] })
  expect(town.hook(TOAST)).toContain('Both.')
  town.end('toast')
  expect(to()).toMatchObject({ failure: { code: 'E_NOBODY', hint: expect.stringContaining('gt seance ftoast') } })
  const part = town.mail({ from: 'deacon', to: 'person', body: 'Up.' })
  expect(answerTo(must(directoryOf(town)), town.message(part), PERSON)).toMatchObject({
    failure: { code: 'E_NOBODY', message: expect.stringContaining('reads no mail') },
  })
  expect([answerSubject('Plan'), answerSubject('Re: Plan')]).toEqual(['Re: Plan', 'Re: Plan'])
  expect(Buffer.byteLength(answerSubject('語'.repeat(160)))).toBeLessThan(500)
})

test('waiting: what lies there comes at once, what comes wakes, and of two who wait one gets it', async () => {
  const town = mailTown()
  const there = town.mail({ to: 'person', body: 'there', from: 'mayor' })
  const wait = (more: object = {}, own = town) => waitForMail(own, PERSON, { signal: never, ...more })
  expect(await wait()).toMatchObject({ value: { bead: { id: there } } })
  // Others than the awaited ones stay unread.
  town.mail({ to: 'person', body: 'other', from: 'deacon' })
  const second = { ...town, ledger: must(openLedger(town.ledger.dir)) }
  const both = [wait({ from: ['mayor'] }), wait({ from: ['mayor'] }, second)]
  const came = town.mail({ to: 'person', body: 'came', from: 'mayor' })
  const ended = await Promise.race([both[0], both[1]])
  expect(ended).toMatchObject({ value: { bead: { id: came } } })
  const stop = new AbortController()
  const third = wait({ thread: 'none', signal: stop.signal })
  stop.abort()
  expect(await third).toEqual({ kind: 'ok', value: 'interrupted' })
  town.mail({ to: 'person', body: 'for the other', from: 'mayor' })
  const values = (await Promise.all(both)).map((one) => (one.kind === 'ok' ? one.value : one))
  const ids = values.map((one) => (typeof one === 'object' && 'bead' in one ? one.bead.description : one))
  expect(ids.sort()).toEqual(['came', 'for the other'])
  expect(inbox(town, PERSON).filter((line) => line.endsWith('queued'))).toEqual(['other queued'])
  expect(await wait({ from: ['mayor'], timeoutMs: 1 })).toEqual({ kind: 'ok', value: 'timeout' })
  second.ledger.close()
  // Nobody waits for ever for a town that is gone.
  const last = wait({ thread: 'none' })
  renameSync(town.root, `${town.root}-moved`)
  expect(await last).toMatchObject({ failure: { code: 'E_NO_TOWN' } })
  renameSync(`${town.root}-moved`, town.root)
})

test('nobody changes what was sent, and of agents only who sent it takes it back', () => {
  const town = mailTown()
  const id = town.mail({ to: 'mayor', body: 'do not land' })
  const { state } = town.ledger
  const code = (result: object) => ('failure' in result ? (result.failure as { code: string }).code : 'ok')
  for (const by of ['person', 'mayor', 'gp/polecats/toast']) {
    expect(code(updateBead(state, id, { description: 'land all' }, { by }))).toBe('E_NOT_WORK')
    expect(code(updateBead(state, id, { addLabels: ['seen'] }, { by }))).toBe('ok')
    const may = by === 'person' ? 'ok' : 'E_NOT_FOR_AGENTS'
    expect([code(closeBead(state, id, {}, { by })), code(deleteBead(state, id, 'x', { by }))], by).toEqual([may, may])
  }
  const own = town.mail({ from: 'mayor', to: 'gp/toast', body: 'wait' })
  expect(code(deleteBead(state, own, 'x', { by: 'mayor' }))).toBe('ok')
})

test('the crew that can be written to is the one of the ledger, whatever lies in its folder', () => {
  const town = mailTown()
  mkdirSync(join(town.paths.rig('gp').crew, 'stray'), { recursive: true })
  expect(must(directoryOf(town)).crew).toEqual(['gp/crew/max'])
})
