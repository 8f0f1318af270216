import { expect, it } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import { touched } from '../../src/beads/history.ts'
import { mergeOf } from '../../src/kernel/merges.ts'
import { openTown } from '../../src/kernel/town.ts'
import { giveUp } from '../../src/refinery/landing.ts'
import { queueOf } from '../support/queue.ts'
import { makeTown } from '../support/town.ts'

it('an entry that waits for a person and the word to that person are one change: no crash comes between them', async () => {
  const town = await makeTown()
  const queue = queueOf(town)
  const { bead, request } = queue.submit({ files: { 'a.txt': 'a\n' } })
  queue.close()
  const opened = await openTown(town.env, town.root)
  if (opened.kind === 'error') throw new Error(opened.failure.message)
  const { ledger } = opened.value
  try {
    const entry = mergeOf(ledger.state.beads.get(request))
    expect(giveUp(opened.value, entry!, 'No space left on device.').kind).toBe('ok')
    expect(mergeOf(ledger.state.beads.get(request))?.merge.state).toBe('could_not_run')
    expect(facts(ledger.state.beads.get(bead)!).needs).toMatchObject({ cause: 'could_not_run' })
    const last = [...ledger.history()].at(-1)!
    expect(touched(last.change).sort()).toEqual([bead, request].sort())
  } finally {
    ledger.close()
  }
})
