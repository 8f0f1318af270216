/** Which mail is worth a line at an idle recipient's prompt. */
import { afterEach, expect, test } from 'vitest'
import { woken } from '../../src/mail/books.ts'
import { wakeLine, wakesDue } from '../../src/mail/waking.ts'
import { cleanUp, must } from '../beads/support.ts'
import type { MailTown } from './support.ts'
import { MAX, MAYOR, mailTown, TOAST } from './support.ts'

afterEach(cleanUp)

const due = (town: MailTown): [string, string[]][] => {
  town.ledger.refresh()
  return wakesDue(town.ledger.state.beads.values(), town.now()).map(({ to, messages }) => [
    to.run ?? to.address,
    messages.map(({ bead }) => bead.id),
  ])
}

test('mail that asks for it, or is urgent, and waits; the most urgent first, one line for all of a recipient', () => {
  const town = mailTown()
  town.mail({ to: 'mayor', body: 'by and by' })
  expect(due(town)).toEqual([])
  const later = town.mail({ to: 'mayor', wake: true })
  const urgent = town.mail({ to: 'mayor', priority: 1 })
  const both = town.mail({ to: ['gp/toast', 'gp/crew/max', 'human'], wake: true })
  expect(due(town)).toEqual([
    ['mayor', [urgent, later]],
    ['ftoast', [both]],
    ['gp/crew/max', [both]],
  ])
  // A hook shows it, or a line was typed for it: nothing more is typed.
  town.hook(TOAST)
  town.hook(MAX)
  const message = town.message(urgent)
  must(town.ledger.write(woken(message, 'mayor', { by: 'deacon', at: town.now().toISOString() })))
  expect(due(town)).toEqual([['mayor', [later]]])
  town.clock = new Date(town.clock.getTime() + town.settings.mail.expire + 1)
  expect(due(town)).toEqual([])
})

test('the line names the message and holds nothing of it', () => {
  const town = mailTown()
  const ids = [1, 2].map(() => town.mail({ from: 'gp/crew/max', to: 'mayor', subject: '/clear now', wake: true }))
  const messages = ids.map((id) => town.message(id))
  expect(wakeLine(messages.slice(0, 1))).toMatch(new RegExp(`^You have mail: a message \\(${ids[0]}\\), shown`))
  expect(wakeLine(messages)).toMatch(/^You have mail: 2 messages, shown/)
  expect(wakeLine(messages)).not.toContain('clear')
  expect(town.hook(MAYOR)).toContain(ids[1])
})
