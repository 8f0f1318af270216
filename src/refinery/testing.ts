/** Gate runs under way: one a slot, each with the entries that are in it. */
import { join } from 'node:path'
import { compareAndSwapRef } from '../git/land.ts'
import { resolveCommit } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Err, Result } from '../result.ts'
import { ok } from '../result.ts'
import { self } from '../town/processes.ts'
import type { RigSettings } from '../town/settings.ts'
import { moveTogether, noteTests } from './books.ts'
import type { GateRunEnd } from './gate.ts'
import { runGates } from './gate.ts'
import type { GateLog } from './log.ts'
import type { Action, Running } from './plan.ts'
import type { Lane } from './rows.ts'

type Test = Extract<Action, { do: 'test' }>

interface Run extends Running {
  /** From 1; 0 when it is over and only waits to be noted. */
  slot: number
  members: MergeRequest[]
  started: number
  stop: AbortController
  over: Promise<void>
  end?: Result<GateRunEnd>
}

/** A run that could not be carried out at all, and the entries that were in it. */
interface Broken {
  members: MergeRequest[]
  end: Err
}

export class TestRuns {
  readonly #town: OpenTown
  readonly #log: GateLog
  readonly #wake: () => void
  readonly #runs = new Map<string, Run>()
  #count = 0

  /** `wake` is called when a run ended. */
  constructor(town: OpenTown, log: GateLog, wake: () => void) {
    this.#town = town
    this.#log = log
    this.#wake = wake
  }

  get running(): Running[] {
    return [...this.#runs.values()]
  }

  /** Takes the entries in hand and starts their run. False: one of them was taken back first. */
  async begin(rig: RigSettings, lane: Lane, test: Test): Promise<Result<boolean>> {
    const members = test.ids.map((id) => lane.requests.get(id)!)
    const taken = this.#take(members, lane, test)
    if (taken.kind === 'error' || !taken.value) return taken
    const gitDir = this.#town.paths.rig(rig.name).repo
    if (members.length > 0) await nameCandidate(gitDir, lane.target, test.commit)
    const slot = this.#freeSlot()
    const stop = new AbortController()
    const id = `${this.#town.now().getTime().toString(36)}-${process.pid.toString(36)}-${++this.#count}`
    const run: Run = {
      run: id,
      tree: test.tree,
      keys: test.gates.map(({ key }) => key),
      ids: test.ids,
      slot,
      members,
      started: performance.now(),
      stop,
      over: Promise.resolve(),
    }
    run.over = runGates(this.#town, this.#log, {
      rig,
      id,
      commit: test.commit,
      tree: test.tree,
      gates: test.gates,
      slot: join(this.#town.paths.rig(rig.name).refinery, `slot-${slot}`),
      by: `${rig.name}/refinery`,
      signal: stop.signal,
      ...(members.length > 0 && { members: members.map(({ bead, merge }) => ({ id: bead.id, head: merge.head })) }),
    }).then((end) => {
      run.end = end
      this.#wake()
    })
    this.#runs.set(id, run)
    return ok(true)
  }

  #take(members: MergeRequest[], lane: Lane, test: Test): Result<boolean> {
    const fresh = members.filter(({ merge }) => merge.state === 'queued')
    const taken = fresh.map((request) => ({ request, note: { executor: self(), reason: undefined } }))
    const building = moveTogether(this.#town, taken, 'building', `merged onto each other, ${members.length} in all`)
    if (building.kind === 'error' || !building.value) return building
    const entering = members.filter(({ merge }) => merge.state !== 'testing')
    const candidate = { commit: test.commit, tree: test.tree, onto: lane.base.commit }
    const steps = entering.map((request) => ({ request, note: { executor: self(), candidate } }))
    return moveTogether(this.#town, steps, 'testing', `candidate ${test.commit.slice(0, 12)}: ${test.why}`)
  }

  #freeSlot(): number {
    const used = new Set([...this.#runs.values()].map(({ slot }) => slot))
    let slot = 1
    while (used.has(slot)) slot++
    return slot
  }

  /**
   * Takes finished runs out and notes them with their entries. Answers how many there were, and those that could not be
   * carried out at all (no slot, no disk), with their entries.
   */
  reap(): Result<{ count: number; broken: Broken[] }> {
    const broken: Broken[] = []
    let count = 0
    for (const run of [...this.#runs.values()]) {
      if (run.end === undefined) continue
      this.#runs.delete(run.run)
      count++
      if (run.end.kind === 'error') {
        broken.push({ members: run.members, end: run.end })
        continue
      }
      if (run.end.value.is === 'stopped') continue
      const { outcome, text } = run.end.value
      const at = this.#town.now().toISOString()
      const reason = outcome === 'pass' ? {} : { reason: text }
      const test = { at, tree: run.tree, outcome, ms: Math.round(performance.now() - run.started), ...reason }
      const noted = noteTests(this.#town, run.members, test)
      if (noted.kind === 'error') return noted
    }
    return ok({ count, broken })
  }

  /** Ends one run; nothing of it is written. */
  async stop(id: string): Promise<void> {
    const run = this.#runs.get(id)
    if (run === undefined) return
    run.stop.abort()
    await run.over
    // One that ended by itself before it heard of this has a result, to be noted.
    if (run.end?.kind === 'ok' && run.end.value.is === 'stopped') this.#runs.delete(id)
    else run.slot = 0
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#runs.keys()].map((id) => this.stop(id)))
  }
}

/** The queue branch names what is being tested, and keeps it from being collected. */
export async function nameCandidate(gitDir: string, target: string, commit: string): Promise<void> {
  const ref = `refs/heads/gt/queue/${target}`
  const before = await resolveCommit(gitDir, ref)
  // Only a name: should somebody else set it at this moment, the commit is still what it is.
  await compareAndSwapRef({ gitDir, ref, to: commit, expected: before.kind === 'ok' ? before.value : null })
}
