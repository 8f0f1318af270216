import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { activityOf, clearBeats, firstSign, readBeat, readFailure, writeBeat } from '../../src/agents/beat.ts'
import { readContext } from '../../src/agents/context.ts'
import { guardText, shellQuote, wrapperText } from '../../src/agents/guard.ts'
import { readTrouble } from '../../src/agents/trouble.ts'
import { privateFolder } from './support.ts'

let folder: string

beforeEach(() => {
  folder = privateFolder()
  mkdirSync(join(folder, 'inbox'))
  mkdirSync(join(folder, 'bin'))
  // A gt that tells how it was called, and fails the way that would block Claude Code if it got through.
  const gt = '#!/bin/sh\nprintf "gt %s|" "$@"\n[ "$1" = prime ] || cat\nexit 2\n'
  writeFileSync(join(folder, 'bin', 'gt'), gt, { mode: 0o755 })
  writeFileSync(join(folder, 'hook.sh'), guardText({ folder, attended: false }))
})

function hook(event: string, stdin = '{}', env: Record<string, string> = {}) {
  return spawnSync('/bin/sh', [join(folder, 'hook.sh'), event], { input: stdin, encoding: 'utf8', env })
}

test('each event leaves a beat, says nothing and starts nothing', () => {
  for (const event of ['UserPromptSubmit', 'PostToolUse', 'Stop', 'Notification:idle_prompt', 'SessionEnd']) {
    // An empty environment: no PATH, so no program but the shell itself can have been used.
    expect(hook(event)).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(readBeat(folder)).toMatchObject({ kind: 'ok', value: { event } })
  }
})

test('SessionStart primes, and an exit code of gt never reaches Claude Code', () => {
  expect(hook('SessionStart')).toMatchObject({ status: 0, stdout: 'gt prime|gt --hook|' })
  expect(firstSign(folder)).toMatchObject({ kind: 'ok', value: { event: 'SessionStart' } })
})

test('with something in the inbox gt delivers it, once, with the event’s JSON on stdin', () => {
  writeFileSync(join(folder, 'inbox', 'a message'), '')
  writeFileSync(join(folder, 'inbox', 'another'), '')
  for (const event of ['UserPromptSubmit', 'PostToolUse', 'Stop']) {
    expect(hook(event, '{"a":"\\n"}')).toMatchObject({ status: 0, stdout: `gt hook-deliver|gt ${event}|{"a":"\\n"}` })
  }
  expect(hook('PreCompact').stdout).toBe('')
})

test('a file that is still being written (hidden) is not delivered; a gone inbox is an empty one', () => {
  writeFileSync(join(folder, 'inbox', '.writing'), '')
  expect(hook('Stop').stdout).toBe('')
  rmSync(join(folder, 'inbox'), { recursive: true })
  expect(hook('Stop')).toMatchObject({ status: 0, stdout: '' })
})

test('a permission dialog is refused with a reason, but left to the person where one is', () => {
  const answer = JSON.parse(hook('PermissionRequest').stdout)
  expect(answer.hookSpecificOutput).toMatchObject({
    hookEventName: 'PermissionRequest',
    decision: { behavior: 'deny' },
  })
  expect(readBeat(folder)).toMatchObject({ value: { event: 'PermissionRefused' } })
  writeFileSync(join(folder, 'hook.sh'), guardText({ folder, attended: true }))
  expect(hook('PermissionRequest').stdout).toBe('')
  const beat = readBeat(folder)
  expect(beat.kind === 'ok' && activityOf(beat.value)).toBe('waiting')
})

test('StopFailure keeps what went wrong', () => {
  expect(readFailure(folder).kind).toBe('empty')
  const said = { hook_event_name: 'StopFailure', error: 'rate_limit', last_assistant_message: 'You have hit "it"\n' }
  hook('StopFailure', JSON.stringify(said), { PATH: '/usr/bin:/bin' })
  expect(readFailure(folder)).toMatchObject({
    kind: 'ok',
    value: { error: 'rate_limit', message: 'You have hit "it"\n', at: expect.any(Number) },
  })
  writeFileSync(join(folder, 'failure.json'), '{"error":')
  expect(readFailure(folder).kind).toBe('unknown')
})

test('what went wrong is forgotten when the agent goes on, and not before', () => {
  const env = { PATH: '/usr/bin:/bin' }
  const goOn = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'PostToolUseFailure', 'Stop', 'PermissionRequest']
  for (const event of goOn) {
    hook('StopFailure', '{"error":"rate_limit"}', env)
    for (const later of ['Notification:idle_prompt', 'PreCompact', 'SessionEnd']) hook(later, '{}', env)
    expect(readTrouble(folder)).toMatchObject({ kind: 'ok', value: { is: 'throttled' } })
    hook(event, '{}', env)
    expect(readFailure(folder).kind).toBe('empty')
    // Idle after a turn that went well is not what it was after the one that failed.
    hook('Notification:idle_prompt', '{}', env)
    expect(readTrouble(folder)).toEqual({ kind: 'empty' })
  }
})

