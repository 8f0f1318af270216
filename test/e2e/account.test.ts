/** A login of its own: a worker that began under an account goes on under it, in each of its sessions. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLedger } from '../../src/beads/ledger.ts'
import { findRun, note } from '../../src/kernel/runs.ts'
import { makeTown } from '../support/town.ts'

test('work that comes back goes on under the account of its run, without the keys of whoever called', async () => {
  const town = await makeTown({ agent: 'puppet', gate: '! test -e bad.txt' })
  town.set('accounts.work.env.CLAUDE_CONFIG_DIR', '~/work')
  town.env.ANTHROPIC_API_KEY = 'of the person'
  const bead = await town.bead('Task', 'true', '--rig', 'app')
  const work = town.start('sling', bead, 'app', '--wait', '--timeout', '2m')
  const first = await town.puppets.next()
  expect(first.env.ANTHROPIC_API_KEY).toBe('of the person')

  const ledger = openLedger(join(town.root, '.beads'))
  if (ledger.kind !== 'ok') throw new Error(JSON.stringify(ledger))
  const { run } = findRun(ledger.value.state.beads.values(), first.run)!
  ledger.value.write(note(run, { account: 'work' }, 'test', 'as if it had been dispatched so'))
  ledger.value.close()
  const done = "git add -A && git commit -qm change && gt done --message 'it is done'"
  expect(await first.sh(`echo x > bad.txt && ${done}`)).toMatchObject({ code: 0 })

  const again = await town.puppets.next(bead)
  expect([again.run, again.round]).toEqual([first.run, 2])
  expect(again.env.CLAUDE_CONFIG_DIR).toBe(join(town.env.HOME!, 'work'))
  expect(again.env).not.toHaveProperty('ANTHROPIC_API_KEY')
  expect(await again.sh(`git rm -q bad.txt && ${done}`)).toMatchObject({ code: 0 })
  expect((await work.ended).code).toBe(0)
})
