/** What happens around a town: its disk is full, the clock is moved, files of `.gt/` are gone, a write was cut short. */
import { appendFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { logPath, numbers } from '../../beads/journal.ts'
import { paths } from '../../town/paths.ts'
import type { Fault } from '../fault.ts'
import { always } from '../fault.ts'

const HOUR_MS = 3_600_000

export const disk: Fault = {
  kind: 'disk',
  title: 'fill the disk',
  missing: (town) => (town.disk === null ? 'needs root and a tmpfs to mount' : null),
  async strike({ town, rng, pause }) {
    const ms = rng.int(500, 2_000)
    if (town.disk === null || !town.disk.fill()) return null
    const at = Date.now()
    try {
      await pause(ms)
    } finally {
      town.disk.free()
    }
    const until = Date.now()
    return { at, until, what: `for ${until - at} ms` }
  },
}

export const clock: Fault = {
  kind: 'clock',
  title: 'move the clock by an hour, and back',
  missing: always,
  async strike({ town, rng, pause }) {
    const forward = rng.chance(0.5)
    const ms = rng.int(500, 2_000)
    town.clock.setWrong(forward ? HOUR_MS : -HOUR_MS)
    const at = Date.now()
    try {
      await pause(ms)
    } finally {
      town.clock.setWrong(0)
    }
    const until = Date.now()
    return { at, until, what: `${forward ? 'forward' : 'back'} for ${until - at} ms` }
  },
}

export const runtime: Fault = {
  kind: 'runtime',
  title: 'delete files of .gt/',
  missing: always,
  async strike({ town, rng }) {
    const { runtime: folder } = paths(town)
    const share = 0.2 + 0.8 * rng.next()
    const gone = safeToLose(folder).filter(() => rng.chance(share))
    for (const path of gone) rmSync(path, { force: true })
    if (gone.length === 0) return null
    const names = [...new Set(gone.map((path) => relative(folder, path).replace(/^runs\/[^/]+/, 'runs/…')))]
    return { at: Date.now(), what: `${gone.length}: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ' …' : ''}` }
  },
}

/**
 * Files that somebody only looks at. An agent at work uses its own `bin/gt`, task and settings, as a program uses its
 * libraries: whoever takes those away breaks the agent, not the town.
 */
function safeToLose(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/^(?:runs|agents)\/[^/]+\/(?!beat$|failure\.json$)/.test(name))
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
  } catch {
    return [] // A folder went away while we read: next time.
  }
}

export const torn: Fault = {
  kind: 'torn',
  title: 'a torn record in the journal',
  missing: always,
  async strike({ town, rng }) {
    const { beads } = paths(town)
    const n = numbers(beads, 'log').at(-1)
    if (n === undefined) return null
    const whole = `\n{"kind":"change","by":"person","why":"cut short","ops":[{"op":"unset","id":"${'x'.repeat(rng.int(4, 400))}"`
    const text = whole.slice(0, rng.int(1, whole.length))
    try {
      appendFileSync(logPath(beads, n), text)
    } catch {
      return null // The disk is full.
    }
    return { at: Date.now(), what: `${text.length} bytes at the end of journal ${n}` }
  },
}
