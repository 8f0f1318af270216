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
  await call('config agent list', 'config', 'agent', 'list')
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
  for (const id of [first.id, mergeRequest.id, mergeRequest.run]) await call('why', 'why', id)
  const wait = await call('gate create', 'gate', 'create', '--type', 'human', '--rig', 'app', '--timeout', '1h')
  await call('gate create', 'gate', 'create', '--command', 'test -f no')
  await call('gate list', 'gate', 'list', '--rig', 'app')
  await call('gate check', 'gate', 'check')
  await call('gate show', 'gate', 'show', wait.id)
  await call('gate open', 'gate', 'open', wait.id)
  await call('mq integration status', 'mq', 'integration', 'status')
  await call('mq radar', 'mq', 'radar')
  await call('formula graph', 'formula', 'graph', 'polecat-work')
  await call('mol cook', 'mol', 'cook', 'polecat-work')
  const { template } = await call('mol cook', 'mol', 'cook', 'upgrade-one', '--save')
  const upgrade = ['--var', 'name=a', '--var', 'from=1', '--var', 'to=2']
  const { root, steps } = await call('mol pour', 'mol', 'pour', template, '--rig', 'app', ...upgrade)
  await call('mol next', 'mol', 'next', root)
  await call('mol step done', 'mol', 'step', 'done', Object.values(steps)[0] as string, '--message', 'by hand')
  await call('mol status', 'mol', 'status', root)
  await call('mol bond', 'mol', 'bond', root, 'docs-pass', '--type', 'parallel')
  await call('mol list', 'mol', 'list')
  const wisp = await call('mol wisp', 'mol', 'wisp', template, '--rig', 'app', ...upgrade)
  const { digest } = await call('mol squash', 'mol', 'squash', wisp.root)
  expect(await call('bead show', 'bead', 'show', digest)).toMatchObject({ standing: 'done' })
  // Of a wisp nothing stays but its digest, and of a poured molecule everything.
  expect((await call('', 'bead', 'show', wisp.root)).error.code).toBe('E_NO_BEAD')
  await call('mol burn', 'mol', 'burn', root, '--reason', 'a look')
  expect(await call('bead show', 'bead', 'show', root)).toMatchObject({ standing: 'cancelled' })
  const { convoy } = await call('convoy create', 'convoy', 'create', 'Both', first.id, second.id, '--notify', 'mayor')
  await call('convoy list', 'convoy', 'list')
  await call('convoy show', 'convoy', 'show', second.id)
  await call('convoy add', 'convoy', 'add', convoy, root)
  await call('convoy remove', 'convoy', 'remove', convoy, root)
  await call('convoy close', 'convoy', 'close', convoy)
  await call('refinery run', 'refinery', 'run', 'app')
  const escalation = await call('escalate', 'escalate', 'The disk is full', '--bead', second.id)
  await call('escalate list', 'escalate', 'list')
  await call('attend', 'attend')
  await call('attend', 'attend', escalation.id)
  await call('answer', 'answer', escalation.id, 'Not any more.')
  await call('escalate close', 'escalate', 'close', escalation.id)
  const letter = await call('mail send', 'mail', 'send', 'person', 'mayor', '-m', 'One\nTwo', '--data', '{"a":[1]}')
  expect(await call('mail inbox', 'mail', 'inbox')).toMatchObject([{ id: letter.id, unread: true }])
  await call('mail read', 'mail', 'read')
  await call('mail reply', 'mail', 'reply', letter.id, '-m', 'Three')
  await call('mail sent', 'mail', 'sent')
  expect(await call('mail wait', 'mail', 'wait', '--thread', letter.id)).toMatchObject({ body: 'Three' })
  await call('dog run', 'dog', 'run', '--all')
  await call('dog list', 'dog', 'list')
  await call('formula new', 'formula', 'new', 'mine', '--rig', 'app')
  await call('formula list', 'formula', 'list', '--rig', 'app')
  await call('formula show', 'formula', 'show', 'mine', '--rig', 'app')
  await call('formula validate', 'formula', 'validate', 'mine', '--rig', 'app')
  await call('formula schema', 'formula', 'schema')
  await call(
    'order add',
    'order',
    'add',
    'never',
    'mine',
    'app',
    '--var',
    'topic=x',
    '--when',
    'false',
    '--at',
    '03:00',
  )
  await call('order run', 'order', 'run', 'never')
  await call('order list', 'order', 'list')
  await call('order pause', 'order', 'pause', 'never')
  await call('order resume', 'order', 'resume', 'never')
  await call('order remove', 'order', 'remove', 'never')
  await call('up', 'up')
  await call('deacon status', 'deacon', 'status')
  await call('sling', 'sling', second.id, 'app')
  const [worker] = await until('the second is at work', async () => {
    const rows = await call('polecat list', 'polecat', 'list')
    return rows.length === 1 && rows[0].state === 'working' ? rows : undefined
  })
  await call('status', 'status')
  await call('feed', 'feed', '--all')
  town.set('budget.day', '5')
  await call('costs', 'costs', '--by', 'run')
  await call('costs raise', 'costs', 'raise', 'day')
  await call('peek', 'peek', worker.agent)
  await call('run show', 'run', 'show', worker.fence)
  expect(await call('why', 'why', worker.agent)).toMatchObject({
    kind: 'run',
    run: worker.fence,
    verdict: expect.stringContaining('alive'),
  })
  expect((await call('stop --all', 'stop', '--all', '--reason', 'a look')).by).toHaveProperty([worker.agent])
  await call('thaw', 'thaw')
  await call('deacon install', 'deacon', 'install', '--print')
  await call('run stop', 'run', 'stop', worker.fence)
  await call('restore', 'restore', worker.fence, '--to', `${town.dir}/restored`)
  await call('bead close', 'bead', 'close', second.id, '--cancelled')
  await call('config set', 'config', 'set', 'workers.max', '7')
  expect((await call('config get', 'config', 'get', 'workers.max')).value).toBe(7)
  const models = await call('config models', 'config', 'models')
  expect(models.map(({ role }: { role: string }) => role)).toContain('refinery')
  await call('config agent set', 'config', 'agent', 'set', 'mine', 'true')
  await call('crew add', 'crew', 'add', 'app', 'max')
  await call('crew list', 'crew', 'list')
  await call('status', 'status')
  await call('seance', 'seance')
  await call('crew remove', 'crew', 'remove', 'max')
  await call('down', 'down')
  for (const wrong of [['nonsense'], ['bead'], ['bead', 'show', 'nope'], ['sling'], ['rig', 'add', 'x'], ['done']]) {
    expect((await call('', ...wrong)).ok).toBe(false)
  }
  // What an agent says in its session, and what other tests do with real work behind it.
  const inside = [
    'hook',
    'done',
    'park',
    'decline',
    'progress',
    'ask',
    'mayor start',
    'crew start',
    'crew stop',
    'land',
    'reject',
    'mq retry',
    'gate run',
  ]
  inside.push('mq integration create', 'mq integration land', 'drill', 'dashboard', 'feed --follow', 'nudge')
  expect(new Set([...seen, ...inside])).toEqual(new Set(Object.keys(SHAPES)))
}, 240_000)
