/** The daemon as a process: started detached, known by its lease, stopped by proof of its pid and start time. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownNames } from '../agents/environment.ts'
import type { Driver } from '../attention/waiting.ts'
import { commitLedger } from '../beads/git.ts'
import { acquire, release } from '../beads/leases.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { readHold } from '../town/hold.ts'
import { openLog } from '../town/log.ts'
import type { ProcessId } from '../town/processes.ts'
import { isRunning, isStopped } from '../town/processes.ts'

/** Held by the daemon for as long as it lives. The lease `deacon` is held by whoever drives at the moment. */
const DAEMON = 'daemon'
const START_MS = 15_000
const STOP_MS = 15_000
const LOOK_MS = 30

/** The process that holds a lease, when it certainly (or possibly) still runs. */
function holder(town: OpenTown, lease: string): ProcessId | undefined {
  const held = town.ledger.state.leases.get(lease)
  if (held === undefined) return undefined
  const alive = isRunning(held)
  return alive.kind === 'ok' && !alive.value ? undefined : held
}

/** The running daemon, if there is one. */
export const daemonProcess = (town: OpenTown): ProcessId | undefined => holder(town, DAEMON)

/** Whether anybody keeps the town going: the daemon, or a waiting `gt sling`. */
export const driverAlive = (town: OpenTown): boolean =>
  daemonProcess(town) !== undefined || holder(town, 'deacon') !== undefined

