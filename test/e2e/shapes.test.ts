/** Real answers against the published shapes: what a script gets is what docs/schemas.json promises. */
import { expect, test } from 'vitest'
import { ANSWER, SHAPES } from '../../src/cli/shapes.ts'
import { until } from '../support/gt.ts'
import { makeTown } from '../support/town.ts'

test('every answer is exactly one object of the promised shape', async () => {
  const town = await makeTown()
  const seen = new Set<string>()
  const call = async (shape: string, ...args: string[]): Promise<any> => {
    const outcome = await town.gt(...args)
    const answer = JSON.parse(outcome.stdout)
    expect(ANSWER.safeParse(answer).error, `${args.join(' ')}: ${outcome.stdout}`).toBeUndefined()
    expect(outcome.stdout.endsWith('\n') && outcome.stdout.split('\n').length === 2, 'one line').toBe(true)
    if (!answer.ok) {
      expect(shape, outcome.stdout).toBe('')
      return answer
    }
    expect(SHAPES[shape]!.safeParse(answer.data).error, `${args.join(' ')}: ${outcome.stdout}`).toBeUndefined()
    seen.add(shape)
    return answer.data
  }
  await call('install', 'install', `${town.dir}/other`)
  await call('rig list', 'rig', 'list')
  await call('rig add', 'rig', 'add', 'second', town.remote, '--gate', 'true')
  const first = await call('bead create', 'bead', 'create', 'One', '--rig', 'app', '--body', 'echo 1 > one.txt')
  const second = await call(
    'bead create',
    'bead',
    'create',
    'Two',
    '--rig',
    'app',
    '--body',
    'sleep 60',
    '--priority',
    '1',
  )
  await call('bead dep add', 'bead', 'dep', 'add', second.id, first.id)
  await call('bead update', 'bead', 'update', first.id, '--label', 'a', '--comment', 'hello')
  await call('bead list', 'bead', 'list')
  await call('bead ready', 'bead', 'ready')
  expect(await call('sling', 'sling', first.id, 'app', '--wait', '--timeout', '1m')).toMatchObject([
    { state: 'landed' },
  ])
  await call('bead show', 'bead', 'show', first.id)
  const { mergeRequest } = await call('bead show', 'bead', 'show', first.id)
  await call('mq show', 'mq', 'show', mergeRequest.id)
  await call('mq verify', 'mq', 'verify', mergeRequest.commit)
  await call('mq list', 'mq', 'list')
  await call('mq stats', 'mq', 'stats')
  await call('why', 'why', first.id)
  await call('gate list', 'gate', 'list', '--rig', 'app')
  await call('mq integration status', 'mq', 'integration', 'status')
  await call('mq radar', 'mq', 'radar')
  await call('refinery run', 'refinery', 'run', 'app')
  await call('up', 'up')
  await call('deacon status', 'deacon', 'status')
  await call('sling', 'sling', second.id, 'app')
  const [worker] = await until('the second is at work', async () => {
    const rows = await call('polecat list', 'polecat', 'list')
    return rows.length === 1 && rows[0].state === 'working' ? rows : undefined
  })
  await call('status', 'status')
  await call('peek', 'peek', worker.agent)
  await call('run show', 'run', 'show', worker.fence)
  await call('run stop', 'run', 'stop', worker.fence)
  await call('restore', 'restore', worker.fence, '--to', `${town.dir}/restored`)
  await call('bead close', 'bead', 'close', second.id, '--cancelled')
  await call('config set', 'config', 'set', 'workers.max', '7')
  expect((await call('config get', 'config', 'get', 'workers.max')).value).toBe(7)
  await call('config agent set', 'config', 'agent', 'set', 'mine', 'true')
  await call('down', 'down')
  for (const wrong of [['nonsense'], ['bead'], ['bead', 'show', 'nope'], ['sling'], ['rig', 'add', 'x'], ['done']]) {
    expect((await call('', ...wrong)).ok).toBe(false)
  }
  // What an agent says in its session, and what other tests do with real work behind it.
  const inside = ['hook', 'done', 'decline', 'progress', 'ask', 'mayor start', 'land', 'reject', 'mq retry', 'gate run']
  inside.push('mq integration create', 'mq integration land')
  expect(new Set([...seen, ...inside])).toEqual(new Set(Object.keys(SHAPES)))
}, 120_000)
