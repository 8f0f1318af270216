/** What breakers are called when people read of them. Pure. */
import type { Cause } from '../beads/facts.ts'
import type { Breaker } from './intensity.ts'
import { TOWN } from './outcomes.ts'
import type { Beside } from './reach.ts'

/** What cannot be done there any more: "keep …". */
const TROUBLE: Record<Cause, string> = {
  start: 'failing to start',
  exit: 'ending without handing in',
  crash: 'being killed or crashing',
  memory: 'running out of memory',
}

/** "Workers of gp keep failing to start". */
export function troubleTitle(node: string, cause: Cause): string {
  const [rig, part] = node.split('/')
  const trouble = TROUBLE[cause]
  if (node === TOWN) return `Agents all over the town keep ${trouble}`
  switch (part) {
    case undefined:
      return `Agents of ${rig} keep ${trouble}`
    case 'polecats':
      return `Workers of ${rig} keep ${trouble}`
    default:
      return `The ${part === 'refinery' ? 'Refinery' : 'Witness'}’s session of ${rig} keeps ${trouble}`
  }
}

/** One line: what happened, and what that means for the next start. */
export function brokenText(breaker: Omit<Breaker, 'text'>): string {
  const { node, cause, state, failures, beads, until, probe, closedBy, beside } = breaker
  const count = `${failures.length === 1 ? 'once' : `${failures.length} times`}, ${beads.length === 1 ? 'one bead' : `${beads.length} beads`}`
  const trouble = `${troubleTitle(node, cause)} (${count})`
  const [what, but] = beside === undefined ? ['nothing', ''] : ['nothing untried', `; ${known(beside)}`]
  switch (state) {
    case 'open':
      return `${trouble}: ${what} starts there until ${until?.slice(11, 19)} UTC, then one tries${but}`
    case 'half-open':
      return probe === undefined
        ? `${trouble}: the next one that starts tries alone${but}`
        : `${trouble}: run ${probe} tries alone${but}`
    case 'closed':
      return closedBy === undefined ? trouble : `${trouble}; run ${closedBy} works, so it is over`
  }
}

/** "c works and goes on, a and b try by themselves". */
function known({ works, broken }: Beside): string {
  const goes = `${works.map(({ node }) => node).join(', ')} ${works.length === 1 ? 'works and goes' : 'work and go'} on`
  if (broken.length === 0) return goes
  return `${goes}, ${broken.join(', ')} ${broken.length === 1 ? 'tries by itself' : 'try by themselves'}`
}
