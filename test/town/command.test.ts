/** The owner's own commands (gates, provisioning): every way to end, and nothing left running. Real processes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Command, CommandEnd } from '../../src/town/command.ts'
import { commandEnvironment, runCommand } from '../../src/town/command.ts'
import { identify } from '../../src/town/processes.ts'
import { until } from '../support/gt.ts'
import { folder } from './folder.ts'

const env = { PATH: process.env.PATH }
const run = (line: string, more: Partial<Command> = {}): Promise<CommandEnd> =>
  runCommand({ line, cwd: folder(), env, timeoutMs: 60_000, ...more })

const gone = (pid: number): Promise<boolean> => until(`${pid} is gone`, () => identify(pid).kind === 'empty')
const pidIn = (path: string): number => Number(readFileSync(path, 'utf8'))

test.each([
  ['true', 0],
  ['false', 1],
  ['exit 3', 3],
  ['exit 255', 255],
  ['no-such-program-here', 127],
])('%s ends with exit code %i', async (line, code) => {
  expect(await run(line)).toMatchObject({ is: 'exited', code, text: `ended with exit code ${code}` })
})

test('one that may take a month is not ended at once', async () => {
  expect(await run('sleep 0.1', { timeoutMs: 30 * 86_400_000 })).toMatchObject({ is: 'exited', code: 0 })
})

test('a file that is no program: 126', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'gate'), 'just text', { mode: 0o644 })
  expect(await run('./gate', { cwd: dir })).toMatchObject({ is: 'exited', code: 126 })
})

test('output and errors are kept in one tail', async () => {
  const { tail } = await run('echo one; echo two >&2; printf three')
  expect(tail.match(/one|two|three/g)?.sort()).toEqual(['one', 'three', 'two'])
})

test('what is printed last before the end is there', async () => {
  const { tail } = await run('i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done; echo THE END; exit 1')
  expect(tail).toMatch(/line 2999\nTHE END\n$/)
})

test('the tail is capped; the whole output is in the log', async () => {
  const log = join(folder(), 'gate.log')
  const { tail } = await run('head -c 200000 /dev/zero | tr "\\0" x; echo; echo end', { log })
  expect(tail.length).toBeLessThanOrEqual(16 * 1024)
  expect(tail).toMatch(/x\nend\n$/)
  await until('the log is complete', () => readFileSync(log).length === 200_005)
})

test('a log that cannot be written turns no verdict', async () => {
  expect(await run('echo fine', { log: '/no/such/folder/gate.log' })).toMatchObject({
    is: 'exited',
    code: 0,
    tail: 'fine\n',
  })
})

test('a command that ends itself by a signal', async () => {
  expect(await run('kill -9 $$')).toMatchObject({ is: 'signalled', signal: 'SIGKILL', text: 'was ended by SIGKILL' })
  expect(await run('kill -TERM $$')).toMatchObject({ is: 'signalled', signal: 'SIGTERM' })
})

test('the time limit ends the whole group', async () => {
  const dir = folder()
  const end = await run('sleep 1000 & echo $! > child; echo started; wait', { cwd: dir, timeoutMs: 2_000 })
  expect(end).toMatchObject({ is: 'timed_out', text: 'did not end within 2 s', tail: 'started\n' })
  await gone(pidIn(join(dir, 'child')))
})

test('a command that ends well after its time was up was too late', async () => {
  const line = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
  expect(await run(line, { timeoutMs: 500 })).toMatchObject({ is: 'timed_out' })
})

test('a background child that keeps the pipe open does not hold the verdict, and ends', async () => {
  const dir = folder()
  const end = await run('sleep 1000 & echo $! > child; echo done', { cwd: dir, timeoutMs: 50_000 })
  expect(end).toMatchObject({ is: 'exited', code: 0, tail: 'done\n' })
  await gone(pidIn(join(dir, 'child')))
})

/** Runs a command that writes its pid to `me`, and stops it once that stands there. */
async function stopped(line: string): Promise<CommandEnd> {
  const cwd = folder()
  const me = join(cwd, 'me')
  const stop = new AbortController()
  const running = run(line, { cwd, signal: stop.signal })
  await until('it runs', () => existsSync(me) && pidIn(me) > 0)
  stop.abort()
  const end = await running
  await gone(pidIn(me))
  return end
}

test('an abort ends it; one that came before it began, too', async () => {
  expect(await stopped('echo $$ > me; sleep 1000')).toMatchObject({ is: 'aborted', text: 'was stopped' })
  expect(await run('sleep 1000', { signal: AbortSignal.abort() })).toMatchObject({ is: 'aborted' })
})

test('a command that will not hear of the polite signal is ended all the same', async () => {
  expect(await stopped("trap '' TERM; echo $$ > me; while :; do sleep 0.05; done")).toMatchObject({ is: 'aborted' })
})

test('a command that ends well once it is stopped was stopped all the same', async () => {
  const line = "trap 'exit 0' TERM; echo $$ > me; while :; do sleep 0.05; done"
  expect(await stopped(line)).toMatchObject({ is: 'aborted' })
})

test('a folder that is not there: not started, with the reason', async () => {
  expect(await run('true', { cwd: '/no/such/folder' })).toMatchObject({
    is: 'not_started',
    text: /could not be started.*ENOENT/,
  })
})

test('a command reads nothing and is asked nothing', async () => {
  expect(await run('cat; echo end')).toMatchObject({ is: 'exited', code: 0, tail: 'end\n' })
})

test('what points into this town is not handed on; everything else is', async () => {
  const secret = {
    GIT_DIR: 'x',
    GIT_WORK_TREE: 'x',
    GIT_INDEX_FILE: 'x',
    TMUX: 'x',
    TMUX_PANE: 'x',
    GT_RUN: 'x',
    GT_TOWN: 'x',
    BD_ACTOR: 'x',
  }
  const plain = { HOME: '/h', GIT_AUTHOR_NAME: 'n', CI: 'true', GASTOWN_SLOT: '/s', AGT_X: '1' }
  expect(commandEnvironment({ ...secret, ...plain })).toEqual(plain)
  const { tail } = await run('echo "[$GT_RUN$GIT_DIR]$CI"', { env: { ...env, ...secret, ...plain } })
  expect(tail).toBe('[]true\n')
})
