/** The quick answers of the launcher are letter for letter those of the ordinary commands. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Ledger } from '../../src/beads/ledger.ts'
import { bead, cleanUp, create, must, reopened, T0, temporaryFolder } from './support.ts'

const GT = fileURLToPath(new URL('../../bin/gt.js', import.meta.url))
let town: string
let ledger: Ledger

function gt(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env.PATH, HOME: join(town, '..'), TMUX_TMPDIR: join(town, '..') }
  const { status, stdout, stderr } = spawnSync(process.execPath, [GT, ...words], { cwd: town, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

beforeEach(() => {
  const home = temporaryFolder()
  town = join(home, 'town')
  expect(
    spawnSync(process.execPath, [GT, 'install', town], { env: { PATH: process.env.PATH, HOME: home } }).status,
  ).toBe(0)
  for (const rig of ['app', 'still']) {
    mkdirSync(join(town, rig))
    writeFileSync(join(town, rig, 'rig.toml'), '')
  }
  ledger = reopened(join(town, '.beads'))
  const edge = (from: string, to: string, type = 'blocks') => ({
    issue_id: from,
    depends_on_id: to,
    type,
    created_at: T0,
  })
  create(
    ledger,
    bead('gp-a', { status: 'closed', labels: ['x', 'ü'] }),
    bead('gp-b', { dependencies: [edge('gp-b', 'gp-a')], description: 'two\nlines', priority: 0 }),
    bead('gp-c', { dependencies: [edge('gp-c', 'gp-b')] }),
    bead('gp-e', { issue_type: 'epic' }),
    bead('gp-e.1', { status: 'closed', dependencies: [edge('gp-e.1', 'gp-e', 'parent-child')] }),
  )
  must(ledger.roll())
  create(ledger, bead('gp-new', { metadata: { gt: { version: 0, rig: 'app' } } }))
})
afterEach(cleanUp)

/** Each in its quick form, and in one that only the ordinary command understands. */
const FORMS: [quick: string[], ordinary: string[]][] = [
  [['ready'], ['ready', '--']],
  [
    ['ready', '--json'],
    ['--json', 'ready'],
  ],
  [
    ['ready', '--rig', 'app'],
    ['ready', '--rig=app'],
  ],
  [['list'], ['list', '--']],
  [
    ['list', '--json', '--status', 'open'],
    ['list', '--json', '--status=open'],
  ],
  [
    ['list', '--json', '--rig', 'still'],
    ['list', '--json', '--rig=still'],
  ],
  [
    ['show', 'gp-b'],
    ['show', '--', 'gp-b'],
  ],
  [
    ['show', 'gp-c', '--json'],
    ['--json', 'show', 'gp-c'],
  ],
  [
    ['show', 'gp-a'],
    ['show', '--', 'gp-a'],
  ],
  [
    ['show', 'gp-new'],
    ['show', '--', 'gp-new'],
  ],
]

test('quick and ordinary answers are the same', () => {
  for (const [quick, ordinary] of FORMS) {
    const said = gt('bead', ...quick)
    expect(said, quick.join(' ')).toEqual(gt('bead', ...ordinary))
    expect(said.status).toBe(0)
    expect(said.stdout.length).toBeGreaterThan(5)
  }
  expect(JSON.parse(gt('bd', 'ready', '--json').stdout).data.map(({ id }: { id: string }) => id)).toEqual([
    'gp-b',
    'gp-new',
  ])
})

test('the quick answer does without the settings; the ordinary one does not', () => {
  writeFileSync(join(town, 'town.toml'), 'nonsense = [')
  for (const [quick, ordinary] of FORMS) {
    expect(gt('bead', ...quick).status, quick.join(' ')).toBe(0)
    expect(gt('bead', ...ordinary).status, ordinary.join(' ')).toBe(1)
  }
})

test('what only the ordinary command can answer goes there: part of an id, mistakes, a foreign edit', () => {
  expect(gt('bead', 'show', 'new').stdout).toBe(gt('bead', 'show', 'gp-new').stdout)
  expect(gt('bead', 'show', 'gp-zzz')).toMatchObject({ status: 1, stderr: expect.stringContaining('no bead gp-zzz') })
  expect(gt('bead', 'show')).toMatchObject({ status: 64 })
  expect(gt('bead', 'ready', '--nonsense')).toMatchObject({ status: 64 })
  appendFileSync(join(ledger.dir, 'issues.jsonl'), '{"id":"gp-theirs","title":"by another hand"}\n')
  expect(gt('bead', 'show', 'gp-theirs').stdout).toContain('by another hand')
  expect(gt('bead', 'list', '--json').stdout).toContain('gp-theirs')
})
