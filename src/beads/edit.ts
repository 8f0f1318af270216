/**
 * What people do with beads, as changes. Pure: looks at a state, builds the change with the conditions that must still
 * hold when it lands, writes nothing. Every refusal names what to do instead.
 */
import type { Err, Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Bead, Comment, Dependency } from './bead.ts'
import { facts } from './bead.ts'
import type { ChangeInput, Condition, Op } from './change.ts'
import { circleWith } from './cycles.ts'
import type { State } from './fold.ts'
import { lookUp } from './fold.ts'
import { newBeadId, takesChildren } from './ids.ts'
import { findCycle, HOLDS, parentsOf } from './ready.ts'

export interface NewBead {
  /** Ready-made id; without it one is minted: `parent.N` under a parent, else from `prefix`. */
  id?: string
  prefix: string
  title: string
  /** Without it, the parent's. */
  rig?: string
  body?: string
  /** Default `task`. */
  type?: string
  /** 0 (urgent) to 4; default 2. */
  priority?: number
  parent?: string
  /** Full ids of beads that must close first. */
  needs?: string[]
  labels?: string[]
  assignee?: string
  kind?: 'code' | 'report'
  ephemeral?: boolean
}

/** Who, when, under which fence. `at` is RFC 3339 UTC; default: now. */
export interface Author {
  by: string
  fence?: string
  at?: string
}

/** Null clears. */
export interface BeadPatch {
  title?: string
  description?: string | null
  design?: string | null
  acceptance_criteria?: string | null
  notes?: string | null
  /** One of the format’s but `closed` and `tombstone`: closing has its own verb. */
  status?: string
  priority?: number
  issue_type?: string
  assignee?: string | null
  /** RFC 3339. */
  defer_until?: string | null
  rig?: string
  addLabels?: string[]
  removeLabels?: string[]
}

/**
 * A new bead. Fails with E_BAD_TITLE, E_BAD_PRIORITY, E_BAD_TYPE, E_NO_BEAD (parent or needs), E_DEADLOCK. Two who
 * add a child to one parent at once may build the same id: then the second verdict is not applied, and it builds again.
 */
export function createBead(state: State, input: NewBead, author: Author): Result<{ bead: Bead; input: ChangeInput }> {
  const at = author.at ?? new Date().toISOString()
  const wrong = wrongTitle(input.title) ?? wrongPriority(input.priority) ?? wrongType(input.type)
  if (wrong) return wrong
  const parent = input.parent === undefined ? undefined : alive(state, input.parent)
  if (input.parent !== undefined && parent === undefined) return noBead(input.parent, state)
  const needs = [...new Set(input.needs ?? [])]
  const missing = needs.find((id) => !alive(state, id))
  if (missing !== undefined) return noBead(missing, state)
  const above = parent === undefined ? [] : [parent.id, ...ancestors(state, parent)]
  const deadlock = needs.find((id) => above.includes(id))
  if (deadlock !== undefined) return deadlocked(input.title, deadlock)

  const id =
    input.id ??
    (parent ? childId(state, parent, input.prefix) : newBeadId(input.prefix, (x) => lookUp(state, x) !== undefined))
  const edge = (to: string, type: string): Dependency => ({
    issue_id: id,
    depends_on_id: to,
    type,
    created_at: at,
    created_by: author.by,
  })
  const rig = input.rig ?? (parent && facts(parent).rig)
  const bead: Bead = {
    id,
    title: oneLine(input.title),
    ...(input.body ? { description: input.body } : {}),
    status: 'open',
    priority: input.priority ?? 2,
    issue_type: input.type ?? 'task',
    ...(input.assignee ? { assignee: input.assignee } : {}),
    created_at: at,
    created_by: author.by,
    updated_at: at,
    ...(input.labels?.length ? { labels: input.labels } : {}),
    dependencies: [...(parent ? [edge(parent.id, 'parent-child')] : []), ...needs.map((to) => edge(to, 'blocks'))],
    ...(input.ephemeral ? { ephemeral: true } : {}),
    metadata: { gt: { version: 0, ...(rig ? { rig } : {}), ...(input.kind ? { kind: input.kind } : {}) } },
  }
  if (bead.dependencies?.length === 0) delete bead.dependencies
  const circle = parent && needs.length > 0 ? circleWith(state, bead) : null
  if (circle) return circular(circle)
  return ok({ bead, input: change(author, `created ${id}`, [{ op: 'create', bead }]) })
}

