/** A screen ends when its person leaves, and not after its town. */
import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { untilLeft } from '../../src/cli/town.ts'
import { openTown } from '../../src/kernel/town.ts'
import { bareTown } from './support.ts'

test('a screen is left by its person, or because the town is gone', async () => {
  const { root, env } = await bareTown()
  const opened = await openTown(env, root)
  if (opened.kind === 'error') throw new Error(opened.failure.message)
  const town = opened.value
  expect(await untilLeft(Promise.resolve(), town)).toMatchObject({ kind: 'ok' })
  const nobodyLeaves = untilLeft(new Promise(() => {}), town)
  rmSync(root, { recursive: true, force: true })
  expect(await nobodyLeaves).toMatchObject({ failure: { code: 'E_NO_TOWN' } })
  town.ledger.close()
})
