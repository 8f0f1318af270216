import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { DeathWatch } from '../../src/town/deaths.ts'
import { onDeaths } from '../../src/town/deaths.ts'
import type { ProcessId } from '../../src/town/processes.ts'
import { identify, self } from '../../src/town/processes.ts'

const children: ChildProcess[] = []
let watch: DeathWatch | undefined
afterEach(() => {
  watch?.stop()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function sleeper(): ProcessId {
  const child = spawn('sleep', ['1000'])
  children.push(child)
  const id = identify(child.pid!)
  if (id.kind !== 'ok') throw new Error('it did not start')
  return id.value
}

async function until(what: string, look: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await delay(10)) if (look()) return
  throw new Error(`never happened: ${what}`)
}

describe('onDeaths', () => {
  it('tells each death once, and none of the living', async () => {
    const [a, b] = [sleeper(), sleeper()]
    const dead: ProcessId[] = []
    let looks = 0
    const watched = (): ProcessId[] => {
      looks++
      return [a, b, self()]
    }
    watch = onDeaths(watched, (id) => dead.push(id), 10)
    process.kill(a.pid, 'SIGKILL')
    await until('the death', () => dead.length > 0)
    const seen = looks
    await until('thirty more looks', () => looks > seen + 30)
    expect(dead).toEqual([a])
  })

  it('tells again of one that was left out for a while', async () => {
    const gone = { ...self(), started: 'long ago' }
    let [told, out] = [0, false]
    watch = onDeaths(
      () => (out ? [] : [gone]),
      () => {
        told++
        out = true
        setTimeout(() => {
          out = false
        }, 30)
      },
      10,
    )
    await until('the second time', () => told === 2)
  })

  it('sees that a pid is another process now, and a zombie', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] })
    children.push(parent)
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
  })
})
