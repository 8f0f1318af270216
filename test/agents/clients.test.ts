/** What the tables of other clients come to, without the clients: argument vectors, modes, files, and when a line may be typed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { knownAgents, otherClients } from '../../src/agents/known.ts'
import type { LaunchInput } from '../../src/agents/launch.ts'
import { prepareLaunch } from '../../src/agents/launch.ts'
import { modeFor } from '../../src/agents/modes.ts'
import type { AgentTable, Preset } from '../../src/agents/preset.ts'
import { BUILT_IN } from '../../src/agents/preset.ts'
import { mayTypeIn } from '../../src/agents/screen.ts'
import { aLaunch, aRun, privateFolder } from './support.ts'

const uuid = '11111111-2222-4333-8444-555555555555'

/** The table of a client, with a program that is on every machine. */
const client = (name: string, more: Partial<Preset> = {}): Preset => ({
  ...BUILT_IN[name]!,
  name,
  command: [process.execPath, ...BUILT_IN[name]!.command.slice(1)],
  ...more,
})

async function argsOf(town: string, preset: Preset, more: Partial<LaunchInput> = {}): Promise<string[]> {
  const input = aLaunch(town, {
    run: aRun(),
    preset,
    permission: 'bypass',
    conversation: uuid,
    brief: 'Work!',
    ...more,
  })
  const prepared = await prepareLaunch(input)
  if (prepared.kind === 'error') throw new Error(JSON.stringify(prepared.failure))
  return prepared.value.argv.slice(1)
}

test('codex: its own process, a screen that scrolls, no question on the way; its last conversation here goes on', async () => {
  const town = privateFolder()
  const { cwd } = aLaunch(town)
  const always = [
    '--no-daemon',
    '--no-alt-screen',
    '-c',
    'check_for_update_on_startup=false',
    '-c',
    'allow_login_shell=false',
    '-c',
    `projects={'${cwd}'={trust_level='trusted'}}`,
  ]
  const bold = '--dangerously-bypass-approvals-and-sandbox'
  expect(await argsOf(town, client('codex'))).toEqual([...always, bold, 'Work!'])
  const model = client('codex', { model: 'gpt-x' })
  expect(await argsOf(town, model, { mode: 'resume' })).toEqual([
    ...always,
    bold,
    '--model',
    'gpt-x',
    'resume',
    '--last',
    'Work!',
  ])
  // A person sits there, and is asked by the client itself.
  const crew = { role: 'crew', run: undefined, permission: 'acceptEdits', brief: '' } as const
  expect(await argsOf(town, client('codex'), crew)).toEqual(always)
})

test('gemini: trusted for this once, asks nobody, under an id of ours that it takes up again', async () => {
  const town = privateFolder()
  const policy = join(town, '.gt', 'runs', 'k3x9qf', 'files', 'policy.toml')
  const always = ['--skip-trust', '--policy', policy, '--yolo']
  expect(await argsOf(town, client('gemini'))).toEqual([
    ...always,
    '--session-id',
    uuid,
    '--prompt-interactive',
    'Work!',
  ])
  expect(readFileSync(policy, 'utf8')).toMatch(/^toolName = "ask_user"\ndecision = "deny"$/m)
  const goesOn = await argsOf(town, client('gemini'), { mode: 'resume' })
  expect(goesOn).toEqual([...always, '--resume', uuid, '--prompt-interactive', 'Work!'])
})

test('opencode: no tool that waits; it begins anew each time, for its last conversation may be another worktree’s', async () => {
  const town = privateFolder()
  const always = ['--auto', '--prompt', 'Work!']
  expect(await argsOf(town, client('opencode'))).toEqual(always)
  const goesOn = { mode: 'resume' } as const
  expect(await argsOf(town, client('opencode', { model: 'a/b' }), goesOn)).toEqual([
    '--auto',
    '--model',
    'a/b',
    ...always.slice(1),
  ])
  expect(JSON.parse(BUILT_IN.opencode!.env!.OPENCODE_PERMISSION!)).toEqual({ question: 'deny' })
})

test('a table of settings can say all that a built-in one says', async () => {
  const town = privateFolder()
  const own: Preset = {
    name: 'own',
    command: [process.execPath, '--here={cwd}', '--rules={files}/rules.txt'],
    prompt: 'file',
    prompt_flag: '--brief',
    hooks: 'none',
    start: ['--new={session}'],
    resume: ['--old={session}'],
    modes: { acceptEdits: ['--edit'] },
    files: { 'rules.txt': 'be kind {cwd}' },
    model: 'm',
  }
  const folder = join(town, '.gt', 'runs', 'k3x9qf')
  const { cwd } = aLaunch(town)
  const begins = await argsOf(town, own, { permission: 'acceptEdits' })
  const common = [`--here=${cwd}`, `--rules=${join(folder, 'files', 'rules.txt')}`, '--edit']
  expect(begins).toEqual([...common, `--new=${uuid}`, '--brief', join(folder, 'brief.md')])
  expect(readFileSync(join(folder, 'files', 'rules.txt'), 'utf8')).toBe('be kind {cwd}')
  const goesOn = await argsOf(town, own, { permission: 'acceptEdits', mode: 'resume' })
  expect(goesOn).toEqual([...common, `--old=${uuid}`, '--brief', join(folder, 'brief.md')])
  // Without a way to go on it begins anew, whatever it was asked; and what another table left is gone.
  const anew = await argsOf(
    town,
    { ...own, resume: undefined, files: undefined },
    { permission: 'acceptEdits', mode: 'resume' },
  )
  expect(anew).toEqual(begins)
  expect(existsSync(join(folder, 'files'))).toBe(false)
})

