/**
 * What a process does to a ledger from its first write to a commit; printed line by line as it is acknowledged.
 *
 *   crash-scenario <dir> <install|work|git>
 */
import { writeSync } from 'node:fs'
import type { ChangeInput, Verdict } from '../../src/beads/change.ts'
import { commitLedger } from '../../src/beads/git.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { createLedger, openLedger } from '../../src/beads/ledger.ts'

const [dir = '', name = ''] = process.argv.slice(2)

function must<T>(result: { kind: 'ok'; value: T } | { kind: 'error'; failure: { message: string } }): T {
  if (result.kind === 'ok') return result.value
  writeSync(2, `${result.failure.message}\n`)
  process.exit(1)
}

const say = (line: string): number => writeSync(1, `${line}\n`)

function write(ledger: Ledger, input: Omit<ChangeInput, 'by' | 'why'>): void {
  const verdict: Verdict = must(ledger.write({ by: 'scenario', why: 'crash test', ...input }))
  say(verdict.applied ? 'wrote' : 'refused')
}

const at = '2026-01-01T00:00:00Z'
const fresh = (id: string) => ({
  id,
  title: id,
  status: 'open',
  priority: 2,
  issue_type: 'task',
  created_at: at,
  updated_at: at,
})

const ledger = must((name === 'install' ? createLedger : openLedger)(dir))
say('opened')
write(ledger, { ops: [{ op: 'create', bead: fresh('gp-new') }] })
if (name !== 'git') {
  write(ledger, {
    ops: [
      { op: 'set', id: 'gp-new', path: ['assignee'], value: 'me' },
      { op: 'set', id: 'gp-new', path: ['status'], value: 'hooked' },
    ],
    when: [{ if: 'in', id: 'gp-new', path: ['assignee'], values: [null] }],
  })
  write(ledger, { ops: [{ op: 'set', id: 'gp-new', path: ['status'], value: 'closed' }] })
  must(ledger.roll())
  say('rolled')
  write(ledger, { ops: [{ op: 'create', bead: fresh('gp-next') }] })
}
if (name === 'git') {
  const committed = await commitLedger(ledger)
  if (committed.kind === 'error') must(committed)
  say('committed')
}
write(ledger, { ops: [{ op: 'create', bead: fresh('gp-last') }] })
ledger.close()
