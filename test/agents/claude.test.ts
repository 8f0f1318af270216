import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { hookOutput, undecidedServers } from '../../src/agents/claude.ts'
import type { LaunchInput } from '../../src/agents/launch.ts'
import { prepareLaunch } from '../../src/agents/launch.ts'
import type { Preset } from '../../src/agents/preset.ts'
import { aLaunch, privateFolder } from './support.ts'

let town: string
const uuid = '11111111-2222-4333-8444-555555555555'

beforeEach(() => {
  town = privateFolder()
  mkdirSync(join(town, 'bin'))
  writeFileSync(join(town, 'bin', 'claude'), '', { mode: 0o755 })
})

const launch = (more: Partial<LaunchInput> = {}) =>
  prepareLaunch(
    aLaunch(town, {
      preset: { name: 'claude', command: ['claude'], prompt: 'arg', hooks: 'claude' },
      conversation: uuid,
      userEnv: { PATH: join(town, 'bin'), HOME: town },
      ...more,
    }),
  )

async function planned(more: Partial<LaunchInput> = {}) {
  const prepared = await launch(more)
  if (prepared.kind === 'error') throw new Error(prepared.failure.message)
  const { argv, env } = prepared.value
  return { argv, env, settings: JSON.parse(readFileSync(argv[argv.indexOf('--settings') + 1]!, 'utf8')) }
}

test('a worker starts with its own conversation, settings, no blocking tools and its brief last', async () => {
  const { argv, settings } = await planned({ brief: '-- do "it"' })
  expect(argv).toEqual([
    join(town, 'bin', 'claude'),
    '--session-id',
    uuid,
    '--settings',
    join(town, '.gt', 'runs', 'k3x9qf', 'settings.json'),
    '--dangerously-skip-permissions',
    '--disallowedTools',
    'AskUserQuestion,EnterPlanMode,ExitPlanMode',
    '--',
    '-- do "it"',
  ])
  expect(settings).toMatchObject({ tui: 'default', skipDangerousModePermissionPrompt: true })
})

test('the Mayor may ask and plan; without consent everything but gt itself is asked', async () => {
  const mayor = { role: 'mayor', address: 'mayor', run: undefined, bead: undefined, rig: undefined } as const
  const { argv, settings } = await planned({ ...mayor, permission: undefined, brief: '' })
  expect(argv).not.toContain('--disallowedTools')
  expect(argv).not.toContain('--')
  expect(argv).toContain('manual')
  expect(settings).not.toHaveProperty('skipDangerousModePermissionPrompt')
  expect(settings.permissions).toEqual({ allow: ['Bash(gt:*)'] })
})

test('no unattended worker starts in a mode in which it would wait for a person (H10)', async () => {
  for (const permission of [undefined, 'manual'] as const) {
    expect(await launch({ permission })).toMatchObject({ kind: 'error', failure: { code: 'E_PERMISSIONS', exit: 2 } })
  }
  const { argv, env, settings } = await planned({ permission: 'acceptEdits' })
  expect(argv.join(' ')).toContain('--permission-mode acceptEdits')
  expect(env).not.toHaveProperty('IS_SANDBOX')
  expect(settings.permissions.allow).toContain('Bash(gt:*)')
  expect(settings).not.toHaveProperty('skipDangerousModePermissionPrompt')
})

test.runIf(process.getuid?.() === 0)('as root only recorded consent vouches for a sandbox', async () => {
  expect((await planned({ permission: 'bypass' })).env.IS_SANDBOX).toBe('1')
})

test('a conversation is resumed when it exists and started when it does not, whatever the caller thinks', async () => {
  const flag = async (mode: 'start' | 'resume') => (await planned({ mode })).argv[1]
  expect([await flag('start'), await flag('resume')]).toEqual(['--session-id', '--session-id'])
  const project = join(town, '.claude', 'projects', '-town-gp')
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, `${uuid}.jsonl`), '')
  expect([await flag('start'), await flag('resume')]).toEqual(['--resume', '--resume'])
})

