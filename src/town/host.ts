/**
 * What the machine has to give: load, memory, room on the town's disk, and how often its kernel ended something for want
 * of memory. Read at each pass of the driver, so it is a few small files (about 0.1 ms together on Linux). Nothing is
 * decided here (kernel/host.ts).
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, statfsSync } from 'node:fs'
import { cpus, freemem, loadavg, platform } from 'node:os'
import { dirname, join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, messageOf, ok, unknown } from '../result.ts'

export interface HostReadings {
  /** Load average of the last minute, of the whole machine. */
  load1: Read<number>
  /** Processors of the whole machine, since its load counts everything that runs there. */
  cores: Read<number>
  /** What new processes may take before the system swaps or kills: within the machine, and within our own cgroup. */
  memoryFreeBytes: Read<number>
  /** Room on the disk of the town, for whoever is not root. */
  diskFreeBytes: Read<number>
  /** Processes that the kernel killed for want of memory since the boot. `empty`: this system does not count them. */
  oomKills: Read<number>
}

/** Where the kernel shows itself; other places only in tests. */
export interface KernelFiles {
  proc: string
  cgroups: string
}

const KERNEL: KernelFiles = { proc: '/proc', cgroups: '/sys/fs/cgroup' }

/** All readings of this moment. Never throws; what the system does not say is `unknown`. */
export function readHost(root: string, files: KernelFiles = KERNEL): HostReadings {
  return {
    // Windows has none, and Node says 0 there.
    load1: reading('the load', () => (platform() === 'win32' ? undefined : loadavg()[0])),
    cores: reading('the number of processors', coreCount),
    memoryFreeBytes: reading('the free memory', () => freeMemory(files)),
    diskFreeBytes: reading('the room on the disk', () => {
      const disk = statfsSync(root)
      return disk.bavail * disk.bsize
    }),
    oomKills: oomKills(files),
  }
}

function reading(what: string, read: () => number | undefined): Read<number> {
  try {
    const value = read()
    return value === undefined || !Number.isFinite(value) ? unknown(`the system does not tell ${what}`) : ok(value)
  } catch (error) {
    return unknown(`${what} could not be read: ${messageOf(error)}`)
  }
}

let cores: number | undefined
/** Once: it costs milliseconds on a machine with many. */
function coreCount(): number | undefined {
  cores ??= cpus().length
  return cores > 0 ? cores : undefined
}

function freeMemory(files: KernelFiles): number | undefined {
  if (platform() === 'darwin') return vmStatFree()
  if (platform() !== 'linux') return freemem()
  const machine = parseMemAvailable(readFileSync(join(files.proc, 'meminfo'), 'utf8'))
  const ours = cgroupFree(files)
  return machine === undefined ? ours : Math.min(machine, ours ?? Number.POSITIVE_INFINITY)
}

/** `MemAvailable` of /proc/meminfo in bytes: the kernel's own estimate of what can be had without swapping (proc(5)). */
export function parseMemAvailable(meminfo: string): number | undefined {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** The least that our cgroup (version 2) and those around it leave us; `undefined`: no limit, or not to be told. */
function cgroupFree(files: KernelFiles): number | undefined {
  const own = /^0::(\/.*)$/m.exec(textOf(join(files.proc, 'self', 'cgroup')) ?? '')?.[1]
  // A path with `..` lies outside what this namespace shows.
  if (own === undefined || own.split('/').includes('..')) return undefined
  let least: number | undefined
  for (let at = own; ; at = dirname(at)) {
    const free = freeWithin(join(files.cgroups, at))
    if (free !== undefined) least = Math.min(free, least ?? free)
    if (at === '/') return least
  }
}

/** What one cgroup leaves: its limit less what is used; file pages nobody used lately do not count, they are given up first. */
function freeWithin(folder: string): number | undefined {
  const limit = Number(textOf(join(folder, 'memory.max')) || Number.NaN) // `max`: none.
  const used = Number(textOf(join(folder, 'memory.current')) || Number.NaN)
  if (!Number.isFinite(limit) || !Number.isFinite(used)) return undefined
  const idle = /^inactive_file (\d+)$/m.exec(textOf(join(folder, 'memory.stat')) ?? '')?.[1] ?? '0'
  return Math.max(0, limit - Math.max(0, used - Number(idle)))
}

const VM_STAT_MS = 10_000
let vmStat: { at: number; free: number | undefined } | undefined

/**
 * macOS keeps next to nothing free, so what os.freemem() says there would hold a town for ever. `vm_stat` also tells
 * what can be had at once; a process for it, at most every ten seconds.
 */
function vmStatFree(): number | undefined {
  if (vmStat === undefined || Date.now() - vmStat.at > VM_STAT_MS) {
    const text = execFileSync('vm_stat', { encoding: 'utf8', timeout: 2_000 })
    vmStat = { at: Date.now(), free: parseVmStat(text) }
  }
  return vmStat.free
}

/** Bytes of `vm_stat` (macOS) that are free, inactive, speculative or purgeable. */
export function parseVmStat(text: string): number | undefined {
  const page = Number(/page size of (\d+) bytes/.exec(text)?.[1] ?? Number.NaN)
  const counts = ['free', 'inactive', 'speculative', 'purgeable'].map((name) =>
    Number(new RegExp(`^Pages ${name}:\\s+(\\d+)\\.`, 'm').exec(text)?.[1] ?? Number.NaN),
  )
  const free = counts.reduce((sum, count) => sum + count, 0) * page
  return Number.isFinite(free) ? free : undefined
}

/** How many processes the kernel killed for want of memory since the boot; two looks tell whether it did meanwhile. */
export function oomKills(files: KernelFiles = KERNEL): Read<number> {
  if (platform() !== 'linux') return empty
  return reading('what was killed for want of memory', () => {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync(join(files.proc, 'vmstat'), 'utf8'))?.[1]
    return count === undefined ? undefined : Number(count)
  })
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined // No such limit here, or not for us to see: the machine's own figure stands.
  }
}
