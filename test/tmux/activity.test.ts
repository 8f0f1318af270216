/** What tmux tells beside a session's process: when its screen last moved, and which server holds it. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { tmux } from '../../src/tmux/command.ts'
import { identify } from '../../src/town/processes.ts'
import type { Stage } from './helper.ts'
import { fileText, program, stage, until, value } from './helper.ts'

let at: Stage
afterEach(() => at.close())

/** Reads lines without an echo; writes to its screen only when it is told `say`. */
const TACITURN = `import { appendFileSync } from 'node:fs'
process.stdin.setRawMode(true)
let text = ''
process.stdin.on('data', (data) => {
  text += data
  appendFileSync(process.env.OUT, data)
  if (text.endsWith('say')) console.log('said')
})
appendFileSync(process.env.OUT, 'up\\n')`

async function activity(): Promise<number> {
  const [view] = value(await at.runtime.list())
  if (view?.activity === undefined) throw new Error('no activity')
  return view.activity
}

/** tmux dates to the second: what happens now gets another date than `moment`. */
const nextSecond = (moment: number): Promise<boolean> => until('the next second', () => Date.now() >= moment + 1_000)

it('moves with what the agent writes; not with keys, people who come and go, sizes or options', async () => {
  at = stage()
  const env = { OUT: at.path('out') }
  value(await at.runtime.start(at.spec('mute', program(at, 'mute.mjs', TACITURN), { env })))
  await fileText(at.path('out'))
  const before = await activity()
  expect(before).toBeGreaterThan(Date.now() - 60_000)
  await nextSecond(before)

  const keys = async (text: string): Promise<void> => {
    value(await tmux(at.server, ['send-keys', '-t', '=mute:', '-l', text]))
    await fileText(at.path('out'), (seen) => seen.endsWith(text))
  }
  await keys('hello')
  const args = ['-L', at.server.socket, '-f', at.server.conf, '-C', 'attach-session', '-t', '=mute']
  const person = spawn('tmux', args, {
    env: { ...process.env, ...at.server.env, TMUX: '' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const clients = async () => value(await tmux(at.server, ['list-clients', '-F', '#{client_name}'])).trim()
  await until('a person to come', async () => (await clients()) !== '')
  person.stdin.end()
  await until('the person to go', async () => (await clients()) === '')
  value(await tmux(at.server, ['resize-window', '-t', '=mute:', '-x', '90', '-y', '30']))
  value(await tmux(at.server, ['set-option', '-p', '-t', '=mute:', '@x', 'y']))
  value(await at.runtime.peek('mute', 10))
  expect(await activity()).toBe(before)

  await keys('say')
  await until('the screen to move', async () => (await activity()) > before)
})

it('names the server that holds a session, the same for all of them', async () => {
  at = stage()
  for (const name of ['a', 'b']) value(await at.runtime.start(at.spec(name, ['cat'])))
  const pid = value(await tmux(at.server, ['display-message', '-p', '-t', '=a:', '#{pid}'])).trim()
  const views = value(await at.runtime.list())
  expect(views.map(({ keeper }) => keeper)).toEqual([value(identify(Number(pid))), value(identify(Number(pid)))])
  expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toMatch(/^tmux/)
})
