import { expect, test } from 'vitest'
import { claudeMayType } from '../../src/agents/screen.ts'

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
