/**
 * Sending off and following: convoy beads and who is told, as changes. Pure, like beads/edit.ts; every refusal names what to
 * do instead.
 */
import type { Bead, Dependency } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import type { Author } from '../beads/edit.ts'
import { closeBead, createBead } from '../beads/edit.ts'
import type { Following } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { newBeadId } from '../beads/ids.ts'
import { isOver } from '../beads/ready.ts'
import { gtPath } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Children } from './members.ts'
import { canBeMember, followingOf, isConvoyBead, isItsParts, membersOf, partsOf, trackedBy } from './members.ts'
import { audienceOf, staysThere } from './notice.ts'

const KEPT = 'Nothing was changed.'
/** As other tools of the field write ids of convoys: the town's own prefix. */
const PREFIX = 'hq-cv'

export interface NewConvoy {
  title: string
  members: readonly Bead[]
  notify?: readonly string[]
}

type By = Author & { at: string }

/** A convoy bead. Errors: E_BAD_TITLE, E_NOT_WORK (a member that is nobody's work). */
export function newConvoy(state: State, { title, members, notify }: NewConvoy, by: By) {
  const wrong = members.map(notAMember).find((error) => error !== undefined)
  if (wrong !== undefined) return wrong
  const id = newBeadId(PREFIX, (taken) => lookUp(state, taken) !== undefined)
  const rigs = new Set(members.map((bead) => facts(bead).rig))
  const [rig] = rigs.size === 1 ? rigs : []
  const made = createBead(state, { id, prefix: 'hq', title, type: 'convoy', ...(rig && { rig }) }, by)
  if (made.kind === 'error') return made
  const ids = [...new Set(members.map((bead) => bead.id))]
  const gt = { ...facts(made.value.bead), convoy: following(by, notify) }
  const bead: Bead = {
    ...made.value.bead,
    ...(ids.length > 0 && { dependencies: ids.map((to) => edge(id, to, by)) }),
    metadata: { gt },
  }
  const input: ChangeInput = {
    ...made.value.input,
    why: `convoy ${id} of ${ids.length} beads`,
    when: [{ if: 'absent', id }],
    ops: [{ op: 'create', bead }],
  }
  return ok({ bead, input })
}

const following = ({ by, at }: By, notify: readonly string[] = []): Following => ({
  by,
  at,
  ...(notify.some((one) => one !== by) && { notify: [...new Set(notify)].filter((one) => one !== by) }),
})

const edge = (from: string, to: string, { by, at }: By): Dependency => ({
  issue_id: from,
  depends_on_id: to,
  type: 'tracks',
  created_at: at,
  created_by: by,
})

function notAMember(bead: Bead): ReturnType<typeof fail> | undefined {
  if (canBeMember(bead)) return undefined
  const { step } = facts(bead)
  const what = step === undefined ? `a ${bead.issue_type}` : `a step of ${step.of}`
  return fail('E_NOT_WORK', `${bead.id} is ${what}, and a convoy is made of work.`, {
    kept: KEPT,
    hint: step === undefined ? 'gt bead ready' : `Its molecule can be a member: ${step.of}`,
  })
}

/** More members. Errors: E_NOT_A_CONVOY, E_NOT_WORK, E_SELF, E_NOTHING, E_CLOSED (a person closed it). */
export function addMembers(state: State, convoy: Bead, members: readonly Bead[], by: By): Result<ChangeInput> {
  const refused = notAConvoyBead(convoy, `gt bead update <bead> --parent ${convoy.id}`)
  if (refused !== undefined) return refused
  const { id } = convoy
  if (isOver(convoy) && followingOf(convoy) === undefined) {
    return fail('E_CLOSED', `${id} was closed before it had landed.`, {
      kept: KEPT,
      hint: `gt bead reopen ${id}   follows it again`,
    })
  }
  const wrong = members.map(notAMember).find((error) => error !== undefined)
  if (wrong !== undefined) return wrong
  const around = members.find((bead) => bead.id === id || leadsTo(state, bead, id))
  if (around !== undefined) return fail('E_SELF', `${around.id} holds ${id} itself.`, { kept: KEPT })
  const held = new Set(trackedBy(convoy))
  const fresh = [...new Set(members.map((bead) => bead.id))].filter((one) => !held.has(one))
  if (fresh.length === 0) return fail('E_NOTHING', `They are in ${id} already.`, { kept: KEPT })
  const ops = fresh.map((to): Op => ({ op: 'add', id, path: ['dependencies'], value: edge(id, to, by) }))
  return ok(said(by, `${id} tracks ${fresh.join(', ')} too`, ops))
}

