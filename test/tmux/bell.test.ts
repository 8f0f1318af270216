/** The bell reaches whoever is attached, as a BEL and a line; no pane gets anything. */
import { existsSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { tmux } from '../../src/tmux/command.ts'
import type { Stage } from './helper.ts'
import { program, stage, until, value } from './helper.ts'

const stages: Stage[] = []
afterEach(async () => {
  for (const at of stages.splice(0)) await at.close()
})

it('rings in a terminal that is attached, shows the words as they are, and types nothing', async () => {
  const [town, outer] = [stage(), stage()]
  stages.push(town, outer)
  expect(await town.runtime.ring('nobody is here')).toEqual({ kind: 'ok', value: 0 })

  const cat = program(
    town,
    'agent.mjs',
    "process.stdin.on('data', (all) => process.stdout.write(all))\nconsole.log('at work')\n",
  )
  value(await town.runtime.start(town.spec('agent', cat)))
  expect(await town.runtime.ring('nobody looks')).toEqual({ kind: 'ok', value: 0 })

  // A person's terminal: a pane of another server, which notes that it was rung.
  const attach = town.runtime.attachArgv('agent')
  value(await outer.runtime.start(outer.spec('person', attach, { env: { TMUX_TMPDIR: town.dir } })))
  value(await tmux(outer.server, ['set-hook', '-g', 'alert-bell', `run-shell "touch ${outer.path('rung')}"`]))
  value(await tmux(outer.server, ['set-option', '-g', 'bell-action', 'any']))
  await until('the person to be attached', async () => value(await tmux(town.server, ['list-clients'])) !== '')

  const words = `ap-1: #(touch ${town.path('pwned')}) 100%H #[fg=red] "x"; $(id)`
  expect(await town.runtime.ring(words)).toEqual({ kind: 'ok', value: 1 })
  await until('the bell', () => existsSync(outer.path('rung')))
  const screen = await until('the line', async () => {
    const seen = value(await outer.runtime.peek('person', 50))
    return seen.includes('gt: ap-1') && seen
  })
  expect(screen).toContain(`gt: ${words}`)
  expect(value(await town.runtime.peek('agent', 50))).toBe('at work')
  expect(existsSync(town.path('pwned'))).toBe(false)
})
