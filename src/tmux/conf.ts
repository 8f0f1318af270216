/**
 * The config file of our private tmux server. Only that server reads it: the user's own ~/.tmux.conf and servers are
 * not touched, and no key that tmux knows is bound anew, so that what the hand knows keeps working after `attach`.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { Keys } from './keys.ts'
import { keysText } from './keys.ts'
import { LINE_FORMAT } from './line.ts'
import { plainFormat, quote } from './quote.ts'

/** The text of the file; `town` is the name shown in the status line. Without `keys` none is bound. */
export function confText(town: string, keys?: Keys): string {
  return `# Written by gt for this town's private tmux server; changes here are overwritten.
# A dead agent's last screen stays readable until its session is ended.
set -g remain-on-exit on
set -gq remain-on-exit-format ""
# A server without sessions ends: nothing of a town that is down stays behind.
set -s exit-empty on
set -s escape-time 10
# No variable of a person who attaches reaches a session.
set -g update-environment ""
set -g history-limit 50000
set -g default-terminal "screen-256color"
# A detached session is wide enough to read; an attached one has the size of the terminal used last.
set -g default-size 200x50
set -g window-size latest
set -g mouse on
set -g allow-rename off
set -g automatic-rename off
set -g status-left ${quote(`${plainFormat(town).replaceAll('%', '%%')} | #{session_name} `)}
set -g status-left-length 60
set -g status-right ${quote(LINE_FORMAT)}
set -g status-right-length 200
set -g window-status-format ""
set -g window-status-current-format ""
${keys === undefined ? '' : keysText(keys)}`
}

/** Writes the file when it differs, whole or not at all; `true` when it was written. Failure: `E_TMUX_CONF`. */
export function writeConf(path: string, town: string, keys?: Keys): Result<boolean> {
  const text = confText(town, keys)
  try {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return ok(false)
    mkdirSync(dirname(path), { recursive: true })
    const temporary = `${path}.${process.pid}`
    writeFileSync(temporary, text)
    renameSync(temporary, path)
    return ok(true)
  } catch (error) {
    return fail('E_TMUX_CONF', `The tmux config file could not be written: ${messageOf(error)}`)
  }
}
