/** Convoys made by hand. Only for tests of pure parts. */
import type { Bead, Dependency } from '../../src/beads/bead.ts'
import type { GtFacts } from '../../src/beads/facts.ts'
import type { Surroundings } from '../../src/convoys/pace.ts'
import { aBead, aRun, at } from '../kernel/support.ts'

export const now = new Date(at(60))

export const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  now,
  gate: () => ({ is: 'yes' }),
  closed: null,
  slots: { free: 2, all: 8 },
  ...more,
})

export const edges = (from: string, type: string, ...to: string[]): Dependency[] =>
  to.map((id) => ({ issue_id: from, depends_on_id: id, type, created_at: at(0) }))

export const tracks = (id: string, members: string[], gt: Partial<GtFacts> = {}, more: Partial<Bead> = {}): Bead =>
  aBead(
    id,
    { issue_type: 'convoy', dependencies: edges(id, 'tracks', ...members), ...more },
    { convoy: { by: 'person', at: at(0) }, ...gt },
  )

/** `b < a`: needs a. `e.1 ^ e`: is a child of e. */
export function task(line: string, gt: Partial<GtFacts> = {}, more: Partial<Bead> = {}): Bead {
  const [id = '', ...words] = line.split(' ')
  const dependencies: Dependency[] = []
  let type = ''
  for (const word of words) {
    if (word === '<') type = 'blocks'
    else if (word === '^') type = 'parent-child'
    else dependencies.push(...edges(id, type, word))
  }
  return aBead(id, { ...(dependencies.length > 0 && { dependencies }), ...more }, gt)
}

export const slung: Partial<GtFacts> = { slung: { rig: 'gp', by: 'person', at: at(0) } }

export const landed = (line: string, outcome: GtFacts['outcome'] = 'landed'): Bead =>
  task(
    line,
    {
      outcome: outcome!,
      ...(outcome === 'landed' && {
        landed: { commit: 'c0ffee0000000000', target: 'main', merge_request: 'gp-m', at: at(30) },
      }),
    },
    { status: 'closed', closed_at: at(30) },
  )

export const working = (line: string): Bead => {
  const [id = ''] = line.split(' ')
  const run = aRun(`run-${id}`, id)
  return task(line, { ...slung, runs: { [run.fence]: run } }, { status: 'in_progress' })
}
