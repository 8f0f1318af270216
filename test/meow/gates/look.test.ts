/** Looks at the world outside the ledger: a `gh` that keeps books of its own, and real commands. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Bead } from '../../../src/beads/bead.ts'
import type { GateFacts } from '../../../src/beads/facts.ts'
import type { OpenTown } from '../../../src/kernel/town.ts'
import { checkGate } from '../../../src/meow/gates/check.ts'
import { readChecks } from '../../../src/meow/gates/checks.ts'
import { gateFacts } from '../../../src/meow/gates/gate.ts'
import { lookAtGate } from '../../../src/meow/gates/look.ts'
import { allowCommand } from '../../../src/meow/gates/permission.ts'
import { fail, ok } from '../../../src/result.ts'
import { at, stateOf, write } from '../../kernel/support.ts'
import type { FakeGh } from '../../support/gh.ts'
import { fakeGh } from '../../support/gh.ts'
import { aGate } from './support.ts'

let dir: string
let gh: FakeGh
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-look-')))
  const work = join(dir, 'work')
  const git = (cwd: string, ...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=P', '-c', 'user.email=p@example.org', ...args], {
      cwd,
      stdio: 'pipe',
      encoding: 'utf8',
    })
  git(dir, 'init', '-q', '-b', 'main', work)
  git(work, 'commit', '-q', '--allow-empty', '-m', 'first')
  git(work, 'switch', '-qc', 'topic')
  git(work, 'commit', '-q', '--allow-empty', '-m', 'second')
  git(dir, 'clone', '-q', '--bare', work, 'server.git')
  gh = fakeGh(join(dir, 'gh'), join(dir, 'server.git'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** As much of a town as a look needs. */
function town(gate: Bead, more: { env?: NodeJS.ProcessEnv; remote?: string; mode?: string } = {}): OpenTown {
  const state = stateOf(gate)
  const remote = more.remote ?? 'https://github.com/fake/repo.git'
  return {
    root: dir,
    paths: { runtime: join(dir, '.gt') },
    env: more.env ?? gh.environment(),
    settings: { permissions: { mode: more.mode, agreed_by: 'P' } },
    ledger: {
      state,
      refresh: () => ok(false),
      write: (input: Parameters<typeof write>[1]) => ok(write(state, input, at(60))),
    },
    rig: async (name: string) =>
      name === 'gp' ? ok({ name, remote, permissions: {} }) : fail('E_NO_RIG', 'no such rig'),
    now: () => new Date(at(60)),
  } as unknown as OpenTown
}

const run = (await_id: string): Bead => aGate('gp-g', { await_type: 'gh:run', await_id })
const pull = (await_id: string): Bead => aGate('gp-g', { await_type: 'gh:pr', await_id })
const command = (line: string, more: Partial<NonNullable<GateFacts['command']>> = {}): Bead =>
  aGate('gp-g', { await_type: 'command' }, { command: { run: line, ...more } })
const looked = async (gate: Bead, more = {}): Promise<string> => (await lookAtGate(await allowing(gate, more), gate)).is

/** A town in which a person made this gate. */
async function allowing(gate: Bead, more: Parameters<typeof town>[1] = {}): Promise<OpenTown> {
  const { command } = gateFacts(gate)
  if (command !== undefined) expect((await allowCommand(town(gate), command)).kind).toBe('ok')
  return town(gate, more)
}

test.each([
  ['in_progress', '', 'not-yet'],
  ['queued', '', 'not-yet'],
  ['completed', 'success', 'met'],
  ['completed', 'skipped', 'met'],
  ['completed', 'failure', 'failed'],
  ['completed', 'cancelled', 'failed'],
  ['completed', 'something new', 'failed'],
])('a CI run that is %s %s: %s', async (status, conclusion, expected) => {
  gh.run(41, 'ci.yml', status, conclusion)
  expect(await looked(run('41'))).toBe(expected)
})

test('of a workflow the newest run counts; one that does not exist has failed, one without a run waits', async () => {
  gh.run(51, 'deploy.yml', 'completed', 'failure')
  gh.run(52, 'deploy.yml', 'completed', 'success')
  expect(await looked(run('deploy.yml'))).toBe('met')
  expect(await looked(run('999'))).toBe('failed')
  expect(await looked(run('none.yml'))).toBe('failed')
  expect(await looked(run('new.yml'))).toBe('not-yet')
})

test('a run of a workflow that ended before the gate was made does not open it; one that is named by its number does', async () => {
  gh.run(61, 'nightly.yml', 'completed', 'success')
  const later = (id: string): Bead => ({ ...run(id), created_at: '2999-01-01T00:00:00Z' })
  expect(await looked(later('nightly.yml'))).toBe('not-yet')
  expect(await looked(later('61'))).toBe('met')
  gh.run(62, 'nightly.yml', 'in_progress')
  expect(await looked(later('nightly.yml'))).toBe('not-yet')
})

