/**
 * Tells a person that a bead waits for them: the configured command runs once per bead and cause. What was told is
 * remembered in the runtime folder; a channel that fails never holds up work.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { OpenTown } from '../kernel/town.ts'
import { writeFileAtomic } from '../town/atomic.ts'

/** A notification command that hangs is ended after this long. */
const PATIENCE_MS = 30_000

export interface Call {
  key: string
  bead: Bead
  cause: string
  text: string
}

/** What has to be told now: every open need that is not among `told`. Pure. */
export function untold(beads: Iterable<Bead>, told: ReadonlySet<string>): Call[] {
  const calls: Call[] = []
  for (const bead of beads) {
    const { needs } = facts(bead)
    if (needs === undefined || bead.status === 'closed') continue
    const key = `${bead.id} ${needs.cause} ${needs.at}`
    if (!told.has(key)) calls.push({ key, bead, cause: needs.cause, text: needs.text })
  }
  return calls
}

/** Runs `notify.command` for each new need: title and text as its last two arguments, the facts in GT_NOTIFY_…. */
export function notifyPerson(town: OpenTown): void {
  const [program, ...args] = town.settings.notify.command ?? []
  if (program === undefined) return
  const file = join(town.paths.runtime, 'told.json')
  const told = new Set(readTold(file))
  const calls = untold(town.ledger.state.beads.values(), told)
  if (calls.length === 0) return
  // Written first: told twice is worse than told once and lost with a crash in between.
  writeFileAtomic(file, JSON.stringify([...told, ...calls.map((call) => call.key)].slice(-1000)))
  for (const { bead, cause, text } of calls) {
    const env = { ...town.env, GT_TOWN: town.root, GT_NOTIFY_BEAD: bead.id, GT_NOTIFY_CAUSE: cause }
    execFile(program, [...args, `${bead.id}: ${bead.title}`, text], { env, timeout: PATIENCE_MS }, () => {})
  }
}

function readTold(file: string): string[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as string[]
  } catch {
    return []
  }
}
