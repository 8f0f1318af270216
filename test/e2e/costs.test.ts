/** What workers used, from their transcripts into the ledger and onto the screen. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../support/gt.ts'
import { makeTown, must } from '../support/town.ts'
import { transcriptOf } from '../support/transcript.ts'

test('what a worker used is counted while it works, kept in the ledger, and outlives its transcript', async () => {
  const town = await makeTown({ agent: 'hooked', gate: null, set: { 'models.polecat': 'sonnet' } })
  town.set('models.label.docs', 'haiku')
  const id = await town.bead('Use something', 'true', '--label', 'docs')
  await must(town.gt('up'))
  const slung = town.start('sling', id, 'app')
  const puppet = await town.puppets.next(id)
  expect(puppet.args).toEqual(expect.arrayContaining(['--model', 'haiku']))
  await puppet.hook('SessionStart')
  await must(slung.ended)
  const say = transcriptOf(town, puppet)
  say('m1', { input: 1_000_000, output: 100, model: 'claude-haiku-5-5' })
  const row = async (by: string): Promise<any> =>
    (await must(town.gt('costs', '--by', by))).rows.find((one: any) => one.tokens.output > 0)
  expect(await row('bead')).toMatchObject({
    key: id,
    tokens: { input: 1_000_000, output: 100 },
    usd: 0.50025,
    unknown: [],
  })
  say('m2', { output: 900, model: 'claude-haiku-5-5' })
  expect(await row('run')).toMatchObject({ key: puppet.run, tokens: { output: 1000 } })
  await puppet.sh('git commit -qm work --allow-empty && echo x > x.txt && git add -A && git commit -qm x')
  expect((await puppet.sh('gt done --message done')).code).toBe(0)
  // Its session is over while its work waits for a person.
  const kept = await until('the usage in the ledger', async () => (await town.show(id)).runs[0]?.usage)
  expect(Object.values<any>(kept)[0].days).toMatchObject({ [today()]: { 'claude-haiku-5-5': { output: 900 } } })
  rmSync(join(town.dir, 'home', '.claude'), { recursive: true })
  expect(await row('model')).toMatchObject({ key: 'claude-haiku-5-5', tokens: { output: 1000 } })
}, 60_000)

const today = (): string => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
