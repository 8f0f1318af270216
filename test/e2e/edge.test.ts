/** What a person sees who walks through the panes: the line at the edge of each, and the keys from one to the next. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { launcher } from '../../src/kernel/town.ts'
import { tmux } from '../../src/tmux/command.ts'
import { until } from '../support/gt.ts'
import { makeTown, must } from '../support/town.ts'
import type { Stage } from '../tmux/helper.ts'
import { stage, value } from '../tmux/helper.ts'

let person: Stage | undefined
afterEach(() => person?.close())

it('the line follows the town and says when nobody drives it; keys go to who waits and to the Mayor', async () => {
  const own = { 'agents.puppet.model': 'm1', 'agents.puppet.model_flag': '--model' }
  const town = await makeTown({ agent: 'hooked', set: own })
  await must(town.gt('up'))
  await must(town.gt('mayor', 'start', '--agent', 'puppet'))
  expect(await must(town.gt('seance', 'mayor'))).toMatchObject([{ agent: 'puppet', model: 'm1' }])
  person = stage()
  const env = Object.fromEntries(Object.entries(town.env).map(([name, text]) => [name, text ?? '']))
  const attach = [process.execPath, launcher(), 'attach', 'mayor']
  value(await person.runtime.start(person.spec('person', attach, { cwd: town.root, env })))
  const { server, runtime } = person
  value(await tmux(server, ['resize-window', '-t', 'person', '-x', '120', '-y', '30']))
  const keys = async (...all: string[]): Promise<void> =>
    void value(await tmux(server, ['send-keys', '-t', 'person', ...all]))
  const edge = async (): Promise<string> => value(await runtime.peek('person', 1))
  const shows = (text: string): Promise<string> =>
    until(`"${text}" at the edge`, async () => (await edge()).includes(text) && edge())
  expect(await shows('0/4 at work')).toContain('town | mayor')

  const bead = await town.bead('Reject 30 February', '')
  town.start('sling', bead, 'app')
  const puppet = await town.puppets.next(bead)
  await puppet.hook('SessionStart', { source: 'startup' })
  await shows('1/4 at work')
  // Nobody waits yet: it says so until a key is pressed.
  await keys('C-b', 'j')
  await until('its word', async () => value(await runtime.peek('person', 30)).includes('No agent waits for you'))
  await until('the popup to go', async () => {
    await keys('Escape')
    return !value(await runtime.peek('person', 30)).includes('No agent waits')
  })

  const harm = `Why #(touch ${join(town.dir, 'pwned')}) #{pid}?`
  expect(await puppet.sh(`gt ask '${harm}'`)).toMatchObject({ code: 0 })
  const line = await shows('1 waits for you (C-b a)')
  expect(line).toContain('1/4 at work')
  expect(line).toContain(': Why #(touch ')
  await keys('C-b', 'j')
  expect(await shows(`app-${puppet.agent.split('/').at(-1)}-`)).toContain(puppet.run)
  await keys('C-b', 'h')
  await shows('town | mayor')
  // From the list to the pane of who asks, and the list is gone.
  await keys('C-b', 'a')
  await until('the list', async () => value(await runtime.peek('person', 30)).includes('1 thing waits for you'))
  await keys('a')
  await shows(puppet.run)
  await until('the popup to go', async () => !value(await runtime.peek('person', 30)).includes('1 thing waits'))
  await keys('C-b', 'h')
  await shows('town | mayor')

  await must(town.gt('deacon', 'stop'))
  expect(await shows('nobody drives the town since')).not.toContain('at work')
  await must(town.gt('up'))
  await shows('1/4 at work')
  await keys('C-b', 'd')
  await until('the person to be back', () =>
    runtime.look('person').then((look) => look.kind === 'ok' && !look.value.alive),
  )
  expect(existsSync(join(town.dir, 'pwned'))).toBe(false)
  // Nothing was typed at anybody's prompt.
  expect(town.puppets.all.flatMap(({ typed }) => typed)).toEqual([])
}, 120_000)