test('a pull request opens its gate when it is merged, and fails it when it is closed or unknown', async () => {
  const open = (base: string): number => {
    const made = execFileSync(
      join(gh.bin, 'gh'),
      ['pr', 'create', '--head=topic', `--base=${base}`, '--title=t', '--body-file=-'],
      { input: '', encoding: 'utf8' },
    )
    return Number(made.trim().split('/').at(-1))
  }
  const one = open('main')
  expect(await looked(pull(String(one)))).toBe('not-yet')
  gh.close(one)
  expect(await looked(pull(String(one)))).toBe('failed')
  const two = open('main')
  gh.merge(two)
  expect(await looked(pull(String(two)))).toBe('met')
  expect(await looked(pull('777'))).toBe('failed')
})

test('a gh that is missing, not logged in or without a network is unknown; only what a person can mend says so', async () => {
  gh.run(41, 'ci.yml', 'completed', 'failure')
  const missing = await lookAtGate(town(run('41'), { env: { PATH: '/nonexistent' } }), run('41'))
  expect(missing).toMatchObject({ is: 'unknown', mend: expect.stringContaining('gh auth login') })
  gh.set('auth', 'off')
  expect(await lookAtGate(town(run('41')), run('41'))).toMatchObject({ is: 'unknown', mend: expect.any(String) })
  gh.set('auth', 'on')
  gh.set('net', 'off')
  const out = await lookAtGate(town(pull('1')), pull('1'))
  expect([out.is, 'mend' in out]).toEqual(['unknown', false])
  gh.set('net', 'on')
  expect(await looked(run('41'), { remote: '/srv/git/repo.git' })).toBe('unknown')
})

test.each<[string, Bead, string]>([
  ['exits with 0', command('exit 0'), 'met'],
  ['exits with 1', command('echo no; exit 1'), 'not-yet'],
  ['was ended by a signal', command('kill -9 $$'), 'not-yet'],
  ['is not there', command('no-such-program-at-all'), 'unknown'],
  ['may not be run', command('/dev/null'), 'unknown'],
  ['has no folder', command('exit 0', { cwd: '/no/such/folder' }), 'unknown'],
])('a command that %s', async (_, gate, expected) => {
  expect(await looked(gate)).toBe(expected)
})

test('a command runs in its folder, without the fence of whoever looks', async () => {
  writeFileSync(join(dir, 'here'), '')
  const gate = command('test -f here && test -z "$GT_RUN"', { cwd: dir })
  expect(await looked(gate, { env: { ...process.env, GT_RUN: 'r1' } })).toBe('met')
})

test('a look that finds nothing writes no bead, only when the next is due; what came is written once', async () => {
  const gate = command(`test -f ${join(dir, 'open')}`)
  const here = await allowing(gate)
  expect(await checkGate(here, 'gp-g', 'deacon')).toMatchObject({
    value: { verdict: 'wait', changed: false, next: at(90) },
  })
  expect(here.ledger.state.beads.get('gp-g')).toBe(gate)
  expect(await checkGate(here, 'gp-g', 'deacon')).toMatchObject({ value: { next: at(120) } })
  expect(readChecks(here.paths.runtime).get('gp-g')).toMatchObject({ times: 2 })
  writeFileSync(join(dir, 'open'), '')
  expect(await checkGate(here, 'gp-g', 'deacon')).toMatchObject({
    value: { verdict: 'open', changed: true, next: null },
  })
  expect(await checkGate(here, 'gp-g', 'deacon')).toMatchObject({ value: { verdict: 'over', changed: false } })
})

test('a command that cannot be run is told to a person at the third look', async () => {
  rmSync(join(dir, '.gt'), { recursive: true, force: true })
  const here = await allowing(command('no-such-program-at-all'))
  const verdicts: unknown[] = []
  for (let n = 0; n < 4; n++) {
    const found = await checkGate(here, 'gp-g', 'deacon')
    verdicts.push(found.kind === 'ok' && found.value.verdict)
  }
  expect(verdicts).toEqual(['wait', 'wait', 'ask', 'wait'])
})

test('a command that came with somebody else’s ledger is not run', async () => {
  const gate = command(`touch ${join(dir, 'ran')}`)
  expect(await lookAtGate(town(gate), gate)).toMatchObject({ is: 'unknown', mend: expect.any(String) })
  expect(existsSync(join(dir, 'ran'))).toBe(false)
})

test.each([
  ['a person', {}, undefined, 'ok'],
  ['a worker that may do anything', { GT_RUN: 'r1', GT_RIG: 'gp' }, 'bypass', 'ok'],
  ['the Mayor', { GT_AGENT: 'mayor', GT_ROLE: 'mayor' }, 'acceptEdits', 'error'],
  ['the Mayor of a town where everything is allowed', { GT_AGENT: 'mayor', GT_ROLE: 'mayor' }, 'bypass', 'ok'],
  ['a worker that may edit', { GT_RUN: 'r1', GT_RIG: 'gp' }, 'acceptEdits', 'error'],
  ['a worker to which nobody agreed', { GT_RUN: 'r1', GT_RIG: 'gp' }, undefined, 'error'],
])('a command gate made by %s', async (_, env, mode, expected) => {
  expect((await allowCommand(town(command('true'), { env, ...(mode && { mode }) }), { run: 'true' })).kind).toBe(
    expected,
  )
})
