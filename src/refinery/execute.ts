/**
 * Carries out the Refinery's plan for one rig. Crash-only: every step is in the ledger before the next, the driver
 * that holds an entry is named in it, and a dead driver's entry is recovered from what the repository shows.
 * One driver a rig at a time, by lease; even two would be harmless, since the target moves by compare-and-swap only.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { MergeState, Run } from '../beads/facts.ts'
import { acquire, release } from '../beads/leases.ts'
import { compareAndSwapRef, publish } from '../git/land.ts'
import { mergeCandidate, patchesPresent } from '../git/merge.ts'
import { addNote } from '../git/notes.ts'
import { fetchRemote, isAncestor, resolveCommit, treeOf } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { land, mergeOf, openMerges, step } from '../kernel/merges.ts'
import { needsHuman } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { isRunning, self } from '../town/processes.ts'
import type { RigSettings } from '../town/settings.ts'
import type { Verdict } from './gate.ts'
import { runGates } from './gate.ts'
import { commitMessage, conflictEvidence, redEvidence } from './messages.ts'
import type { Action } from './plan.ts'
import { next, releasable } from './plan.ts'

/** What one call did. `busy`: another driver has this rig's queue in hand. */
export interface Worked {
  steps: number
  busy: boolean
}

/**
 * Works the queue of a rig until nothing in it can move (or after one entry with `once`).
 * Errors: broken rig settings, a ledger that refuses writes; entries keep their place.
 */
export async function workQueue(
  town: OpenTown,
  rigName: string,
  options: { once?: boolean; signal?: AbortSignal } = {},
): Promise<Result<Worked>> {
  const lease = acquire(town.ledger, `refinery:${rigName}`, `${rigName}/refinery`)
  if (lease.kind === 'error') return lease
  if (lease.value === null) return ok({ steps: 0, busy: true })
  try {
    let steps = 0
    while (!options.signal?.aborted) {
      const read = town.ledger.refresh()
      if (read.kind === 'error') return read
      const rig = await town.rig(rigName)
      if (rig.kind === 'error') return rig
      const action = next({
        requests: openMerges(town.ledger.state.beads.values(), rigName),
        rig: rig.value,
        orphaned: isOrphan,
      })
      if (action === null) break
      const carried = await carryOut(town, rig.value, action, options.signal)
      if (carried.kind === 'error') return carried
      steps++
      if (options.once && action.do === 'merge') break
    }
    return ok({ steps, busy: false })
  } finally {
    release(lease.value)
  }
}

/** Rigs whose queue has an entry that `workQueue` could move now. A rig whose settings cannot be read has none. */
export async function movableQueues(town: OpenTown): Promise<Set<string>> {
  const byRig = new Map<string, MergeRequest[]>()
  for (const request of openMerges(town.ledger.state.beads.values())) {
    byRig.set(request.merge.rig, [...(byRig.get(request.merge.rig) ?? []), request])
  }
  const movable = new Set<string>()
  for (const [name, requests] of byRig) {
    const rig = await town.rig(name)
    if (rig.kind === 'ok' && next({ requests, rig: rig.value, orphaned: isOrphan }) !== null) movable.add(name)
  }
  return movable
}

/**
 * Queues again what was held for a setting that has been settled since, without waiting for a driver: a change of
 * settings wakes none, and whoever waits would meet the old question. Conditional, so two doing it at once are harmless.
 */
export async function releaseSettled(town: OpenTown, rigName: string): Promise<Result<void>> {
  const rig = await town.rig(rigName)
  if (rig.kind === 'error') return rig
  for (const request of openMerges(town.ledger.state.beads.values(), rigName)) {
    if (request.merge.state !== 'held' || !releasable(rig.value, request)) continue
    const note = { held_for: undefined, reason: undefined }
    const change = step(request, 'queued', town.now().toISOString(), 'what it was held for has been settled', note)
    change.ops.push({ op: 'unset', id: request.merge.bead, path: ['metadata', 'gt', 'needs'] })
    const written = town.ledger.write(change)
    if (written.kind === 'error') return written
  }
  return ok(undefined)
}

/** We hold the rig's lease, so an entry in anybody's hand is either ours from before or a dead driver's. */
function isOrphan(request: MergeRequest): boolean {
  const { executor } = request.merge
  if (executor === undefined) return true
  const alive = isRunning(executor)
  return (alive.kind === 'ok' && !alive.value) || executor.pid === process.pid
}