/** Changes fields of a bead. Fails with E_NO_BEAD, E_BAD_…, E_USE_CLOSE, E_NOTHING when the patch changes nothing. */
export function updateBead(state: State, id: string, patch: BeadPatch, author: Author): Result<ChangeInput> {
  const bead = alive(state, id)
  if (!bead) return noBead(id, state)
  const { addLabels = [], removeLabels = [], rig, ...fields } = patch
  // Whoever reads it is told who said so: nobody's words are put into another's mouth.
  if (facts(bead).message !== undefined && Object.values(fields).some((value) => value !== undefined))
    return fail('E_NOT_WORK', `${id} is a message; what was sent stays as it was sent.`, {
      kept: 'Nothing was changed.',
      hint: 'gt mail send   says it anew',
    })
  const kept = Object.values(fields).some((value) => value !== undefined) ? refuseRequest(bead) : null
  if (kept !== null) return kept
  if (bead.status === 'closed' && fields.status !== undefined)
    return fail('E_CLOSED', `${id} is closed.`, { kept: 'Nothing was changed.', hint: `gt bead reopen ${id}` })
  const wrong =
    (fields.title === undefined ? null : wrongTitle(fields.title)) ??
    wrongPriority(fields.priority) ??
    wrongType(fields.issue_type) ??
    wrongStatus(id, fields.status) ??
    wrongTime(fields.defer_until)
  if (wrong) return wrong
  if (fields.title !== undefined) fields.title = oneLine(fields.title)
  const ops: Op[] = []
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || (bead[key] ?? null) === value) continue
    ops.push(value === null || value === '' ? { op: 'unset', id, path: [key] } : { op: 'set', id, path: [key], value })
  }
  if (rig !== undefined && rig !== facts(bead).rig)
    ops.push({ op: 'set', id, path: ['metadata', 'gt', 'rig'], value: rig })
  const labels = new Set(bead.labels)
  for (const value of addLabels) if (!labels.has(value)) ops.push({ op: 'add', id, path: ['labels'], value })
  for (const key of removeLabels) if (labels.has(key)) ops.push({ op: 'remove', id, path: ['labels'], key })
  if (ops.length === 0) return fail('E_NOTHING', `${id} is like that already.`, { kept: 'Nothing was changed.' })
  const touched = [...new Set(ops.map((op) => ('path' in op ? op.path.at(-1) : '')))].join(', ')
  return ok(change(author, `updated ${id}: ${touched}`, ops))
}

/** A message is taken back by whoever sent it, or by a person; E_NOT_FOR_AGENTS. */
export function refuseOthersMail(bead: Bead, { by }: Author): Err | null {
  const { message } = facts(bead)
  if (message === undefined || by === 'person' || by === message.from) return null
  return fail('E_NOT_FOR_AGENTS', `${bead.id} was sent by ${message.from}, who may take it back.`, {
    kept: 'Nothing was changed.',
    hint: `gt mail read ${bead.id}`,
  })
}

/** The books of a merge request are the Refinery's: its bead would wait for ever for one that was closed by hand. */
export function refuseRequest(bead: Bead): Err | null {
  const { merge } = facts(bead)
  if (merge === undefined) return null
  return fail('E_NOT_WORK', `${bead.id} is the merge request of ${merge.bead}; it moves by what happens to that.`, {
    kept: 'Nothing was changed.',
    hint: `gt mq show ${bead.id}, then gt land ${bead.id}, or gt reject ${bead.id} --reason "…"`,
  })
}

