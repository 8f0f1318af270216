/** A convoy in a whole town: three beads in a row, one fails and is mended; whoever is to hear of it hears it once. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLedger } from '../../src/beads/ledger.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown, must } from '../support/town.ts'

/** Titles of the messages in the ledger, with their recipients. */
function messages(town: TestTown): string[] {
  const ledger = openLedger(join(town.root, '.beads'))
  if (ledger.kind === 'error') throw new Error(ledger.failure.message)
  const found = [...ledger.value.state.beads.values()].filter((bead) => bead.issue_type === 'message')
  ledger.value.close()
  return found.map((bead) => `${bead.assignee}: ${bead.title}`)
}

test('it stalls with its cause, goes on when that is mended, and is told once when all has landed', async () => {
  const town = await makeTown({ set: { 'workers.attempts': '1' } })
  const heard = join(town.dir, 'heard')
  town.set('notify.command', JSON.stringify(['sh', '-c', `printf '%s\\n' "$1" >> '${heard}'`, 'sh']))
  const a = await town.bead('One', 'echo 1 > one.txt', '--rig', 'app')
  const b = await town.bead('Two', 'exit 3', '--rig', 'app', '--needs', a)
  const c = await town.bead('Three', 'echo 3 > three.txt', '--rig', 'app', '--needs', b)

  const made = await must(town.gt('convoy', 'create', 'Numbers', a, b, c, '--notify', 'mayor'))
  const id = made.convoy
  expect(made).toMatchObject({
    state: 'stalled',
    total: 3,
    waves: [[a], [b], [c]],
    cause: { is: 'not_slung', bead: a },
  })
  const first = await town.gt('sling', id, 'app', '--wait', '--timeout', '1m')
  // The third still waits when the second asks: nobody is told of anything yet.
  const stalled = await must(town.gt('convoy', 'show', id))
  expect([first.code, stalled.state, stalled.landed]).toEqual([2, 'stalled', 1])
  expect(stalled.standstills).toMatchObject([{ is: 'needs_human', bead: b, members: [b, c] }])
  expect(messages(town)).toEqual([])

  await must(town.gt('bead', 'update', b, '--body', '```sh\necho 2 > two.txt\n```'))
  const rows = await must(town.gt('sling', b, c, 'app', '--wait', '--timeout', '1m'))
  expect(rows).toMatchObject([
    { bead: b, state: 'landed', convoy: id },
    { bead: c, state: 'landed', convoy: id },
  ])
  expect(await must(town.gt('convoy', 'show', id))).toMatchObject({
    state: 'landed',
    landed: 3,
    told: expect.any(String),
  })
  expect(await must(town.gt('convoy', 'list'))).toEqual([])
  expect(messages(town)).toEqual([`mayor: Landed: ${id} Numbers (3 of 3)`])
  const told = existsSync(heard)
    ? readFileSync(heard, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('Landed'))
    : []
  expect(told).toEqual([`Landed: ${id} Numbers (3 of 3)`])
}, 120_000)

test('an epic that was sent off closes with its last child, what needs it starts, and what is not wanted goes', async () => {
  const town = await makeTown({})
  const epic = (await must(town.gt('bead', 'create', 'Both', '--type', 'epic', '--rig', 'app'))).id
  const child = await town.bead('One', 'echo 1 > one.txt', '--rig', 'app', '--parent', epic)
  const after = await town.bead('Two', 'cat one.txt > two.txt', '--rig', 'app', '--needs', epic)
  const repair = await town.bead('If not', 'exit 1', '--rig', 'app')
  await must(town.gt('mol', 'bond', after, repair, '--type', 'conditional'))
  const call = ['sling', epic, after, repair, 'app', '--wait', '--timeout', '1m']
  const states = async () =>
    (await must(town.gt(...call))).map(({ bead, state }: { bead: string; state: string }) => [bead, state])
  const end = [
    [child, 'landed'],
    [after, 'landed'],
    [repair, 'done'],
  ]
  expect(await states()).toEqual(end)
  expect(await must(town.gt('bead', 'show', epic))).toMatchObject({ status: 'closed' })
  // The same call says the same: all of it has come.
  expect(await states()).toEqual(end)
  const refused = await town.gt('sling', epic, 'app')
  expect([refused.code, refused.error?.code]).toEqual([1, 'E_NOTHING'])
}, 120_000)

test('whoever waits for what only a person can let go on is told so at once; what somebody may still sling is waited for', async () => {
  const town = await makeTown({})
  const bead = await town.bead('One', 'echo 1 > one.txt', '--rig', 'app')
  const gate = await must(town.gt('gate', 'create', '--type', 'human', '--reason', 'signed?', '--blocks', bead))
  const stopped = await town.gt('sling', bead, 'app', '--wait')
  expect([stopped.code, stopped.error?.code]).toEqual([2, 'E_NEEDS_PERSON'])
  expect(stopped.error?.message).toContain(`gt gate open ${gate.id}`)
  expect((await must(town.gt('attend'))).map((one: { id: string }) => one.id)).toContain(gate.id)

  const after = await town.bead('Two', 'echo 2 > two.txt', '--rig', 'app', '--needs', bead)
  await must(town.gt('bead', 'update', bead, '--status', 'deferred'))
  const late = await town.gt('sling', after, 'app', '--wait', '--timeout', '1s')
  expect([late.code, late.error?.code]).toEqual([75, 'E_TIMEOUT'])
  expect(late.error?.message).toContain('It stands still')
  await must(town.gt('gate', 'open', gate.id))
  expect(await must(town.gt('sling', bead, after, 'app', '--wait', '--timeout', '1m'))).toMatchObject([
    { bead, state: 'landed' },
    { bead: after, state: 'landed' },
  ])
}, 120_000)
