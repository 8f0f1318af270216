/**
 * The landing policy `pr`: an entry's head is pushed as a branch, a pull request stands for it, and people merge it on
 * the forge. The rig's own gate is not run before that: under `pr` the forge's checks and reviewers are the gate.
 *
 * Level-triggered and crash-only. Every look begins with what is there: the branch is moved by compare-and-swap, an open
 * pull request of the branch is found before one is made, and both are noted on the merge request and on the bead, so
 * that a later run of the bead comes to the same pull request. Killed in between, the next driver does the rest.
 *
 * Somebody else's push is never overwritten. One that contains our head is taken over as the head of the entry (a person
 * mended something on top of the work, and that is what will be merged); any other waits for a person.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { acquire, release } from '../beads/leases.ts'
import { look } from '../forge/pull-request.ts'
import { fetchRemote, isAncestor, resolveCommit, treeOf } from '../git/repository.ts'
import { trial } from '../git/trial.ts'
import type { MergeNote, MergeRequest } from '../kernel/merges.ts'
import { openMerges } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, ok } from '../result.ts'
import type { RigSettings } from '../town/settings.ts'
import { admission } from './admission.ts'
import { recordLanding, sourceOf } from './books.ts'
import { giveUp } from './landing.ts'
import type { GateLog } from './log.ts'
import { gateLogOf } from './log.ts'
import type { Entry } from './pull-books.ts'
import { hold, sendHome } from './pull-books.ts'
import { repoOf } from './pull-close.ts'
import type { Obstacle } from './pull-plan.ts'
import { AGAIN, lacksEvidence, movedAway, moveFor, noForge, noneYet, notePull, obstacle, openAnd } from './pull-plan.ts'
import { publishPull } from './pull-publish.ts'
import { conflictNote } from './unmergeable.ts'

/** An open pull request is looked at at most this often while one driver works the queue. */
const LOOK_MS = 30_000
const GH_MS = 30_000
/** Looks side by side: each is mostly waiting for the forge. */
const SIDE_BY_SIDE = 4

/** Whether an entry goes to the forge: to be opened, or to be looked at. */
export function isPull(rig: RigSettings, { bead, merge }: MergeRequest, work: Bead): boolean {
  const here = merge.state === 'queued' || (merge.state === 'held' && merge.held_for === 'pr')
  return here && admission(rig, { bead, merge }, work).is === 'pull-request'
}

/** Looks once at the open pull requests of these beads, unless a driver does already. Errors: as of `Pulls.turn`. */
export async function lookAtPulls(town: OpenTown, rigName: string, beads: string[]): Promise<Result<void>> {
  const rig = await town.rig(rigName)
  if (rig.kind === 'error') return rig
  const open = openMerges(town.ledger.state.beads.values(), rigName)
  if (!open.some(({ merge }) => merge.held_for === 'pr' && beads.includes(merge.bead))) return ok(undefined)
  const lease = acquire(town.ledger, `refinery:${rigName}`, `${rigName}/refinery`)
  if (lease.kind === 'error' || lease.value === null) return lease.kind === 'error' ? lease : ok(undefined)
  try {
    const looked = await new Pulls(town, rigName, gateLogOf(town, rigName)).turn(rig.value, beads)
    return looked.kind === 'error' ? looked : ok(undefined)
  } finally {
    release(lease.value)
  }
}

/** The entries of one rig that go to the forge, in the hand of the driver of its queue. */
export class Pulls {
  readonly #town: OpenTown
  readonly #gitDir: string
  readonly #log: GateLog
  readonly #looked = new Map<string, number>()

  constructor(town: OpenTown, name: string, log: GateLog) {
    this.#town = town
    this.#gitDir = town.paths.rig(name).repo
    this.#log = log
  }

