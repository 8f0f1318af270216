/** `gt feed` for scripts and where there is no terminal. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SHAPES } from '../../src/cli/shapes.ts'
import { eventText } from '../../src/feed/plain.ts'
import { widthOf } from '../../src/screen/width.ts'
import type { DashboardTown } from '../dashboard/support.ts'
import { dashboardTown, HOSTILE } from '../dashboard/support.ts'
import { aBead } from '../kernel/support.ts'
import { GT } from '../support/gt.ts'

let town: DashboardTown
beforeAll(async () => {
  town = await dashboardTown()
})
afterAll(() => town.close())

/** Runs `gt feed`; `line` waits for the next line of stdout. */
function feed(...args: string[]) {
  const child = spawn(process.execPath, [GT, 'feed', ...args], { cwd: town.root, env: town.env, stdio: 'pipe' })
  const lines: string[] = []
  const told = { out: '', err: '' }
  let wake = (): void => {}
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (told.out + text).split('\n')
    told.out = parts.pop()!
    lines.push(...parts)
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told.err += text
  })
  const line = async (): Promise<string> => {
    while (lines.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    return lines.shift()!
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, line, lines, told, ended }
}

test('one answer a line: what there is already, then each event as it happens; Ctrl-C ends it', async () => {
  const { child, line, ended } = feed('--json', '--follow', '-n', '1')
  const event = async () => SHAPES['feed --follow']!.parse(JSON.parse(await line()).data)
  await event()
  town.write(aBead('gp-new11', { title: HOSTILE.script }))
  expect(await event()).toMatchObject({ kind: 'created', bead: 'gp-new11', title: HOSTILE.script })
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

test('without a terminal it prints lines and says why, and what waits; hostile words are only words', async () => {
  const { lines, told, ended } = feed('--since', '1h')
  expect(await ended).toBe(0)
  expect(told.err).toContain('is no terminal')
  expect(told.err).toMatch(/things? waits? for you/)
  // What the beads tell of the time before the journal counts only if a millisecond lies between.
  expect(lines.length).toBeGreaterThan(2)
  for (const text of lines) expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}[a-z_]+ +gp-\S+ +\S+ +\S/)
  const bad = { id: 'x', at: '2026-11-27T10:00:00.1Z', by: 'gp/polecats/toast', kind: 'said', run: null } as const
  const text = eventText({ ...bad, bead: 'gp-a', title: '\x1b[2Ja\u202eb', text: 'one\r\ntwo\x07 日本', system: false })
  expect(text).toBe('2026-11-27 10:00:00Z  said       gp-a        gp/toast        one two 日本  (ab)')
  expect(widthOf(text)).toBe(text.length + 2)
})

test('refuses what is no number and no time', async () => {
  const [limit, since] = [feed('--json', '-n', 'x'), feed('--json', '--since', 'soon')]
  expect([await limit.ended, await since.ended]).toEqual([64, 64])
  expect(JSON.parse(await limit.line()).error.code).toBe('E_USAGE')
  expect(JSON.parse(await since.line()).error.code).toBe('E_BAD_TIME')
})

test('ends itself when its town is gone', async () => {
  const { line, ended } = feed('--follow')
  await line()
  rmSync(town.root, { recursive: true, force: true })
  expect(await ended).toBe(0)
})