test('no worker starts in a mode that its client does not have, and the error names those that it has', () => {
  const codex = client('codex')
  for (const permission of [undefined, 'manual', 'acceptEdits'] as const) {
    expect(modeFor('polecat', codex, permission)).toMatchObject({
      kind: 'error',
      failure: { code: 'E_PERMISSIONS', exit: 2, hint: expect.stringMatching(/permissions\.mode bypass;/) },
    })
  }
  expect(modeFor('polecat', codex, 'bypass')).toEqual({ kind: 'ok', value: 'bypass' })
  expect(modeFor('mayor', codex, 'acceptEdits')).toEqual({ kind: 'ok', value: 'manual' })
  const claude = { name: 'claude', ...BUILT_IN.claude! }
  expect(modeFor('polecat', claude, undefined)).toMatchObject({
    failure: { hint: expect.stringMatching(/bypass .*\(or acceptEdits\)/) },
  })
  expect(modeFor('polecat', { name: 'script', ...BUILT_IN.script! }, undefined)).toEqual({
    kind: 'ok',
    value: 'manual',
  })
})

/** OpenCode's prompt box, with this behind its border in the middle line. */
const box = (middle: string): string =>
  [
    '  \x1b[38;5;75m┃\x1b[38;5;15m\x1b[48;5;234m',
    `  \x1b[38;5;75m┃\x1b[38;5;15m${middle}`,
    '  \x1b[38;5;75m┃\x1b[38;5;15m      ',
    '  \x1b[38;5;75m┃\x1b[38;5;15m  \x1b[38;5;75mBuild\x1b[38;5;15m \x1b[38;5;8mauto\x1b[38;5;15m \x1b[38;5;8m·\x1b[38;5;15m m fake',
    '  \x1b[38;5;75m╹\x1b[38;5;234m▀▀▀▀▀▀▀▀▀▀▀▀',
  ].join('\n')

/** Screens as the programs drew them. */
const SCREENS: Record<string, { empty: string[]; other: string[] }> = {
  codex: {
    empty: [
      '• written\n\n  Worked for <1s\n\n\n\x1b[1m›\x1b[0m \x1b[2mAsk Codex to do anything\x1b[0m\n\n  gpt default · /w',
    ],
    other: [
      '› half a line\n\n  gpt default · /w',
      '  Trust this folder? Codex can read files.\n› 1. Trust and continue\n  2. Back\n  enter continue · esc back',
    ],
  },
  gemini: {
    empty: [
      ' YOLO Ctrl+Y\n\x1b[35m *\x1b[39m   \x1b[90mType your message or @path/to/file\x1b[39m\n workspace (/directory)',
    ],
    other: [
      ' YOLO Ctrl+Y\n *   half a line\n workspace (/directory)',
      '│ ? Get started\n│ How would you like to authenticate for this project?\n│ ● 1. Sign in with Google',
    ],
  },
  opencode: {
    empty: [
      box(''),
      box(`${' '.repeat(120)}\x1b[48;5;233m  \x1b[38;5;8m/tmp/town/app/polecats/`),
      '  ┃\n  ┃  Ask anything... "Fix a TODO in the codebase"\n  ┃\n  ┃  Build auto · m fake\n  ╹▀▀▀▀▀▀▀▀',
    ],
    other: [
      box('  half a line'),
      box(`  half a line${' '.repeat(110)}/tmp/town/app/polecats/`),
      '  ┃\n  ┃  △ Permission required\n  ┃    ← Access external directory ~/other\n  ┃\n  ┃   Allow once   Allow always   Reject',
    ],
  },
}

test.each(Object.keys(SCREENS))('%s: a line is typed into an empty prompt, and nowhere else', async (name) => {
  const town = privateFolder()
  await argsOf(town, client(name))
  const session = { name: 's', labels: { run: 'k3x9qf' }, process: { pid: 1, started: '1' }, alive: true }
  for (const screen of SCREENS[name]!.empty) expect(mayTypeIn(town)(screen, session)).toMatchObject({ kind: 'ok' })
  for (const screen of SCREENS[name]!.other)
    expect(mayTypeIn(town)(screen, session)).toMatchObject({ kind: 'error', failure: { code: 'E_DIALOG', exit: 75 } })
})

test('every built-in client says how it is installed, and has its screens here', () => {
  for (const { name, install, title, hooks } of knownAgents({}, '').filter(({ program }) => program !== 'gt')) {
    expect([name, install, title]).toEqual([name, expect.stringMatching(/^npm install -g /), expect.any(String)])
    if (hooks === 'none') expect(Object.keys(SCREENS)).toContain(name)
  }
})

test('agents are listed with what is installed; a table of the town stands in the place of a built-in one', () => {
  const node: AgentTable = { command: [process.execPath], prompt: 'arg', hooks: 'none' }
  const listed = knownAgents({ fake: node, codex: node }, '')
  expect(listed.map(({ name }) => name)).toEqual([...Object.keys(BUILT_IN), 'fake'])
  expect(listed.find(({ name }) => name === 'codex')).toMatchObject({ own: true, place: process.execPath, modes: [] })
  expect(listed.find(({ name }) => name === 'claude')).toMatchObject({ own: false, place: null, resumes: true })
  expect(otherClients('').here).toEqual([])
  expect(otherClients('').missing).toContain('codex')
})