  /**
   * Opens what is to be opened and looks at what is open; answers how many entries changed. A forge that does not answer
   * is no error: its entries wait, the others go on. Errors: a git remote that does not answer, a ledger that refuses.
   */
  async turn(rig: RigSettings, beads?: string[]): Promise<Result<number>> {
    const due = this.#due(rig, beads)
    if (due.length === 0) return ok(0)
    const fetched = await fetchRemote({ gitDir: this.#gitDir })
    if (fetched.kind === 'error') return fetched
    let changed = 0
    for (let at = 0; at < due.length; at += SIDE_BY_SIDE) {
      const some = due.slice(at, at + SIDE_BY_SIDE)
      for (const done of await Promise.all(some.map((entry) => this.#one(rig, entry)))) {
        if (done.kind === 'error') return done
        if (done.value) changed++
      }
    }
    return ok(changed)
  }

  #due(rig: RigSettings, beads: string[] | undefined): Entry[] {
    const due: Entry[] = []
    const now = performance.now()
    for (const request of openMerges(this.#town.ledger.state.beads.values(), rig.name)) {
      const bead = sourceOf(this.#town, request)?.bead
      if (bead === undefined || !isPull(rig, request, bead)) continue
      if (beads !== undefined && !beads.includes(bead.id)) continue
      const key = `${request.bead.id} ${request.merge.state} ${request.merge.head}`
      if (now - (this.#looked.get(key) ?? Number.NEGATIVE_INFINITY) < LOOK_MS) continue
      this.#looked.set(key, now)
      due.push({ request, bead })
    }
    return due
  }

  /** True when the entry changed. */
  async #one(rig: RigSettings, entry: Entry): Promise<Result<boolean>> {
    const { merge, bead } = entry.request
    const repo = repoOf(rig)
    if (repo === null) return this.#stuck(entry, noForge(rig.name, bead.id), noneYet)
    const forge = { repo, env: this.#town.env, timeoutMs: GH_MS }
    const { pr } = merge
    if (merge.state === 'held' && pr !== undefined && pr.head === merge.head) return this.#look(entry, forge)
    const mergeable = await this.#mergeable(entry)
    if (mergeable.kind === 'error' || mergeable.value !== 'yes') return changedBy(mergeable)
    const published = await publishPull(this.#gitDir, entry, forge)
    if (published.kind === 'error') return this.#stuck(entry, obstacle(published.failure, bead.id), noneYet)
    const now = published.value
    switch (now.is) {
      case 'open': {
        const reason = openAnd(now.pr, 'waiting for the forge')
        return hold(this.#town, entry, { reason, cause: null, note: { head: now.pr.head, pr: now.pr } })
      }
      case 'lacks': {
        const evidence = lacksEvidence(now.branch, now.theirs)
        const reason = `the branch ${now.branch} of its pull request holds commits that this work lacks`
        if (now.home)
          return sendHome(this.#town, this.#log, entry, 'conflict', {
            reason,
            evidence,
            returns: (merge.returns ?? 0) + 1,
          })
        const named = pr ?? facts(entry.bead).pr
        const text = movedAway(named, now.branch, now.theirs, merge, bead.id)
        return hold(this.#town, entry, { reason: text, cause: 'pr-head-moved' })
      }
      case 'unusable':
        return hold(this.#town, entry, { reason: now.reason, cause: 'pr-refused' })
    }
  }

  async #look(entry: Entry, forge: { repo: string; env: NodeJS.ProcessEnv }): Promise<Result<boolean>> {
    const { request } = entry
    const { bead, merge } = request
    const pr = merge.pr!
    const seen = await look({ ...forge, number: pr.number })
    if (seen.kind === 'error') {
      return this.#stuck(entry, obstacle(seen.failure, bead.id), (why) => openAnd(pr, why))
    }
    const move = moveFor(seen.value, merge, pr, bead.id)
    switch (move.do) {
      case 'verify':
        return this.#verify(entry, move.commit, move.head)
      case 'tell':
        return hold(this.#town, entry, { reason: move.reason, cause: move.cause })
      case 'head-moved':
        return this.#headMoved(entry, move.now)
      case 'home': {
        const returns = (merge.returns ?? 0) + 1
        const { rule, reason, evidence } = move
        return sendHome(this.#town, this.#log, entry, 'red', { rule, reason, evidence, returns, red_head: merge.head })
      }
      case 'note': {
        const mergeable = await this.#mergeable(entry)
        if (mergeable.kind === 'error' || mergeable.value !== 'yes') return changedBy(mergeable)
        return hold(this.#town, entry, { reason: move.reason, cause: null })
      }
    }
  }

  /** Whether the entry merges into the target as it is now; when it does not, or is in there already, it leaves. */
  async #mergeable({ request, bead }: Entry): Promise<Result<'yes' | 'left'>> {
    const { merge } = request
    const ref = `refs/remotes/origin/${merge.target}`
    const onto = await resolveCommit(this.#gitDir, ref)
    if (onto.kind === 'error') return onto
    if (onto.kind !== 'ok') return this.#gaveUp(request, `The remote has no branch ${merge.target}.`)
    const inside = await isAncestor(this.#gitDir, merge.head, onto.value)
    if (inside.kind === 'ok' && inside.value) return this.#landed(request, merge.head)
    const tried = await trial(this.#gitDir, onto.value, merge.head)
    if (tried.kind === 'error') return passes(tried.failure) ? tried : this.#gaveUp(request, tried.failure.message)
    if (tried.value.kind === 'conflict') {
      const { files, detail } = tried.value
      const sent = sendHome(
        this.#town,
        this.#log,
        { request, bead },
        'conflict',
        conflictNote(merge, onto.value, files, detail),
      )
      return sent.kind === 'error' ? sent : ok('left')
    }
    const tree = await treeOf(this.#gitDir, onto.value)
    // Squashed or replayed by somebody: nothing of it is missing.
    return tree.kind === 'ok' && tree.value === tried.value.tree ? this.#landed(request, onto.value) : ok('yes')
  }

  async #landed(request: MergeRequest, commit: string): Promise<Result<'left'>> {
    const recorded = await recordLanding(this.#town, request, { commit })
    return recorded.kind === 'error' ? recorded : ok('left')
  }

  #gaveUp(request: MergeRequest, reason: string): Result<'left'> {
    const given = giveUp(this.#town, request, reason)
    return given.kind === 'error' ? given : ok('left')
  }

  /** The forge says that it is merged: so it is once the commit, and every patch with it, is seen in the target. */
  async #verify(entry: Entry, commit: string | null, head: string): Promise<Result<boolean>> {
    const fetched = await fetchRemote({ gitDir: this.#gitDir })
    if (fetched.kind === 'error') return fetched
    let { request } = entry
    const { merge } = request
    if (head !== merge.head && (await this.#contains(head, merge.head))) {
      const adopted = hold(this.#town, entry, {
        reason: merge.reason ?? '',
        cause: null,
        note: this.#theirs(entry, head),
      })
      if (adopted.kind === 'error' || !adopted.value) return adopted
      request = { ...request, merge: { ...merge, head } }
    }
    const recorded = await recordLanding(this.#town, request, { commit: commit ?? request.merge.head, merged: true })
    if (recorded.kind === 'ok') return ok(true)
    if (recorded.failure.code !== 'E_NOT_LANDED') return recorded
    if (commit === null) {
      // Squashed, and the forge does not say as what: its patches decide.
      const tip = await resolveCommit(this.#gitDir, `refs/remotes/origin/${merge.target}`)
      const landed =
        tip.kind === 'ok' ? await recordLanding(this.#town, request, { commit: tip.value, merged: true }) : recorded
      return landed.kind === 'error' ? landed : ok(true)
    }
    const pr = merge.pr!
    const reason = `the forge says that pull request #${pr.number} is merged (${pr.url}), but ${commit.slice(0, 12)} is not in ${merge.target}; looked at again by itself`
    return hold(this.#town, entry, { reason, cause: null })
  }

  async #headMoved(entry: Entry, now: string): Promise<Result<boolean>> {
    const { merge, bead } = entry.request
    const pr = merge.pr!
    if (!(await this.#contains(now, merge.head))) {
      return hold(this.#town, entry, { reason: movedAway(pr, pr.branch, now, merge, bead.id), cause: 'pr-head-moved' })
    }
    const reason = openAnd(pr, `somebody pushed ${now.slice(0, 12)} on top, which counts from now on`)
    return hold(this.#town, entry, { reason, cause: null, note: this.#theirs(entry, now) })
  }

  #theirs({ request: { merge } }: Entry, head: string): MergeNote {
    return { head, pr: notePull(merge.pr, { ...merge.pr!, head, theirs: head }) }
  }

  /** Whether `whole`, as far as it was fetched, contains `part`. */
  async #contains(whole: string, part: string): Promise<boolean> {
    const found = await isAncestor(this.#gitDir, part, whole)
    return found.kind === 'ok' && found.value
  }

  /** What passes by itself is only said; for anything else a person is told, once. */
  #stuck(entry: Entry, { cause, reason }: Obstacle, say: (why: string) => string): Result<boolean> {
    const { merge } = entry.request
    // The words of a network differ at every try.
    const known = cause === null && merge.state === 'held' && merge.reason?.includes(AGAIN) === true
    return known ? ok(false) : hold(this.#town, entry, { reason: say(reason), cause: cause ?? undefined })
  }
}

const passes = (failure: Failure): boolean => failure.exit === EXIT.tryAgain || failure.exit === EXIT.missingProgram

function changedBy(result: Result<unknown>): Result<boolean> {
  if (result.kind === 'error') return result
  return ok(result.value === 'left')
}
