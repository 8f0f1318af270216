/** The bead commands as people and scripts call them. What they compute is tested in test/beads; here, that they do. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bead } from '../beads/support.ts'
import type { BareTown } from './support.ts'
import { bareTown, program } from './support.ts'

const lines = (...beads: object[]): string => beads.map((one) => `${JSON.stringify(one)}\n`).join('')
const file = (town: BareTown, name: string, text: string): string => {
  const path = join(town.dir, name)
  writeFileSync(path, text)
  return path
}

test('import and export: a dry run writes nothing, a round trip changes nothing, a bad file nothing at all', async () => {
  const town = await bareTown()
  const given = lines(bead('zz-a', { labels: ['x'], unheard_of: { b: 1 } }), bead('zz-b'))
  const path = file(town, 'old.jsonl', given)

  expect(await town.data('bead', 'import', path, '--dry-run')).toMatchObject({ created: 2, dryRun: true })
  expect(await town.data('bead', 'list')).toEqual([])
  expect(await town.data('bead', 'import', path)).toMatchObject({ created: 2, updated: 0, unchanged: 0, problems: [] })
  expect(await town.data('bead', 'import', path)).toMatchObject({ created: 0, updated: 0, unchanged: 2 })

  const out = join(town.dir, 'out.jsonl')
  expect(await town.data('bead', 'export', '--output', out)).toMatchObject({ count: 2, output: out })
  expect(readFileSync(out, 'utf8')).toBe(given)
  expect(await town.text('bead', 'export')).toBe(given)
  expect((await town.gt('bead', 'export', '--for', 'jira')).code).toBe(64)

  const bad = await town.gt('bead', 'import', file(town, 'bad.jsonl', `${lines(bead('zz-c'))}<<<<<<< HEAD\n`))
  expect(bad.code).toBe(1)
  expect(bad.error).toMatchObject({
    code: 'E_IMPORT',
    message: expect.stringContaining('bad.jsonl line 2: it is a conflict'),
  })
  expect((await town.gt('bead', 'show', 'zz-c')).error?.code).toBe('E_NO_BEAD')
  const none = join(town.dir, 'none.jsonl')
  const missing = (await town.gt('bead', 'import', none)).error
  expect(missing).toMatchObject({ code: 'E_FILE', message: expect.stringContaining(none) })
})

test('what another tool left in progress is not called open, and says who is not on it', async () => {
  const town = await bareTown()
  await town.data('bead', 'import', file(town, 'bd.jsonl', lines(bead('zz-a', { status: 'in_progress' }))))
  expect(await town.text('bead', 'list')).toMatch(/zz-a +P\d +in_progress /)
  expect(await town.text('bead', 'show', 'zz-a')).toContain('state     in_progress: no worker of this town is on it')
})

test('an export that br would refuse is not written', async () => {
  const town = await bareTown()
  await town.data('bead', 'import', file(town, 'x.jsonl', lines(bead('zz-Upper'))))
  const out = join(town.dir, 'out.jsonl')
  const refused = await town.gt('bead', 'export', '--for', 'br', '--output', out)
  expect(refused.error).toMatchObject({ code: 'E_EXPORT', message: expect.stringContaining('zz-Upper') })
  expect(() => readFileSync(out)).toThrow(/ENOENT/)
  expect(await town.data('bead', 'export', '--for', 'bd', '--output', out)).toMatchObject({ count: 1 })
})

test('blocked, graph, circles, epics', async () => {
  const town = await bareTown()
  const epic = await town.bead('The epic', '--type', 'epic')
  const first = await town.bead('First', '--parent', epic)
  const second = await town.bead('Second', '--needs', first)
  expect(await town.data('bead', 'blocked')).toMatchObject([
    { id: second, blocked_by: [first], why: expect.stringContaining(first) },
  ])
  expect(await town.text('bead', 'graph', second)).toBe(
    `${second}  Second  (open, P2)\n└─ needs ${first}  First  (open, P2)\n`,
  )
  expect(await town.text('bead', 'graph', '--mermaid')).toMatch(/^flowchart TD\n/)
  expect(await town.data('bead', 'dep', 'cycles')).toEqual({ cycles: [] })

  expect(await town.data('bead', 'epic', 'status')).toMatchObject([
    { epic: { id: epic }, total: 1, closed: 0, eligible: false },
  ])
  expect(await town.data('bead', 'epic', 'close-eligible')).toEqual({ closed: [], left: [], dryRun: false })
  await town.data('bead', 'close', first)
  expect(await town.data('bead', 'epic', 'close-eligible', '--dry-run')).toMatchObject({ closed: [epic] })
  expect(await town.data('bead', 'show', epic)).toMatchObject({ status: 'open' })
  expect(await town.data('bead', 'epic', 'close-eligible')).toMatchObject({ closed: [epic] })
  expect(await town.data('bead', 'show', epic)).toMatchObject({ status: 'closed' })

  const edge = (from: string, to: string) => ({ issue_id: from, depends_on_id: to, type: 'blocks' })
  const circle = lines(
    { ...bead('zz-a'), dependencies: [edge('zz-a', 'zz-b')] },
    { ...bead('zz-b'), dependencies: [edge('zz-b', 'zz-a')] },
  )
  expect(await town.text('bead', 'import', file(town, 'circle.jsonl', circle))).toContain(
    'circle.jsonl:1: a circle, nothing in it is ever ready: zz-a needs zz-b needs zz-a',
  )
  expect(await town.data('bead', 'dep', 'cycles')).toEqual({ cycles: [['zz-a', 'zz-b', 'zz-a']] })
  expect(await town.text('bead', 'graph')).toContain('circle: zz-a needs zz-b needs zz-a')
})

test('words that would change nothing, or be lost, are refused before anything is written', async () => {
  const town = await bareTown()
  const id = await town.bead('One')
  const refused = async (...args: string[]) => (await town.gt('bead', ...args)).error?.code
  expect(await refused('update', id)).toBe('E_USAGE')
  expect(await refused('update', id, '--body', 'a', '--body-file', 'b')).toBe('E_USAGE')
  expect(await refused('update', id, '--title', 'Two', '--comment', ' ')).toBe('E_EMPTY')
  expect(await refused('update', id, '--title', 'Two', '--status', 'opne')).toBe('E_USE_CLOSE')
  expect(await refused('update', id, '--title', 'Two', '--type', 'merge-request')).toBe('E_BAD_TYPE')
  expect(await refused('create', 'A gate', '--type', 'gate')).toBe('E_BAD_TYPE')
  const priority = await town.gt('bead', 'create', 'Two', '--priority', '9')
  expect([priority.code, priority.error?.hint]).toEqual([64, '--priority 2'])
  expect(await town.data('bead', 'list')).toMatchObject([{ title: 'One', issue_type: 'task', status: 'open' }])
})

test('a rig that is not there is no empty answer', async () => {
  const town = await bareTown()
  for (const asked of ['bead list', 'bead ready', 'bead blocked', 'mq list', 'mq stats'])
    expect((await town.gt(...asked.split(' '), '--rig', 'ap')).error?.code, asked).toBe('E_NO_RIG')
})

test.runIf(existsSync('/dev/full'))('an answer that got lost on its way out is no success', async () => {
  const town = await bareTown()
  await town.bead('One')
  const full = openSync('/dev/full', 'w')
  for (const asked of ['bead list', 'bead export', 'bead show nope --json']) {
    const argv = [new URL('../../bin/gt.js', import.meta.url).pathname, ...asked.split(' ')]
    const ended = spawnSync(process.execPath, argv, {
      cwd: town.root,
      env: town.env,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    expect([ended.status, ended.stderr], asked).toEqual([
      1,
      expect.stringMatching(/^gt: The answer could not be written/),
    ])
  }
  closeSync(full)
})

test('trail, log, show --at, undo', async () => {
  const town = await bareTown()
  const id = await town.bead('Before')
  const { created_at: then } = await town.data('bead', 'show', id)
  await town.data('bead', 'update', id, '--title', 'After')

  const trail = await town.data('trail', id)
  expect(trail.map(({ by, applied }: { by: string; applied: boolean }) => [by, applied])).toEqual([
    ['person', true],
    ['person', true],
  ])
  expect(await town.text('trail', id)).toMatch(/person {2}updated .*: title\n {4}title: Before → After\n/)
  const log = await town.data('log', '--limit', '1')
  expect(log).toMatchObject([{ why: `updated ${id}: title`, beads: [id] }])
  expect((await town.gt('log', '--limit', 'x')).code).toBe(64)
  expect((await town.gt('bead', 'show', id, '--at', 'noon')).code).toBe(64)
  // The record was written a moment after the bead was dated.
  const created = trail[0].at as string
  expect(await town.data('bead', 'show', id, '--at', created)).toMatchObject({ id, title: 'Before', since: created })
  expect((await town.gt('bead', 'show', id, '--at', '2001-01-01T00:00:00Z')).error?.code).toBe('E_NOT_YET')
  expect(Date.parse(then)).toBeLessThanOrEqual(Date.parse(created))

  expect(await town.data('undo', '--dry-run')).toMatchObject({ undone: { why: `updated ${id}: title` }, dryRun: true })
  expect(await town.data('bead', 'show', id)).toMatchObject({ title: 'After' })
  expect(await town.data('undo')).toMatchObject({ beads: [id], dryRun: false })
  expect(await town.data('bead', 'show', id)).toMatchObject({ title: 'Before' })
  await town.data('undo')
  expect(await town.data('bead', 'show', id)).toMatchObject({ status: 'tombstone' })
  expect((await town.gt('undo')).error?.code).toBe('E_NOTHING_TO_UNDO')
})

test('reopen, delete, and edges of every type', async () => {
  const town = await bareTown()
  const [one, two] = [await town.bead('One'), await town.bead('Two')]
  expect((await town.data('bead', 'dep', 'add', one, two, '--type', 'related')).dependencies).toMatchObject([
    { type: 'related' },
  ])
  expect((await town.gt('bead', 'dep', 'add', two, one, '--type', 'No Type')).error?.code).toBe('E_BAD_TYPE')
  expect(await town.data('bead', 'ready')).toHaveLength(2)
  await town.data('bead', 'close', one)
  expect(await town.data('bead', 'reopen', one)).toMatchObject({ status: 'open' })
  expect((await town.gt('bead', 'reopen', one)).error?.code).toBe('E_NOT_CLOSED')
  expect(await town.data('bead', 'delete', one, '--reason', 'a duplicate')).toMatchObject({
    status: 'tombstone',
    delete_reason: 'a duplicate',
  })
  expect(await town.data('bead', 'list')).toMatchObject([{ id: two }])
  await town.data('undo')
  expect(await town.data('bead', 'show', one)).toMatchObject({ status: 'open', title: 'One' })
  const worker = { cwd: town.root, env: { ...town.env, GT_RUN: 'k3' } }
  expect((await program('gt', ['bead', 'delete', one], worker)).stderr).toContain('Agents delete no beads')
})

test('an undo that something depends on says so', async () => {
  const town = await bareTown()
  const id = await town.bead('Wanted')
  const agent = { ...town.env, GT_AGENT: 'gp/crew/max' }
  const other = await program('gt', ['bead', 'update', id, '--comment', 'I rely on this'], {
    cwd: town.root,
    env: agent,
  })
  expect(other.code).toBe(0)
  const refused = await town.gt('undo')
  expect(refused.code).toBe(1)
  expect(refused.error).toMatchObject({
    code: 'E_UNDO_DEPENDS',
    message: expect.stringContaining('by gp/crew/max'),
    hint: `gt trail ${id}`,
  })
})

test('bin/bd.js: bd’s words, bd’s JSON, bd’s errors', async () => {
  const town = await bareTown()
  const bd = (...words: string[]) => program('bd', words, { cwd: town.root, env: town.env })
  const json = async (...words: string[]) => JSON.parse((await bd(...words, '--json')).stdout)
  const epic = (await json('create', 'An epic', '-t', 'epic')).id as string
  const child = (await json('create', 'A child', '-p', '0', '-d', '--body', '--parent', epic)).id as string
  expect(await json('--sandbox', 'list', '--tree=false')).toMatchObject([
    { id: child, priority: 0, description: '--body', dependency_count: 1 },
    { id: epic, dependent_count: 1 },
  ])
  expect(await json('show', child)).toMatchObject([
    { id: child, dependencies: [{ id: epic, dependency_type: 'parent-child' }] },
  ])
  expect(await json('epic', 'status')).toMatchObject([
    { epic: { id: epic }, total_children: 1, eligible_for_close: false },
  ])
  expect(await json('ready', '--limit', '1')).toMatchObject([{ id: child }])
  await bd('update', child, '--status', 'closed')
  expect(await json('list', '--status', 'closed')).toMatchObject([{ id: child }])
  await bd('delete', child, '--force')
  expect(await json('list', '--all')).toMatchObject([{ id: epic }])
  const lost = await bd('show', 'nope', '--json')
  expect(lost).toMatchObject({ code: 1, stdout: '' })
  expect(lost.stderr).toMatch(/^Error: There is no bead nope/)
  expect((await bd('list', '--frobnicate', '--json')).stderr).toContain('frobnicate')
  const worker = await program('bd', ['close', epic], { cwd: town.root, env: { ...town.env, GT_RUN: 'k3' } })
  expect(worker.stderr).toContain('closes by landing')
})