async function carryOut(town: OpenTown, rig: RigSettings, action: Action, signal?: AbortSignal): Promise<Result<void>> {
  switch (action.do) {
    case 'hold': {
      const moved = move(town, action.request, 'held', action.reason, { reason: action.reason, held_for: action.cause })
      return moved.kind === 'error' ? moved : tellPerson(town, action.request, action.cause, action.reason)
    }
    case 'release': {
      const moved = move(town, action.request, 'queued', action.reason, { held_for: undefined, reason: undefined })
      return moved.kind === 'error' ? moved : untellPerson(town, action.request)
    }
    case 'recover':
      return recover(town, action.request)
    case 'merge':
      return new Merge(town, rig, action.request, signal).run()
  }
}

type Note = Parameters<typeof step>[4]

/** Writes one step of an entry and answers the entry as it stands afterwards. */
function move(
  town: OpenTown,
  request: MergeRequest,
  to: MergeState,
  why: string,
  note: Note = {},
): Result<MergeRequest> {
  const written = town.ledger.write(step(request, to, town.now().toISOString(), why, note))
  if (written.kind === 'error') return written
  const now = mergeOf(town.ledger.state.beads.get(request.bead.id))
  if (!written.value.applied || now === undefined) {
    return fail('E_QUEUE_MOVED', `${request.bead.id} was changed by somebody else (now ${now?.merge.state ?? 'gone'}).`)
  }
  return ok(now)
}

function sourceOf(town: OpenTown, request: MergeRequest): { bead: Bead; run: Run } | undefined {
  const bead = town.ledger.state.beads.get(request.merge.bead)
  const run = bead && facts(bead).runs?.[request.merge.run]
  return bead && run ? { bead, run } : undefined
}

function tellPerson(town: OpenTown, request: MergeRequest, cause: string, text: string): Result<void> {
  const source = sourceOf(town, request)
  if (source === undefined) return ok(undefined)
  const at = town.now().toISOString()
  const written = town.ledger.write(needsHuman(source.bead, cause, text, at, `${request.merge.rig}/refinery`))
  return written.kind === 'error' ? written : ok(undefined)
}

function untellPerson(town: OpenTown, request: MergeRequest): Result<void> {
  const source = sourceOf(town, request)
  if (source === undefined) return ok(undefined)
  const written = town.ledger.write({
    by: `${request.merge.rig}/refinery`,
    why: 'what it waited for has been settled',
    ops: [{ op: 'unset', id: source.bead.id, path: ['metadata', 'gt', 'needs'] }],
  })
  return written.kind === 'error' ? written : ok(undefined)
}

/** Writes the landing after seeing the commit in the target, and every patch of the branch with it (law 1). */
async function recordLanding(town: OpenTown, request: MergeRequest, commit: string): Promise<Result<void>> {
  const gitDir = town.paths.rig(request.merge.rig).repo
  const target = `refs/remotes/origin/${request.merge.target}`
  const seen = await isAncestor(gitDir, commit, target)
  if (seen.kind !== 'ok' || !seen.value) {
    return fail('E_NOT_LANDED', `${commit} is not in ${request.merge.target} after the push.`, {
      kept: 'The entry stays in the queue.',
    })
  }
  const patches = await patchesPresent({ gitDir, base: request.merge.base, head: request.merge.head, target })
  if (patches.kind !== 'ok' || patches.value.missing.length > 0) {
    const which = patches.kind === 'ok' ? patches.value.missing.join(', ') : 'unknown'
    return tellPerson(
      town,
      request,
      'patch-missing',
      `Landed as ${commit}, yet not every patch is in the target: ${which}.`,
    )
  }
  const source = sourceOf(town, request)
  if (source === undefined) return fail('E_NO_BEAD', `The bead ${request.merge.bead} of ${request.bead.id} is gone.`)
  const at = town.now().toISOString()
  const written = town.ledger.write(
    land(request, source.bead, source.run, commit, at, `seen in ${request.merge.target}`),
  )
  return written.kind === 'error' ? written : ok(undefined)
}

/**
 * A driver died here. If its candidate (or the branch itself) is in the target, the landing is recorded; otherwise the
 * entry is queued again. Nothing else can be true, because the target only moves by compare-and-swap to a candidate.
 */
async function recover(town: OpenTown, request: MergeRequest): Promise<Result<void>> {
  const gitDir = town.paths.rig(request.merge.rig).repo
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
  const { candidate, state } = request.merge
  if (state === 'landing' && candidate !== undefined) {
    const landed = await isAncestor(gitDir, candidate.commit, `refs/remotes/origin/${request.merge.target}`)
    if (landed.kind === 'error') return landed
    if (landed.kind === 'ok' && landed.value) return recordLanding(town, request, candidate.commit)
  }
  const moved = move(town, request, 'queued', `its driver died while ${state}`, {
    executor: undefined,
    candidate: undefined,
  })
  return moved.kind === 'error' ? moved : ok(undefined)
}

