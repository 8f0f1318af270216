/** docs/tutorial.md, typed as it stands by somebody who has `gt`, git and tmux and nothing else. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { isMarked, processTable } from '../../src/town/process-table.ts'
import { GT, until } from '../support/gt.ts'
import { kill } from '../support/town.ts'

const TEXT = readFileSync(fileURLToPath(new URL('../../docs/tutorial.md', import.meta.url)), 'utf8')

const homes: string[] = []
afterEach(async () => {
  for (const home of homes.splice(0)) {
    for (const pid of processesOf(home)) kill(pid)
    await until('the end of what was started', () => processesOf(home).length === 0)
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
})

function processesOf(home: string): number[] {
  const table = processTable()
  if (table.kind !== 'ok') throw new Error('the process table cannot be read')
  return table.value.filter(({ pid }) => isMarked(pid, { name: 'HOME', value: home })).map(({ pid }) => pid)
}

it('the tutorial holds from its first line to its last, and leaves nothing running', async () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'gt-tutorial-')))
  homes.push(home)
  mkdirSync(join(home, 'bin'))
  symlinkSync(GT, join(home, 'bin', 'gt'))
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Person\n\temail = person@example.org\n')
  // Whatever else this machine does while tests run.
  const calm = 'gt install ~/gt\nGT_TOWN=~/gt gt config set host.max_load 0'
  const blocks = [...TEXT.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!)
  const script = blocks.join('').replace('gt install ~/gt', calm)
  expect(script).toContain(calm)
  const env = {
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    HOME: home,
    TMUX_TMPDIR: home,
    GIT_CONFIG_NOSYSTEM: '1',
    LANG: 'C.UTF-8',
    SHELL: '/bin/sh',
  }
  const said = await new Promise<string>((resolve) => {
    const shell = spawn('sh', ['-eux', '-c', script], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (text += chunk))
    shell.once('exit', (code) => resolve(`${text}\nended with ${code}`))
  })
  expect(said.slice(-4_000)).toMatch(/ended with 0$/)
  const read = (path: string): string => readFileSync(join(home, path), 'utf8').trim()
  const greetings = ['french', 'german', 'latin', 'boss'].map((name) => read(`src/greeter/greetings/${name}.txt`))
  expect(greetings).toEqual(['bonjour', 'hallo', 'salve', 'hello Ada'])
  expect(read('src/greeter/LIST').split('\n')).toEqual(['english.txt', 'french.txt', 'german.txt', 'latin.txt'])
  expect(read('rescued/draft.txt')).toBe('draft')
  await until('the town to be down', () => processesOf(home).length === 0)
}, 180_000)
