/**
 * What happened before the current journal begins, as far as beads still tell: they keep when they were made, when each run
 * began, handed in and ended, what was said, and how it ended. Exact changes are in older journals (`gt log`, `gt trail`), but
 * those are folded from the first one on, which is too dear for a screen. Pure.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { Happening } from './happenings.ts'
import { isTask, spoken } from './happenings.ts'

/**
 * The newest, newest first, at most `limit`.
 *
 * @param before RFC 3339: only earlier ones
 */
export function pastOf(state: State, before: string, limit: number): Happening[] {
  const found: Happening[] = []
  for (const bead of newestBeads(state, limit)) {
    if (facts(bead).merge !== undefined) found.push(...ofMerge(bead))
    else if (isTask(bead)) found.push(...ofTask(bead))
  }
  return found
    .filter(({ at }) => at < before)
    .sort((a, b) => (a.at > b.at ? -1 : a.at < b.at ? 1 : 0))
    .slice(0, limit)
}

/** The beads that were touched last. Each newest happening is in one of them, because it touched its bead. */
function newestBeads(state: State, limit: number): Bead[] {
  const newest: Bead[] = []
  let least = ''
  const byTime = (a: Bead, b: Bead): number => (a.updated_at > b.updated_at ? -1 : a.updated_at < b.updated_at ? 1 : 0)
  for (const bead of state.beads.values()) {
    if (bead.updated_at <= least) continue
    newest.push(bead)
    if (newest.length < 4 * limit) continue
    newest.sort(byTime).splice(limit)
    least = newest.at(-1)?.updated_at ?? ''
  }
  return newest.sort(byTime).slice(0, limit)
}

/** One happening of a bead; its id is made of what it says, so that it stays the same at each look. */
function told(bead: Bead, kind: Happening['kind'], at: string, by: string, text: string, run?: string): Happening {
  return { id: `${bead.id}@${at}.${kind}`, at, by, kind, bead: bead.id, ...(run && { run }), text, system: false }
}

function ofTask(bead: Bead): Happening[] {
  const { slung, needs, landed, outcome, runs = {} } = facts(bead)
  const found = [told(bead, 'created', bead.created_at, bead.created_by ?? 'person', 'created')]
  if (slung !== undefined) found.push(told(bead, 'slung', slung.at, slung.by, `slung to ${slung.agent ?? slung.rig}`))
  for (const run of Object.values(runs)) found.push(...ofRun(bead, run))
  let asked = false
  for (const { author, text, created_at } of bead.comments ?? []) {
    const { kind, words } = spoken(text)
    found.push(told(bead, kind, created_at, author, words))
    asked ||= needs?.cause === 'ask' && kind === 'asked' && words === needs.text
  }
  if (needs !== undefined && !asked)
    found.push(told(bead, needs.cause === 'ask' ? 'asked' : 'needs_you', needs.at, 'gt', needs.text))
  if (landed !== undefined) {
    const text = `landed on ${landed.target} as ${landed.commit.slice(0, 10)}`
    found.push(told(bead, 'landed', landed.at, `${facts(bead).rig ?? ''}/refinery`, text))
  } else if (bead.closed_at !== undefined) {
    const text = [outcome ?? 'done', bead.close_reason].filter(Boolean).join(': ')
    found.push(told(bead, 'closed', bead.closed_at, 'gt', text))
  }
  return found
}

function ofRun(bead: Bead, run: Run): Happening[] {
  const { agent, fence, spoke, handed_in, state, since, reason = state } = run
  const found: Happening[] = []
  if (spoke !== undefined) found.push(told(bead, 'started', spoke, agent, 'at work', fence))
  if (handed_in !== undefined) found.push(told(bead, 'handed_in', handed_in, agent, 'handed in', fence))
  if (state === 'lost' || state === 'failed') found.push(told(bead, 'failed', since, agent, reason, fence))
  if (state === 'stopped') found.push(told(bead, 'stopped', since, agent, reason, fence))
  if (state === 'parked') found.push(told(bead, 'parked', since, agent, reason, fence))
  if (state === 'rate_limited') found.push(told(bead, 'limited', since, agent, run.limit?.text ?? reason, fence))
  return found
}

function ofMerge(bead: Bead): Happening[] {
  const { state, since, rig, reason = state, run } = facts(bead).merge!
  const by = `${rig}/refinery`
  if (state === 'red' || state === 'conflict') return [told(bead, state, since, by, reason, run)]
  return state === 'held' || state === 'could_not_run' ? [told(bead, 'held', since, by, reason, run)] : []
}
