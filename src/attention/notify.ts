/**
 * Tells a person. What waits is told once (level-triggered: whatever stands and was not told yet), and so is news that other
 * rooms give. Called by whoever drives the town, so by one process at a time. No channel holds up work: a message is written
 * down as told, handed to the channels, and nobody waits for them.
 */
import type { OpenTown } from '../kernel/town.ts'
import type { Delivery } from './channels.ts'
import { channelsOf, deliver } from './channels.ts'
import { weight } from './severity.ts'
import type { Notice } from './told.ts'
import { due, readMemory, writeMemory } from './told.ts'

/**
 * Tells this once, ever: what has the same key is not told again. With more of its cause within a minute it goes into one
 * message with them, at the latest with the driver's next pass. Answers when its channels have ended; need not be awaited.
 */
export function notify(town: OpenTown, notice: Notice): Promise<Delivery[]> {
  return tell(town, null, [{ kind: 'news', ...notice }])
}

/** Of everything that stands open now, tells what was not told yet. */
export function notifyOpen(town: OpenTown, open: Notice[]): Promise<Delivery[]> {
  return tell(town, open, [])
}

async function tell(town: OpenTown, open: Notice[] | null, news: Notice[]): Promise<Delivery[]> {
  const { runtime } = town.paths
  const { min_severity: least } = town.settings.notify
  // Without a channel nothing counts as told: whoever sets one up is told what stands.
  const channels = channelsOf(town)
  if (channels.length === 0) return []
  const { send, memory, changed } = due(open, news, readMemory(runtime), town.now().getTime())
  // Written first: told twice is worse than told once and lost with a crash in between. What cannot be written down would
  // be told at every pass, so it is not told at all: the disk is full, and every screen says so.
  if (!changed || writeMemory(runtime, memory).kind === 'error') return []
  const heard = send.filter(({ severity }) => weight(severity) >= weight(least))
  return (await Promise.all(heard.map((message) => deliver(town, channels, message)))).flat()
}
