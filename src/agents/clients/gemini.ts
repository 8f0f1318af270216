/** Google's Gemini CLI. Every fact was measured with 0.61.0, and is tested with the program itself (test/e2e/clients.test.ts). */
import type { AgentTable } from '../preset.ts'

export const gemini: AgentTable = {
  title: 'Gemini CLI',
  install: 'npm install -g @google/gemini-cli',
  command: ['gemini', '--skip-trust', '--policy', '{files}/policy.toml'],
  // Even in its boldest mode this tool waits for a person.
  files: { 'policy.toml': '[[rule]]\ntoolName = "ask_user"\ndecision = "deny"\npriority = 900\n' },
  // `auto_edit` asks before each command, so no worker can go on in it.
  modes: { bypass: ['--yolo'], manual: [] },
  model_flag: '--model',
  prompt: 'arg',
  // Without it a prompt is announced by a line about what has changed since older versions.
  prompt_flag: '--prompt-interactive',
  hooks: 'none',
  start: ['--session-id', '{session}'],
  resume: ['--resume', '{session}'],
  // The grey words that stand in its empty prompt.
  ready: 'Type your message or @path/to/file',
}
