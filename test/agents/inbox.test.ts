/** Messages to an agent: each delivered once, oldest first, whole. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
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

test('messages of one writer keep their order, even within one millisecond', () => {
  const dir = folder()
  const texts = Array.from({ length: 100 }, (_, n) => `message ${n}`)
  put(dir, ...texts)
  expect(drainInbox(dir)).toEqual({ kind: 'ok', value: texts })
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
  expect(putInInbox(dir, 'x').kind).toBe('error')
})

test.skipIf(process.getuid?.() === 0)('a message that may not be read stays for later', () => {
  const dir = folder()
  put(dir, 'secret')
  const [name] = readdirSync(join(dir, 'inbox'))
  chmodSync(join(dir, 'inbox', name!), 0)
  drainInbox(dir)
  expect(readdirSync(join(dir, 'inbox'))).toHaveLength(1)
})

test('two hooks at once: every message is delivered by exactly one of them', async () => {
  const dir = folder()
  const texts = Array.from({ length: 300 }, (_, n) => `message ${n}`)
  put(dir, ...texts)
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { register } = require('tsx/esm/api')
    register()
    import(workerData.module).then(({ drainInbox }) => parentPort.postMessage(drainInbox(workerData.dir)))`
  const module = new URL('../../src/agents/inbox.ts', import.meta.url).href
  const drain = (): Promise<{ kind: string; value?: string[] }> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(code, { eval: true, workerData: { dir, module } })
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  const got = await Promise.all([drain(), drain(), drain()])
  expect(got.flatMap((one) => one.value ?? []).sort()).toEqual([...texts].sort())
})