/** One entry from queued to landed, returned or held. */
class Merge {
  readonly #town: OpenTown
  readonly #rig: RigSettings
  readonly #gitDir: string
  readonly #signal: AbortSignal | undefined
  #request: MergeRequest

  constructor(town: OpenTown, rig: RigSettings, request: MergeRequest, signal: AbortSignal | undefined) {
    this.#town = town
    this.#rig = rig
    this.#request = request
    this.#signal = signal
    this.#gitDir = town.paths.rig(rig.name).repo
  }

  async run(): Promise<Result<void>> {
    const building = this.#move('building', 'taken from the queue', { executor: self() })
    if (building.kind === 'error') return building
    const candidate = await this.#build()
    if (candidate.kind === 'error') return this.#hindered(candidate.failure)
    if (candidate.value === null) return ok(undefined)
    const verdict = await this.#test(candidate.value)
    if (verdict.kind === 'error') return this.#hindered(verdict.failure)
    switch (verdict.value.outcome) {
      case 'pass':
        return this.#land(candidate.value, verdict.value)
      case 'could_not_run':
        // Stopped by us (shutdown): the verdict is about the driver, not about the gate.
        if (this.#signal?.aborted) return this.#requeue('the driver was stopped')
        return this.#couldNotRun(verdict.value.reason, verdict.value)
      case 'fail':
        return this.#red(candidate.value, verdict.value)
    }
  }

  /** The merged commit on top of the target as it is now; null when the entry took another way (conflict, landed). */
  async #build(): Promise<Result<Candidate | null>> {
    const { merge } = this.#request
    const fetched = await fetchRemote({ gitDir: this.#gitDir })
    if (fetched.kind === 'error') return fetched
    const onto = await resolveCommit(this.#gitDir, `refs/remotes/origin/${merge.target}`)
    if (onto.kind !== 'ok') return fail('E_NO_BRANCH', `The remote has no branch ${merge.target}.`)
    const source = sourceOf(this.#town, this.#request)
    if (source === undefined) return fail('E_NO_BEAD', `The bead ${merge.bead} is gone.`)
    const merged = await mergeCandidate({
      gitDir: this.#gitDir,
      onto: onto.value,
      head: merge.head,
      message: commitMessage(source.bead, merge),
      author: { name: merge.worker, email: `${merge.worker.replace(/[^\w.-]+/g, '.')}@gt.invalid` },
      mode: this.#rig.landing.strategy,
    })
    if (merged.kind === 'error') return merged
    switch (merged.value.kind) {
      case 'already': {
        const recorded = await recordLanding(this.#town, this.#request, merge.head)
        return recorded.kind === 'error' ? recorded : ok(null)
      }
      case 'conflict': {
        const { files, detail } = merged.value
        const evidence = conflictEvidence(merge, onto.value, files, detail)
        const reason = `conflicts with ${merge.target} in ${files.slice(0, 3).join(', ')}`
        const moved = this.#move('conflict', reason, { reason, evidence, executor: undefined })
        return moved.kind === 'error' ? moved : ok(null)
      }
      case 'clean': {
        const candidate = { commit: merged.value.commit, tree: merged.value.tree, onto: onto.value }
        // The queue branch names what is being tested, and keeps it from being collected.
        const ref = `refs/heads/gt/queue/${merge.target}`
        const before = await resolveCommit(this.#gitDir, ref)
        const expected = before.kind === 'ok' ? before.value : null
        const named = await compareAndSwapRef({ gitDir: this.#gitDir, ref, to: candidate.commit, expected })
        if (named.kind === 'error') return named
        const moved = this.#move('testing', `candidate ${candidate.commit.slice(0, 12)}`, { candidate })
        return moved.kind === 'error' ? moved : ok(candidate)
      }
    }
  }

  #test(candidate: Candidate): Promise<Result<Verdict>> {
    if (this.#rig.gates.length === 0) return Promise.resolve(ok(unverifiedVerdict(candidate.tree, this.#town.now())))
    return runGates(this.#town, this.#rig, { id: candidate.commit, tree: candidate.tree }, this.#signal)
  }

  async #land(candidate: Candidate, verdict: Verdict): Promise<Result<void>> {
    const { tail: _tail, reason: _reason, ...gate } = verdict
    const landing = this.#move('landing', `${gate.outcome}: landing exactly the tested commit`, { gate })
    if (landing.kind === 'error') return landing
    const { target } = this.#request.merge
    // Before the push, so that no landing is ever without a receipt; on a commit that does not land it harms nobody.
    const noted = await addNote({
      gitDir: this.#gitDir,
      commit: candidate.commit,
      text: receipt(this.#request, candidate, verdict),
    })
    if (noted.kind === 'error') return this.#hindered(noted.failure)
    const pushed = await publish({
      gitDir: this.#gitDir,
      branch: target,
      commit: candidate.commit,
      expected: candidate.onto,
    })
    if (pushed.kind === 'error') return this.#hindered(pushed.failure)
    switch (pushed.value.kind) {
      case 'moved':
        return this.#requeue(`${target} moved to ${pushed.value.now.slice(0, 12)} meanwhile`)
      case 'refused':
        return this.#refused(pushed.value.reason, pushed.value.local_changes === true)
      case 'landed':
        return recordLanding(this.#town, this.#request, candidate.commit)
    }
  }

  /** Is it the work, or was the target red before? Only ever computed, by running the target (pain B02). */
  async #red(candidate: Candidate, verdict: Verdict): Promise<Result<void>> {
    const tree = await treeOf(this.#gitDir, candidate.onto)
    if (tree.kind !== 'ok') return this.#couldNotRun('the tree of the target could not be read')
    const target = await runGates(this.#town, this.#rig, { id: candidate.onto, tree: tree.value }, this.#signal)
    if (this.#signal?.aborted) return this.#requeue('the driver was stopped')
    if (target.kind === 'error') return this.#hindered(target.failure)
    const { tail: _tail, reason: _reason, ...gate } = verdict
    if (target.value.outcome !== 'pass') {
      const reason = `${this.#request.merge.target} itself is red: ${target.value.reason}`
      const moved = this.#move('could_not_run', reason, { reason, gate, executor: undefined })
      return moved.kind === 'error' ? moved : tellPerson(this.#town, this.#request, 'red-target', reason)
    }
    const evidence = redEvidence(verdict)
    const moved = this.#move('red', verdict.reason, { reason: verdict.reason, evidence, gate, executor: undefined })
    return moved.kind === 'error' ? moved : ok(undefined)
  }

  /**
   * Something around the work failed. What passes by itself (no network, a busy remote) puts the entry back and is
   * answered as an error, so that the driver rests before it tries again; anything else is for a person.
   */
  #hindered(failure: Failure): Result<void> {
    if (failure.exit !== EXIT.tryAgain) return this.#couldNotRun(failure.message)
    const requeued = this.#requeue(failure.message)
    return requeued.kind === 'error' ? requeued : { kind: 'error', failure }
  }

  #couldNotRun(reason: string, verdict?: Verdict): Result<void> {
    const gate = verdict && { ...verdict, tail: undefined, reason: undefined }
    const note = { reason, executor: undefined, ...(gate !== undefined && { gate: JSON.parse(JSON.stringify(gate)) }) }
    const moved = this.#move('could_not_run', reason, note)
    if (moved.kind === 'error') return moved
    const text = `${this.#request.bead.id} could not be tested: ${reason} Mend that, then: gt mq retry ${this.#request.bead.id}`
    return tellPerson(this.#town, this.#request, 'could_not_run', text)
  }

  #refused(said: string, localChanges: boolean): Result<void> {
    const reason = localChanges
      ? `Your checkout at ${this.#rig.remote} has uncommitted changes in files that this landing changes (${said.slice(0, 200)}). They were not touched.`
      : `The remote refused the landing: ${said}`
    const moved = this.#move('held', reason, { reason, held_for: 'refused', executor: undefined, candidate: undefined })
    if (moved.kind === 'error') return moved
    const next = localChanges ? 'Commit them or put them aside' : 'Mend that'
    return tellPerson(
      this.#town,
      this.#request,
      'refused',
      `${reason} ${next}, then: gt mq retry ${this.#request.bead.id}`,
    )
  }

  #requeue(reason: string): Result<void> {
    const moved = this.#move('queued', reason, { executor: undefined, candidate: undefined })
    return moved.kind === 'error' ? moved : ok(undefined)
  }

  #move(to: MergeState, why: string, note: Note = {}): Result<MergeRequest> {
    const moved = move(this.#town, this.#request, to, why, note)
    if (moved.kind === 'ok') this.#request = moved.value
    return moved
  }
}

interface Candidate {
  commit: string
  tree: string
  onto: string
}

/** Landing without any gate, by the owner's recorded consent (`landing.unverified = true`). */
function unverifiedVerdict(tree: string, now: Date): Verdict {
  const at = now.toISOString()
  return { outcome: 'pass', command: '(no gate: landing.unverified = true)', tree, ms: 0, at, reason: '', tail: '' }
}

/** What `gt mq verify` recomputes: bead, worker, tree and gate of a landing. */
function receipt(request: MergeRequest, candidate: Candidate, verdict: Verdict): string {
  const { bead, worker, run, head, queued_at } = request.merge
  const { tail: _tail, reason: _reason, ...gate } = verdict
  return `${JSON.stringify({ v: 1, merge_request: request.bead.id, bead, worker, run, head, queued_at, ...candidate, gate })}\n`
}
