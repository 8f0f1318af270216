import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { LaunchInput } from '../../src/agents/launch.ts'
import { agentDir, prepareLaunch } from '../../src/agents/launch.ts'
import type { Preset } from '../../src/agents/preset.ts'
import type { SessionSpec } from '../../src/agents/runtime.ts'
import { aBead, aLaunch, aRun, privateFolder } from './support.ts'

let town: string
const uuid = '11111111-2222-4333-8444-555555555555'

beforeEach(() => {
  town = privateFolder()
})

async function specOf(more: Partial<LaunchInput> = {}): Promise<SessionSpec> {
  const prepared = await prepareLaunch(aLaunch(town, more))
  if (prepared.kind === 'error') throw new Error(JSON.stringify(prepared.failure))
  return prepared.value
}

const node = (more: Partial<Preset> = {}): Preset => ({
  name: 'node',
  command: [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'],
  prompt: 'arg',
  hooks: 'none',
  ...more,
})

/** What the planned process itself sees. */
function start(spec: SessionSpec): string {
  const [program, ...args] = spec.argv
  return execFileSync(program!, args, { env: spec.env, cwd: spec.cwd, encoding: 'utf8' })
}

test('the identity of an agent is in its environment, and git commits in its name', async () => {
  const { env } = await specOf({ run: aRun({ round: 2 }), evidence: 'red' })
  const folder = join(town, '.gt', 'runs', 'k3x9qf')
  expect(env).toMatchObject({
    GT_TOWN: town,
    GT_ROLE: 'polecat',
    GT_RIG: 'gp',
    GT_AGENT: 'gp/polecats/toast',
    GT_RUN: 'k3x9qf',
    GT_BEAD: 'gp-a3f8k',
    GT_ROUND: '2',
    GT_EVIDENCE: join(folder, 'evidence.txt'),
    BD_ACTOR: 'gp/polecats/toast',
    GIT_AUTHOR_NAME: 'gp/polecats/toast',
    GIT_COMMITTER_NAME: 'gp/polecats/toast',
    GIT_AUTHOR_EMAIL: 'gp-polecats-toast@gt.invalid',
    GIT_COMMITTER_EMAIL: 'gp-polecats-toast@gt.invalid',
  })
  expect(readFileSync(env.GT_EVIDENCE!, 'utf8')).toBe('red')
  expect((await specOf({ email: 'me@example.org' })).env.GIT_AUTHOR_EMAIL).toBe('me@example.org')
})

test('credentials and tool chains are inherited; what belongs to the caller is not', async () => {
  const kept = {
    HOME: '/home/me',
    LANG: 'C.UTF-8',
    ANTHROPIC_API_KEY: 'k',
    CLAUDE_CONFIG_DIR: '/c',
    CLAUDE_CODE_OAUTH_TOKEN: 't',
    AWS_PROFILE: 'p',
    HTTPS_PROXY: 'x',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    SSH_AUTH_SOCK: '/s',
    GIT_SSH_COMMAND: 'ssh -4',
  }
  const dropped = {
    CLAUDECODE: '1',
    CLAUDE_CODE_SESSION_ID: 's',
    CLAUDE_CODE_ENTRYPOINT: 'cli',
    CLAUDE_CODE_CHILD_SESSION: '1',
    CLAUDE_CODE_SESSION_ATTENDED: '1',
    AI_AGENT: 'claude-code_2-1-330_agent',
    GIT_DIR: '/elsewhere',
    GIT_WORK_TREE: '/elsewhere',
    GIT_INDEX_FILE: '/elsewhere',
    NODE_OPTIONS: '--inspect',
    INIT_CWD: '/x',
    npm_config_prefix: '/x',
    npm_lifecycle_event: 'test',
    GT_MAIL: 'of another',
    BD_DB: '/x',
  }
  const terminal = { TMUX: '/tmp/x,1,0', TMUX_PANE: '%1', TERM: 'xterm-kitty', COLUMNS: '80', PWD: '/x' }
  const spec = await specOf({ userEnv: { PATH: '/usr/bin:/bin', ...kept, ...dropped, ...terminal } })
  expect(spec.env).toMatchObject(kept)
  for (const name of [...Object.keys(dropped), ...Object.keys(terminal)]) expect(spec.env).not.toHaveProperty([name])
  expect(spec.unset).toEqual(Object.keys(dropped).sort())
  // The runtime's own terminal is not to be taken away from the agent.
  expect(spec.unset).not.toContain('TMUX')
})

test('an account’s environment wins over the agent table’s and the user’s, and never over the identity', async () => {
  const env = { CLAUDE_CONFIG_DIR: '~/.claude-work', A: 'account', HOME_OF: '~', OTHER: '~x', GT_AGENT: 'someone' }
  const input = {
    preset: node({ env: { A: 'table', B: 'table' } }),
    userEnv: { PATH: process.env.PATH, HOME: '/home/$&me', A: 'user', CLAUDE_CONFIG_DIR: '/c' },
  }
  const spec = await specOf({ ...input, account: { name: 'work', env } })
  expect(spec.env).toMatchObject({
    CLAUDE_CONFIG_DIR: '/home/$&me/.claude-work',
    A: 'account',
    B: 'table',
    HOME_OF: '/home/$&me',
    OTHER: '~x',
    GT_AGENT: 'gp/polecats/toast',
  })
  expect((await specOf(input)).env).toMatchObject({ CLAUDE_CONFIG_DIR: '/c', A: 'table' })
})

test('whom an agent starts inherits nothing of that agent’s own account and table', async () => {
  const account = { name: 'mayors', env: { CLAUDE_CONFIG_DIR: '/mayors' } }
  const mayor = await specOf({ account, preset: node({ env: { KEY: 'of the table', PATH: '/nowhere', HOME: '/h' } }) })
  expect(mayor.env).toMatchObject({ GT_OWN_ENV: 'KEY CLAUDE_CONFIG_DIR', CLAUDE_CONFIG_DIR: '/mayors' })
  const { env, unset } = await specOf({ userEnv: { ...mayor.env, PROXY: 'of the user' } })
  expect(unset).toEqual(expect.arrayContaining(['CLAUDE_CONFIG_DIR', 'KEY']))
  for (const name of ['CLAUDE_CONFIG_DIR', 'KEY', 'GT_OWN_ENV']) expect(env).not.toHaveProperty(name)
  expect(env.PROXY).toBe('of the user')
})

test('under an account no key of the user’s is inherited: it would win over the login that the account is', async () => {
  const keys = { ANTHROPIC_API_KEY: 'k', ANTHROPIC_AUTH_TOKEN: 't', CLAUDE_CODE_OAUTH_TOKEN: 'o' }
  const userEnv = { PATH: process.env.PATH, HOME: town, ANTHROPIC_BASE_URL: 'http://gateway', ...keys }
  expect((await specOf({ userEnv })).env).toMatchObject(keys)
  const account = { name: 'work', env: { CLAUDE_CODE_OAUTH_TOKEN: 'of work' } }
  const preset = node({ env: { ANTHROPIC_AUTH_TOKEN: 'of the agent' } })
  const { env, unset } = await specOf({ userEnv, account, preset })
  expect(env).not.toHaveProperty('ANTHROPIC_API_KEY')
  expect(unset).toEqual(['ANTHROPIC_API_KEY'])
  expect(env).toMatchObject({
    CLAUDE_CODE_OAUTH_TOKEN: 'of work',
    ANTHROPIC_AUTH_TOKEN: 'of the agent',
    ANTHROPIC_BASE_URL: 'http://gateway',
  })
})

test('certificates set aside for gt’s own start reach the agents that gt starts', async () => {
  const userEnv = { PATH: process.env.PATH, GT_NODE_EXTRA_CA_CERTS: '/ca.pem' }
  const { env } = await specOf({ userEnv })
  expect(env.NODE_EXTRA_CA_CERTS).toBe('/ca.pem')
  expect(env).not.toHaveProperty('GT_NODE_EXTRA_CA_CERTS')
})

test('the agent table’s environment wins over the user’s, and never over the identity', async () => {
  const preset = node({ env: { LANG: 'de', GT_AGENT: 'someone', PATH: '/nowhere' } })
  const { env } = await specOf({ preset, userEnv: { PATH: process.env.PATH, LANG: 'en' } })
  expect(env.LANG).toBe('de')
  expect(env.GT_AGENT).toBe('gp/polecats/toast')
  expect(env.PATH).toContain(process.env.PATH!)
})

test('gt is this very installation, first on PATH, also when another agent calls', async () => {
  const gt = join(town, 'gt.mjs')
  writeFileSync(gt, 'console.log("this one", ...process.argv.slice(2))')
  const others = join(town, '.gt', 'agents', 'mayor', 'bin')
  mkdirSync(others, { recursive: true })
  writeFileSync(join(others, 'gt'), '#!/bin/sh\necho wrong one\n', { mode: 0o755 })
  const { env } = await specOf({ gtBin: gt, userEnv: { PATH: `${others}:${process.env.PATH}` } })
  expect(execFileSync('/bin/sh', ['-c', 'gt a'], { env, encoding: 'utf8' })).toBe('this one a\n')
  expect(env.PATH).not.toContain(others)
})

test('git finds no repository above a worktree: not the rig’s, not one around the town', async () => {
  const rig = join(town, 'gp')
  const cwd = join(rig, 'polecats', 'toast-k3x9qf')
  mkdirSync(cwd, { recursive: true })
  for (const above of [town, rig]) execFileSync('git', ['init', '-q', above])
  const { env } = await specOf({ cwd, userEnv: { PATH: process.env.PATH, HOME: town } })
  expect(spawnSync('git', ['rev-parse', '--git-dir'], { cwd, env }).status).toBe(128)
  const { GIT_CEILING_DIRECTORIES: _, ...without } = env
  expect(spawnSync('git', ['rev-parse', '--git-dir'], { cwd, env: without }).status).toBe(0)
})

test('labels say who it is', async () => {
  const labels = { run: 'k3x9qf', bead: 'gp-a3f8k', role: 'polecat', rig: 'gp', agent: 'gp/polecats/toast' }
  expect((await specOf()).labels).toEqual(labels)
  const mayor = await specOf({ role: 'mayor', address: 'mayor', rig: undefined, run: undefined, bead: undefined })
  expect(mayor.labels).toEqual({ role: 'mayor', agent: 'mayor' })
})

test('a prompt arrives as it is: as an argument, on stdin, as a file, at a place of the agent’s choice', async () => {
  const brief = `It's "$(touch x)" \`id\` {session} $& \\n\n-- end`
  const cat = (more: Partial<Preset>): Preset => ({ ...node(), command: ['cat'], ...more })
  expect(JSON.parse(start(await specOf({ brief, preset: node() })))).toEqual([brief])
  expect(start(await specOf({ brief, preset: cat({ prompt: 'stdin' }) }))).toBe(brief)
  expect(start(await specOf({ brief, preset: cat({ prompt: 'file' }) }))).toBe(brief)
  const chosen = node({ prompt: 'file', command: [...node().command, '--file={brief}', '{session}'] })
  const told = JSON.parse(start(await specOf({ brief, preset: chosen, conversation: uuid })))
  expect(told).toEqual([`--file=${join(town, '.gt', 'runs', 'k3x9qf', 'brief.md')}`, uuid])
})

test('a custom agent resumes with its own arguments, or starts anew with the next brief', async () => {
  const preset = node({ resume: ['--continue', '{session}'] })
  const told = async (input: Partial<LaunchInput>) => JSON.parse(start(await specOf({ ...input, conversation: uuid })))
  expect(await told({ mode: 'resume', preset, brief: 'next' })).toEqual(['--continue', uuid, 'next'])
  expect(await told({ mode: 'start', preset, brief: 'first' })).toEqual(['first'])
  expect(await told({ mode: 'resume', preset: node(), brief: 'next' })).toEqual(['next'])
})

test('a missing program is an error before anything starts', async () => {
  const prepared = await prepareLaunch(aLaunch(town, { preset: node({ command: ['no-such-agent'] }) }))
  expect(prepared).toMatchObject({ kind: 'error', failure: { code: 'E_NO_PROGRAM', exit: 69 } })
})

test('a folder that cannot be written is an error that names it', async () => {
  writeFileSync(join(town, '.gt'), 'a file')
  expect(await prepareLaunch(aLaunch(town))).toMatchObject({
    failure: { code: 'E_LAUNCH', message: expect.stringContaining(town) },
  })
})

test('a new launch in the same folder forgets old signs of life and keeps undelivered messages', async () => {
  await specOf({ evidence: 'red' })
  const folder = agentDir(town, { fence: 'k3x9qf', address: '' })
  for (const name of ['beat', 'failure.json', 'inbox/message']) writeFileSync(join(folder, name), 'x')
  await specOf()
  expect(readdirSync(folder).sort()).toEqual(['bead.json', 'bin', 'brief.md', 'inbox'])
  expect(existsSync(join(folder, 'inbox', 'message'))).toBe(true)
})

test('each address has a folder of its own inside the town', () => {
  const folders = ['mayor', 'gp/crew/max', 'gp-crew/max', 'gp/crew-max', '..', '../../x', '.', 'gp~crew/max'].map(
    (address) => agentDir(town, { address }),
  )
  expect(new Set(folders).size).toBe(folders.length)
  for (const folder of folders) expect(join(folder, '..')).toBe(join(town, '.gt', 'agents'))
})

test('the task that a script agent runs is all of the bead’s text', async () => {
  await specOf({ bead: aBead({ description: 'a', acceptance_criteria: 'b' }) })
  const task = JSON.parse(readFileSync(join(town, '.gt', 'runs', 'k3x9qf', 'bead.json'), 'utf8'))
  expect(task).toEqual({ id: 'gp-a3f8k', title: 'Add a greeting', body: 'a\n\nAcceptance criteria:\nb' })
})
