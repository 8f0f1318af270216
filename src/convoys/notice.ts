/** What is said when a convoy has landed, and to whom. Pure. Titles are other people's words: each one line, and data. */
import { oneLine } from '../agents/fence.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Following } from '../beads/facts.ts'
import type { Member } from './members.ts'
import { progressOf } from './members.ts'

export interface Notice {
  title: string
  text: string
}

/** Members that a notice names; those that did not land come first. */
const NAMED = 20

export function landedNotice(convoy: Bead, members: readonly Member[]): Notice {
  const { total, landed, done, declined, cancelled } = progressOf(members)
  const bad = declined.length + cancelled.length
  const name = `${convoy.id} ${oneLine(convoy.title, 80)}`
  const alone = members.length === 1 && members[0]?.id === convoy.id
  const what = bad > 0 ? 'Over' : landed > 0 ? 'Landed' : 'Done'
  const count = alone ? '' : ` (${landed + done} of ${total})`
  const order = [...members].sort((a, b) => Number(isBad(b)) - Number(isBad(a)))
  const lines = order.slice(0, NAMED).map(memberLine)
  if (order.length > NAMED) lines.push(`… and ${order.length - NAMED} more: gt convoy show ${convoy.id}`)
  return { title: `${what}: ${name}${count}`, text: lines.join('\n') }
}

const isBad = ({ bead }: Member): boolean => {
  const outcome = bead && facts(bead).outcome
  return outcome === 'declined' || outcome === 'cancelled'
}

function memberLine({ id, bead }: Member): string {
  const { outcome = 'done', landed } = bead === undefined ? {} : facts(bead)
  const how = landed === undefined ? outcome : `landed as ${landed.commit.slice(0, 10)} on ${landed.target}`
  return `${id} ${how}: ${oneLine(bead?.title ?? '', 100)}`
}

export interface Audience {
  /** Addresses of agents, who get a message. */
  agents: string[]
  /** A person is notified. */
  person: boolean
}

/** Long-lived agents: who is still there when what it sent off has landed. */
export const staysThere = (address: string): boolean => address === 'mayor' || /^[^/]+\/crew\/[^/]+$/.test(address)

const isPerson = (address: string): boolean => address === 'person' || address === 'human'

export function audienceOf({ by, notify = [] }: Following): Audience {
  const all = [...new Set([by, ...notify])]
  // A worker that sent something off is gone by then; whoever is named is told wherever it is.
  const agents = all.filter((address) => !isPerson(address) && (staysThere(address) || notify.includes(address)))
  return { agents, person: all.some(isPerson) }
}
