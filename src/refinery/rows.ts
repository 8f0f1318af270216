/**
 * Looks at a rig's queue and puts together what the plan needs: which entries stand in line for which target, merged
 * onto each other, with what is known of each tree. Reads the ledger, the repository and the log; changes nothing.
 */
import { ownEmail } from '../agents/environment.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { coAuthors, signatureOf } from '../git/authors.ts'
import { changedFiles } from '../git/merge.ts'
import { resolveCommit, treeOf } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { IN_HAND, mergeOf } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { RigSettings } from '../town/settings.ts'
import { alarmOf, isParked, isRepair } from './alarm.ts'
import type { Chain, Piece } from './chain.ts'
import { Weaver } from './chain.ts'
import { GateKeys } from './keys.ts'
import { lanesOf } from './lanes.ts'
import type { GateLog } from './log.ts'
import { commitMessage, trailersOf } from './messages.ts'
import type { Link, Row } from './plan.ts'
import { isFrozen } from './plan.ts'
import type { RedSet } from './suspects.ts'
import { openReds, suspectPrefix } from './suspects.ts'
import type { Verdict } from './verdict.ts'
import { UNGATED, verdictOf } from './verdict.ts'

/** A row, with what the executor has to know of it besides the plan. */
export interface Lane extends Row {
  target: string
  /** By id: every entry of the row, those too that could not be merged. */
  requests: Map<string, MergeRequest>
  conflicts: Chain['conflicts']
  already: string[]
  broken: Chain['broken']
  /** Entries that wait because the target is red. */
  parked: MergeRequest[]
  /** The open bead that stands for the red target. */
  alarm: Bead | undefined
}

/** Facts about entries that never change, kept between looks. */
export class Lookout {
  readonly #town: OpenTown
  readonly #rig: RigSettings
  readonly #log: GateLog
  readonly #gitDir: string
  readonly #weaver: Weaver
  readonly #keys: GateKeys
  readonly #files = new Map<string, string[]>()
  readonly #others = new Map<string, string[]>()

  constructor(town: OpenTown, rig: RigSettings, log: GateLog) {
    this.#town = town
    this.#rig = rig
    this.#log = log
    this.#gitDir = town.paths.rig(rig.name).repo
    this.#weaver = new Weaver(this.#gitDir)
    this.#keys = new GateKeys(this.#gitDir, rig)
  }

