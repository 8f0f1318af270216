/**
 * Writes a bead every few milliseconds whose title is the moment before the write (nanoseconds of the machine's
 * monotonic clock, the same in every process).
 *
 *   tail-writer <dir> <writes>
 */
import { openLedger } from '../../src/beads/ledger.ts'

const [dir = '', writes = '0'] = process.argv.slice(2)
const ledger = openLedger(dir)
if (ledger.kind !== 'ok') throw new Error(ledger.failure.message)
const at = new Date().toISOString()
for (let i = 0; i < Number(writes); i++) {
  await new Promise((resolve) => setTimeout(resolve, 20))
  const bead = {
    id: `tail-${i}`,
    title: String(process.hrtime.bigint()),
    status: 'open',
    priority: 2,
    issue_type: 'task',
  }
  ledger.value.write({
    by: 'bench',
    why: 'tail',
    ops: [{ op: 'create', bead: { ...bead, created_at: at, updated_at: at } }],
  })
}
ledger.value.close()
