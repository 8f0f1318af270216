/**
 * Whether something new may start on this machine now: the hold, then load, memory and disk. Pure. What runs already is
 * never touched by it. Only `closedBecause` looks.
 */
import type { Read } from '../result.ts'
import { unreachable } from '../result.ts'
import type { Hold } from '../town/hold.ts'
import { holdWords, readHold } from '../town/hold.ts'
import type { HostReadings } from '../town/host.ts'
import { readHost } from '../town/host.ts'
import type { TownSettings } from '../town/settings.ts'

export type HostVerdict =
  | { is: 'open' }
  /** `why` is a whole sentence for people, with what to type. */
  | { is: 'closed'; why: string }

const MB = 1024 * 1024

/**
 * @param limits `host` of the settings; 0 switches a limit off
 *
 * A reading that is unknown closes nothing: the limits are a courtesy to the machine, whose harm is slowness, and a
 * system that does not tell its load must not keep a town from working at all. A hold is somebody's word, so where it
 * cannot be told whether there is one, nothing starts.
 */
export function hostSays(readings: HostReadings, limits: TownSettings['host'], hold: Read<Hold>): HostVerdict {
  switch (hold.kind) {
    case 'ok':
      return { is: 'closed', why: `The town is held: ${holdWords(hold.value)}. To go on: gt thaw` }
    case 'unknown':
      return { is: 'closed', why: `It cannot be told whether the town is held: ${hold.why}.` }
    case 'error':
      return { is: 'closed', why: `It cannot be told whether the town is held: ${hold.failure.message}` }
    case 'empty':
      break
    default:
      unreachable(hold)
  }
  const short = [overload(readings, limits), ...wants(readings, limits)].filter((one) => one !== undefined)
  if (short.length === 0) return { is: 'open' }
  const what = short.map(({ text }) => text).join('; ')
  const keys = short.map(({ key }) => `gt config set host.${key} <n>`).join(', ')
  return {
    is: 'closed',
    why: `This machine is busy: ${what}. It passes by itself; to allow more: ${keys} (0: no limit)`,
  }
}

/** The same for a town, as it is now; null: something may start. */
export function closedBecause(
  { root, settings }: { root: string; settings: Pick<TownSettings, 'host'> },
  hold: Read<Hold> = readHold(root),
): string | null {
  const says = hostSays(readHost(root), settings.host, hold)
  return says.is === 'open' ? null : says.why
}

interface Short {
  key: keyof TownSettings['host']
  text: string
}

function overload({ load1, cores }: HostReadings, { max_load }: TownSettings['host']): Short | undefined {
  if (max_load === 0 || load1.kind !== 'ok' || cores.kind !== 'ok') return undefined
  const each = load1.value / cores.value
  if (each <= max_load) return undefined
  const on = cores.value === 1 ? '1 core' : `${cores.value} cores`
  return {
    key: 'max_load',
    text: `its load is ${round(load1.value)} on ${on}, ${round(each)} for each of ${max_load} allowed`,
  }
}

function wants({ memoryFreeBytes, diskFreeBytes }: HostReadings, limits: TownSettings['host']): (Short | undefined)[] {
  const room = (read: Read<number>, key: 'min_memory_mb' | 'min_disk_mb', what: string): Short | undefined => {
    if (limits[key] === 0 || read.kind !== 'ok' || read.value >= limits[key] * MB) return undefined
    return { key, text: `${Math.floor(read.value / MB)} MB of ${what} are free of ${limits[key]} wanted` }
  }
  return [room(memoryFreeBytes, 'min_memory_mb', 'memory'), room(diskFreeBytes, 'min_disk_mb', 'disk')]
}

const round = (load: number): number => Math.round(load * 10) / 10
