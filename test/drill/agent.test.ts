/** The worker of a drill, alone in a repository, with a `gt` that says what the test wants. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentText, gateLine, hookText, markFile, paceFor, readMarks } from '../../src/drill/agent.ts'

const PACE = { steps: 2, pauseSeconds: 0, commitSeconds: 0 }
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gt-agent-'))
  for (const name of ['bin', 'hooks', 'work']) mkdirSync(join(dir, name))
  program(
    'agent.sh',
    agentText({ marks: join(dir, 'marks'), hooks: join(dir, 'hooks'), hold: join(dir, 'hold') }, PACE),
  )
  program('hooks/pre-commit', hookText(PACE))
  git('init', '-q', '-b', 'main')
  git('commit', '-q', '--allow-empty', '-m', 'first')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function program(name: string, text: string): void {
  writeFileSync(join(dir, name), text)
  chmodSync(join(dir, name), 0o755)
}
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${join(dir, 'bin')}${delimiter}${process.env.PATH}`,
  HOME: dir,
  GT_TOWN: dir,
  GT_BEAD: 'p1-zzzzz',
  GT_RUN: 'r1',
  GT_ROUND: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b.c',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b.c',
  ...more,
})
const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: join(dir, 'work'), env: env(), encoding: 'utf8' }).trim()
const work = (more: NodeJS.ProcessEnv = {}) =>
  spawnSync('/bin/sh', [join(dir, 'agent.sh')], { cwd: join(dir, 'work'), env: env(more), encoding: 'utf8' })
const marks = () => readMarks(readFileSync(join(dir, 'marks'), 'utf8'))

test('writes a file for each step, says so, commits, hands in until it is heard', () => {
  program('bin/gt', `#!/bin/sh\n[ -e ${dir}/tried ] && exit 0\ntouch ${dir}/tried\nexit 137\n`)
  expect(work().status).toBe(0)
  expect(git('status', '--porcelain')).toBe('')
  expect(git('log', '--format=%s', '--reverse').split('\n')).toEqual(['first', 'p1-zzzzz: step 1', 'p1-zzzzz: step 2'])
  const { written, left } = marks()
  expect(written).toEqual(['1', '2'].map((step) => ({ bead: 'p1-zzzzz', run: 'r1', step })))
  for (const { bead, run, step } of written) {
    const { path, text } = markFile(bead, run, step)
    expect(readFileSync(join(dir, 'work', path), 'utf8')).toBe(text)
  }
  expect([...left.keys()]).toEqual(['r1'])
  expect(Math.abs(left.get('r1')![0]! - Date.now())).toBeLessThan(60_000)
})

test('goes on where an earlier session of its run stopped, lock and loose file included', () => {
  program('bin/gt', '#!/bin/sh\n')
  const { path, text } = markFile('p1-zzzzz', 'r1', '1')
  mkdirSync(join(dir, 'work', 'drill', 'p1-zzzzz'), { recursive: true })
  writeFileSync(join(dir, 'work', path), text)
  writeFileSync(join(dir, 'work', '.git', 'index.lock'), '')
  expect(work().status).toBe(0)
  expect(git('status', '--porcelain')).toBe('')
  expect(marks().written.map(({ step }) => step)).toEqual(['2'])
})

test('stops when it is told that it was replaced', () => {
  program('bin/gt', '#!/bin/sh\necho "next: Stop here." >&2\nexit 1\n')
  expect(work().status).toBe(1)
  expect([...marks().left.keys()]).toEqual(['r1'])
})

test('some work is hasty at first: the gate refuses it, and takes what its second round mended', () => {
  program('bin/gt', '#!/bin/sh\n')
  const gate = () =>
    spawnSync('/bin/sh', ['-c', gateLine(join(dir, 'gates'))], { cwd: join(dir, 'work'), env: env() }).status
  work({ GT_BEAD: 'p1-zzzz0' })
  expect(gate()).not.toBe(0)
  work({ GT_BEAD: 'p1-zzzz0', GT_ROUND: '2' })
  expect(gate()).toBe(0)
  expect(readFileSync(join(dir, 'gates'), 'utf8').split('\n').filter(Boolean)).toHaveLength(2)
  expect(git('rev-parse', 'HEAD^{tree}')).toBe(readFileSync(join(dir, 'gates'), 'utf8').trimEnd().split('\n').at(-1))
})

test('a mark that was cut off promises nothing', () => {
  expect(readMarks('wrote b r 1\nleft b r 3\nwrote b\nwrote b r 2').written).toEqual([
    { bead: 'b', run: 'r', step: '1' },
  ])
})

test('more workers take longer each', () => {
  expect(paceFor(30).pauseSeconds).toBeGreaterThan(paceFor(4).pauseSeconds)
})