/** Starts the daemon unless it runs; answers its process once it holds its lease. */
export async function startDaemon(town: OpenTown): Promise<Result<{ process: ProcessId; started: boolean }>> {
  const running = daemonProcess(town)
  if (running !== undefined) return ok({ process: running, started: false })
  mkdirSync(town.paths.logs, { recursive: true })
  const output = join(town.paths.logs, 'deacon.out')
  const fd = openSync(output, 'w')
  const own = ownNames(town.env)
  const agents = /^(GT_(RUN|BEAD|ROLE|AGENT|RIG|SESSION|OWN_ENV)|TMUX(_PANE)?)$/
  const env = Object.fromEntries(Object.entries(town.env).filter(([name]) => !agents.test(name) && !own.has(name)))
  const child = spawn(process.execPath, [town.gtBin, 'deacon', 'run'], {
    cwd: town.root,
    env: { ...env, GT_TOWN: town.root },
    stdio: ['ignore', fd, fd],
    detached: true,
  })
  closeSync(fd)
  let ended: string | undefined
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit code ${code}`
  })
  child.once('error', (error) => {
    ended = error.message
  })
  child.unref()
  const deadline = performance.now() + START_MS
  while (performance.now() < deadline && ended === undefined) {
    town.ledger.refresh()
    const now = daemonProcess(town)
    if (now !== undefined) return ok({ process: now, started: true })
    await pause()
  }
  const said = readFileSync(output, 'utf8').trim().slice(-1000)
  return fail(
    'E_DAEMON',
    `The daemon did not start (${ended ?? 'it took too long'}).${said ? ` It said:\n${said}` : ''}`,
    {
      hint: 'gt deacon run   runs it in the foreground',
    },
  )
}

/** The processes that hold the daemon's and the driver's lease now, this one left out. */
export function driversOf(town: OpenTown): ProcessId[] {
  const found = [daemonProcess(town), holder(town, 'deacon')].filter((one) => one !== undefined)
  return found.filter(({ pid }, n) => pid !== process.pid && found.findIndex((one) => one.pid === pid) === n)
}

/**
 * Drivers that a signal holds where they stand (Ctrl-Z in a `gt sling --wait`): they live, so nobody takes over, and nothing is
 * driven. None in a town that is frozen: there it is meant.
 */
function stoppedDrivers(town: OpenTown): ProcessId[] {
  const hold = readHold(town.root)
  return hold.kind === 'ok' && hold.value.frozen ? [] : driversOf(town).filter(isStopped)
}

/** What is seen of who drives. */
export function driverSeen(town: OpenTown): Driver {
  const [stopped] = stoppedDrivers(town)
  if (stopped !== undefined) return { is: 'stopped', pid: stopped.pid }
  return { is: driverAlive(town) ? 'alive' : 'none' }
}

/** Lets drivers go on that a signal holds; answers their pids. */
export function continueDrivers(town: OpenTown): number[] {
  return stoppedDrivers(town).flatMap(({ pid }) => {
    try {
      process.kill(pid, 'SIGCONT')
      return [pid]
    } catch {
      return [] // It ended meanwhile, or is another user's.
    }
  })
}

/**
 * Ends the daemon and every other driver of this town, by proof; ok when there was none. `seen`: drivers from before they were
 * told to end; one that has given its lease back since may still be on its way out.
 */
export async function stopDrivers(town: OpenTown, seen: readonly ProcessId[] = []): Promise<Result<number>> {
  let stopped = 0
  for (const target of seen) {
    if (!(await endProcess(target))) return stays(target)
    stopped++
  }
  // A driver that ends may hand over to a waiting one, so look again until there is none.
  for (let turn = 0; turn < 50; turn++) {
    const read = town.ledger.refresh()
    if (read.kind === 'error') return read
    const target = daemonProcess(town) ?? holder(town, 'deacon')
    if (target === undefined || target.pid === process.pid) return ok(stopped)
    if (!(await endProcess(target))) return stays(target)
    stopped++
  }
  return fail('E_DAEMON', 'New drivers keep coming up.', { hint: 'stop what calls gt sling --wait, then: gt down' })
}

const stays = ({ pid }: ProcessId): Result<never> =>
  fail('E_DAEMON', `Process ${pid} does not end.`, { hint: `kill -9 ${pid}` })

/** TERM, then KILL; true once this very process is gone. */
async function endProcess(target: ProcessId): Promise<boolean> {
  for (const [signal, ms] of [
    ['SIGTERM', STOP_MS],
    ['SIGKILL', 2_000],
  ] as const) {
    try {
      process.kill(target.pid, signal)
      // One that is frozen (a sling --wait inside an agent) would not hear it.
      process.kill(target.pid, 'SIGCONT')
    } catch {
      return true
    }
    const deadline = performance.now() + ms
    while (performance.now() < deadline) {
      const alive = isRunning(target)
      if (alive.kind === 'ok' && !alive.value) return true
      await pause()
    }
  }
  return false
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_MS))

/** Body of `gt deacon run`: drives the town until it is told to stop or the town's folder is gone. */
export async function runDaemon(town: OpenTown, signal: AbortSignal): Promise<Result<void>> {
  const lease = acquire(town.ledger, DAEMON, 'deacon')
  if (lease.kind === 'error') return lease
  if (lease.value === null) {
    return fail('E_DAEMON', `The daemon runs already (pid ${daemonProcess(town)?.pid}).`, { hint: 'gt deacon status' })
  }
  // Only here: whoever merely asks whether a daemon runs need not load what it does.
  const [{ drive, lineOf }, { keyOf }] = await Promise.all([import('./drive.ts'), import('./actions.ts')])
  const log = await openLog(town, 'deacon')
  log.info({ pid: process.pid }, 'the Deacon is up')
  const wakeOn = await settingsWatch(town)
  try {
    return await drive(town, {
      signal,
      wakeOn,
      chores: true,
      until: () => !existsSync(town.paths.toml),
      onAction: (action, result) => {
        if (result.kind === 'error') log.warn({ action: keyOf(action) }, lineOf(result.failure))
        else if (result.value) log.info({ action: keyOf(action) }, 'done')
      },
      onQuiet: async () => {
        const committed = await commitLedger(town.ledger)
        if (committed.kind === 'error') log.warn(lineOf(committed.failure))
      },
    })
  } finally {
    if (existsSync(town.paths.toml)) release(lease.value)
    log.info('the Deacon is down')
  }
}

/** Wakes the loop when somebody edits town.toml or a rig.toml by hand, or the town's folder goes away. */
async function settingsWatch(town: OpenTown): Promise<(wake: () => void) => () => void> {
  const { watch } = await import('chokidar')
  return (wake) => {
    const watcher = watch(town.root, {
      ignoreInitial: true,
      depth: 1,
      ignored: (path, stats) =>
        stats?.isFile()
          ? !/[/\\]((town|rig)\.toml|hold)$/.test(path)
          : /[/\\](\.beads|\.gt|mayor|polecats|crew|refinery|repo\.git)$/.test(path),
    })
    watcher.on('all', wake).on('error', () => {}) // The heartbeat notices what the watcher cannot.
    return () => void watcher.close()
  }
}
