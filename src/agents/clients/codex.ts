/** OpenAI's Codex. Every fact was measured with 0.171.0, and is tested with the program itself (test/e2e/clients.test.ts). */
import type { AgentTable } from '../preset.ts'

export const codex: AgentTable = {
  title: 'Codex',
  install: 'npm install -g @openai/codex',
  command: [
    'codex',
    // The shared server would belong to the worker that came first, and end with it.
    '--no-daemon',
    // A real scrollback, so that `gt peek` sees more than one screen.
    '--no-alt-screen',
    '-c',
    'check_for_update_on_startup=false',
    // A login shell reads /etc/profile, which takes `gt` off PATH on many systems.
    '-c',
    'allow_login_shell=false',
    // Answers the question about the folder for this process; nothing is written into the user's settings.
    '-c',
    "projects={'{cwd}'={trust_level='trusted'}}",
  ],
  // Short of `bypass` it either asks a person or may not write where git keeps a worktree's index.
  modes: { bypass: ['--dangerously-bypass-approvals-and-sandbox'], manual: [] },
  model_flag: '--model',
  prompt: 'arg',
  hooks: 'none',
  // It picks its own ids; the last conversation in this folder is this agent's, since each has a folder of its own.
  resume: ['resume', '--last'],
  // The grey words that stand in its empty prompt.
  ready: '^› Ask Codex to do anything',
}
