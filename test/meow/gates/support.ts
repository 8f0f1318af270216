/** Gates made by hand. Only for tests. */
import type { Bead } from '../../../src/beads/bead.ts'
import type { GateFacts } from '../../../src/beads/facts.ts'
import { aBead } from '../../kernel/support.ts'

export const aGate = (id: string, more: Partial<Bead> = {}, gate: GateFacts = {}): Bead =>
  aBead(id, { issue_type: 'gate', ...more }, { gate })

export const needing = (id: string, ...gates: string[]): Partial<Bead> => ({
  dependencies: gates.map((gate) => ({ issue_id: id, depends_on_id: gate, type: 'blocks', created_at: '' })),
})
