/** A person keeps the town in view in a terminal, looks at a worker's screen, goes there and comes back, and leaves no trace. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { launcher } from '../../src/kernel/town.ts'
import { tmux } from '../../src/tmux/command.ts'
import { tmuxSocket } from '../../src/town/paths.ts'
import { until } from '../support/gt.ts'
import { makeTown, must } from '../support/town.ts'
import type { Stage } from '../tmux/helper.ts'
import { stage, value } from '../tmux/helper.ts'

const CRASH = fileURLToPath(new URL('../screen/crash.ts', import.meta.url))

let person: Stage | undefined
afterEach(() => person?.close())

it('shows what happens as it happens, peeks, attaches and comes back, and leaves the terminal as it was', async () => {
  const town = await makeTown({ agent: 'hooked' })
  await must(town.gt('up'))
  const bead = await town.bead('Reject 30 February', '')
  town.start('sling', bead, 'app')
  const puppet = await town.puppets.next(bead)
  await puppet.hook('SessionStart', { source: 'startup' })
  await puppet.show('reading the calendar \x1b[31mof 1582\x1b[0m')

  // A person's terminal, left by q, by Ctrl-C, by a signal, and by a bug.
  person = stage()
  const pid = join(town.dir, 'pid')
  const feed = `sh -c 'echo $$ > ${pid}; exec "${process.execPath}" "${launcher()}" feed'`
  const crash = `"${process.execPath}" --import tsx ${CRASH} 2> ${town.dir}/bug`
  const state = '$(stty -a | grep -o -- "-*icanon")'
  const loop = `for n in 1 2 3; do ${feed}; echo "left $n $?" ${state}; done; ${crash}; echo "left 4 $?" ${state}; exec cat`
  const env = Object.fromEntries(Object.entries(town.env).map(([name, text]) => [name, text ?? '']))
  value(
    await person.runtime.start(
      person.spec('person', ['sh', '-c', `cd ${process.cwd()}; ${loop}`], { env: { ...env, GT_TOWN: town.root } }),
    ),
  )
  const { server, runtime } = person
  const size = async (x: number, y: number) =>
    value(await tmux(server, ['resize-window', '-t', 'person', '-x', `${x}`, '-y', `${y}`]))
  const screen = async (): Promise<string> => value(await runtime.peek('person', 50))
  const shows = (text: string | RegExp) =>
    until(`${text} on the screen`, async () => {
      const seen = await screen()
      return (typeof text === 'string' ? seen.includes(text) : text.test(seen)) && seen
    })
  const keys = async (...all: string[]) => value(await tmux(server, ['send-keys', '-t', 'person', ...all]))
  const given = async () =>
    value(await tmux(server, ['display-message', '-p', '-t', 'person', '#{alternate_on} #{cursor_flag}'])).trim()
  await size(80, 24)
  const name = puppet.agent.replace('/polecats/', '/')
  await shows(new RegExp(`> ${name} .*${bead}  Reject 30 February`))
  expect(await given()).toBe('1 0')

  // What happens comes by itself.
  expect(await puppet.sh('gt ask "Is 1582 Julian?"')).toMatchObject({ code: 0 })
  await shows('1 waits for you')
  await keys('BTab')
  await shows(/> +ask .*Is 1582 Julian/)
  await keys('Tab', 'Enter')
  await shows('reading the calendar of 1582')
  await size(200, 50)
  const large = await shows('│')
  expect(large).toMatch(new RegExp(`> ${name} .* │ `))
  expect(large).toContain('reading the calendar of 1582')
  await size(80, 24)

  // Attached: what is shown now is the worker's own terminal, and Ctrl-b d comes back.
  const inner = { ...server, socket: tmuxSocket(town.root), env }
  const clients = async () => value(await tmux(inner, ['list-clients', '-F', '#{client_session}'])).trim()
  await keys('a')
  await until('the client', async () => (await clients()) !== '')
  await keys('C-b', 'd')
  await until('the client to leave', async () => (await clients()) === '')
  await shows('q quit')
  expect(await given()).toBe('1 0')

  await keys('q')
  await shows('left 1 0 icanon')
  await until('the second one', async () => (await given()) === '1 0')
  await keys('C-c')
  await shows('left 2 0 icanon')
  await until('the third one', async () => (await given()) === '1 0')
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM')
  await shows('left 3 0 icanon')
  await shows('taken')
  await keys('x')
  await shows('left 4 1 icanon')
  expect(await given()).toBe('0 1')
  expect(readFileSync(join(town.dir, 'bug'), 'utf8')).toContain('a bug')
})
