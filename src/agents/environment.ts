/** What an agent's process finds in its environment (design section 7). */
import { delimiter, dirname, join } from 'node:path'
import type { LaunchInput } from './launch.ts'

/**
 * What Claude Code puts into the shells that it opens. The Mayor and crew hand off by a `gt` in such a shell: one that found
 * the mark of a child session would keep no transcript, so nobody could count it, take it up again or ask it.
 */
const OF_A_CLIENT =
  /^(CLAUDECODE|AI_AGENT|TRACEPARENT|CLAUDE_(PID|EFFORT|ENV_FILE|PROJECT_DIR)|CLAUDE_CODE_(CHILD_\w+|SESSION_(ID|ATTENDED)|MESSAGING_(SOCKET|TOKEN)|ENTRYPOINT|EXECPATH|INVOKED_SKILLS|LAUNCHED_BY_SESSION_IDS|STARTER_MAY_HOLD_CONNECTOR_FILE))$/

/**
 * Belongs to whoever called us, not to the agent: their terminal, their agent session, their repository, their npm.
 * Everything else is inherited, because agents need the user's credentials, proxies and tool chains.
 */
const NOT_INHERITED =
  /^(TMUX|TMUX_PANE|TERM|TERM_PROGRAM|TERM_PROGRAM_VERSION|COLUMNS|LINES|PWD|OLDPWD|SHLVL|_|GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|PREFIX|AUTHOR_DATE|COMMITTER_DATE)|NODE_OPTIONS|INIT_CWD|npm_.*|GT_.*|BD_.*)$/

/** The runtime gives a session its own ones of these: they are not to be copied, and not to be taken away either. */
const FROM_RUNTIME = /^(TMUX|TMUX_PANE|TERM|TERM_PROGRAM|TERM_PROGRAM_VERSION|COLUMNS|LINES|PWD|OLDPWD|SHLVL|_)$/

/** The user's own login by a key: it would win over the login that an account is. */
const LOGIN = /^(ANTHROPIC_API_KEY|ANTHROPIC_AUTH_TOKEN|CLAUDE_CODE_OAUTH_TOKEN)$/

/**
 * The whole environment of an agent, and the names it must not find even if the runtime itself has them. Our own names
 * win over the account's, those over the agent table's, and those over the user's. `folder` is the agent's folder, whose
 * `bin` leads PATH.
 */
export function agentEnvironment(input: LaunchInput, folder: string): { env: Record<string, string>; unset: string[] } {
  const { userEnv: user, town, run, account } = input
  const env: Record<string, string> = {}
  const unset: string[] = []
  const callers = ownNames(user)
  for (const [name, value] of Object.entries(user)) {
    const kept =
      !NOT_INHERITED.test(name) &&
      !callers.has(name) &&
      !OF_A_CLIENT.test(name) &&
      (account === undefined || !LOGIN.test(name))
    if (kept) env[name] = value ?? ''
    else if (!FROM_RUNTIME.test(name)) unset.push(name)
  }
  if (user.GT_NODE_EXTRA_CA_CERTS && !user.NODE_EXTRA_CA_CERTS) env.NODE_EXTRA_CA_CERTS = user.GT_NODE_EXTRA_CA_CERTS
  Object.assign(env, input.preset.env)
  for (const [name, value] of Object.entries(account?.env ?? {})) env[name] = atHome(value, user.HOME)
  const email = input.email ?? ownEmail(input.address)
  const ours: Record<string, string | undefined> = {
    GT_TOWN: town,
    GT_ROLE: input.role,
    GT_RIG: input.rig ?? run?.rig,
    GT_AGENT: input.address,
    GT_RUN: run?.fence,
    GT_SESSION: run === undefined ? input.fence : undefined,
    GT_BEAD: run?.bead ?? input.bead?.id,
    GT_ROUND: run === undefined ? undefined : String(run.round),
    GT_EVIDENCE: input.evidence ? join(folder, 'evidence.txt') : undefined,
    BD_ACTOR: input.address,
    GIT_AUTHOR_NAME: input.address,
    GIT_COMMITTER_NAME: input.address,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_EMAIL: email,
    GIT_CEILING_DIRECTORIES: ceilings(input),
    PATH: searchPath(user.PATH, town, folder),
  }
  // Without a HOME nobody can be started at all.
  const own = Object.keys({ ...input.preset.env, ...account?.env }).filter((name) => !(name in ours) && name !== 'HOME')
  if (own.length > 0) ours.GT_OWN_ENV = own.join(' ')
  for (const [name, value] of Object.entries(ours)) if (value !== undefined) env[name] = value
  return { env, unset: unset.filter((name) => !(name in env)).sort() }
}

/**
 * Names that an agent's environment has from its own account and table. Agents sling and start the daemon, too, and whoever is
 * started by that is another one: the Mayor's login is not for workers.
 */
export function ownNames(env: NodeJS.ProcessEnv): ReadonlySet<string> {
  return new Set((env.GT_OWN_ENV ?? '').split(' '))
}

/** `~/x` as people write it in settings, where no shell reads it: a folder called `~` in the worktree is never meant. */
function atHome(value: string, home: string | undefined): string {
  return home !== undefined && (value === '~' || value.startsWith('~/')) ? home + value.slice(1) : value
}

/** Under which an agent commits by itself: `gp/polecats/toast` → `gp-polecats-toast@gt.invalid`. */
export function ownEmail(address: string): string {
  const slug = address.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '')
  return `${slug || 'agent'}@gt.invalid`
}

/** Git looks for a repository upwards and must never find one above a worktree: not the rig's, not around the town. */
function ceilings({ town, rig, run, cwd, userEnv }: LaunchInput): string {
  const name = rig ?? run?.rig
  const ours = [town, ...(name === undefined ? [] : [join(town, name)]), dirname(cwd)]
  const users = (userEnv.GIT_CEILING_DIRECTORIES ?? '').split(delimiter).filter((dir) => dir !== '')
  return [...new Set([...ours, ...users])].join(delimiter)
}

/** The agent's own `bin` first; those of other agents of this town (we may have been called by one) left out. */
function searchPath(path: string | undefined, town: string, folder: string): string {
  const runtime = `${join(town, '.gt')}/`
  const users = (path || '/usr/local/bin:/usr/bin:/bin').split(delimiter).filter((dir) => !dir.startsWith(runtime))
  return [join(folder, 'bin'), ...users].join(delimiter)
}
