/** The argument vector of an agent: its table, filled in with what it is started for. */
import { join } from 'node:path'
import { claudeArgv } from './claude.ts'
import type { LaunchInput, PermissionMode } from './launch.ts'
import { ATTENDED } from './roles.ts'
import { filesFolder } from './table-files.ts'
import { findTranscript } from './transcript.ts'

export interface ArgvPlace {
  /** The agent's folder, absolute. */
  folder: string
  /** Absolute path of the program. */
  program: string
  /** Claude Code's config folder. */
  config: string
}

export function argvOf(input: LaunchInput, place: ArgvPlace, permission: PermissionMode): string[] {
  const { preset, conversation, brief, cwd } = input
  const { folder } = place
  const briefFile = join(folder, 'brief.md')
  const words: Record<string, string> = {
    '{session}': conversation,
    '{brief}': briefFile,
    '{cwd}': cwd,
    '{files}': filesFolder(folder),
  }
  // In one pass, and not by a replacement text: what is put in is not looked at again, and `$&` in a path means nothing.
  const fill = (word: string): string => word.replace(/\{(?:session|brief|cwd|files)\}/g, (name) => words[name]!)
  const command = [place.program, ...preset.command.slice(1).map(fill)]
  if (preset.hooks === 'claude') {
    return claudeArgv({
      command,
      settingsFile: join(folder, 'settings.json'),
      mode: conversationMode(input, place.config),
      conversation,
      permission,
      attended: ATTENDED.has(input.role),
      model: preset.model,
      prompt: brief,
    })
  }
  command.push(...(preset.modes?.[permission] ?? []).map(fill))
  if (preset.model !== undefined && preset.model_flag !== undefined) command.push(preset.model_flag, preset.model)
  const goesOn = input.mode === 'resume' ? preset.resume : undefined
  command.push(...(goesOn ?? preset.start ?? []).map(fill))
  const flag = preset.prompt_flag === undefined ? [] : [preset.prompt_flag]
  switch (preset.prompt) {
    case 'none':
      return command
    case 'arg':
      return brief === '' ? command : [...command, ...flag, brief]
    case 'file':
      return preset.command.some((word) => word.includes('{brief}')) ? command : [...command, ...flag, briefFile]
    case 'stdin':
      // The text for sh is constant; path and command reach it as arguments.
      return ['/bin/sh', '-c', 'f=$1; shift; exec "$@" < "$f"', 'sh', briefFile, ...command]
  }
}

/** Claude Code refuses to start a conversation that exists and to resume one that does not: what stands on disk decides. */
function conversationMode({ mode, conversation }: LaunchInput, config: string): 'start' | 'resume' {
  if (conversation === '') return mode
  const transcript = findTranscript(config, conversation)
  if (transcript.kind === 'ok') return 'resume'
  return transcript.kind === 'empty' ? 'start' : mode
}
