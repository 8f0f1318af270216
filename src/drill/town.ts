/**
 * The town that a drill breaks: in a folder of its own, with a HOME, a temporary folder and a tmux server of its own, on a
 * disk of its own where that can be had. Its projects, and the journals by which it is judged afterwards, lie outside of
 * that disk. It is made and driven by the real `gt`, each command a process of its own.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ledger } from '../beads/ledger.ts'
import { openLedger } from '../beads/ledger.ts'
import { git } from '../git/run.ts'
import { launcher } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { nobodysEnvironment } from '../scratch/folder.ts'
import { makeRepository } from '../scratch/repository.ts'
import { paths, tmuxSocket } from '../town/paths.ts'
import type { ProgramEnd } from '../town/program.ts'
import { runProgram } from '../town/program.ts'
import { literal } from '../town/toml-text.ts'
import type { Pace } from './agent.ts'
import { agentText, gateLine, hookText } from './agent.ts'
import { CLOCK_VARIABLE } from './clock.ts'
import type { SmallDisk } from './disk.ts'
import { mountDisk } from './disk.ts'
import type { Shape } from './shape.ts'
import { TownClock } from './town-clock.ts'

/** How one `gt … --json` ended. */
export interface Said {
  code: number | null
  data: unknown
  /** What it said, for people. */
  text: string
}

export interface ScratchRig {
  name: string
  /** Bare repository that the rig clones from and lands on. */
  remote: string
  /** Its first commit. */
  first: string
  /** Trees that the gate was run on, one a line. */
  gates: string
}

export interface DrillTown {
  dir: string
  root: string
  home: string
  env: NodeJS.ProcessEnv
  shape: Shape
  rigs: ScratchRig[]
  /** `null`: it lies on an ordinary disk. */
  disk: SmallDisk | null
  clock: TownClock
  marks: string
  /** While this file is there, workers wait before their first step. */
  hold: string
  /** For looking: never writes a byte. */
  ledger: Ledger
  gt(...words: string[]): Promise<Said>
  /** The same as somebody else, or somewhere else. */
  gtAs(more: { env: NodeJS.ProcessEnv; cwd: string }, ...words: string[]): Promise<Said>
  tmuxServer(): number | undefined
}

/** The two workers of a drill: the same script, with and without judgement (settings: agents.NAME.judgement). */
export const WORKERS = ['drill', 'drill-again'] as const

/** More than the drill ever lets pass, and less than the hour by which it sets the clock wrong. */
const QUIET_MINUTES = 45
const CALL_MS = 120_000
const MOST_BYTES = 16 << 20

/** Makes the town in `dir` (absolute, empty). Errors: those of git and of `gt`, with what they said. */
export async function makeTown(
  dir: string,
  shape: Shape,
  pace: Pace,
  outer: NodeJS.ProcessEnv,
): Promise<Result<DrillTown>> {
  const at = (name: string): string => join(dir, name)
  for (const name of ['home', 'tmp', 'hooks', 'projects', 'gates']) mkdirSync(at(name))
  const disk = mountDisk(at('disk'))
  const root = join(at('disk'), 'town')
  const home = at('home')
  const clock = new TownClock(at('clock'))
  const marks = at('marks')
  const hold = at('hold')
  for (const file of [marks, hold]) writeFileSync(file, '')
  writeExecutable(at('agent.sh'), agentText({ marks, hooks: at('hooks'), hold }, pace))
  writeExecutable(join(at('hooks'), 'pre-commit'), hookText(pace))
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = A person\n\temail = person@gt.invalid\n')
  const env: NodeJS.ProcessEnv = {
    ...nobodysEnvironment(outer),
    HOME: home,
    TMPDIR: at('tmp'),
    TMUX_TMPDIR: dir,
    [CLOCK_VARIABLE]: clock.file,
    GIT_CONFIG_NOSYSTEM: '1',
  }
  const gtAs: DrillTown['gtAs'] = async (more, ...words) => {
    const args = [launcher(), ...words, '--json']
    const call = { program: process.execPath, args, ...more, timeoutMs: CALL_MS, maxBytes: MOST_BYTES }
    return said(await runProgram(call))
  }
  const gt: DrillTown['gt'] = (...words) => gtAs({ env, cwd: existsSync(root) ? root : dir }, ...words)

  const made = await mustSay(gt('install', root))
  if (made.kind === 'error') return made
  writeFileSync(paths({ root }).toml, settingsText(shape, at('agent.sh'), clock.file))
  const rigs: ScratchRig[] = []
  for (const [i, slots] of shape.rigs.entries()) {
    const rig = await addRig({ dir, root, name: `p${i + 1}`, slots, gt })
    if (rig.kind === 'error') return rig
    rigs.push(rig.value)
  }
  const ledger = openLedger(paths({ root }).beads, { readOnly: true })
  if (ledger.kind === 'error') return ledger
  const tmuxServer = (): number | undefined => {
    try {
      const args = ['-L', tmuxSocket(root), 'list-sessions', '-F', '#{pid}']
      return Number(execFileSync('tmux', args, { env, encoding: 'utf8', stdio: 'pipe' }).split('\n')[0]) || undefined
    } catch {
      return undefined
    }
  }
  return ok({ dir, root, home, env, shape, rigs, disk, clock, marks, hold, ledger: ledger.value, gt, gtAs, tmuxServer })
}

