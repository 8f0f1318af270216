/**
 * A process that hammers a ledger and prints a line for every acknowledged write, for crash tests and benchmarks.
 *
 *   ledger-writer <dir> <name> <writes> <journalBytes> <claims> <rollEvery> [gate]
 *
 * With `gate` it opens the ledger, prints `ready` and waits for SIGUSR2. Prints `created <id>`, `won <id>` and `lost <id>` after each acknowledgement; at the end `done <ms of each write>`.
 */
import { writeSync } from 'node:fs'
import { openLedger } from '../../src/beads/ledger.ts'

const [dir = '', name = '', writes = '0', journalBytes = '0', claims = '0', rollEvery = '0', gate = ''] =
  process.argv.slice(2)

function must<T>(result: { kind: 'ok'; value: T } | { kind: 'error'; failure: { message: string } }): T {
  if (result.kind === 'ok') return result.value
  writeSync(2, `${result.failure.message}\n`)
  process.exit(1)
}

const ledger = must(openLedger(dir, Number(journalBytes) > 0 ? { journalBytes: Number(journalBytes) } : {}))
if (gate !== '') {
  const alive = setInterval(() => {}, 1000)
  const opened = new Promise((resolve) => process.once('SIGUSR2', resolve))
  writeSync(1, 'ready\n')
  await opened
  clearInterval(alive)
}
const took: number[] = []
for (let i = 0; i < Number(writes); i++) {
  const at = new Date().toISOString()
  const id = `${name}-${i}`
  const started = performance.now()
  const bead = {
    id,
    title: `bead ${i} of ${name}`,
    description: 'x'.repeat(200),
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: at,
    updated_at: at,
  }
  const verdict = must(ledger.write({ by: name, why: 'hammer', ops: [{ op: 'create', bead }] }))
  took.push(performance.now() - started)
  if (gate === '') writeSync(1, `${verdict.applied ? 'created' : 'refused'} ${id}\n`)
  if (i < Number(claims)) {
    const claimed = `claim-${i}`
    const begun = performance.now()
    const claim = must(
      ledger.write({
        by: name,
        why: 'claim',
        ops: [{ op: 'set', id: claimed, path: ['assignee'], value: name }],
        when: [{ if: 'in', id: claimed, path: ['assignee'], values: [null] }],
      }),
    )
    took.push(performance.now() - begun)
    writeSync(1, `${claim.applied ? 'won' : 'lost'} ${claimed}\n`)
  }
  if (Number(rollEvery) > 0 && i % Number(rollEvery) === Number(rollEvery) - 1) must(ledger.roll())
}
writeSync(1, `done ${took.map((ms) => ms.toFixed(3)).join(' ')}\n`)
