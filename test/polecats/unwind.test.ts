import { expect, it } from 'vitest'
import type { Run } from '../../src/beads/facts.ts'
import { openTown } from '../../src/kernel/town.ts'
import { unwind } from '../../src/polecats/unwind.ts'
import { until } from '../support/gt.ts'
import { makeTown, must } from '../support/town.ts'

/** A puppet at work on a bead, and its town as a driver has it open. */
async function atWork() {
  const town = await makeTown({ agent: 'puppet' })
  const bead = await town.bead('Work', '')
  await must(town.gt('sling', bead, 'app'))
  const puppet = await town.puppets.next(bead)
  await until('work to begin', async () => (await town.show(bead)).runs[0]?.state === 'working')
  const opened = await openTown(town.env, town.root)
  if (opened.kind === 'error') throw new Error(opened.failure.message)
  return { town, bead, puppet, opened: opened.value }
}

it('does not end an agent that has begun to speak since somebody saw its starter gone', async () => {
  const { town, bead, puppet, opened } = await atWork()
  try {
    const late = { to: 'failed', reason: 'gt was ended while starting', by: 'deacon', cause: undefined } as const
    const ifStill = (run: Run) => run.state === 'starting'
    expect((await unwind(opened, bead, puppet.run, { ...late, ifStill })).kind).toBe('ok')
    expect((await town.show(bead)).runs[0].state).toBe('working')
    expect((await puppet.sh('echo here')).out).toBe('here\n')
  } finally {
    opened.ledger.close()
  }
})

it('takes into account what the agent said in its last moments', async () => {
  const { town, bead, puppet, opened } = await atWork()
  try {
    const attempt = (value: number) => {
      const path = ['metadata', 'gt', 'runs', puppet.run, 'attempt']
      const ops = [{ op: 'set' as const, id: bead, path, value }]
      expect(opened.ledger.write({ by: 'test', why: 'an attempt', ops }).kind).toBe('ok')
    }
    attempt(3)
    // A step is done while it is being ended.
    const ifStill = () => {
      attempt(1)
      return true
    }
    const ending = { to: 'lost', reason: 'its process is gone', by: 'deacon', cause: undefined, ifStill } as const
    expect((await unwind(opened, bead, puppet.run, ending)).kind).toBe('ok')
    const { runs, metadata } = await town.show(bead)
    expect(runs[0].state).toBe('lost')
    expect(metadata.gt.needs).toBeUndefined()
  } finally {
    opened.ledger.close()
  }
})
