/** Packs what can be packed in a ledger: `pack-program <dir> <now>`. A process of its own, to be killed at any call. */
import { writeSync } from 'node:fs'
import { packJournals, packPlan } from '../../src/beads/pack.ts'

const [dir = '', now = ''] = process.argv.slice(2)
const done = await packJournals(dir, packPlan(dir, new Date(Number(now))))
if (done.kind === 'error') {
  writeSync(2, `${done.failure.message}\n`)
  process.exit(1)
}
