/** Messages to an agent: each delivered once, oldest first, whole. */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { drainInbox, putInInbox } from '../../src/agents/inbox.ts'
import { folder } from '../town/folder.ts'

const put = (dir: string, ...texts: string[]): void => {
  for (const text of texts) expect(putInInbox(dir, text).kind).toBe('ok')
}

test('nothing there: empty, with and without the folder', () => {
  const dir = folder()
  expect(drainInbox(dir)).toEqual({ kind: 'empty' })
  mkdirSync(join(dir, 'inbox'))
  expect(drainInbox(dir)).toEqual({ kind: 'empty' })
})

test('what was put in comes out once, whole, and the folder is empty again', () => {
  const dir = folder()
  const texts = ['hello', '', 'über 😀\nzwei Zeilen\n', 'x'.repeat(200_000)]
  put(dir, ...texts)
  const got = drainInbox(dir)
  expect(got.kind === 'ok' && [...got.value].sort()).toEqual([...texts].sort())
  expect(drainInbox(dir)).toEqual({ kind: 'empty' })
  expect(readdirSync(join(dir, 'inbox'))).toEqual([])
})

test('oldest first', () => {
  const dir = folder()
  mkdirSync(join(dir, 'inbox'))
  for (const name of ['mb-3', 'ma-9', 'ma-1']) writeFileSync(join(dir, 'inbox', name), name)
  expect(drainInbox(dir)).toEqual({ kind: 'ok', value: ['ma-1', 'ma-9', 'mb-3'] })
})

test('a file that is being written or delivered is not taken', () => {
  const dir = folder()
  put(dir, 'whole')
  writeFileSync(join(dir, 'inbox', '.half'), 'ha')
  expect(drainInbox(dir)).toEqual({ kind: 'ok', value: ['whole'] })
  expect(readdirSync(join(dir, 'inbox'))).toEqual(['.half'])
})

test('an inbox that cannot be read is an error, never "no messages"', () => {
  const dir = folder()
  writeFileSync(join(dir, 'inbox'), 'a file where the folder should be')
  expect(drainInbox(dir)).toMatchObject({ kind: 'error', failure: { code: 'E_INBOX' } })
})

/** A process that says when it is ready, and empties the inbox at the word `go`. */
const HOOK = `
  const { drainInbox } = await import(process.argv[1])
  process.stdout.write('ready\\n')
  process.stdin.once('data', () => {
    process.stdout.write(JSON.stringify(drainInbox(process.argv[2])) + '\\n', () => process.exit(0))
  })`

test('three hooks at once: every message is delivered by exactly one of them', async () => {
  const dir = folder()
  const texts = Array.from({ length: 300 }, (_, n) => `message ${n}`)
  put(dir, ...texts)
  const program = join(dir, 'inbox.mjs')
  const entry = fileURLToPath(new URL('../../src/agents/inbox.ts', import.meta.url))
  await build({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'esm' })
  const hooks = [0, 1, 2].map(() => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', HOOK, program, dir])
    onTestFinished(() => void child.kill('SIGKILL'))
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
  })
  for (const { lines } of hooks) expect((await lines.next()).value).toBe('ready')
  for (const { child } of hooks) child.stdin.write('go\n')
  const answers = await Promise.all(hooks.map(async ({ lines }) => JSON.parse((await lines.next()).value)))
  const delivered = answers.flatMap((answer) => answer.value ?? [])
  expect(delivered.sort()).toEqual([...texts].sort())
})
