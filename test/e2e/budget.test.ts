/** A day's budget, from the warning to the stop, and how a person lets the work go on. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startGt, until } from '../support/gt.ts'
import { makeTown, must } from '../support/town.ts'
import { transcriptOf } from '../support/transcript.ts'

/** Half a dollar for a million tokens. */
const worth = (usd: number) => ({ model: 'claude-haiku-5-5', input: usd * 2_000_000 })

test('a person is warned, workers finish and park, nothing starts; raised, all goes on; too far, it is stopped', async () => {
  const town = await makeTown({ agent: 'hooked', gate: null, set: { 'budget.day': '10' } })
  const told = join(town.dir, 'told')
  writeFileSync(join(town.dir, 'tell'), `#!/bin/sh\nprintf '%s\\n' "$1" >> ${told}\n`, { mode: 0o755 })
  town.set('notify.command', JSON.stringify([join(town.dir, 'tell')]))
  const notices = () => (existsSync(told) ? readFileSync(told, 'utf8') : '')
  const [a, b] = [await town.bead('First', 'true'), await town.bead('Second', 'true')]
  await must(town.gt('up'))
  const slung = town.start('sling', a, 'app')
  const first = await town.puppets.next(a)
  await first.hook('SessionStart')
  await must(slung.ended)
  const say = transcriptOf(town, first)
  say('m1', worth(8.5))
  await first.hook('PostToolUse')
  await until('the warning', () => notices().includes('85 % is used') || undefined)
  say('m2', worth(2))
  const word = await until('the word to the worker', async () => {
    const { out } = await first.hook('PostToolUse')
    return out.includes('used up') ? out : undefined
  })
  expect(word).toMatch(/\$10\.50 of \$10\.00 .*gt handoff/)
  expect(await must(town.gt('sling', b, 'app'))).toMatchObject([{ bead: b, run: null, state: 'waiting' }])
  expect((await must(town.gt('why', b))).reason).toMatch(/budget for today is used up.*gt costs raise day/)

  await first.sh('echo half > half.txt && gt handoff "half is done"')
  await until('the park', async () => (await town.show(a)).standing === 'parked')
  const [item] = await must(town.gt('attend'))
  expect(item).toMatchObject({ id: 'budget:day', cause: 'budget', behind: { ids: [a, b].sort() } })
  expect(item.answers[0].argv).toEqual(['gt', 'costs', 'raise', 'day'])
  expect(notices().match(/is used up/g)).toHaveLength(1)
  const mayor = { ...town.env, GT_AGENT: 'mayor', GT_ROLE: 'mayor' }
  const refused = await startGt(['costs', 'raise'], { cwd: town.root, env: mayor }).ended
  expect(refused.error?.code).toBe('E_NOT_FOR_AGENTS')

  const [raised] = await must(town.gt('costs', 'raise'))
  expect(raised).toMatchObject({ id: 'day', cap: 20.5, stands: 'within' })
  const [again, second] = [await town.puppets.next(a), await town.puppets.next(b)]
  expect(again.run).toBe(first.run)
  expect(again.brief).toContain('half is done')
  expect((await again.sh('cat half.txt')).out).toContain('half')
  for (const puppet of [again, second]) await puppet.hook('SessionStart')
  await again.sh('gt ask "Which half?"')
  await again.hook('Stop')
  transcriptOf(town, second)('m3', worth(15))
  await second.hook('PostToolUse')
  await second.gone
  // Who waits for an answer is left alone until then; nobody is woken to be parked in the middle of that turn.
  const answered = await must(town.gt('answer', a, 'the left one'))
  expect(answered).toMatchObject({ woken: false, budget: expect.stringContaining('is used up') })
  await again.gone
  expect(again.typed).toEqual([])
  const parked = await until('both parked', async () => {
    const both = [await town.show(a), await town.show(b)]
    return both.every(({ standing }) => standing === 'parked') ? both : undefined
  })
  expect(parked[1].runs[0].parked).toMatchObject({ gates: [], budget: { purse: 'day', resume: true } })
  expect(readFileSync(join(again.cwd, 'half.txt'), 'utf8')).toBe('half\n')
  expect((await must(town.gt('costs'))).budgets).toMatchObject([{ id: 'day', stands: 'stop', spent: 25.5 }])
}, 60_000)
