/** The way of one merge request: build the candidate, test it, land exactly what was tested (design section 8). */

import type { MergeState } from '../beads/facts.ts'
import { compareAndSwapRef, publish } from '../git/land.ts'
import { mergeCandidate } from '../git/merge.ts'
import { addNote } from '../git/notes.ts'
import { fetchRemote, resolveCommit, treeOf } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { self } from '../town/processes.ts'
import type { RigSettings } from '../town/settings.ts'
import type { Note } from './books.ts'
import { move, recordLanding, sourceOf, tellPerson } from './books.ts'
import type { Verdict } from './gate.ts'
import { runGates } from './gate.ts'
import { commitMessage, conflictEvidence, redEvidence } from './messages.ts'

/** One entry from queued to landed, returned or held. */
export class Merge {
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
      case 'flaky':
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
      mode: this.#rig.landing.strategy === 'squash' ? 'squash' : 'merge',
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
