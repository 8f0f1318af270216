/**
 * Starting a session so that its process lives exactly as long as the agent, and so that an agent that dies at once is an
 * error with its own words, not a vanished session (design section 7).
 */
import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionSpec, SessionView } from '../agents/runtime.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { identify, isRunning } from '../town/processes.ts'
import type { TmuxServer } from './command.ts'
import { tmux, tmuxScript } from './command.ts'
import type { PaneRow } from './panes.ts'
import { encodeLabels, encodeProcess, findPane, viewOf } from './panes.ts'
import { plainFormat } from './quote.ts'
import { capture } from './screen.ts'

/** Reference: an immediate exit (missing binary, bad flag) shows within 250 ms. */
const EARLY_MS = 300
const POLL_MS = 20
const OUTPUT_MAX = 2_048
/** Linux: MAX_ARG_STRLEN, for one argument or one variable. */
const WORD_MAX = 131_071

/** What is wrong with a spec, before anything is started. */
export function checkSpec(spec: SessionSpec): Result<void> {
  const bad = (what: string, hint?: string): Result<never> =>
    fail('E_BAD_SESSION', `The session "${spec.name}" cannot be started: ${what}.`, hint === undefined ? {} : { hint })
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(spec.name)) return bad('a name has only letters, digits, "-" and "_"')
  if (spec.argv.length === 0 || spec.argv[0] === '') return bad('there is no command to run')
  const names = [...Object.keys(spec.env), ...(spec.unset ?? [])]
  const odd = names.find((name) => name === '' || name.includes('='))
  if (odd !== undefined) return bad(`"${odd}" is not a name of an environment variable`)
  const words = [...spec.argv, ...names, ...Object.entries(spec.env).map(([name, value]) => `${name}=${value}`)]
  if (words.some((word) => word.includes('\0'))) return bad('an argument or variable holds a NUL character')
  if (words.some((word) => Buffer.byteLength(word) > WORD_MAX)) {
    return bad(`an argument or variable is longer than ${WORD_MAX} bytes`, 'Put long text in a file and pass its path.')
  }
  // tmux would start the agent in the home directory instead, without a word.
  if (!isDirectory(spec.cwd)) return bad(`its directory does not exist: ${spec.cwd}`)
  return ok(undefined)
}

/**
 * The whole start as tmux commands, run in one go: a session with a placeholder, our marks on its pane, then the agent
 * in the placeholder's place. The environment goes to the agent's process alone, not to the session, so a window that a
 * person opens there is that person's and not one more process of the run. The last command prints `<pane id> <pid>`.
 */
export function launchCommands(spec: SessionSpec): string[][] {
  const target = `=${spec.name}:`
  return [
    ['set-option', '-g', 'remain-on-exit', 'on'],
    // Should we die right here, the placeholder ends by itself and the session shows as dead.
    [
      ...['new-session', '-d', '-s', spec.name, '-x', '200', '-y', '50'],
      ...['-c', plainFormat(spec.cwd), '--', 'sleep', '30'],
    ],
    ['set-option', '-p', '-t', target, '@gt_name', spec.name],
    ...agentCommands(spec, target),
  ]
}

/** The agent in the place of what is in this pane, which has our name already. The last command prints as above. */
export function agentCommands(spec: SessionSpec, target: string): string[][] {
  return [
    ['set-option', '-p', '-t', target, '@gt_labels', encodeLabels(spec.labels)],
    [
      'respawn-pane',
      '-k',
      '-t',
      target,
      '-c',
      plainFormat(spec.cwd),
      ...Object.entries(spec.env).flatMap(([k, v]) => ['-e', `${k}=${v}`]),
      '--',
      ...agentArgv(spec),
    ],
    ['display-message', '-p', '-t', target, '#{pane_id} #{pane_pid}'],
  ]
}

/**
 * The parent that an agent is given, which does nothing but wait and end as the agent ended (128 + n for signal n). tmux
 * sends SIGCONT to whatever it started as soon as that is stopped (server_child_stopped in its server.c), so a child of
 * tmux itself could never be frozen. Signals that end or interrupt are for the agent alone (what a shell traps is back at
 * its default in what it starts), but for SIGHUP: the end of the terminal is told to the leader of its session only, and
 * the kernel hands it on to the agent when that one ends.
 */
const PARENT = ['sh', '-c', 'trap : INT QUIT TERM; "$@"; exit $?', 'gt']

/** What a shell takes for the name of a variable; it hands no other on. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * `env` replaces itself with the agent: it takes variables away, it keeps tmux from handing a one-word command to a
 * shell, and it says in words which program is missing (exit 127; tmux itself says nothing).
 */
function agentArgv(spec: SessionSpec): string[] {
  const unset = (spec.unset ?? []).flatMap((name) => ['-u', name])
  const odd = Object.entries(spec.env).flatMap(([name, value]) => (SHELL_NAME.test(name) ? [] : [`${name}=${value}`]))
  // tmux puts the PATH of whoever calls it over the one given with -e (spawn.c), so it is given here.
  const path = spec.env.PATH === undefined ? [] : [`PATH=${spec.env.PATH}`]
  // `env` would read a program with a `=` in its path as one more variable.
  const program = spec.argv[0]!.includes('=') ? ['sh', '-c', 'exec "$0" "$@"', ...spec.argv] : spec.argv
  return [...PARENT, 'env', ...unset, '--', ...odd, ...path, ...program]
}

