/**
 * Whether a line may be typed into an agent, judged by its screen: Claude Code's as measured with 2.1.330, that of others by
 * their tables. In a dialog Enter means yes, and a half-typed line would swallow what is typed (design law 9); in both cases
 * nothing is typed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { activityOf, readBeat } from './beat.ts'
import { agentDir } from './launch.ts'
import type { Draft, Prompt, SessionView } from './runtime.ts'
import { readyFile } from './table-files.ts'

/** The border above and below the prompt box; no dialog and no menu draws it around a line that begins with the mark. */
const BORDER = /^[─━]{10,}/
const MARK = /^❯(?:\u00a0|\s|$)/
const STYLE = /\x1b\[([\d;]*)m/g

/** A dialog is drawn a moment after its hook fires; longer ago, the screen knows better (Esc closes it without a hook). */
const DRAWN_MS = 2_000

const dialog = fail('E_DIALOG', 'Nothing was typed: the agent shows no prompt, so it may be waiting at a dialog.', {
  exit: EXIT.tryAgain,
  hint: 'Look at its screen: gt peek <agent>',
})

/**
 * The runtime's question before it types: may it, with this screen, into this session of the town? Knows which sessions
 * are Claude Code's by their folder and asks the last beat too; an agent whose table says nothing may be typed to.
 */
export function mayTypeIn(town: string): (screen: string, session: SessionView) => Result<Prompt> {
  return (screen, { labels }) => {
    const folder = agentDir(town, { fence: labels.run, address: labels.agent ?? '' })
    if (!existsSync(join(folder, 'hook.sh'))) return readyToType(screen, readyFile(folder))
    const beat = readBeat(folder)
    const waits = beat.kind === 'ok' && activityOf(beat.value) === 'waiting' && Date.now() - beat.value.at < DRAWN_MS
    return waits ? dialog : claudeMayType(screen)
  }
}

/** By the table of an agent without hooks. `E_DIALOG` (75): its screen shows no empty prompt. */
function readyToType(screen: string, file: string): Result<Prompt> {
  if (!existsSync(file)) return ok('unseen')
  const ready = new RegExp(readFileSync(file, 'utf8'), 'm')
  if (ready.test(screen.replace(STYLE, ''))) return ok('empty')
  return fail('E_DIALOG', 'Nothing was typed: the agent shows no empty prompt, but a dialog or a half-typed line.', {
    exit: EXIT.tryAgain,
    hint: 'Look at its screen: gt peek <agent>',
  })
}

/**
 * `screen`: the pane's last lines with their colour escapes. `E_DIALOG` (75): no prompt box is shown, so a dialog is
 * open or the agent is not ready. `E_DRAFT` (75): somebody's unsent text is in the box; grey placeholders are none.
 */
export function claudeMayType(screen: string): Result<Prompt> {
  const box = promptBox(screen.split('\n'))
  if (box === undefined) return dialog
  const draft = written(box).replace(MARK, '').trim()
  if (draft === '') return ok('empty')
  return fail('E_DRAFT', 'Nothing was typed: there is a half-typed line in the agent’s prompt.', {
    exit: EXIT.tryAgain,
    details: { draft } satisfies Draft,
  })
}

/** The lines between the last two borders, when they are a prompt box. */
function promptBox(lines: string[]): string | undefined {
  const plain = lines.map((line) => line.replace(STYLE, ''))
  const below = plain.findLastIndex((line) => BORDER.test(line))
  const above = plain.findLastIndex((line, at) => at < below && BORDER.test(line))
  return above >= 0 && MARK.test(plain[above + 1] ?? '') ? lines.slice(above + 1, below).join('\n') : undefined
}

/** Text without escapes, without dim text (placeholders) and without the cell under the cursor (reverse video). */
function written(styled: string): string {
  let faint = false
  let cursor = false
  let text = ''
  let at = 0
  for (const style of styled.matchAll(STYLE)) {
    if (!faint && !cursor) text += styled.slice(at, style.index)
    at = style.index + style[0].length
    // A colour's own numbers (38;5;2) are not styles.
    const codes = (style[1] ?? '').replace(/[34]8;(5;\d+|2;\d+;\d+;\d+)/g, '').split(';')
    for (const code of codes) {
      if (code === '' || code === '0') faint = cursor = false
      else if (code === '2') faint = true
      else if (code === '22') faint = false
      else if (code === '7') cursor = true
      else if (code === '27') cursor = false
    }
  }
  return faint || cursor ? text : text + styled.slice(at)
}
