import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agentDir } from '../../src/agents/launch.ts'
import { claudeMayType, mayTypeIn } from '../../src/agents/screen.ts'
import { privateFolder } from './support.ts'

const border = `\x1b[38;5;244m${'─'.repeat(60)}`
const footer = '\x1b[39m  \x1b[38;5;246m⏸\x1b[39m manual mode on'
const screen = (...box: string[]) => ['● ACK', border, ...box, border, footer].join('\n')
const verdict = (text: string) => {
  const may = claudeMayType(text)
  return may.kind === 'ok' ? 'ok' : may.failure.code
}

// The escapes are those of real screens (Claude Code 2.1.330, tmux 3.3a).
test('an empty prompt may be typed into, with the cursor drawn or not', () => {
  for (const line of ['\x1b[39m❯\u00a0\x1b[7m', '\x1b[39m❯\u00a0\x1b[7m \x1b[0m\x1b[39m\x1b[49m', '❯']) {
    expect(verdict(screen(line))).toBe('ok')
  }
})

test('grey placeholders are not a draft', () => {
  expect(verdict(screen('\x1b[39m❯\u00a0\x1b[7mP\x1b[0;2mress up to edit queued messages\x1b[0m'))).toBe('ok')
  expect(verdict(screen('❯\u00a0\x1b[2mOnce fixed, resend\x1b[22m'))).toBe('ok')
})

test('a half-typed line stays the person’s, on one line or several, in any colour', () => {
  for (const box of [
    ['\x1b[39m❯\u00a0half typed\x1b[7m'],
    ['\x1b[39m❯\u00a0line a', '  line b\x1b[7m \x1b[0m'],
    ['❯\u00a0', '  below an empty line'],
    ['❯\u00a0\x1b[38;5;2mgreen, not dim\x1b[39m'],
  ]) {
    expect(verdict(screen(...box))).toBe('E_DRAFT')
  }
})

test('without a prompt box nothing is typed: dialogs, start-up, an ended agent', () => {
  const dialog = [
    border,
    ' Bash command',
    ' curl x',
    '╌'.repeat(60),
    ' Do you want to proceed?',
    ' ❯ 1. Yes',
    '   2. No',
    ' Esc to cancel',
  ]
  const trust = [border, ' Accessing workspace:', ' ❯ No, exit', '   Yes, I trust this folder', ' Enter to confirm']
  // An earlier prompt, echoed in the conversation above the dialog.
  const echoed = ['❯ do it', border, '● Working', border, ' ❯ 1. Yes', '   2. No']
  for (const lines of [dialog, trust, echoed, [''], ['$ ', 'Pane is dead']]) {
    expect(verdict(lines.join('\n'))).toBe('E_DIALOG')
  }
})

test('a dialog that is announced but not drawn yet counts; one that was closed without a word does not', () => {
  const town = privateFolder()
  const labels = { run: 'k3x9qf', agent: 'gp/polecats/toast' }
  const folder = agentDir(town, { fence: labels.run, address: labels.agent })
  const session = { name: 's', labels, process: { pid: 1, started: 'x' }, alive: true }
  const may = (text: string) => mayTypeIn(town)(text, session).kind
  mkdirSync(folder, { recursive: true })
  // Without a guard in its folder it is not Claude Code: any program may show any screen.
  expect(may('$ ')).toBe('ok')
  writeFileSync(join(folder, 'hook.sh'), '')
  expect(may('$ ')).toBe('error')
  expect(may(screen('❯'))).toBe('ok')
  writeFileSync(join(folder, 'beat'), 'PermissionRequest\n')
  expect(may(screen('❯'))).toBe('error')
  utimesSync(join(folder, 'beat'), 5, 5)
  expect(may(screen('❯'))).toBe('ok')
})
