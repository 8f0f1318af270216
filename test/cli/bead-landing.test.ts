/** How a bead lands and what it touches, as people and agents declare it. The rule itself: test/kernel/landing.test.ts. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bead } from '../beads/support.ts'
import type { Outcome } from '../support/gt.ts'
import { startGt } from '../support/gt.ts'
import type { BareTown } from './support.ts'
import { bareTown, program } from './support.ts'

/** A town with one rig, `app`, that has this policy. */
async function townOf(policy: string): Promise<BareTown> {
  const town = await bareTown()
  const project = join(town.dir, 'app')
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { env: town.env })
  git('init', '--quiet', '-b', 'main', project)
  git('-C', project, 'commit', '--quiet', '--allow-empty', '-m', 'first')
  await town.data('rig', 'add', 'app', project, '--gate', 'true')
  await town.data('config', 'set', 'rig.app.landing.policy', policy)
  return town
}

/** The same call by an agent: a worker has both variables, a Mayor only the first. */
const by = (town: BareTown, env: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> =>
  startGt(args, { cwd: town.root, env: { ...town.env, ...env } }).ended
const WORKER = { GT_AGENT: 'app/polecats/toast', GT_RUN: 'k3' }
const MAYOR = { GT_AGENT: 'mayor' }

const gtOf = async (town: BareTown, id: string) => (await town.data('bead', 'show', id)).metadata.gt

const refused = (outcome: Outcome) => {
  expect(outcome.code).toBe(1)
  expect(outcome.error).toMatchObject({
    code: 'E_NOT_FOR_AGENTS',
    message: expect.stringContaining("person's decision"),
    kept: expect.stringContaining('nothing was written'),
    hint: expect.stringMatching(/^gt ask "/),
  })
}

test('a person declares policy and paths, sees them, and takes them away', async () => {
  const town = await townOf('hold')
  const id = await town.bead('One', '--landing', 'direct', '--paths', ' src/cli/** ,, src/{a,b}/*.ts,src/cli/**')
  expect(await gtOf(town, id)).toMatchObject({ landing: 'direct', paths: ['src/cli/**', 'src/{a,b}/*.ts'] })
  const page = await town.text('bead', 'show', id)
  expect(page).toContain('\nlanding   direct (this bead)\npaths     src/cli/**, src/{a,b}/*.ts\n')
  // As of a time: another page, the same lines.
  expect(await town.text('bead', 'show', id, '--at', new Date(Date.now() + 1000).toISOString())).toContain(
    '\nlanding   direct (this bead)\npaths     src/cli/**, src/{a,b}/*.ts',
  )

  await town.data('bead', 'update', id, '--landing', 'pr', '--paths', 'docs/**', '--title', 'Two')
  expect(await gtOf(town, id)).toMatchObject({ landing: 'pr', paths: ['docs/**'] })
  expect(await town.data('log', '--limit', '1')).toMatchObject([{ why: `updated ${id}: title, landing, paths` }])

  // What is so already does not hinder the rest.
  await town.data('bead', 'update', id, '--title', 'Two', '--landing', 'rig', '--paths', '')
  const gt = await gtOf(town, id)
  expect([gt.landing, gt.paths]).toEqual([undefined, undefined])
  expect(await town.text('bead', 'show', id)).not.toMatch(/^(landing|paths) /m)
  expect((await town.gt('bead', 'update', id, '--landing', 'rig')).error?.code).toBe('E_NOTHING')
})

test('a wrong word and too many paths are errors of usage, and nothing is written', async () => {
  const town = await bareTown()
  const id = await town.bead('One')
  const many = Array.from({ length: 51 }, (_, i) => `p${i}`).join(',')
  const wrong = [
    [['update', id, '--landing', 'later', '--title', 'Two'], 'direct, pr or hold'],
    [['create', 'Two', '--landing', 'rig'], 'direct, pr or hold'],
    [['create', 'Two', '--paths', many], '50'],
    [['update', id, '--paths', many], '50'],
  ] as const
  for (const [words, says] of wrong) {
    const outcome = await town.gt('bead', ...words)
    expect(outcome.code).toBe(64)
    expect(outcome.error).toMatchObject({ code: 'E_USAGE', message: expect.stringContaining(says) })
  }
  expect(await town.data('bead', 'list')).toMatchObject([{ id, title: 'One' }])
  expect((await gtOf(town, await town.bead('Three', '--paths', many.replace(',p50', '')))).paths).toHaveLength(50)
})

test('an agent makes a landing stricter, never looser', async () => {
  const town = await townOf('pr')
  const id = await town.bead('One')
  refused(await by(town, WORKER, 'bead', 'update', id, '--landing', 'direct', '--title', 'Two'))
  refused(await by(town, MAYOR, 'bead', 'update', id, '--landing', 'direct'))
  refused(await by(town, { GT_RUN: 'k3' }, 'bd', 'update', id, '--landing', 'direct'))
  refused(await by(town, MAYOR, 'bead', 'create', 'Three', '--landing', 'direct'))
  expect(await town.data('bead', 'list')).toMatchObject([{ id, title: 'One' }])
  expect((await by(town, MAYOR, 'bead', 'create', 'Four', '--landing', 'pr')).data.metadata.gt.landing).toBe('pr')

  expect((await by(town, WORKER, 'bead', 'update', id, '--landing', 'hold', '--paths', 'docs/**')).code).toBe(0)
  expect(await gtOf(town, id)).toMatchObject({ landing: 'hold', paths: ['docs/**'] })
  for (const word of ['pr', 'direct', 'rig']) {
    refused(await by(town, WORKER, 'bead', 'update', id, '--landing', word))
  }
  // Paths are no decision of that kind.
  expect((await by(town, WORKER, 'bead', 'update', id, '--paths', '')).code).toBe(0)

  await town.data('config', 'set', 'rig.app.landing.policy', 'hold')
  expect((await by(town, WORKER, 'bead', 'update', id, '--landing', 'rig')).code).toBe(0)
  await town.data('bead', 'update', id, '--landing', 'direct')
  expect(await gtOf(town, id)).toMatchObject({ landing: 'direct' })
})

test('without a rig an agent may ask for a pull request or a person, not for less', async () => {
  const town = await bareTown()
  const id = await town.bead('One')
  refused(await by(town, MAYOR, 'bead', 'update', id, '--landing', 'direct'))
  expect((await by(town, MAYOR, 'bead', 'update', id, '--landing', 'pr')).code).toBe(0)
  refused(await by(town, MAYOR, 'bead', 'update', id, '--landing', 'rig'))
  expect((await by(town, MAYOR, 'bead', 'update', id, '--landing', 'hold')).code).toBe(0)
  refused(await by(town, MAYOR, 'bead', 'update', id, '--landing', 'pr'))
  expect(await gtOf(town, id)).toMatchObject({ landing: 'hold' })
})

test('a file that an agent imports is no way round, nor is bd', async () => {
  const town = await townOf('hold')
  const line = (id: string, landing: string) => ({ ...bead(id), metadata: { gt: { rig: 'app', landing } } })
  const write = (name: string, ...beads: object[]): string => {
    const path = join(town.dir, name)
    writeFileSync(path, beads.map((one) => `${JSON.stringify(one)}\n`).join(''))
    return path
  }
  const held = await town.bead('One', '--landing', 'hold')
  const shown = await town.data('bead', 'show', held)
  const path = write(
    'agent.jsonl',
    line('app-a', 'direct'),
    line('app-b', 'pr'),
    line('app-c', 'hold'),
    line('app-d', 'whatever'),
    { ...line(held, 'direct'), title: 'Two', created_at: shown.created_at, updated_at: '2090-01-01T00:00:00Z' },
  )
  const taken = await by(town, MAYOR, 'bead', 'import', path)
  expect(taken.data).toMatchObject({ created: 4, updated: 1, problems: [] })
  expect(taken.data.notes.filter(({ text }: { text: string }) => text.includes('for a person to set'))).toHaveLength(3)
  const policies = []
  for (const id of ['app-a', 'app-b', 'app-c', 'app-d', held]) policies.push((await gtOf(town, id)).landing)
  expect(policies).toEqual([undefined, 'hold', 'hold', 'hold', 'hold'])
  expect(await town.data('bead', 'show', held)).toMatchObject({ title: 'Two' })

  await town.data('bead', 'import', write('person.jsonl', line('app-p', 'direct')))
  expect(await gtOf(town, 'app-p')).toMatchObject({ landing: 'direct' })

  const bd = await program('bd', ['update', held, '--landing', 'direct'], { cwd: town.root, env: town.env })
  expect(bd.stderr).toContain('does not know the option landing')
  expect(await gtOf(town, held)).toMatchObject({ landing: 'hold' })
})
