/** kill -9: the driver, tmux's server, an agent, an agent in the middle of a commit, a `gt done`. */
import { basename } from 'node:path'
import { isRunning } from '../../town/processes.ts'
import type { Fault } from '../fault.ts'
import { activeRuns, always, lookFor, onLinux, shortName, workingRuns } from '../fault.ts'
import { find, ofRun, signal } from '../sight.ts'

/** How long a commit or a `gt done` is waited for: they take a tenth of a second, and come every few seconds. */
const WAIT_MS = 3_000
/** A `gt done` is killed at most so long after it was seen: it takes about that long. */
const DONE_MS = 250

export const driver: Fault = {
  kind: 'driver',
  title: 'kill -9 the daemon (or who drives)',
  missing: always,
  async strike({ town }) {
    town.ledger.refresh()
    const holder = town.ledger.state.leases.get('deacon')
    if (holder === undefined) return null
    const alive = isRunning(holder)
    if (alive.kind !== 'ok' || !alive.value || !signal(holder.pid, 'SIGKILL')) return null
    const daemon = town.ledger.state.leases.get('daemon')?.pid === holder.pid
    return {
      at: Date.now(),
      what: `${daemon ? 'the daemon' : 'a waiting sling'}, pid ${holder.pid}`,
      driver: holder.pid,
    }
  },
}

export const tmux: Fault = {
  kind: 'tmux',
  title: 'kill -9 tmux’s server',
  missing: always,
  async strike({ town }) {
    const pid = town.tmuxServer()
    if (pid === undefined) return null
    const killed = activeRuns(town).filter((run) => run.process !== undefined)
    if (!signal(pid, 'SIGKILL')) return null
    const what = `pid ${pid}, under ${killed.length} agents`
    return { at: Date.now(), what, killed: killed.map((run) => run.fence) }
  },
}

export const agent: Fault = {
  kind: 'agent',
  title: 'kill -9 an agent',
  missing: always,
  async strike({ town, rng }) {
    const run = rng.pick(workingRuns(town))
    if (run === undefined) return null
    const alive = isRunning(run.process)
    if (alive.kind !== 'ok' || !alive.value || !signal(run.process.pid, 'SIGKILL')) return null
    return { at: Date.now(), what: `${shortName(run)}, run ${run.fence}`, killed: [run.fence] }
  },
}

export const commit: Fault = {
  kind: 'commit',
  title: 'kill -9 an agent in mid-commit',
  missing: onLinux,
  async strike(scene) {
    const { town, rng } = scene
    const isCommit = (argv: string[]): boolean => basename(argv[0] ?? '') === 'git' && argv.includes('commit')
    const caught = await lookFor(scene, WAIT_MS, () => {
      const working = new Set(workingRuns(town).map((run) => run.fence))
      return rng.pick(find(town.home, isCommit).filter(({ run }) => run !== undefined && working.has(run)))
    })
    if (caught?.run === undefined) return null
    const pids = ofRun(town.home, caught.run)
    // The commit first: it must not get to its end while its agent dies.
    const hit = [caught.pid, ...pids.filter((pid) => pid !== caught.pid)].filter((pid) => signal(pid, 'SIGKILL'))
    // The commit may have ended when it was to be killed; its agent was killed all the same.
    const when = hit.includes(caught.pid) ? `${hit.length} processes` : 'just after its commit'
    return { at: Date.now(), what: `run ${caught.run}, ${when}`, killed: [caught.run] }
  },
}

export const done: Fault = {
  kind: 'done',
  title: 'kill -9 `gt done`',
  missing: onLinux,
  async strike(scene) {
    const { town, rng } = scene
    const isDone = (argv: string[]): boolean => argv[2] === 'done' && basename(argv[1] ?? '') === 'gt.js'
    const caught = await lookFor(scene, WAIT_MS, () => {
      const [first] = find(town.home, isDone)
      // Not that of a run that is over: another fault may be just speaking for it.
      return first !== undefined && activeRuns(town).some(({ fence }) => fence === first.run) ? first : undefined
    })
    if (caught?.run === undefined) return null
    await scene.pause(rng.int(0, DONE_MS))
    if (!signal(caught.pid, 'SIGKILL')) return null
    return { at: Date.now(), what: `of run ${caught.run}`, run: caught.run }
  },
}