/**
 * Closes a bead by a person's word (landing is the kernel's own). Not while a worker is on it. Fails with E_NO_BEAD,
 * E_CLOSED, E_LIVE_RUN, E_INTEGRATION (an epic with an integration branch, which lands or is cancelled).
 */
export function closeBead(
  state: State,
  id: string,
  how: { reason?: string; outcome?: 'landed' | 'done' | 'declined' | 'cancelled' },
  author: Author,
): Result<ChangeInput> {
  const bead = alive(state, id)
  if (!bead) return noBead(id, state)
  if (bead.status === 'closed') return fail('E_CLOSED', `${id} is closed already.`, { kept: 'Nothing was changed.' })
  const others = refuseOthersMail(bead, author) ?? refuseRequest(bead)
  if (others !== null) return others
  // Law 1: what its children landed there is not in the base yet.
  if (facts(bead).integration !== undefined && how.outcome !== 'cancelled') {
    return fail('E_INTEGRATION', `${id} closes by landing: its work is on ${facts(bead).integration?.branch}.`, {
      kept: 'Nothing was changed.',
      hint: `gt bead close ${id}   hands it in; with --cancelled it is closed without landing`,
    })
  }
  const run = state.live.get(id)?.[0]
  if (run) {
    return fail('E_LIVE_RUN', `${run.agent} works on ${id} (run ${run.fence}); it cannot be closed under its hands.`, {
      kept: 'Nothing was changed.',
      hint: `Stop the run first: gt run stop ${run.fence}`,
    })
  }
  const ops: Op[] = [
    { op: 'set', id, path: ['status'], value: 'closed' },
    { op: 'set', id, path: ['metadata', 'gt', 'outcome'], value: how.outcome ?? 'done' },
  ]
  if (how.reason) ops.push({ op: 'set', id, path: ['close_reason'], value: how.reason })
  // A closed bead is nobody's standing order and asks nobody anything.
  for (const fact of ['slung', 'needs', 'handover', 'closed_with_parts']) {
    if (facts(bead)[fact] !== undefined) ops.push({ op: 'unset', id, path: ['metadata', 'gt', fact] })
  }
  const when: Condition[] = [{ if: 'no-live-run', id }, unchangedStatus(bead)]
  return ok(change(author, `closed ${id}${how.reason ? `: ${how.reason}` : ''}`, ops, when))
}

/** Opens a closed bead again. Fails with E_NO_BEAD, E_NOT_CLOSED. */
export function reopenBead(state: State, id: string, author: Author): Result<ChangeInput> {
  const bead = alive(state, id)
  if (!bead) return noBead(id, state)
  const kept = refuseRequest(bead)
  if (kept !== null) return kept
  if (bead.status !== 'closed') {
    return fail('E_NOT_CLOSED', `${id} is not closed, it is ${bead.status}.`, { kept: 'Nothing was changed.' })
  }
  const ops: Op[] = [{ op: 'set', id, path: ['status'], value: 'open' }]
  // An epic that landed has left its branch behind.
  const gone = facts(bead).landed === undefined ? [] : ['integration']
  for (const fact of ['outcome', 'landed', ...gone]) {
    if (facts(bead)[fact] !== undefined) ops.push({ op: 'unset', id, path: ['metadata', 'gt', fact] })
  }
  return ok(change(author, `reopened ${id}`, ops, [unchangedStatus(bead)]))
}

/**
 * `id` needs `needs`. Fails with E_NO_BEAD, E_SELF, E_CYCLE (names the chain), E_DEADLOCK (a child that needs its own
 * parent), E_NOTHING when there is such an edge, E_EDGE when there is one of another type (one edge per pair).
 *
 * Two edges added at the same moment by two people can still close a cycle: neither sees the other's. `ready` survives
 * that (both stay blocked, and say by what).
 */
