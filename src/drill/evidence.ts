/** After a drill: gathers what the laws are judged by, from git, the ledger, the outside journals and the process table. */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { replay } from '../beads/history.ts'
import { archiveRef } from '../git/archive.ts'
import { git } from '../git/run.ts'
import { runsOf } from '../kernel/runs.ts'
import { receiptFor, recompute } from '../refinery/verify.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { landingsOf } from '../scratch/landings.ts'
import { paths } from '../town/paths.ts'
import { markFile, readMarks } from './agent.ts'
import type { Hit } from './fault.ts'
import type { Evidence, MainLine } from './laws.ts'
import type { Rng } from './rng.ts'
import { processesOf } from './sight.ts'
import { readTimeline } from './timeline.ts'
import type { DrillTown } from './town.ts'
import { textOf } from './town.ts'

/** `gt restore` makes a worktree each time: so many runs are tried, chosen by chance. */
const RESTORED = 3

/** What the drill itself remembers. */
export interface Remembered {
  acknowledged: readonly string[]
  hits: readonly Hit[]
}

/**
 * Looks at a town after its `gt down`; changes nothing but that a few runs are restored into the drill's folder. Errors:
 * those of git and of a ledger that cannot be read.
 */
export async function gather(town: DrillTown, remembered: Remembered, rng: Rng): Promise<Result<Evidence>> {
  const left = leftovers(town)
  // Before anything is restored: worktrees outside of the town would be new to it.
  const bad = await doctor(town)
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const beads = new Map([...town.ledger.state.beads].filter(([, bead]) => bead.issue_type === 'task'))
  const mains: MainLine[] = []
  const unverified: string[] = []
  const damage: string[] = []
  for (const rig of town.rigs) {
    const found = await landingsOf(rig.remote, rig.first)
    if (found.kind === 'error') return found
    const tested = new Set(textOf(rig.gates).split('\n').filter(Boolean))
    mains.push({ rig: rig.name, first: rig.first, landings: found.value, tested })
    const { repo } = paths(town).rig(rig.name)
    unverified.push(
      ...(await receiptsThatFail(
        repo,
        found.value.flatMap(({ changes }) => changes).map((one) => one.commit),
      )),
    )
    for (const gitDir of [repo, rig.remote]) damage.push(...(await fsck(gitDir)))
  }
  const marks = readMarks(textOf(town.marks))
  const missing = await missingMarks(town, beads, marks.written)
  if (missing.kind === 'error') return missing
  return ok({
    ...remembered,
    shape: town.shape,
    timeline: readTimeline(replay(paths(town).beads), town.clock.stands),
    beads,
    marks,
    mains,
    unverified,
    damage,
    missing: missing.value,
    notRestored: await notRestored(town, beads, marks.written, rng),
    left,
    bad,
  })
}

async function receiptsThatFail(gitDir: string, commits: string[]): Promise<string[]> {
  const target = 'refs/remotes/origin/main'
  // What landed last may not have been fetched.
  await git(['fetch', '--quiet', 'origin'], { gitDir })
  const wrong: string[] = []
  for (const commit of commits) {
    const receipt = await receiptFor(gitDir, target, commit)
    if (receipt.kind !== 'ok') {
      wrong.push(`${commit} has no receipt that can be read`)
      continue
    }
    const again = await recompute(gitDir, target, receipt.value)
    if (again.kind === 'error') wrong.push(`${commit}: ${again.failure.message}`)
    else for (const [what, so] of Object.entries(again.value)) if (!so) wrong.push(`${commit}: not so: ${what}`)
  }
  return wrong
}

async function fsck(gitDir: string): Promise<string[]> {
  const said = await git(['fsck', '--no-dangling', '--no-progress'], { gitDir })
  return said.kind === 'error' ? [`${gitDir}: ${said.failure.message}`] : []
}

interface Written {
  bead: string
  run: string
  step: string
}