  /**
   * The rows of the rig. `line`: entries in order that nobody holds back; `parked`: those that wait for a red target;
   * `apart`: entries that are to be tested one by one.
   */
  async look(queue: {
    line: MergeRequest[]
    parked: MergeRequest[]
    apart: ReadonlySet<string>
  }): Promise<Result<Lane[]>> {
    const { line, parked } = queue
    const targets = [...new Set([...line, ...parked].map(({ merge }) => merge.target))]
    const lanes: Lane[] = []
    for (const target of targets) {
      const base = await this.#base(target)
      if (base.kind === 'error' && base.failure.code === 'E_NO_BRANCH') {
        lanes.push(nowhere(target, line, base.failure))
        continue
      }
      if (base.kind === 'error') return base
      const here = line.filter(({ merge }) => merge.target === target)
      const waiting = parked.filter(({ merge }) => merge.target === target)
      const alarm = alarmOf(this.#town.ledger.state.beads.values(), this.#rig.name, target)
      const common = { target, base: base.value, alarm }
      if (isFrozen({ base: base.value })) {
        const [repair] = here.filter((request) => isRepair(request, alarm))
        const lane = await this.#lane(`${target} (red)`, common, repair ? [repair] : [], queue)
        if (lane.kind === 'error') return lane
        for (const request of here) lane.value.requests.set(request.bead.id, request)
        lanes.push({ ...lane.value, parked: waiting, alarmed: true })
        continue
      }
      const withFiles = await this.#withFiles(here)
      if (withFiles.kind === 'error') return withFiles
      const groups = lanesOf(withFiles.value, this.#rig.gates)
      if (groups.length === 0) groups.push([])
      for (const [index, group] of groups.entries()) {
        const name = groups.length > 1 ? `${target} (lane ${index + 1})` : target
        const members = group.map(({ request }) => request)
        const lane = await this.#lane(name, common, members, queue)
        if (lane.kind === 'error') return lane
        const mine = index === 0 ? waiting : []
        lanes.push({ ...lane.value, parked: mine, alarmed: mine.length > 0 || (index === 0 && alarm !== undefined) })
      }
    }
    return ok(lanes)
  }

  async #base(target: string): Promise<Result<Row['base']>> {
    const ref = `refs/remotes/origin/${target}`
    const commit = await resolveCommit(this.#gitDir, ref)
    if (commit.kind === 'error') return commit
    if (commit.kind !== 'ok') return fail('E_NO_BRANCH', `The remote has no branch ${target}.`)
    const tree = await treeOf(this.#gitDir, commit.value)
    if (tree.kind === 'error') return tree
    if (tree.kind !== 'ok') return fail('E_NO_BRANCH', `The commit of ${target} cannot be read.`)
    const verdict = await this.#verdict(tree.value, 0)
    return verdict.kind === 'ok' ? ok({ commit: commit.value, tree: tree.value, verdict: verdict.value }) : verdict
  }

  async #lane(
    name: string,
    common: Pick<Lane, 'target' | 'base' | 'alarm'>,
    group: MergeRequest[],
    queue: { apart: ReadonlySet<string> },
  ): Promise<Result<Lane>> {
    const requests = new Map(group.map((request) => [request.bead.id, request]))
    const most = group[0] && queue.apart.has(group[0].bead.id) ? 1 : this.#rig.refinery.batch
    const reds = this.#reds(group)
    const asked = await Promise.all(group.slice(0, most).map((request) => this.#piece(request)))
    const pieces: Piece[] = []
    for (const piece of asked) {
      if (piece.kind === 'error') return piece
      pieces.push(piece.value)
    }
    const woven = await this.#weave(common.base, pieces, requests)
    if (woven.kind === 'error') return woven
    const { links, conflicts, already, broken } = woven.value
    const ids = links.map(({ id }) => id)
    const lone = suspectPrefix(ids, reds) === 1
    const spare = lone
      ? await this.#weave(
          common.base,
          pieces.filter(({ id }) => id !== ids[0]),
          requests,
        )
      : ok({ links: [] as Link[] })
    if (spare.kind === 'error') return spare
    return ok({
      ...common,
      name,
      links,
      reds,
      spare: spare.value.links,
      requests,
      conflicts,
      already,
      broken,
      parked: [],
      alarmed: false,
    })
  }

  async #weave(
    base: Row['base'],
    pieces: Piece[],
    requests: ReadonlyMap<string, MergeRequest>,
  ): Promise<Result<{ links: Link[] } & Pick<Chain, 'conflicts' | 'already' | 'broken'>>> {
    const chain = await this.#weaver.weave(base, pieces)
    if (chain.kind === 'error') return chain
    const links: Link[] = []
    // A red counts while everything in it is what was handed in last.
    let since = 0
    for (const link of chain.value.links) {
      since = Math.max(since, redsCountFrom(requests.get(link.id)!, this.#town.now()))
      const verdict = await this.#verdict(link.tree, since)
      if (verdict.kind === 'error') return verdict
      links.push({ ...link, verdict: verdict.value })
    }
    const { conflicts, already, broken } = chain.value
    return ok({ links, conflicts, already, broken })
  }

  async #verdict(tree: string, since: number): Promise<Result<Verdict>> {
    if (this.#rig.gates.length === 0) return ok(UNGATED)
    const keys = await this.#keys.of(tree)
    if (keys.kind === 'error') return keys
    const { shared } = this.#rig.refinery
    const found = (key: string) => this.#log.found(key).filter(({ by }) => shared || by?.endsWith('/refinery'))
    return ok(verdictOf(keys.value, found, since))
  }

  #reds(group: MergeRequest[]): RedSet[] {
    const waiting = new Map(
      group.map((request) => {
        const since = redsCountFrom(request, this.#town.now())
        return [request.bead.id, { head: request.merge.head, since }] as const
      }),
    )
    const landed = (id: string, head: string): boolean => {
      const merge = mergeOf(this.#town.ledger.state.beads.get(id))?.merge
      return merge?.state === 'landed' && merge.head === head
    }
    return openReds(this.#log.redRuns(), waiting, landed)
  }

  async #withFiles(group: MergeRequest[]): Promise<Result<{ request: MergeRequest; files: string[] }[]>> {
    // Files only matter where every gate names its own.
    const free = this.#rig.gates.length === 0 || this.#rig.gates.some((gate) => gate.paths === undefined)
    const found: { request: MergeRequest; files: string[] }[] = []
    for (const request of group) {
      const { base, head } = request.merge
      const known = free ? [] : this.#files.get(`${base} ${head}`)
      if (known !== undefined) {
        found.push({ request, files: known })
        continue
      }
      const files = await changedFiles(this.#gitDir, base, head)
      if (files.kind === 'error') return files
      const list = files.kind === 'ok' ? files.value : []
      this.#files.set(`${base} ${head}`, list)
      found.push({ request, files: list })
    }
    return ok(found)
  }

  async #piece({ bead: { id }, merge }: MergeRequest): Promise<Result<Piece>> {
    const bead = this.#town.ledger.state.beads.get(merge.bead)
    if (bead === undefined) return fail('E_NO_BEAD', `The bead ${merge.bead} of ${id} is gone.`)
    const author = signatureOf(merge.worker)
    const key = `${merge.base} ${merge.head}`
    let others = this.#others.get(key)
    if (others === undefined) {
      const besides = [author.email, ...workersOf(bead)]
      const found = await coAuthors({ gitDir: this.#gitDir, base: merge.base, head: merge.head, besides })
      if (found.kind === 'error') return found
      others = found.value
      this.#others.set(key, others)
    }
    const credit = { worker: merge.worker, run: merge.run, message: merge.message, coAuthors: others }
    return ok({
      id,
      head: merge.head,
      base: merge.base,
      message: commitMessage(bead, credit),
      trailers: trailersOf(bead, credit),
      author,
      // Work of many hands that was merged once already keeps its history, and so does the merge that mends it: as one
      // plain commit it would leave the branch in the same conflict.
      strategy: merge.run === undefined || facts(bead).mends !== undefined ? 'merge' : this.#rig.landing.strategy,
    })
  }
}

/** A target that is gone (an integration branch that somebody deleted) holds up nobody else's: its entries are given up. */
function nowhere(target: string, line: MergeRequest[], failure: Failure): Lane {
  const here = line.filter(({ merge }) => merge.target === target)
  return {
    name: target,
    target,
    base: { commit: '', tree: '', verdict: UNGATED },
    requests: new Map(here.map((request) => [request.bead.id, request])),
    broken: here.map(({ bead: { id } }) => ({ id, failure })),
    ...{ links: [], reds: [], spare: [], conflicts: [], already: [], parked: [] },
    alarm: undefined,
    alarmed: false,
  }
}

/** Addresses under which this bead's own workers commit: they are named as workers, not as co-authors. */
function workersOf(bead: Bead): string[] {
  const agents = Object.values(facts(bead).runs ?? {}).map((run) => run.agent)
  return agents.flatMap((agent) => [ownEmail(agent), signatureOf(agent).email])
}

/** When the work that waits was handed in, ms since the epoch. */
export const handedIn = ({ merge }: MergeRequest): number => Date.parse(merge.handed_in_at ?? merge.queued_at)

/**
 * From when on reds count against the work that waits. An hour that is still to come was written before the clock was set
 * back: until then no red would ever count, and the gate would run on the same tree again and again. So all of them do.
 */
export function redsCountFrom(request: MergeRequest, now: Date): number {
  const at = handedIn(request)
  return at <= now.getTime() ? at : 0
}

/**
 * Entries that stand in line, in order: queued, or in this driver's own hand. What is under test keeps its place before
 * what only came since, or every arrival of a higher priority would void a run; only what is urgent goes first.
 */
export function inLine(requests: MergeRequest[]): MergeRequest[] {
  const waiting = requests.filter(
    ({ merge }) => merge.state === 'queued' || (IN_HAND.has(merge.state) && merge.state !== 'landing'),
  )
  const rank = ({ bead, merge }: MergeRequest): number => (bead.priority === 0 ? 0 : merge.state === 'testing' ? 1 : 2)
  return waiting.sort((a, b) => rank(a) - rank(b))
}

export const parkedOf = (requests: MergeRequest[]): MergeRequest[] => requests.filter(isParked)
