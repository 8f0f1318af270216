/** The line at the edge of an attached terminal, and the keys behind the prefix: in real tmux, with words that would do harm. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { tmux } from '../../src/tmux/command.ts'
import type { Stage } from './helper.ts'
import { stage, until, value } from './helper.ts'

const stages: Stage[] = []
afterEach(async () => {
  for (const at of stages.splice(0)) await at.close()
})

/** A person's terminal on a session of the town; a terminal that knows more than ASCII, whatever the tests run in. */
async function attached(town: Stage, session: string, columns: number): Promise<Person> {
  const outer = stage()
  stages.push(outer)
  const argv = town.runtime.attachArgv(session)
  value(await outer.runtime.start(outer.spec('person', argv, { env: { TMUX_TMPDIR: town.dir, LC_ALL: 'C.UTF-8' } })))
  value(await tmux(outer.server, ['resize-window', '-t', 'person', '-x', `${columns}`, '-y', '24']))
  await until('the person to be attached', async () => value(await tmux(town.server, ['list-clients'])) !== '')
  const edge = async (): Promise<string> => value(await outer.runtime.peek('person', 1))
  return {
    edge,
    screen: async () => value(await outer.runtime.peek('person', 24)),
    shows: (text) => until(`"${text}"`, async () => (await edge()).includes(text) && edge()),
    press: async (...keys) => void value(await tmux(outer.server, ['send-keys', '-t', 'person', ...keys])),
  }
}

interface Person {
  edge(): Promise<string>
  screen(): Promise<string>
  shows(text: string): Promise<string>
  press(...keys: string[]): Promise<void>
}

const FAR = Date.now() + 1_000_000

it('shows what it is told as it is, runs nothing of it, and says so when nobody vouches for it any more', async () => {
  const town = stage({ town: 'Böse #(x) 100%H' })
  stages.push(town)
  const at = Date.now()
  expect(await town.runtime.tell({ words: { calm: 'x', loud: 'y' }, at, until: FAR })).toEqual({
    kind: 'ok',
    value: undefined,
  })
  expect(existsSync(join(town.dir, `tmux-${process.getuid?.()}`, town.server.socket))).toBe(false)

  value(await town.runtime.start(town.spec('agent', ['cat'])))
  const person = await attached(town, 'agent', 120)
  expect(await person.shows('| agent')).not.toContain('nobody drives')
  const harm = `#(touch ${town.path('pwned')}) #{pid} #[fg=red]%H, } ## "';`
  value(await town.runtime.tell({ words: { calm: '1/4 at work', loud: `${harm}#` }, at, until: FAR }))
  expect(await person.shows('1/4 at work')).toContain(`1/4 at work ${harm}#`)
  expect(await person.edge()).toContain('Böse #(x) 100%H | agent')

  // Without new words it goes on with the old ones; once its time is over it says since when.
  value(await town.runtime.tell({ at, until: FAR }))
  expect(await person.edge()).toContain(`1/4 at work ${harm}#`)
  value(await town.runtime.tell({ at: Date.parse('2026-11-27T14:02:00'), until: 0 }))
  expect(await person.shows('nobody drives')).toContain('nobody drives the town since Nov 27 14:02: gt up')
  expect(await person.edge()).not.toContain('at work')
  expect(existsSync(town.path('pwned'))).toBe(false)
})

it('keeps the end of a long line in a narrow terminal', async () => {
  const town = stage({ town: 't' })
  stages.push(town)
  value(await town.runtime.start(town.spec('agent', ['cat'])))
  const person = await attached(town, 'agent', 80)
  const words = { calm: 'calm '.repeat(30), loud: 'x: Which one? | 2 wait for you (C-b a)' }
  value(await town.runtime.tell({ words, at: 0, until: FAR }))
  expect(await person.shows('t | agent')).toContain('x: Which one? | 2 wait for you (C-b a)')
})

it('its keys call gt in a popup, in the town’s folder, and nothing reaches the pane', async () => {
  const dir = stage()
  stages.push(dir)
  const root = join(dir.dir, `a #{pid} 'b' %H`)
  mkdirSync(root)
  const gt = join(root, 'gt.sh')
  writeFileSync(gt, 'pwd > called; for word; do echo "$word" >> called; done; echo; echo no luck; exit 1\n')
  const town = stage({ town: 't', keys: { gt: ['/bin/sh', gt], root, home: 'mayor' } })
  stages.push(town)
  for (const name of ['mayor', 'agent']) value(await town.runtime.start(town.spec(name, ['cat'])))
  const person = await attached(town, 'agent', 120)
  const called = join(root, 'called')
  await person.press('C-b', 'j')
  await until('gt to be called', () => existsSync(called) && readFileSync(called, 'utf8').includes('--next'))
  expect(readFileSync(called, 'utf8')).toBe(`${root}\nattach\n--next\n`)
  // What it said stays on the screen until Escape is pressed, once it has ended.
  await until('its words', async () => (await person.screen()).includes('no luck'))
  await until('the popup to go', async () => {
    await person.press('Escape')
    return !(await person.screen()).includes('no luck')
  })
  // A key that follows Escape at once would be one with it.
  value(await town.runtime.tell({ words: { calm: 'later', loud: '' }, at: 0, until: FAR }))
  await person.shows('later')
  await person.press('C-b', 'h')
  await person.shows('t | mayor')
  // An Escape too many is the test's own.
  expect(value(await town.runtime.peek('agent', 10)).replaceAll('^[', '')).toBe('')
  await person.press('C-b', 'd')
  await until('the person to leave', async () => value(await tmux(town.server, ['list-clients'])) === '')
})
