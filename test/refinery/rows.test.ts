import { expect, test } from 'vitest'
import { redsCountFrom } from '../../src/refinery/rows.ts'
import { aMerge, aRun, at } from '../kernel/support.ts'

test('reds count from the hour on in which the work was handed in; one that is still to come was another clock’s', () => {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1' })
  const handedIn = (seconds: number) => aMerge('gp-m1', run, { handed_in_at: at(seconds) })
  const now = new Date(at(60))
  expect(redsCountFrom(handedIn(30), now)).toBe(Date.parse(at(30)))
  expect(redsCountFrom(handedIn(60), now)).toBe(Date.parse(at(60)))
  expect(redsCountFrom(handedIn(3_660), now)).toBe(0)
})
