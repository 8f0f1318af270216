/**
 * A whole town for one test: a private HOME, a project of a person, a rig, a tmux server of its own, and a gate that
 * writes down every tree it was given. `close()` leaves nothing: no process, no session, no folder; also after a failure.
 */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach } from 'vitest'
import { createBead } from '../../src/beads/edit.ts'
import { history } from '../../src/beads/history.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { openView } from '../../src/beads/view.ts'
import { shown } from '../../src/cli/bead-text.ts'
import type { Context } from '../../src/cli/context.ts'
import { slotOf } from '../../src/cli/context.ts'
import { register as registerQueue } from '../../src/cli/mq.ts'
import { setConfig } from '../../src/town/config.ts'
import { tmuxSocket } from '../../src/town/paths.ts'
import type { ProcessRow } from '../../src/town/process-table.ts'
import { isMarked, processTable } from '../../src/town/process-table.ts'
import type { Answer, Call, Outcome } from './gt.ts'
import { startGt, until } from './gt.ts'
import type { Puppets } from './puppet.ts'
import { puppets } from './puppet.ts'
import { fillFolder } from './queue.ts'

export interface TestTown {
  /** Everything lies in here. */
  dir: string
  root: string
  env: NodeJS.ProcessEnv
  /** The person's clone, where `main` is checked out: the rig's remote itself, or a clone of the bare one. */
  project: string
  /** What the rig clones from. */
  remote: string
  puppets: Puppets
  gt(...args: string[]): Promise<Outcome>
  /** The same, under way. */
  start(...args: string[]): Call
  /** Changes a setting without a process of its own. */
  set(key: string, value: string): void
  /** Creates a bead whose body is this shell text; answers its id. */
  bead(title: string, script: string, ...options: string[]): Promise<string>
  show(id: string): Promise<Answer>
  git(cwd: string, ...args: string[]): string
  /** First-parent commits of the remote's main, newest first, without those that were there at the beginning. */
  landings(): string[]
  /** A file of the remote's main. */
  onMain(path: string): string
  /** Trees that the gate was run on. */
  tested(): Set<string>
  /** Pid of the town's tmux server, if one runs. */
  tmuxServer(): number | undefined
  /** All living processes that began with this town's HOME. */
  processes(): ProcessRow[]
  /** Every claim that took a bead, in order: bead and fence. */
  claims(): { bead: string; run: string }[]
  close(): Promise<void>
}

export interface TownOptions {
  /** The rig's gate; null: none. Runs in the tree under test, after the tree was written down. */
  gate?: string | null
  remote?: 'bare' | 'person'
  agent?: string
  /** Settings beside the quick ones. */
  set?: Record<string, string>
  /** Files of the first commit, beside README.md. */
  files?: Record<string, string>
  /** So many more files in the first commit. */
  many?: number
}

const open = new Set<TestTown>()
afterEach(async () => {
  for (const town of open) await town.close()
})

