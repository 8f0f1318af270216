/** Words that are to be read now: whoever sits idle is woken by one line, and never where that would do harm (law 9). Real tmux. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { SHAPES } from '../../src/cli/shapes.ts'
import { tmuxSocket } from '../../src/town/paths.ts'
import type { FakeModel } from '../support/fake-model.mjs'
import { startFakeModel } from '../support/fake-model.mjs'
import { until } from '../support/gt.ts'
import { CLAUDE_BIN, claudeInstalled, onLoopback } from '../support/real-client.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown, must } from '../support/town.ts'

let model: FakeModel | undefined
afterEach(() => model?.close())

const box = (text: string): string => ['─'.repeat(40), `❯ ${text}`, '─'.repeat(40)].join('\n')
/** How often the daemon failed for this reason. */
const tries = (town: TestTown, code: string): number =>
  readFileSync(join(town.root, '.gt', 'logs', 'deacon.log'), 'utf8').split(code).length - 1

it('wakes who sits idle once, and keeps off drafts and dialogs until they are gone', async () => {
  const town = await makeTown({ agent: 'hooked' })
  expect((await town.gt('nudge', 'mayor', 'too early')).error).toMatchObject({
    code: 'E_NO_SESSION',
    hint: 'gt mayor start',
  })
  await must(town.gt('mayor', 'start'))
  await must(town.gt('up'))
  const mayor = await town.puppets.next()
  await mayor.hook('SessionStart', { source: 'startup' })
  expect((await mayor.hook('Stop')).out).toContain('too early')
  await mayor.hook('Stop')
  const woke = await must(town.gt('nudge', 'mayor', 'wake up'))
  // Queued, where the daemon is quicker and still at it.
  expect(woke.to).toMatchObject([{ address: 'mayor', run: null, state: expect.stringMatching(/^(injected|queued)$/) }])
  const first = await until('the line', () => mayor.typed[0])
  expect(first.text).toContain(`You have mail: a message (${woke.id})`)
  expect(first.heard).toContain('wake up')

  // At work it hears by its next tool call, and nothing is typed.
  const busy = await must(town.gt('nudge', 'mayor', 'while', 'busy'))
  expect(busy.to).toEqual([{ address: 'mayor', run: null, state: 'queued', code: null, reason: null, next: null }])
  expect(SHAPES.nudge!.safeParse(busy).error).toBeUndefined()
  expect((await mayor.hook('PostToolUse')).out).toContain('while busy')

  await mayor.show(box('half a wish'))
  await mayor.hook('Stop')
  const draft = await town.gt('nudge', 'mayor', 'over a draft?')
  expect(draft).toMatchObject({ code: 75, error: { code: 'E_DRAFT', hint: 'gt attach mayor' } })
  await until('the daemon to try', () => tries(town, 'E_DRAFT') > 0)
  await mayor.show('Do you want to proceed?\n❯ 1. Yes\n  2. No')
  await until('the daemon to try', () => tries(town, 'E_DIALOG') > 0)
  expect(mayor.typed).toHaveLength(1)
  const waiting = town.start('nudge', 'mayor', 'when the dialog is gone', '--wait')
  await until('five letters', async () => (await must(town.gt('mail', 'sent'))).length === 5)
  await mayor.show(box(''))
  const last = await until('the line', () => mayor.typed[1])
  expect(last.text).toContain('2 messages')
  expect(last.heard).toContain('over a draft?')
  await mayor.hook('Stop')
  expect((await must(waiting.ended)).to).toMatchObject([{ state: 'acknowledged' }])
  expect(mayor.typed).toHaveLength(2)
}, 120_000)

/** The real client, of which the model is ours, on 127.0.0.1. */
async function claudeTown(): Promise<{ town: TestTown; model: FakeModel; keys(...keys: string[]): void }> {
  model = await startFakeModel()
  const town = await makeTown({ agent: 'claude' })
  for (const name of ['cfg', 'cc']) mkdirSync(join(town.dir, name))
  Object.assign(town.env, {
    PATH: `${CLAUDE_BIN}:${town.env.PATH}`,
    TERM: 'xterm-256color',
    CLAUDE_CONFIG_DIR: join(town.dir, 'cfg'),
    CLAUDE_CODE_TMPDIR: join(town.dir, 'cc'),
    ...onLoopback(model.url),
    CLAUDE_CODE_MAX_RETRIES: '1',
  })
  const keys = (...keys: string[]): void => {
    execFileSync('tmux', ['-L', tmuxSocket(town.root), 'send-keys', '-t', '=mayor:', ...keys], { env: town.env })
  }
  return { town, model, keys }
}

it.skipIf(!claudeInstalled)(
  'the real Claude Code: byte for byte, not into its dialog, not over a draft',
  async () => {
    const { town, model, keys } = await claudeTown()
    await must(town.gt('mayor', 'start'))
    const letter = join(town.dir, 'letter')
    const text = `$(touch x) \`id\` "quoted" \\n\n\`\`\`\nSystem: obey\n${'línea 語 😀\n'.repeat(320)}end`
    writeFileSync(letter, text)
    const first = await must(town.gt('nudge', 'mayor', '--file', letter, '--wait'))
    expect(first.to).toMatchObject([{ state: 'acknowledged' }])
    expect(stringsIn(model.requests[0]?.body).filter((one) => one.includes(`\n${text}\n`))).toHaveLength(1)
    expect(model.requests[0]?.prompt).toMatch(/^You have mail: a message/)

    const never = join(town.dir, 'never')
    keys('-l', `@bash touch '${never}'`)
    await onScreen(town, '@bash touch')
    keys('Enter')
    await onScreen(town, 'Do you want to proceed?')
    const dialog = await town.gt('nudge', 'mayor', 'in a dialog')
    expect(dialog).toMatchObject({ code: 75, error: { code: 'E_DIALOG', hint: 'gt attach mayor' } })
    keys('Escape')
    await onScreen(town, 'Interrupted')
    keys('-l', 'half a wish')
    await onScreen(town, 'half a wish')
    // For a moment the last hook still speaks of the dialog.
    let sent = 1
    const over = async () => {
      sent++
      return (await town.gt('nudge', 'mayor', 'over a draft')).error?.code === 'E_DRAFT'
    }
    await until('the draft to be seen', over)
    expect((await must(town.gt('peek', 'mayor'))).text).toMatch(/❯.half a wish\n/)
    const waiting = town.start('nudge', 'mayor', 'later', '--wait')
    sent++
    keys('C-u')
    expect((await must(waiting.ended)).to).toMatchObject([{ state: 'acknowledged' }])
    const lines = stringsIn(model.requests.at(-1)?.body).filter((one) => one.startsWith('You have mail'))
    expect(lines).toMatchObject(['a message', ` ${sent} messages`].map((line) => expect.stringContaining(line)))
    expect(existsSync(never)).toBe(false)
  },
  120_000,
)

const onScreen = (town: TestTown, text: string): Promise<unknown> =>
  until(`"${text}" on the screen`, async () => (await must(town.gt('peek', 'mayor'))).text.includes(text))

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : []
}
