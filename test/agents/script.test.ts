import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { LaunchInput } from '../../src/agents/launch.ts'
import { prepareLaunch } from '../../src/agents/launch.ts'
import type { Preset } from '../../src/agents/preset.ts'
import { extractScript } from '../../src/agents/script.ts'
import { aBead, aLaunch, aRun, privateFolder } from './support.ts'

const fence = '```'

test('shell blocks are taken in order, other languages are never run', () => {
  const body = `Do:\n${fence}sh\nmkdir a\n${fence}\nIt prints:\n${fence}\nrm -rf /\n${fence}\n${fence}js\nx()\n${fence}\n~~~bash title=x\necho b\n~~~\n`
  expect(extractScript(body)).toEqual({ kind: 'ok', value: 'mkdir a\necho b\n' })
  expect(extractScript(`${fence}json\n{}\n${fence}`)).toEqual({ kind: 'empty' })
})

test('without any fence the whole body is the script', () => {
  expect(extractScript('echo hi')).toEqual({ kind: 'ok', value: 'echo hi\n' })
  expect(extractScript(' \n ')).toEqual({ kind: 'empty' })
})

test('a longer fence holds shorter ones, an indented one loses its indent, an open one runs to the end', () => {
  const inner = `cat > x.md <<'EOF'\n${fence}sh\nnot run\n${fence}\nEOF\n`
  expect(extractScript(`${fence}\`sh\n${inner}${fence}\`\n`)).toEqual({ kind: 'ok', value: inner })
  expect(extractScript(`- step\n  ${fence}shell\n  if true; then\n    echo a\n  fi\n  ${fence}`)).toEqual({
    kind: 'ok',
    value: 'if true; then\n  echo a\nfi\n',
  })
  expect(extractScript(`${fence}sh\r\necho a\r\n`)).toEqual({ kind: 'ok', value: 'echo a\n' })
  expect(extractScript(`${fence}shellcheck\nno\n${fence}`)).toEqual({ kind: 'empty' })
})

test('what a block holds is taken as it is', () => {
  const line = fc.string().filter((text) => !/[\n\r]|^ {0,3}(`{3,}|~{3,})/.test(text))
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), (lines) => {
      fc.pre(lines.join('').trim() !== '')
      expect(extractScript(`${fence}sh\n${lines.join('\n')}\n${fence}`)).toEqual({
        kind: 'ok',
        value: `${lines.join('\n')}\n`,
      })
    }),
  )
})

let town: string
let worktree: string

beforeEach(() => {
  town = privateFolder()
  worktree = join(town, 'gp', 'polecats', 'toast')
  mkdirSync(worktree, { recursive: true })
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', worktree, '-c', 'user.name=n', '-c', 'user.email=e@x', ...args])
  git('init', '-q', '-b', 'main')
  git('commit', '-q', '--allow-empty', '-m', 'start')
  // Stands for this installation: `agent-script` runs the real one, everything else is told to a file.
  const script = new URL('../../src/agents/script.ts', import.meta.url).href
  const gt = `import { writeFileSync } from 'node:fs'
const args = process.argv.slice(2)
if (args[0] === 'agent-script') {
  const { runScriptAgent } = await import(${JSON.stringify(script)})
  process.exitCode = await runScriptAgent({ env: process.env })
} else {
  writeFileSync(process.env.GT_TOWN + '/told.json', JSON.stringify(args))
  process.exitCode = args[0] === 'done' ? 7 : 0
}`
  writeFileSync(join(town, 'gt.mts'), gt)
})

async function work(body: string, more: Partial<LaunchInput> = {}) {
  const preset: Preset = { name: 'script', command: ['gt', 'agent-script'], prompt: 'none', hooks: 'none' }
  const userEnv = { PATH: process.env.PATH, HOME: town, GT_NODE_EXTRA_CA_CERTS: '' }
  const bead = aBead({ title: `Add "it's" $(touch hacked)`, description: body })
  const prepared = await prepareLaunch(
    aLaunch(town, { preset, bead, cwd: worktree, userEnv, gtBin: join(town, 'gt.mts'), ...more }),
  )
  if (prepared.kind === 'error') throw new Error(prepared.failure.message)
  const { argv, env, cwd } = prepared.value
  // Node runs the TypeScript sources through tsx here, as `gt` itself would run its bundle.
  const tsx = { NODE_OPTIONS: `--import=${import.meta.resolve('tsx')}` }
  return spawnSync(argv[0]!, argv.slice(1), {
    env: { ...env, ...tsx },
    cwd,
    encoding: 'utf8',
    input: 'should not be read',
  })
}

const told = () => JSON.parse(readFileSync(join(town, 'told.json'), 'utf8'))
const log = (format: string) =>
  execFileSync('git', ['-C', worktree, 'log', '-1', `--format=${format}`], { encoding: 'utf8' }).trim()

test('it runs the script, commits what is left in the agent’s name and answers as gt done does', async () => {
  const done = await work(`${fence}sh\nprintf hello > 'a b.txt'\ncat\n${fence}`)
  expect(done.stderr).toBe('')
  expect(done).toMatchObject({ status: 7, stdout: '' })
  expect(told()).toEqual(['done', '--message', `Add "it's" $(touch hacked)`])
  expect(log('%an <%ae> %s')).toBe(`gp/polecats/toast <gp-polecats-toast@gt.invalid> Add "it's" $(touch hacked)`)
  expect(execFileSync('git', ['-C', worktree, 'status', '--porcelain'], { encoding: 'utf8' })).toBe('')
  expect(execFileSync('git', ['-C', worktree, 'show', 'HEAD:a b.txt'], { encoding: 'utf8' })).toBe('hello')
})

test('a script that commits by itself is left as it is', async () => {
  await work(`${fence}sh\necho a > a; git add a; git commit -qm mine\n${fence}`)
  expect(log('%s')).toBe('mine')
  expect(told()[0]).toBe('done')
})

test('a script that fails submits nothing and keeps its exit code', async () => {
  const failed = await work('echo a > a\nfalse\necho never\n')
  expect(failed.status).toBe(1)
  expect(failed.stderr).toContain('ended with exit code 1; nothing was submitted')
  expect(log('%s')).toBe('start')
  expect(told).toThrow(/ENOENT/)
  expect((await work('exit 42')).status).toBe(42)
  expect((await work('kill -TERM $$')).status).toBe(143)
})

test('in a later round the script finds out why, and can mend it', async () => {
  const body = 'if [ "$GT_ROUND" -gt 1 ]; then cp "$GT_EVIDENCE" why; else echo first > why; fi'
  await work(body, { run: aRun({ round: 2 }), evidence: 'test failed' })
  expect(readFileSync(join(worktree, 'why'), 'utf8')).toBe('test failed')
})

test('a bead without a script is said to have none', async () => {
  expect(await work(`${fence}js\n${fence}`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('no shell block'),
  })
})
