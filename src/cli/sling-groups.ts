/**
 * Slinging what is made of several beads: of a convoy or an epic the open work in it is slung. And how a sling is followed:
 * what came together is one convoy.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { childrenByParent } from '../beads/epics.ts'
import { isOver } from '../beads/ready.ts'
import type { Children } from '../convoys/members.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { parseTarget } from '../polecats/sling.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { findBead } from './town.ts'

export interface Asked {
  /** As they were named. */
  asked: Bead[]
  /** What of it is work, and can be slung here. */
  beads: string[]
  /** What was left out, one line each. */
  left: string[]
}

/**
 * Opens up the groups among the words before the target. Errors: E_TARGET; those of finding a bead; E_NOTHING of groups without
 * open work, when nothing else was named.
 *
 * @param wait somebody waits for it: of a group that has come to its end everything in it has come
 */
export async function askedFor(town: OpenTown, words: readonly string[], wait = false): Promise<Result<Asked>> {
  // Of a call without a target the whole is wrong, and said by who checks the call.
  const target = words.length < 2 ? undefined : parseTarget(words.at(-1)!)
  if (target?.kind === 'error') return target
  const rig = target?.value.rig
  const found: Asked = { asked: [], beads: [], left: [] }
  let children: Children | undefined
  for (const word of words.slice(0, -1)) {
    const bead = findBead(town, word)
    if (bead.kind === 'error') return bead
    found.asked.push(bead.value)
    if (bead.value.issue_type !== 'epic' && bead.value.issue_type !== 'convoy') {
      found.beads.push(bead.value.id)
      continue
    }
    children ??= childrenByParent(town.ledger.state)
    const opened = await openUp(town, bead.value, children, rig, wait)
    found.beads.push(...opened.beads)
    found.left.push(...opened.left)
  }
  return found.beads.length > 0 || found.asked.length === 0 ? ok(found) : nothingIn(found)
}

function nothingIn({ asked, left }: Asked): ReturnType<typeof fail> {
  return fail('E_NOTHING', `Nothing of this can be slung: ${left.slice(0, 3).join('; ')}.`, {
    kept: 'Nothing was slung.',
    hint: `gt convoy show ${asked[0]?.id}`,
  })
}

async function openUp(
  town: OpenTown,
  group: Bead,
  children: Children,
  rig: string | undefined,
  wait: boolean,
): Promise<Pick<Asked, 'beads' | 'left'>> {
  const { isConvoyBead, membersOf, partsOf } = await import('../convoys/members.ts')
  // An epic without children is a piece of work like any other.
  if (!isConvoyBead(group) && partsOf(group, children).length === 0) return { beads: [group.id], left: [] }
  const members = membersOf(town.ledger.state, group, children)
  if (wait && members.every(({ bead }) => bead !== undefined && hasCome(bead))) {
    return { beads: members.map(({ id }) => id), left: [] }
  }
  const beads: string[] = []
  const left: string[] = []
  for (const { id, bead } of members) {
    // An epic that lands as one is a member of its own: nobody works on it, and who waits for it waits until it has landed.
    if (bead !== undefined && isOver(bead)) continue
    const why = bead === undefined ? 'is not in the ledger' : leftOut(bead, rig)
    if (why === null) beads.push(id)
    else left.push(`${id} ${why}`)
  }
  if (beads.length + left.length === 0) left.push(`nothing in ${group.id} is open`)
  return { beads, left }
}

/** It landed, or is done: what whoever waits for it wants. */
export function hasCome(bead: Bead): boolean {
  const { outcome } = facts(bead)
  return bead.status === 'closed' && (outcome === 'landed' || outcome === 'done')
}

/** What a group takes along is not put back into play by it; whoever wants that names the bead. */
function leftOut(bead: Bead, rig: string | undefined): string | null {
  const own = facts(bead).rig
  if (own !== undefined && rig !== undefined && own !== rig) return `belongs to ${own}`
  return bead.status === 'deferred' || bead.status === 'blocked' || bead.pinned === true ? `is ${bead.status}` : null
}

/** Somebody else wrote at the same moment. */
const TRIES = 5

/**
 * Makes the convoy of a sling, or notes who is to be told, before the first bead is slung: cut off in between, the convoy says
 * which of its members nobody ordered, and the same command goes on with it.
 *
 * @returns id of the convoy; null for one bead that nobody has to be told of
 */
export async function followed(
  town: OpenTown,
  asked: readonly string[],
  name: string | undefined,
): Promise<Result<string | null>> {
  const { followSling } = await import('../convoys/follow.ts')
  for (let tries = 1; ; tries++) {
    const { state } = town.ledger
    const beads = asked.flatMap((id) => state.beads.get(id) ?? [])
    const by = { by: actor(town.env), at: town.now().toISOString() }
    let children: Children | undefined
    const how = followSling(
      state,
      { asked: beads, name },
      () => {
        children ??= childrenByParent(state)
        return children
      },
      by,
    )
    if (how.kind === 'error') return how
    if (how.value.input === null) return ok(how.value.id)
    const written = town.ledger.write(how.value.input)
    if (written.kind === 'error') return written
    if (written.value.applied) return ok(how.value.id)
    if (tries === TRIES) {
      return fail('E_CHANGED', 'The beads were changed by somebody else at the same moment; nothing was slung.', {
        hint: 'try again',
        exit: EXIT.tryAgain,
      })
    }
  }
}