async function addRig(into: {
  dir: string
  root: string
  name: string
  slots: number
  gt: DrillTown['gt']
}): Promise<Result<ScratchRig>> {
  const { dir, root, name, slots, gt } = into
  const project = join(dir, 'projects', name)
  const remote = `${project}.git`
  const gates = join(dir, 'gates', `${name}.log`)
  writeFileSync(gates, '')
  const first = await makeRepository(project, { 'README.md': `# ${name}\n` }, 'Begin')
  if (first.kind === 'error') return first
  const cloned = await git(['clone', '--quiet', '--bare', project, remote])
  if (cloned.kind === 'error') return cloned
  const added = await mustSay(gt('rig', 'add', name, remote, '--gate', gateLine(gates)))
  if (added.kind === 'error') return added
  if (slots > 1) {
    const set = await mustSay(gt('config', 'set', `rig.${name}.refinery.slots`, String(slots)))
    if (set.kind === 'error') return set
  }
  const { toml } = paths({ root }).rig(name)
  if (!existsSync(toml)) return fail('E_DRILL', `gt rig add answered, but there is no ${toml}.`)
  return ok({ name, remote, first: first.value, gates })
}

/**
 * Settings of the scratch town: the shape's numbers, and workers that need neither model nor account. A failed attempt rests
 * only a moment, and whether the machine has room is not asked: it is the drill that takes it. The drill lets time pass in
 * the town while a breaker rests, but dates of files do not pass with it; so an agent counts as quiet later.
 */
function settingsText(shape: Shape, agent: string, clock: string): string {
  const tables = WORKERS.map(
    (name, i) => `
[agents.${name}]
command = ${literal(['/bin/sh', agent])}
prompt = "file"
judgement = ${i === 0}
env = ${literal({ [CLOCK_VARIABLE]: clock })}
`,
  )
  return `schema = 1
name = "drill"

[workers]
max = ${shape.workers}
agent = "${WORKERS[0]}"
attempts = ${shape.attempts}
rounds = ${shape.rounds}
backoff = "200ms"
quiet_after = "${QUIET_MINUTES}m"

[host]
max_load = 0
min_memory_mb = 0
min_disk_mb = 0
${tables.join('')}`
}

function writeExecutable(path: string, text: string): void {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}

function said(end: ProgramEnd): Said {
  const text = `${end.stdout}${end.stderr}`.trim().slice(-2000)
  if (end.is !== 'ended') return { code: null, data: undefined, text: text || end.is }
  try {
    const answer = JSON.parse(end.stdout) as { data?: unknown }
    return { code: end.code, data: answer.data, text }
  } catch {
    return { code: end.code, data: undefined, text }
  }
}

/** For the making of the town, in which nothing is broken yet. */
async function mustSay(call: Promise<Said>): Promise<Result<Said>> {
  const answer = await call
  if (answer.code === 0) return ok(answer)
  return fail('E_DRILL', `The drill's town could not be made: ${answer.text || 'gt said nothing'}`)
}

/** The whole text of a file of the drill; empty when there is none. */
export const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
