import { spawn } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import type { DeathWatch } from '../../src/tmux/events.ts'
import { onDeaths } from '../../src/tmux/events.ts'
import type { ProcessId } from '../../src/town/processes.ts'
import { self } from '../../src/town/processes.ts'
import type { Stage } from './helper.ts'
import { stage, until, value } from './helper.ts'

let at: Stage
let watch: DeathWatch | undefined
afterEach(async () => {
  watch?.stop()
  await at.close()
})

describe('onDeaths', () => {
  it('tells each death once, and none of the living', async () => {
    at = stage()
    const views = [
      value(await at.runtime.start(at.spec('a', ['cat']))),
      value(await at.runtime.start(at.spec('b', ['cat']))),
    ]
    const dead: ProcessId[] = []
    let looks = 0
    const watched = (): ProcessId[] => {
      looks++
      return [...views.map((view) => view.process), self()]
    }
    watch = onDeaths(watched, (id) => dead.push(id), 10)
    process.kill(views[0]!.process.pid, 'SIGKILL')
    await until('the death', () => dead.length > 0)
    const seen = looks
    await until('thirty more looks', () => looks > seen + 30)
    expect(dead).toEqual([views[0]!.process])
  })

  it('sees that a pid is another process now, and a zombie', async () => {
    at = stage()
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (data) => resolve(Number(data))))
      const zombie = { pid, started: 'then' }
      const impostor = { pid: process.pid, started: 'long ago' }
      const dead = new Set<number>()
      watch = onDeaths(
        () => [zombie, impostor],
        (id) => dead.add(id.pid),
        10,
      )
      await until('both', () => dead.size === 2)
    } finally {
      parent.kill('SIGKILL')
    }
  })
})
