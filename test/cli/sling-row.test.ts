/** What a sling says of its beads when they are over. */
import { expect, test } from 'vitest'
import { rowsOf } from '../../src/cli/sling.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { aBead, at, stateOf } from '../kernel/support.ts'

test('of a wisp that was squashed the digest says what came of it; of a bead that is not there nothing does', () => {
  const digest = aBead('gp-d', { status: 'closed' }, { outcome: 'landed', digest_of: 'gp-wisp-1' })
  const ledger = { state: stateOf(digest) }
  const town = { ledger, now: () => new Date(at(60)) } as unknown as OpenTown
  expect(rowsOf(town, ['gp-wisp-1'])).toEqual([{ bead: 'gp-wisp-1', run: null, agent: null, state: 'landed' }])
  expect(rowsOf(town, ['gp-gone'])).toMatchObject([{ state: 'unknown' }])
})
