/**
 * The chore `logs`: a log past `dogs.log_mb` is put aside and compressed, the newest three are kept; so is the output of a
 * gate, which nobody adds to any more, in its place. Writers open a log anew for each line (town/log.ts), so it may be
 * moved at any time. The log of gate runs (`.gt/gates`) has a rule of its own.
 *
 *   deacon.log ──rename──► deacon.<time>.aside ──► deacon.<time>.log.gz, durable ──► the aside one goes
 *
 * A crash leaves an aside file, and the next run goes on from it.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { reapTemporary, renameOver, writeTemporary } from '../beads/disk.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { Seen } from './chores.ts'
import type { Report } from './report.ts'

/** Compressed ones kept of each log. */
const KEPT = 3
/** The output of a gate that was not written to for this long is finished, whatever its limit. */
const REST_MS = 86_400_000

interface Plan {
  /** Logs that are too long. */
  long: string[]
  /** Put aside before, not compressed yet. */
  aside: string[]
  /** Compressed ones beyond those that are kept, and outputs of gates from long ago. */
  old: string[]
  /** Outputs of gates that are too long. */
  outputs: string[]
}

export async function look(town: OpenTown): Promise<Result<Seen>> {
  const { long, aside, old, outputs } = planOf(town)
  return ok({ todo: long.length + aside.length + old.length + outputs.length, lines: [] })
}

export async function run(town: OpenTown, signal: AbortSignal): Promise<Result<Report>> {
  const plan = planOf(town)
  const report: Report = { did: 0, lines: [] }
  try {
    for (const path of [...plan.long, ...plan.aside, ...plan.outputs]) reapTemporary(dirname(path))
    const stamp = town
      .now()
      .toISOString()
      .replace(/[^\dTZ]/g, '')
    const moved = plan.long.map((path) => {
      const aside = path.replace(/\.log$/, `.${stamp}.aside`)
      renameSync(path, aside)
      return aside
    })
    for (const path of [...plan.aside, ...moved, ...plan.outputs]) {
      if (signal.aborted) return ok(report)
      const to = path.endsWith('.aside') ? path.replace(/\.aside$/, '.log.gz') : `${path}.gz`
      const [before, after] = await compress(path, to)
      report.did++
      report.lines.push(`${to}: ${kilobytes(before)} became ${kilobytes(after)}`)
    }
    // Looked at again: what was just compressed counts among those that are kept.
    for (const path of planOf(town).old) {
      rmSync(path, { force: true })
      report.did++
      report.lines.push(`${path}: removed, it was kept long enough`)
    }
    return ok(report)
  } catch (error) {
    return fail('E_LOGS', `A log could not be put aside: ${messageOf(error)}.`, {
      kept: 'Every line that was written.',
      hint: `df -h ${town.paths.logs}; ls -l ${town.paths.logs}`,
    })
  }
}

function planOf({ paths, settings, now }: OpenTown): Plan {
  const { log_mb, keep_work } = settings.dogs
  const most = log_mb * 1024 * 1024
  const names = namesIn(paths.logs)
  const zipped = names.filter((name) => ZIPPED.test(name)).sort()
  const whose = (name: string): string | undefined => ZIPPED.exec(name)?.[1]
  const gates = join(paths.logs, 'gates')
  const outputs = namesIn(gates).map((name) => ({ path: join(gates, name), name, ...statOf(join(gates, name)) }))
  const age = (mtimeMs: number): number => now().getTime() - mtimeMs
  const stale = outputs.filter(({ mtimeMs }) => age(mtimeMs) > keep_work)
  return {
    long: names
      .filter((name) => LOG.test(name))
      .map((name) => join(paths.logs, name))
      .filter((path) => statOf(path).size > most),
    aside: names.filter((name) => name.endsWith('.aside')).map((name) => join(paths.logs, name)),
    old: [
      ...zipped
        .filter((name) => zipped.filter((other) => whose(other) === whose(name) && other > name).length >= KEPT)
        .map((name) => join(paths.logs, name)),
      ...stale.map(({ path }) => path),
    ],
    outputs: outputs
      .filter(
        (one) => one.name.endsWith('.log') && one.size > most && age(one.mtimeMs) > REST_MS && !stale.includes(one),
      )
      .map(({ path }) => path),
  }
}

/** A name of town/log.ts; one that was put aside has a second dot. */
const LOG = /^[A-Za-z0-9_-]+\.log$/
const ZIPPED = /^([A-Za-z0-9_-]+)\.\d{8}T\d+Z\.log\.gz$/

/** Compresses a file that nobody can open by its name any more; its sizes before and after. Throws. */
async function compress(path: string, to: string): Promise<[before: number, after: number]> {
  for (;;) {
    const text = readFileSync(path)
    const bytes = await promisify(gzip)(text)
    renameOver(writeTemporary(dirname(to), bytes), to)
    // A writer that had it open since before it was moved may have added a line meanwhile.
    if (statOf(path).size !== text.length) continue
    rmSync(path)
    return [text.length, bytes.length]
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

function statOf(path: string): { size: number; mtimeMs: number } {
  const stat = statSync(path, { throwIfNoEntry: false })
  return { size: stat?.size ?? 0, mtimeMs: stat?.mtimeMs ?? 0 }
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KB`