/** Whether a convoy bead holds another one, however deep. */
function leadsTo(state: State, from: Bead, to: string): boolean {
  const seen = new Set<string>()
  const queue = trackedBy(from)
  for (const id of queue) {
    if (id === to) return true
    const bead = seen.has(id) ? undefined : lookUp(state, id)
    seen.add(id)
    if (bead !== undefined) queue.push(...trackedBy(bead))
  }
  return false
}

/** Errors: E_NOT_A_CONVOY, E_NOTHING. `ids`: as the convoy names them, in the ledger or not. */
export function removeMembers(convoy: Bead, ids: readonly string[], by: By): Result<ChangeInput> {
  const refused = notAConvoyBead(convoy, 'gt bead dep remove <bead> <epic>')
  if (refused !== undefined) return refused
  const held = new Set(trackedBy(convoy))
  const missing = ids.find((id) => !held.has(id))
  if (missing !== undefined) {
    return fail('E_NOTHING', `${convoy.id} does not name ${missing}.`, {
      kept: KEPT,
      hint: `gt convoy show ${convoy.id}`,
    })
  }
  const ops = ids.map((key): Op => ({ op: 'remove', id: convoy.id, path: ['dependencies'], key }))
  return ok(said(by, `${convoy.id} tracks ${ids.join(', ')} no more`, ops))
}

function notAConvoyBead(bead: Bead, hint: string): ReturnType<typeof fail> | undefined {
  if (isConvoyBead(bead)) return undefined
  const what = bead.issue_type === 'epic' ? 'an epic: its members are its children' : `a ${bead.issue_type}`
  return fail('E_NOT_A_CONVOY', `${bead.id} is ${what}.`, { kept: KEPT, hint })
}

/** Follows no more: nobody is told, and the work goes on. Errors: E_NOTHING, those of closing a bead. */
export function unfollow(state: State, bead: Bead, reason: string | undefined, by: By): Result<ChangeInput> {
  if (isConvoyBead(bead)) {
    return closeBead(state, bead.id, { outcome: 'cancelled', ...(reason !== undefined && { reason }) }, by)
  }
  if (facts(bead).convoy === undefined) {
    return fail('E_NOTHING', `Nobody follows ${bead.id} as a convoy.`, { kept: KEPT, hint: 'gt convoy list' })
  }
  return ok(said(by, `${bead.id} is followed no more`, [{ op: 'unset', id: bead.id, path: gtPath('convoy') }]))
}

const said = ({ by, fence }: By, why: string, ops: Op[]): ChangeInput => ({
  by,
  ...(fence !== undefined && { fence }),
  why,
  ops,
})

export interface Sending {
  /** What was named: beads, epics, convoys. */
  asked: readonly Bead[]
  /** Title of a convoy bead; asks for one. */
  name?: string | undefined
}

/**
 * How a sling is followed. What is a convoy already (one that was named, an epic whose open work all goes, an open convoy of
 * these beads) is not made again. One bead is its own convoy: nothing is written for a person, who sees it in `gt`; that
 * somebody who stays there is to be told is written on the bead.
 *
 * @returns id of the convoy, null for one bead of a person; `input`: what makes it so, null when it is
 */