test('a status line keeps what it is told, shows who it is, and is no sign of life', () => {
  const env = { PATH: '/usr/bin:/bin', GT_BEAD: 'gp-a3f8k', GT_AGENT: 'gp/polecats/toast' }
  hook('Stop', '{}', env)
  utimesSync(join(folder, 'beat'), new Date(5_000), new Date(5_000))
  const told = (used: number) => `{"context_window":{"used_percentage":${used}},"text":"'$(id)' \\\\n"}`
  for (const used of [7, 8]) {
    expect(hook('StatusLine', told(used), env)).toMatchObject({
      status: 0,
      stdout: 'gp-a3f8k gp/polecats/toast\n',
      stderr: '',
    })
    expect(readFileSync(join(folder, 'status.json'), 'utf8')).toBe(told(used))
    expect(readContext(folder)).toMatchObject({ value: { used } })
  }
  expect(readBeat(folder)).toEqual({ kind: 'ok', value: { event: 'Stop', at: 5_000 } })
  expect(readdirSync(folder).filter((name) => name.startsWith('status'))).toEqual(['status.json'])
})

test('with its folder gone, or not writable, a hook is silent and harmless', () => {
  rmSync(join(folder, 'inbox'), { recursive: true })
  mkdirSync(join(folder, 'beat'))
  expect(hook('Stop')).toMatchObject({ status: 0, stdout: '', stderr: '' })
  const script = readFileSync(join(folder, 'hook.sh'), 'utf8')
  rmSync(folder, { recursive: true })
  expect(spawnSync('/bin/sh', ['-c', script, 'sh', 'Stop'], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  })
})

test('a beat is the last event and when it was', () => {
  expect(readBeat(folder).kind).toBe('empty')
  writeBeat(folder, 'Stop')
  utimesSync(join(folder, 'beat'), new Date(5_000), new Date(5_000))
  expect(readBeat(folder)).toEqual({ kind: 'ok', value: { event: 'Stop', at: 5_000 } })
  // A shorter name written over a longer one by two hooks at once: only the first line counts.
  writeFileSync(join(folder, 'beat'), 'Stop\nolUse\n')
  expect(readBeat(folder)).toMatchObject({ value: { event: 'Stop' } })
  for (const left of ['failure.json', 'failure.77', 'status.json', 'status.77']) writeFileSync(join(folder, left), '')
  clearBeats(folder)
  expect(firstSign(folder).kind).toBe('empty')
  expect(readdirSync(folder).sort()).toEqual(['bin', 'hook.sh', 'inbox'])
  clearBeats(join(folder, 'none'))
})

test('what cannot be told is never read as no beat (law 8)', () => {
  writeFileSync(join(folder, 'beat'), '')
  expect(readBeat(folder).kind).toBe('unknown')
  rmSync(join(folder, 'beat'))
  symlinkSync('beat', join(folder, 'beat'))
  expect(readBeat(folder).kind).toBe('error')
})

test('beats tell busy from idle', () => {
  const activities = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'StopFailure', 'SessionEnd'].map(
    (event) => activityOf({ at: 0, event }),
  )
  expect(activities).toEqual(['starting', 'busy', 'busy', 'idle', 'idle', 'ended'])
})

test('the wrapper runs this node and this gt with the arguments as they are, and sets extra certificates aside', () => {
  const gt = join(folder, "it's gt.mjs")
  writeFileSync(
    gt,
    'const e = process.env; console.log(JSON.stringify([process.argv.slice(2), e.NODE_EXTRA_CA_CERTS, e.GT_NODE_EXTRA_CA_CERTS]))',
  )
  const wrapper = join(folder, 'bin', 'gt')
  writeFileSync(wrapper, wrapperText(process.execPath, gt), { mode: 0o755 })
  const hostile = ['a b', "it's", '$(touch x)', '`id`', '', '*', 'two\nlines', '--', '\\']
  const told = execFileSync(wrapper, hostile, { env: { NODE_EXTRA_CA_CERTS: '/certs/my ca.pem' }, encoding: 'utf8' })
  expect(JSON.parse(told)).toEqual([hostile, null, '/certs/my ca.pem'])
  expect(JSON.parse(execFileSync(wrapper, [], { env: {}, encoding: 'utf8' }))).toEqual([[], null, null])
})

test('a quoted word is that word for a shell', () => {
  for (const word of ["'", "a'b'c", '$(id)', '`id`', '"', '\\', 'a\nb', '!x', '']) {
    expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellQuote(word)}`], { encoding: 'utf8' })).toBe(word)
  }
})