/** Starts a checked spec whose name is free. Failures: `E_SESSION_EXISTS`, `E_AGENT_DIED`, those of `tmux`. */
export async function launch(server: TmuxServer, spec: SessionSpec): Promise<Result<SessionView>> {
  return watched(server, spec, await startSession(server, spec))
}

/** The same in a pane of ours whose agent has ended; what that wrote is cleared away. */
export async function launchIn(server: TmuxServer, spec: SessionSpec, row: PaneRow): Promise<Result<SessionView>> {
  const commands = agentCommands(spec, row.pane)
  return watched(server, spec, await tmuxScript(server, [['clear-history', '-t', row.pane], ...commands]))
}

/** Marks the agent that these commands started, and looks on for its first moments. */
async function watched(server: TmuxServer, spec: SessionSpec, answer: Result<string>): Promise<Result<SessionView>> {
  if (answer.kind === 'error') return answer
  const [pane = '', pid = ''] = answer.value.trim().split(' ')
  const id = identify(Number(pid))
  if (id.kind === 'ok') {
    const kept = await tmux(server, ['set-option', '-p', '-t', pane, '@gt_process', encodeProcess(id.value)])
    // A pane that is gone by now is an early death, told below.
    if (kept.kind === 'error' && kept.failure.code !== 'E_TMUX_NO_TARGET' && kept.failure.code !== 'E_TMUX_NO_SERVER')
      return kept
    for (const end = performance.now() + EARLY_MS; performance.now() < end; await delay(POLL_MS)) {
      const running = isRunning(id.value)
      if (running.kind === 'ok' && !running.value) return early(server, spec)
    }
    return ok({ name: spec.name, labels: { ...spec.labels }, process: id.value, alive: true })
  }
  if (id.kind === 'empty') return early(server, spec)
  return fail(
    'E_AGENT_UNKNOWN',
    `The agent of "${spec.name}" was started, but the system does not tell whether it runs.`,
  )
}

async function startSession(server: TmuxServer, spec: SessionSpec): Promise<Result<string>> {
  for (let attempt = 1; ; attempt++) {
    const answer = await tmuxScript(server, launchCommands(spec))
    if (answer.kind === 'ok') return answer
    const { code } = answer.failure
    if (code === 'E_TMUX_DUPLICATE') return existing(spec.name)
    // A server that was just ending with its last session took the call with it; the next call starts a new one.
    if (code !== 'E_TMUX_NO_SERVER' || attempt === 5) {
      const half = await findPane(server, spec.name)
      const ours = half.kind === 'ok' && encodeLabels(half.value.labels) === encodeLabels(spec.labels)
      if (ours) await tmux(server, ['kill-pane', '-t', half.value.pane])
      return answer
    }
    await delay(POLL_MS)
  }
}

export function existing(name: string): Result<never> {
  return fail('E_SESSION_EXISTS', `A session called "${name}" is running already.`, { kept: 'It was not touched.' })
}

/** The agent ended within its first moments: its exit code and words, and the session is removed. Exit code 0 is no failure. */
async function early(server: TmuxServer, spec: SessionSpec): Promise<Result<SessionView>> {
  const row = await settled(server, spec.name)
  if (row === undefined) {
    return fail('E_AGENT_DIED', `The session "${spec.name}" was ended by somebody else right after its start.`, {
      details: { vanished: true },
    })
  }
  const view = viewOf(row)
  if (row.exitCode === 0 && view.kind === 'ok') return view
  const screen = await capture(server, row.pane, 200)
  const output = screen.kind === 'ok' ? clip(screen.value) : ''
  await tmux(server, ['kill-session', '-t', row.session])
  const how = row.exitCode === undefined ? 'at once' : `at once with exit code ${row.exitCode}`
  const missing = row.exitCode === 127 || row.exitCode === 126
  // Its own words alone are not enough: a busy tmux can lose what it had not read yet when the process ended (seen: 1 in 150).
  const why = missing ? ' The program was not found or could not be run.' : ''
  const words = output === '' ? 'Nothing that it printed was seen.' : `It printed:\n${output}`
  return fail('E_AGENT_DIED', `The agent of "${spec.name}" (${spec.argv[0]}) ended ${how}.${why} ${words}`, {
    exit: missing ? EXIT.missingProgram : EXIT.failed,
    hint: missing
      ? `Check that this program is installed and in the agent's PATH: ${spec.argv[0]}`
      : `Try the same command by hand in ${spec.cwd}`,
    details: { exitCode: row.exitCode, output },
  })
}

/** The pane once tmux has read the agent's last output and exit code (`pane_dead`), or as it is after three seconds. */
async function settled(server: TmuxServer, name: string): Promise<PaneRow | undefined> {
  for (const end = performance.now() + 3_000; ; await delay(POLL_MS)) {
    const row = await findPane(server, name)
    if (row.kind !== 'ok') return undefined
    if (row.value.exitCode !== undefined || performance.now() > end) return row.value
  }
}

/** The end of a long output: what went wrong stands last. */
function clip(screen: string): string {
  // A screen is mostly empty lines.
  const output = screen.replace(/\n{3,}/g, '\n\n').trim()
  const bytes = Buffer.from(output)
  return bytes.length <= OUTPUT_MAX ? output : `…${bytes.subarray(bytes.length - OUTPUT_MAX + 3).toString('utf8')}`
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