export function followSling(
  state: State,
  { asked, name }: Sending,
  children: () => Children,
  by: By,
): Result<{ id: string | null; input: ChangeInput | null }> {
  const [only] = asked
  if (only === undefined) return ok({ id: null, input: null })
  if (name === undefined && asked.length === 1) {
    const group = isConvoyBead(only) || (only.issue_type === 'epic' && isGroup(only, children()))
    if (!group && !staysThere(by.by)) return ok({ id: null, input: null })
    const around = group ? undefined : openConvoyOf(state, asked, by)
    return ok(around === undefined ? { id: only.id, input: follow(only, by) } : { id: around.id, input: null })
  }
  const epic = name === undefined ? epicOf(state, asked, children()) : undefined
  if (epic !== undefined) return ok({ id: epic.id, input: follow(epic, by) })
  const open = openConvoyOf(state, asked, by, name)
  if (open !== undefined) return ok({ id: open.id, input: follow(open, by) })
  const made = newConvoy(state, { title: name ?? titleFor(asked), members: asked }, by)
  return made.kind === 'error' ? made : ok({ id: made.value.bead.id, input: made.value.input })
}

const isGroup = (bead: Bead, children: Children): boolean => {
  const parts = partsOf(bead, children)
  return isItsParts(bead, parts) || (facts(bead).integration !== undefined && parts.length > 0)
}

/** Whoever sends it off is told; null: is told already, or nobody there could be. */
function follow(bead: Bead, by: By): ChangeInput | null {
  const { id } = bead
  const held = facts(bead).convoy
  const why = `${id} is followed by ${by.by}`
  if (held === undefined) return said(by, why, [{ op: 'set', id, path: gtPath('convoy'), value: following(by) }])
  const { notify = [] } = held
  // What was told lies behind: what comes now is told anew.
  const again: Op[] =
    held.told !== undefined && !isConvoyBead(bead) ? [{ op: 'unset', id, path: gtPath('convoy', 'told') }] : []
  const also: Op[] =
    held.by === by.by || notify.includes(by.by) || (by.by !== 'person' && !staysThere(by.by))
      ? []
      : [{ op: 'set', id, path: gtPath('convoy', 'notify'), value: [...notify, by.by] }]
  return again.length + also.length === 0 ? null : said(by, why, [...again, ...also])
}

/** The epic whose open work is exactly this. */
function epicOf(state: State, asked: readonly Bead[], children: Children): Bead | undefined {
  const ids = new Set(asked.map(({ id }) => id))
  const [first] = asked
  for (const { type, depends_on_id } of first?.dependencies ?? []) {
    const epic = type === 'parent-child' ? lookUp(state, depends_on_id) : undefined
    if (epic === undefined || epic.issue_type !== 'epic' || isOver(epic)) continue
    const inside = new Set(membersOf(state, epic, children).map(({ id }) => id))
    const open = membersOf(state, epic, children).filter(({ id, bead }) => id !== epic.id && bead && !isOver(bead))
    if ([...ids].every((id) => inside.has(id)) && open.every(({ id }) => ids.has(id))) return epic
  }
  return undefined
}

/** A convoy bead that is not over and names all of these; for one bead one that tells whoever asks. */
function openConvoyOf(state: State, asked: readonly Bead[], { by }: By, name?: string): Bead | undefined {
  for (const bead of state.beads.values()) {
    if (!isConvoyBead(bead) || isOver(bead) || (name !== undefined && bead.title !== name)) continue
    const convoy = followingOf(bead)
    if (convoy === undefined) continue
    const { agents } = audienceOf(convoy)
    if (asked.length === 1 && name === undefined && !agents.includes(by)) continue
    const tracked = new Set(trackedBy(bead))
    if (asked.every(({ id }) => tracked.has(id))) return bead
  }
  return undefined
}

function titleFor(asked: readonly Bead[]): string {
  const more = asked.length - 1
  const rest = more === 0 ? '' : ` and ${more} more`
  const title = asked[0]?.title ?? ''
  const short = title.length > 80 ? `${title.slice(0, 79).replace(/[\ud800-\udbff]$/, '')}…` : title
  return `${short}${rest}`
}