/** Marks whose file is neither on main nor in its run's archive with the words that were written, one `git` for each rig. */
async function missingMarks(town: DrillTown, beads: Map<string, Bead>, written: Written[]): Promise<Result<string[]>> {
  const missing: string[] = []
  for (const rig of town.rigs) {
    const { repo } = paths(town).rig(rig.name)
    const own = written.filter(({ bead }) => facts(beads.get(bead) ?? ({} as Bead)).rig === rig.name)
    const kept = await contents(
      repo,
      own.flatMap(({ bead, run, step }) => {
        const { path } = markFile(bead, run, step)
        return [`refs/remotes/origin/main:${path}`, `${archiveRef(run)}:${path}`]
      }),
    )
    if (kept.kind === 'error') return kept
    for (const [i, { bead, run, step }] of own.entries()) {
      const { path, text } = markFile(bead, run, step)
      const worktree = runsOf(beads.get(bead) ?? ({} as Bead)).find((one) => one.fence === run)?.worktree ?? ''
      const standing = textOf(join(worktree, path)) === text
      if (!standing && kept.value[2 * i] !== text && kept.value[2 * i + 1] !== text) {
        missing.push(`step ${step} of run ${run} (${bead})`)
      }
    }
  }
  const homeless = written.filter(({ bead }) => !beads.has(bead))
  return ok([...missing, ...homeless.map(({ bead, run }) => `run ${run} worked on ${bead}, which is gone`)])
}

/** The text of each object; undefined where there is none. Texts are short and end where git says. */
async function contents(gitDir: string, names: string[]): Promise<Result<(string | undefined)[]>> {
  if (names.length === 0) return ok([])
  const said = await git(['cat-file', '--batch'], { gitDir, input: `${names.join('\n')}\n` })
  if (said.kind === 'error') return said
  const found: (string | undefined)[] = []
  let rest = said.value.stdout
  for (let i = 0; i < names.length; i++) {
    const end = rest.indexOf('\n')
    const size = /^[0-9a-f]+ blob (\d+)$/.exec(rest.slice(0, end))?.[1]
    rest = rest.slice(end + 1)
    if (size === undefined) found.push(undefined)
    else {
      found.push(rest.slice(0, Number(size)))
      rest = rest.slice(Number(size) + 1)
    }
  }
  return ok(found)
}

/** Runs that did not land, a few of them, brought back by `gt restore`: everything that was written lies there. */
async function notRestored(town: DrillTown, beads: Map<string, Bead>, written: Written[], rng: Rng): Promise<string[]> {
  const ended = new Set(
    [...beads.values()].flatMap(runsOf).flatMap((run) => (run.archive && run.state !== 'finished' ? run.fence : [])),
  )
  const left = [...new Set(written.map(({ run }) => run))].filter((run) => ended.has(run))
  const wrong: string[] = []
  for (let tried = 0; tried < RESTORED && left.length > 0; tried++) {
    const [run = ''] = left.splice(rng.int(0, left.length - 1), 1)
    const to = mkdtempSync(join(town.dir, 'restored-'))
    const said = await town.gt('restore', run, '--to', to)
    if (said.code !== 0) wrong.push(`gt restore ${run}: ${said.text}`)
    for (const one of written.filter((mark) => mark.run === run)) {
      const { path, text } = markFile(one.bead, one.run, one.step)
      if (textOf(join(to, path)) !== text) wrong.push(`gt restore ${run} did not bring back ${path}`)
    }
  }
  return wrong
}

/** What should be gone after `gt down`. */
function leftovers(town: DrillTown): string[] {
  const left = processesOf(town.home).map(({ pid }) => `process ${pid}: ${commandOf(pid)}`)
  const server = town.tmuxServer()
  if (server !== undefined) left.push(`a tmux server, pid ${server}`)
  for (const { name } of town.rigs) {
    const { polecats } = paths(town).rig(name)
    if (existsSync(polecats)) left.push(...readdirSync(polecats).map((one) => `the worktree ${name}/polecats/${one}`))
  }
  return left
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 160)
  } catch {
    return 'gone meanwhile'
  }
}

async function doctor(town: DrillTown): Promise<string[]> {
  const said = await town.gt('doctor')
  const { checks = [] } = (said.data ?? {}) as { checks?: { verdict: string; title: string; text: string }[] }
  const bad = checks.filter(({ verdict }) => verdict === 'bad').map(({ title, text }) => `${title}: ${text}`)
  return said.code === 0 || bad.length > 0 ? bad : [`gt doctor: ${said.text}`]
}