export function addDependency(
  state: State,
  id: string,
  needs: string,
  author: Author,
  type = 'blocks',
): Result<ChangeInput> {
  const bead = alive(state, id)
  if (!bead) return noBead(id, state)
  if (!alive(state, needs)) return noBead(needs, state)
  if (id === needs) return fail('E_SELF', `${id} cannot need itself.`, { kept: 'Nothing was changed.' })
  const held = bead.dependencies?.find((edge) => edge.depends_on_id === needs)
  if (held?.type === type) return fail('E_NOTHING', `${id} needs ${needs} already.`, { kept: 'Nothing was changed.' })
  if (type !== 'parent-child' && ancestors(state, bead).includes(needs)) return deadlocked(id, needs)
  if (held) {
    return fail('E_EDGE', `There is a ${held.type} edge from ${id} to ${needs} already, and a pair has only one.`, {
      kept: 'Nothing was changed.',
      hint: `Take it away first: gt bead dep remove ${id} ${needs}`,
    })
  }
  const at = author.at ?? new Date().toISOString()
  const value: Dependency = { issue_id: id, depends_on_id: needs, type, created_at: at, created_by: author.by }
  const after = { ...bead, dependencies: [...(bead.dependencies ?? []), value] }
  let cycle = HOLDS.has(type) ? findCycle(state, id, needs) : null
  // Through children that somebody waits for; one that the bead stands in already is not this edge's doing.
  if (HOLDS.has(type) && !circleWith(state, bead)) cycle ??= circleWith(state, after)
  if (cycle) return circular(cycle)
  return ok(change(author, `${id} needs ${needs}`, [{ op: 'add', id, path: ['dependencies'], value }]))
}

/** Takes the edge from `id` to `needs` away, of whatever type. Fails with E_NO_BEAD, E_NOTHING. */
export function removeDependency(state: State, id: string, needs: string, author: Author): Result<ChangeInput> {
  const bead = lookUp(state, id)
  if (!bead) return noBead(id, state)
  if (!bead.dependencies?.some((edge) => edge.depends_on_id === needs)) {
    return fail('E_NOTHING', `${id} does not need ${needs}.`, { kept: 'Nothing was changed.' })
  }
  return ok(change(author, `${id} needs ${needs} no more`, [{ op: 'remove', id, path: ['dependencies'], key: needs }]))
}

/** Adds a comment. Fails with E_NO_BEAD, E_EMPTY. */
export function addComment(
  state: State,
  id: string,
  text: string,
  author: Author,
): Result<{ comment: Comment; input: ChangeInput }> {
  if (!alive(state, id)) return noBead(id, state)
  if (text.trim() === '') return fail('E_EMPTY', 'A comment needs some text.', { kept: 'Nothing was changed.' })
  const at = author.at ?? new Date().toISOString()
  // Other tools want a positive integer. Time and chance instead of a count: two who comment at once both stay.
  const number = Date.parse(at) * 1000 + Math.floor(Math.random() * 1000)
  const comment: Comment = { id: number, issue_id: id, author: author.by, text, created_at: at }
  const input = change(author, `commented on ${id}`, [{ op: 'add', id, path: ['comments'], value: comment }])
  return ok({ comment, input })
}

function change(author: Author, why: string, ops: Op[], when?: Condition[]): ChangeInput {
  return { by: author.by, ...(author.fence ? { fence: author.fence } : {}), why, ops, ...(when ? { when } : {}) }
}

const unchangedStatus = (bead: Bead): Condition => ({ if: 'in', id: bead.id, path: ['status'], values: [bead.status] })

function childId(state: State, parent: Bead, prefix: string): string {
  if (!takesChildren(parent.id)) return newBeadId(prefix, (id) => lookUp(state, id) !== undefined)
  const start = `${parent.id}.`
  const archived = state.beads.has(parent.id) ? [] : (state.cold?.ids() ?? [])
  const used = [...state.beads.keys(), ...archived]
    .filter((id) => id.startsWith(start))
    .map((id) => Number(id.slice(start.length)))
  return `${start}${Math.max(0, ...used.filter(Number.isInteger)) + 1}`
}