test('a login of its own decides where the client finds its settings and its conversations', async () => {
  const account = { name: 'work', env: { CLAUDE_CONFIG_DIR: '~/work cfg' } }
  const preset: Preset = { name: 'claude', command: ['claude'], prompt: 'arg', hooks: 'claude' }
  const config = async (more: Partial<LaunchInput>) => {
    const { argv, env } = await planned(more)
    const noted = readFileSync(join(town, '.gt', 'runs', 'k3x9qf', 'config-folder'), 'utf8')
    return [noted, env.CLAUDE_CONFIG_DIR, argv[1]]
  }
  const conversation = join(town, 'work cfg', 'projects', '-w')
  mkdirSync(conversation, { recursive: true })
  writeFileSync(join(conversation, `${uuid}.jsonl`), '')
  expect(await config({})).toEqual([join(town, '.claude'), undefined, '--session-id'])
  const work = join(town, 'work cfg')
  expect(await config({ account })).toEqual([work, work, '--resume'])
  // The agent table's own folder counts as well, less than the account's.
  const table = { ...preset, env: { CLAUDE_CONFIG_DIR: '/table' } }
  expect(await config({ preset: table })).toEqual(['/table', '/table', '--session-id'])
  expect(await config({ preset: table, account })).toEqual([work, work, '--resume'])
  writeFileSync(join(town, '.mcp.json'), '{"mcpServers":{"a":{},"b":{}}}')
  writeFileSync(join(work, 'settings.json'), '{"enabledMcpjsonServers":["a"]}')
  expect((await planned({ account })).settings.disabledMcpjsonServers).toEqual(['b'])
})

test('a status line of ours, and no dialog at a usage limit, only where nobody looks', async () => {
  const { settings } = await planned()
  const command = `/bin/sh '${join(town, '.gt', 'runs', 'k3x9qf', 'hook.sh').replaceAll("'", `'\\''`)}' StatusLine`
  expect(settings).toMatchObject({ statusLine: { type: 'command', command }, autoContinueAtUsageLimit: true })
  for (const role of ['mayor', 'crew'] as const) {
    const attended = (await planned({ role, permission: 'manual' })).settings
    expect(attended).not.toHaveProperty('statusLine')
    expect(attended).not.toHaveProperty('autoContinueAtUsageLimit')
  }
})

test('every hook calls the guard by absolute paths, whatever the town is called', async () => {
  const { settings } = await planned()
  const folder = join(town, '.gt', 'runs', 'k3x9qf')
  for (const [event, entries] of Object.entries<{ matcher?: string; hooks: { command: string }[] }[]>(settings.hooks)) {
    for (const { matcher, hooks } of entries) {
      // Most guards end without reading; then the pipe breaks, which is no failure of theirs.
      const ran = spawnSync('/bin/sh', ['-c', hooks[0]!.command], {
        input: '{}',
        env: { PATH: '/usr/bin:/bin' },
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      expect(ran.status).toBe(0)
      const name = matcher === undefined ? event : `${event}:${matcher}`
      const recorded = event === 'PermissionRequest' ? 'PermissionRefused' : name
      expect(readFileSync(join(folder, 'beat'), 'utf8')).toBe(`${recorded}\n`)
    }
  }
  expect(Object.keys(settings.hooks)).toEqual(
    expect.arrayContaining([
      'SessionStart',
      'UserPromptSubmit',
      'PostToolUse',
      'Stop',
      'StopFailure',
      'Notification',
      'PreCompact',
      'SessionEnd',
    ]),
  )
})

test('servers of a project that nobody decided about are refused before a dialog asks', async () => {
  expect(undecidedServers(town, join(town, 'cfg'))).toEqual([])
  writeFileSync(join(town, '.mcp.json'), '{"mcpServers":{"a":{},"b":{}}}')
  expect((await planned()).settings.disabledMcpjsonServers).toEqual(['a', 'b'])
  mkdirSync(join(town, '.claude'))
  writeFileSync(join(town, '.claude', 'settings.json'), '{"enabledMcpjsonServers":["a"]}')
  expect(undecidedServers(town, join(town, 'cfg'))).toEqual(['b'])
  mkdirSync(join(town, 'cfg'))
  writeFileSync(join(town, 'cfg', 'settings.json'), '{"enableAllProjectMcpServers":true}')
  expect(undecidedServers(town, join(town, 'cfg'))).toEqual([])
})

test('text reaches the model by the way each event has for it', () => {
  const text = '{"not":"json for Claude"}\n"'
  for (const event of ['SessionStart', 'UserPromptSubmit', 'PostToolUse']) {
    const expected = { hookSpecificOutput: { hookEventName: event, additionalContext: text } }
    expect(JSON.parse(hookOutput(event, text)!)).toEqual(expected)
  }
  expect(JSON.parse(hookOutput('Stop', text)!)).toEqual({ decision: 'block', reason: text })
  expect(hookOutput('SessionEnd', text)).toBeNull()
})
