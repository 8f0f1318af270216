import { afterEach, describe, expect, it } from 'vitest'
import { fail, ok } from '../../src/result.ts'
import { tmux } from '../../src/tmux/command.ts'
import type { Stage } from './helper.ts'
import { fileText, stage, until, value } from './helper.ts'

const open: Stage[] = []
const onStage = (...args: Parameters<typeof stage>): Stage => {
  const at = stage(...args)
  open.push(at)
  return at
}
afterEach(async () => {
  for (const at of open.splice(0)) await at.close()
})

/** Writes down each line it is given. */
const SCRIBE = ['sh', '-c', 'while IFS= read -r line; do printf "%s\\n" "$line" >> heard; done']

describe('type', () => {
  it('brings each line as it is, with Enter', async () => {
    const at = onStage()
    value(await at.runtime.start(at.spec('scribe', SCRIBE)))
    const lines = [
      '[gt] you have mail',
      '-l is no flag',
      'ends with ;',
      '\\;',
      `$(touch x) "q" 'q' #{pane_id} ~`,
      'é ❯ 漢',
      'x'.repeat(500),
    ]
    for (const line of lines) value(await at.runtime.type('scribe', line))
    expect(await fileText(at.path('heard'), (text) => text.split('\n').length > lines.length)).toBe(
      `${lines.join('\n')}\n`,
    )
  })

  it('keeps lines apart that are typed at the same time', async () => {
    const at = onStage()
    value(await at.runtime.start(at.spec('scribe', SCRIBE)))
    const answers = await Promise.all(['one', 'two', 'three'].map((line) => at.runtime.type('scribe', line)))
    answers.forEach(value)
    expect(await fileText(at.path('heard'), (text) => text.split('\n').length > 3)).toBe('one\ntwo\nthree\n')
  })

  it('refuses what an agent would take for a command or for several lines', async () => {
    const at = onStage()
    value(await at.runtime.start(at.spec('scribe', SCRIBE)))
    const bad = ['', '  ', '/clear', '!rm x', '@file', ' /clear', '#note', 'a\nb', 'a\rb', 'a\x1bb', 'x'.repeat(501)]
    for (const text of bad) {
      expect(await at.runtime.type('scribe', text)).toMatchObject({ failure: { code: 'E_UNSAFE_TEXT' } })
    }
    value(await at.runtime.type('scribe', 'fine'))
    expect(await fileText(at.path('heard'))).toBe('fine\n')
  })

  it('leaves a copy mode that was left behind, which would swallow the line', async () => {
    const at = onStage()
    value(await at.runtime.start(at.spec('scribe', SCRIBE)))
    value(await tmux(at.server, ['copy-mode', '-t', '=scribe:']))
    value(await at.runtime.type('scribe', 'heard'))
    expect(await fileText(at.path('heard'))).toBe('heard\n')
  })

  it('types nothing where no agent is: none, a dead one, one behind another program', async () => {
    const at = onStage()
    expect(await at.runtime.type('nobody', 'hello')).toMatchObject({ failure: { code: 'E_NO_SESSION' } })
    value(await at.runtime.start(at.spec('dead', ['sh', '-c', 'exit 0'])))
    expect(await at.runtime.type('dead', 'hello')).toMatchObject({ failure: { code: 'E_NO_SESSION' } })
    // With job control the other program becomes the terminal's foreground group, as in a shell that a person suspended into.
    const shell = ['bash', '-c', 'set -m; sh -c "echo up > up; while read -r x; do echo \\$x >> heard; done"']
    value(await at.runtime.start(at.spec('behind', [...shell.slice(0, 2), `${shell[2]}; :`])))
    await fileText(at.path('up'))
    expect(await at.runtime.type('behind', 'hello')).toMatchObject({ failure: { code: 'E_NOT_THE_AGENT' } })
    expect(value(await at.runtime.peek('behind', 5))).toBe('')
  })

  it('types nothing over the line of a person who is attached and typing', async () => {
    const at = onStage()
    const person = onStage()
    value(await at.runtime.start(at.spec('scribe', SCRIBE)))
    const env = { TMUX_TMPDIR: at.dir }
    value(await person.runtime.start(person.spec('terminal', at.runtime.attachArgv('scribe'), { env })))
    await until('the attach', async () => value(await tmux(at.server, ['list-clients'])) !== '')
    value(await tmux(person.server, ['send-keys', '-t', '=terminal:', '-l', 'half a li']))
    await until('the half line', async () => value(await at.runtime.peek('scribe', 5)) === 'half a li')
    expect(await at.runtime.type('scribe', 'nudge')).toMatchObject({ failure: { code: 'E_PERSON_TYPING', exit: 75 } })
    expect(value(await at.runtime.peek('scribe', 5))).toBe('half a li')
    value(await tmux(person.server, ['send-keys', '-t', '=terminal:', '-H', '0d']))
    expect(await fileText(at.path('heard'))).toBe('half a li\n')
    // Who reads back keeps the pane, however long ago the last key was.
    value(await tmux(at.server, ['copy-mode', '-t', '=scribe:']))
    expect(await at.runtime.mayType('scribe')).toMatchObject({ failure: { code: 'E_COPY_MODE', exit: 75 } })
    expect(await at.runtime.type('scribe', 'nudge')).toMatchObject({ failure: { code: 'E_COPY_MODE' } })
    expect(value(await tmux(at.server, ['display-message', '-p', '-t', '=scribe:', '#{pane_in_mode}']))).toContain('1')
    value(await person.runtime.end('terminal'))
    await until('the detach', async () => value(await tmux(at.server, ['list-clients'])) === '')
    value(await at.runtime.type('scribe', 'nudge'))
    expect(await fileText(at.path('heard'), (text) => text.includes('nudge'))).toBe('half a li\nnudge\n')
  })

  it('presses Enter once more where nothing but its line stands in the prompt, and not over other words', async () => {
    const looks = { mine: ['', 'nudge', 'nud\n  ge'], other: ['', 'nudge', 'nudge me'] }
    for (const [name, drafts] of Object.entries(looks)) {
      const at = onStage({
        mayType: () => {
          const draft = drafts.length > 1 ? drafts.shift()! : drafts[0]!
          return draft === '' ? ok('empty') : fail('E_DRAFT', 'A draft.', { details: { draft } })
        },
      })
      value(await at.runtime.start(at.spec(name, SCRIBE)))
      value(await at.runtime.type(name, 'nudge'))
      value(await tmux(at.server, ['send-keys', '-t', `=${name}:`, 'over', 'Enter']))
      expect(await fileText(at.path('heard'), (text) => text.includes('over'))).toBe(
        name === 'mine' ? 'nudge\n\nover\n' : 'nudge\nover\n',
      )
    }
  })

  it('asks the preset whether this screen may be typed into', async () => {
    const screens: string[] = []
    const at = onStage({
      mayType: (screen, session) => {
        screens.push(`${session.name}: ${screen}`)
        return screen.includes('Yes') ? fail('E_DIALOG', 'It waits at a dialog.') : ok('unseen')
      },
    })
    value(
      await at.runtime.start(
        at.spec('asker', ['sh', '-c', 'printf "\\033[1m1. Yes\\033[0m"; read -r x; echo "$x" > heard; read -r x']),
      ),
    )
    await until('the dialog', async () => value(await at.runtime.peek('asker', 5)) === '1. Yes')
    expect(await at.runtime.type('asker', 'nudge')).toMatchObject({ failure: { code: 'E_DIALOG' } })
    expect(await at.runtime.mayType('asker')).toMatchObject({ failure: { code: 'E_DIALOG' } })
    screens.splice(1)
    expect(screens).toEqual([expect.stringContaining('asker: \x1b[1m1. Yes')])
    expect(value(await at.runtime.peek('asker', 5))).toBe('1. Yes')
  })
})