/** Makes a town; it is closed after the test, whatever happens. */
export async function makeTown(options: TownOptions = {}): Promise<TestTown> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-e2e-')))
  for (const name of ['home', 'tmp']) mkdirSync(join(dir, name))
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: join(dir, 'home'),
    TMPDIR: join(dir, 'tmp'),
    TMUX_TMPDIR: dir,
    GIT_CONFIG_NOSYSTEM: '1',
    LANG: 'C.UTF-8',
    SHELL: '/bin/sh',
  }
  writeFileSync(
    join(dir, 'home', '.gitconfig'),
    '[user]\n\tname = Person\n\temail = person@example.org\n[init]\n\tdefaultBranch = main\n',
  )
  const root = join(dir, 'town')
  const gates = join(dir, 'gates.log')
  const git = (cwd: string, ...args: string[]): string =>
    execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).replace(/\n$/, '')

  const project = join(dir, 'project')
  mkdirSync(project)
  git(project, 'init', '-q')
  for (const [path, text] of Object.entries({ 'README.md': 'A project.\n', ...options.files })) {
    writeFileSync(join(project, path), text)
  }
  if (options.many !== undefined) fillFolder(project, options.many)
  git(project, 'add', '-A')
  git(project, 'commit', '-qm', 'first')
  const first = git(project, 'rev-parse', 'HEAD')
  let remote = project
  if (options.remote === 'bare') {
    remote = join(dir, 'server.git')
    git(dir, 'clone', '-q', '--bare', project, remote)
    git(project, 'remote', 'add', 'origin', remote)
  }

  const hand = await puppets(dir)
  const town: TestTown = {
    dir,
    root,
    env,
    project,
    remote,
    puppets: hand,
    git,
    start: (...args) => startGt(args, { cwd: existsSync(root) ? root : dir, env }),
    gt: (...args) => town.start(...args).ended,
    set: (key, value) => {
      agree(setConfig(root, key, value))
    },
    bead: async (title, script, ...more) => {
      const own = more.length === 0 ? createIn(join(root, '.beads'), title, fencedShell(script)) : undefined
      return own ?? (await must(town.gt('bead', 'create', title, '--body', fencedShell(script), ...more))).id
    },
    show: async (id) => shownIn(join(root, '.beads'), id) ?? must(town.gt('bead', 'show', id)),
    landings: () => git(remote, 'rev-list', '--first-parent', `${first}..refs/heads/main`).split('\n').filter(Boolean),
    onMain: (path) => git(remote, 'show', `refs/heads/main:${path}`),
    tested: () => new Set(existsSync(gates) ? readFileSync(gates, 'utf8').split('\n').filter(Boolean) : []),
    tmuxServer: () => {
      try {
        const args = ['-L', tmuxSocket(root), 'list-sessions', '-F', '#{pid}']
        return Number(execFileSync('tmux', args, { env, encoding: 'utf8', stdio: 'pipe' }).split('\n')[0])
      } catch {
        return undefined
      }
    },
    processes: () => {
      const table = processTable()
      if (table.kind !== 'ok') throw new Error('the process table cannot be read')
      return table.value.filter((row) => isMarked(row.pid, { name: 'HOME', value: join(dir, 'home') }))
    },
    claims: () => {
      const found: { bead: string; run: string }[] = []
      for (const { change, applied } of history(join(root, '.beads'))) {
        if (!applied) continue
        for (const op of change.ops) {
          if (op.op === 'set' && op.path.length === 4 && op.path[2] === 'runs')
            found.push({ bead: op.id, run: op.path[3]! })
        }
      }
      return found
    },
    close: async () => {
      open.delete(town)
      hand.close()
      // Where nothing runs there is nothing to end.
      if (town.processes().length > 0 && existsSync(join(root, 'town.toml'))) await town.gt('down')
      for (const { pid } of town.processes()) kill(pid)
      await until('the end of every process of the town', () => town.processes().length === 0)
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  open.add(town)

  await must(town.gt('install', root))
  const { gate = 'true' } = options
  const recorded = gate === null ? [] : ['--gate', `git rev-parse 'HEAD^{tree}' >> '${gates}' && { ${gate}; }`]
  await must(town.gt('rig', 'add', 'app', remote, ...recorded))
  town.set('workers.agent', options.agent ?? 'script')
  town.set('workers.backoff', '10ms')
  // Whatever else this machine does while tests run.
  for (const limit of ['max_load', 'min_memory_mb', 'min_disk_mb']) town.set(`host.${limit}`, '0')
  // The same twice, once with hooks: what Claude Code is to the town, moved by the test.
  for (const name of ['puppet', 'hooked']) agree(setConfig(root, `agents.${name}.command`, hand.command))
  town.set('agents.hooked.hooks', 'claude')
  if (options.agent === 'hooked') town.set('permissions.mode', 'acceptEdits')
  for (const [key, value] of Object.entries(options.set ?? {})) town.set(key, value)
  return town
}

/**
 * What `gt bead show` answers, looked up in this very process: tests ask again and again until something is so, and a process
 * for each look would keep a core busy. Undefined: only the command can tell.
 */
function shownIn(beads: string, id: string): Answer | undefined {
  const view = openView(beads, 'all')
  if (view.kind !== 'ok') return undefined
  try {
    const { state } = view.value
    const bead = state.beads.get(id)
    return bead && JSON.parse(JSON.stringify(shown(state, bead, new Date())))
  } finally {
    view.value.close()
  }
}

/** What `gt bead create <title> --body <body>` does in a town with the one rig; its id. Undefined: ask the command. */
function createIn(beads: string, title: string, body: string): string | undefined {
  const ledger = openLedger(beads)
  if (ledger.kind !== 'ok') return undefined
  try {
    const made = createBead(ledger.value.state, { title, body, prefix: 'ap', rig: 'app' }, { by: 'person' })
    const written = made.kind === 'ok' ? ledger.value.write(made.value.input) : made
    return made.kind === 'ok' && written.kind === 'ok' && written.value.applied ? made.value.bead.id : undefined
  } finally {
    ledger.value.close()
  }
}

const fencedShell = (script: string): string => `\`\`\`sh\n${script}\n\`\`\``

function agree(done: ReturnType<typeof setConfig>): void {
  if (done.kind === 'error') throw new Error(done.failure.message)
}

/** The data of a call that has to succeed. */
export async function must(call: Promise<Outcome>): Promise<Answer> {
  const outcome = await call
  if (outcome.code !== 0) throw new Error(`gt ended with ${outcome.code}: ${outcome.stdout}${outcome.stderr}`)
  return outcome.data
}

/** SIGKILL; a process that is gone already is what we wanted. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}

/**
 * Law 2 for everything on the remote's main: each commit on its first-parent line has a tree that the gate was run on,
 * and a receipt that `gt mq verify` recomputes; and each bead landed exactly once, by a merge of its own that verifies
 * too. Answers what does not hold; nothing is good.
 */
export async function flawsOfMain(town: TestTown, beads: string[]): Promise<string[]> {
  const flaws: string[] = []
  const tested = town.tested()
  const landings = town.landings()
  for (const commit of landings) {
    const tree = town.git(town.remote, 'rev-parse', `${commit}^{tree}`)
    if (!tested.has(tree)) flaws.push(`${commit}: its tree was never tested`)
    const wrong = await unverified(town, commit)
    if (wrong !== undefined) flaws.push(`${commit}: ${wrong}`)
  }
  const landed = new Map<string, string>()
  for (const [bead, change] of landings.flatMap((commit) => changesOf(town, commit))) {
    if (landed.has(bead)) flaws.push(`${bead} landed twice`)
    landed.set(bead, change)
    if (landings.includes(change)) continue
    const wrong = await unverified(town, change)
    if (wrong !== undefined) flaws.push(`${bead} as ${change}: ${wrong}`)
  }
  for (const bead of beads) if (!landed.has(bead)) flaws.push(`${bead} did not land`)
  for (const bead of landed.keys()) if (!beads.includes(bead)) flaws.push(`${bead} landed unasked`)
  return flaws
}

/** What `gt mq verify <commit>` finds wrong: the command itself, called in this very process, since there are many of them. */
async function unverified(town: TestTown, commit: string): Promise<string | undefined> {
  const context: Context = {
    env: town.env,
    cwd: town.root,
    json: true,
    interactive: false,
    progress: () => {},
    signal: new AbortController().signal,
  }
  const program = new Command('gt').exitOverride()
  registerQueue(program, context)
  await program.parseAsync(['mq', 'verify', commit], { from: 'user' })
  const { answer } = slotOf(program)
  if (answer?.kind !== 'ok') return answer?.failure.message ?? 'no answer'
  return answer.value.exit ? answer.value.problem?.message : undefined
}

/**
 * Beads that a merge brought, each with the merge that is its own. A group is one merge with a merge for each change
 * behind it; so is an epic, which has a bead itself and was handed in by no run.
 */
export function changesOf(town: Pick<TestTown, 'git' | 'remote'>, commit: string): [bead: string, change: string][] {
  const message = town.git(town.remote, 'show', '-s', '--format=%B', commit)
  const bead = /^Bead: (\S+)$/m.exec(message)?.[1]
  const own: [string, string][] = bead === undefined ? [] : [[bead, commit]]
  if (/^Run: /m.test(message)) return own
  const behind = town.git(town.remote, 'rev-list', '--first-parent', `${commit}^1..${commit}^2`)
  return [
    ...own,
    ...behind
      .split('\n')
      .filter(Boolean)
      .flatMap((one) => changesOf(town, one)),
  ]
}

/** What is still there although every bead is settled: worktrees, sessions, processes. `daemon`: one that may run. */
export function leftovers(town: TestTown, daemon?: number): string[] {
  const polecats = join(town.root, 'app', 'polecats')
  const worktrees = existsSync(polecats) ? readdirSync(polecats).map((name) => `worktree ${name}`) : []
  const registered = town
    .git(join(town.root, 'app', 'repo.git'), 'worktree', 'list', '--porcelain')
    .split('\n')
    .filter((line) => line.startsWith('worktree ') && line.includes('/polecats/'))
  const running = town
    .processes()
    .filter((row) => row.pid !== daemon)
    .map((row) => `process ${row.pid} ${commandOf(row.pid)}`)
  return [...worktrees, ...registered, ...running]
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '(gone)'
  }
}

/** Waits until nothing is left over; says what is, if that does not come. */
export async function nothingLeft(town: TestTown, daemon?: number): Promise<void> {
  try {
    await until('nothing to be left over', () => leftovers(town, daemon).length === 0)
  } catch {
    throw new Error(`left over: ${leftovers(town, daemon).join('; ')}`)
  }
}
