/** Where nothing starts any more, nothing more is started: for real, whoever asks. */
import { expect, it } from 'vitest'
import { until } from '../support/gt.ts'
import { makeTown, must } from '../support/town.ts'

it('starts nothing more where five workers could not start, and tells everybody why', async () => {
  const town = await makeTown({ set: { 'workers.max': '1', 'workers.attempts': '20' } })
  town.set('rig.app.provision.run', 'echo "no such compiler" >&2; exit 1')
  const [one, two, three] = [
    await town.bead('One', 'true'),
    await town.bead('Two', 'true'),
    await town.bead('Three', 'true'),
  ]
  await must(town.gt('up'))
  await must(town.gt('sling', one, two, 'app'))
  await until('five of them to fail', () => town.claims().length === 5)
  await until('the fifth to end', async () => {
    const runs = [...(await town.show(one)).runs, ...(await town.show(two)).runs]
    return runs.length === 5 && runs.every(({ state, cause }) => state === 'failed' && cause === 'start')
  })
  // A person's sling is told the same as the daemon.
  const [row] = await must(town.gt('sling', three, 'app'))
  expect(row).toMatchObject({ bead: three, run: null, state: 'waiting' })
  expect(row.reason).toMatch(/^Workers of app keep failing to start \(5 times, 2 beads\): nothing starts there until/)
  const { waiting } = await must(town.gt('status'))
  expect(waiting.find(({ bead }: { bead: string }) => bead === three)?.reason).toBe(row.reason)
  const why = await must(town.gt('why', one))
  expect(why.runs[0]).toMatchObject({
    state: 'failed',
    cause: 'start',
    reason: expect.stringContaining('no such compiler'),
  })
  expect(why.steps.map(({ rule }: { rule: string }) => rule)).toContain('did-not-start')
  expect(town.claims()).toHaveLength(5)
})