/** Parents, their parents, and so on; each once. */
function ancestors(state: State, bead: Bead): string[] {
  const found = new Set<string>()
  const queue = parentsOf(bead)
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue
    found.add(id)
    const parent = state.beads.get(id)
    if (parent) queue.push(...parentsOf(parent))
  }
  return [...found]
}

const oneLine = (title: string): string => title.trim().replace(/\s*[\r\n]+\s*/g, ' ')

function wrongTitle(title: string): Result<never> | null {
  const bytes = Buffer.byteLength(oneLine(title))
  if (bytes >= 1 && bytes <= 500) return null
  return fail('E_BAD_TITLE', bytes === 0 ? 'A bead needs a title.' : `The title has ${bytes} bytes; 500 is the most.`, {
    kept: 'Nothing was changed.',
    hint: 'Say the rest in the body (--body).',
  })
}

function wrongPriority(priority: number | undefined): Result<never> | null {
  if (priority === undefined || (Number.isInteger(priority) && priority >= 0 && priority <= 4)) return null
  return fail('E_BAD_PRIORITY', `${priority} is no priority.`, {
    kept: 'Nothing was changed.',
    hint: 'Priorities are 0 (urgent), 1, 2 (normal), 3 and 4.',
  })
}

function wrongType(type: string | undefined): Result<never> | null {
  if (type === undefined || /^[a-z][a-z0-9_-]{0,49}$/.test(type)) return null
  return fail('E_BAD_TYPE', `"${type}" is no type of bead.`, {
    kept: 'Nothing was changed.',
    hint: 'Common types: task, bug, feature, chore, docs, epic. Lower case, one word.',
  })
}

/** What the format knows (others come in files only) and is set by hand: a slip of the pen would hide the bead from `ready`. */
const BY_HAND = new Set(['open', 'in_progress', 'blocked', 'deferred', 'hooked', 'pinned'])

function wrongStatus(id: string, status: string | undefined): Result<never> | null {
  if (status === undefined || BY_HAND.has(status)) return null
  return fail('E_USE_CLOSE', `The status of a bead is not set to "${status}".`, {
    kept: 'Nothing was changed.',
    hint: `To close it: gt bead close ${id}. Otherwise: ${[...BY_HAND].join(', ')}.`,
  })
}

function wrongTime(time: string | null | undefined): Result<never> | null {
  if (time === undefined || time === null || !Number.isNaN(Date.parse(time))) return null
  return fail('E_BAD_TIME', `"${time}" is no time.`, {
    kept: 'Nothing was changed.',
    hint: 'Write it like 2026-01-31T09:00:00Z.',
  })
}

/** A bead that is there to be worked with: its tombstone is only a record. */
function alive(state: State, id: string): Bead | undefined {
  const bead = lookUp(state, id)
  return bead?.status === 'tombstone' ? undefined : bead
}

function noBead(id: string, state: State): Result<never> {
  const deleted = lookUp(state, id) !== undefined
  return fail('E_NO_BEAD', deleted ? `${id} was deleted.` : `There is no bead ${id}.`, {
    kept: 'Nothing was changed.',
    hint: deleted
      ? `gt trail ${id}   tells by whom; gt undo takes back your own`
      : '`gt bead list` shows the beads there are.',
  })
}

function circular(cycle: string[]): Result<never> {
  return fail('E_CYCLE', `That would be a circle: ${cycle.join(' needs ')}.`, {
    kept: 'Nothing was changed.',
    hint: `Take one edge of the circle away first: gt bead dep remove ${cycle.at(-2)} ${cycle.at(-1)}`,
    details: cycle,
  })
}

function deadlocked(child: string, parent: string): Result<never> {
  return fail('E_DEADLOCK', `${child} cannot need ${parent}, its own parent: a parent closes after its children.`, {
    kept: 'Nothing was changed.',
    hint: 'Let it need the sibling that must come first.',
  })
}
