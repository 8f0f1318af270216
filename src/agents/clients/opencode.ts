/** OpenCode. Every fact was measured with 1.18.33, and is tested with the program itself (test/e2e/clients.test.ts). */
import type { AgentTable } from '../preset.ts'

export const opencode: AgentTable = {
  title: 'OpenCode',
  install: 'npm install -g opencode-ai',
  command: ['opencode'],
  env: {
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    // The tool that waits for a person.
    OPENCODE_PERMISSION: '{"question":"deny"}',
  },
  modes: { bypass: ['--auto'], manual: [] },
  model_flag: '--model',
  prompt: 'arg',
  prompt_flag: '--prompt',
  hooks: 'none',
  // No `resume`: it takes the last conversation of the repository, which is that of another worktree (measured).
  // Its prompt box with nothing in it (on a wide screen something stands at the right of it), above the name of its mode; or
  // its first screen.
  ready: '^(?: *┃(?: *$| {20}.*)\\n){3} *┃ {2}\\S.* · |Ask anything',
}
