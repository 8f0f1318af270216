/** One chore, from the look to its record: nothing to do writes nothing, and what is written is nobody's task. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import { acquire, release } from '../../src/beads/leases.ts'
import { lastTimes, readLooks } from '../../src/dogs/looks.ts'
import { beadOf } from '../../src/dogs/report.ts'
import { CHORES, choresDue } from '../../src/dogs/schedule.ts'
import { sling } from '../../src/polecats/sling.ts'
import { makeTown, must } from '../support/town.ts'
import { chore, DAY, done, failed, HOUR, inside, orphan, quickTown } from './support.ts'

/** Every file of the ledger, with its content. */
function ledgerOf(town: { root: string }): string {
  const dir = join(town.root, '.beads')
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => `${path} ${statSync(path).mtimeMs} ${readFileSync(path, 'base64')}`)
    .join('\n')
}

it('an idle town: every chore looks, none writes to the ledger, and nothing is due afterwards', async () => {
  const town = await quickTown()
  town.bead('Waits')
  town.set('dogs.backup_to', join(town.dir, 'backups'))
  const opened = await inside(town)
  expect((await done(opened, 'backup')).did).toBe(1)
  const before = ledgerOf(town)
  for (const name of CHORES) expect(await done(opened, name), name).toMatchObject({ did: 0 })
  // And its own record is no reason for the next backup.
  expect(await done(opened, 'backup')).toMatchObject({ did: 0 })
  expect(ledgerOf(town)).toBe(before)

  const { dogs } = opened.settings
  expect(choresDue(lastTimes(town.root), dogs, opened.now())).toEqual([...CHORES])
  expect(choresDue(lastTimes(join(town.root, '.gt')), dogs, opened.now())).toEqual([])
  expect(choresDue(lastTimes(join(town.root, '.gt')), dogs, new Date(Date.now() + HOUR))).toEqual(['orphans', 'backup'])
  // The file may go at any time; this process still knows.
  rmSync(join(town.root, '.gt', 'dogs.json'))
  expect(choresDue(lastTimes(join(town.root, '.gt')), dogs, opened.now())).toEqual([])
  expect(readLooks(join(town.root, '.gt')).size).toBe(0)
})

it('what was done is kept by one bead that is nobody’s task', async () => {
  const town = await makeTown()
  const task = await town.bead('A task', 'true')
  orphan(town)
  const opened = await inside(town, 2 * HOUR)
  await done(opened, 'archive')
  const bead = beadOf(opened.ledger.state.beads.values(), 'archive')!
  expect(bead).toMatchObject({ issue_type: 'event', title: 'Dog: archive' })
  expect(facts(bead).dog?.last).toMatchObject({ outcome: 'done', report: expect.stringContaining('is removed') })
  orphan(town)
  await done(opened, 'archive')
  expect([...opened.ledger.state.beads.values()].filter((one) => facts(one).dog).map(({ id }) => id)).toEqual([bead.id])

  expect((await must(town.gt('bead', 'ready'))).map(({ id }: { id: string }) => id)).toEqual([task])
  expect(await must(town.gt('status'))).toMatchObject({ ready: 1, running: [], needs_you: [], landed: [], waiting: [] })
  expect((await must(town.gt('bead', 'list'))).map(({ id }: { id: string }) => id)).toEqual([task])
  const slung = sling(opened, bead.id, { rig: 'app', by: 'person', at: opened.now().toISOString() })
  expect(slung).toMatchObject({ kind: 'error' })
  // It stays with the living, however old it gets.
  const later = await inside(town, 40 * DAY)
  await done(later, 'compact')
  expect(beadOf(later.ledger.state.beads.values(), 'archive')?.id).toBe(bead.id)

  const rows = await must(town.gt('dog', 'list'))
  expect(rows.map((row: { chore: string }) => row.chore)).toEqual([...CHORES])
  expect(rows.find((row: { chore: string }) => row.chore === 'archive')).toMatchObject({
    bead: bead.id,
    last: { outcome: 'done', did: 1 },
    report: { outcome: 'done' },
  })
  const log = readFileSync(join(town.root, '.gt', 'logs', 'deacon.log'), 'utf8')
    .trim()
    .split('\n')
  expect(log.map((line) => JSON.parse(line))).toMatchObject([{ chore: 'archive' }, { chore: 'archive' }])
})

it('a failure is told once, and so is that it is over', async () => {
  const town = await quickTown()
  const opened = await inside(town)
  const away = join(town.dir, 'away.git')
  town.git(town.dir, 'init', '-q', '--bare', away)
  town.set('dogs.backup_to', `file://${away}`)
  opened.settings.dogs.backup_to = `file://${away}`
  expect((await done(opened, 'backup')).did).toBe(1)
  const saved = join(town.dir, 'saved.git')
  town.git(town.dir, 'clone', '-q', '--mirror', away, saved)
  rmSync(away, { recursive: true })

  const last = () => facts(beadOf(opened.ledger.state.beads.values(), 'backup')!).dog!.last!
  expect(await failed(opened, 'backup')).toMatchObject({
    code: 'E_REMOTE_NOT_FOUND',
    kept: expect.stringContaining('safe'),
  })
  expect(last()).toMatchObject({ outcome: 'failed', report: expect.stringContaining('was not backed up') })
  const before = ledgerOf(town)
  expect((await failed(opened, 'backup')).code).toBe('E_REMOTE_NOT_FOUND')
  expect(ledgerOf(town)).toBe(before)
  expect(readLooks(join(town.root, '.gt')).get('backup')).toMatchObject({ outcome: 'failed' })

  town.git(town.dir, 'clone', '-q', '--mirror', saved, away)
  expect(await done(opened, 'backup')).toMatchObject({ did: 0 })
  expect(last()).toMatchObject({ outcome: 'done', report: expect.stringContaining('well again') })
})

it('one process at a time, for each chore', async () => {
  const town = await quickTown()
  mkdirSync(join(town.root, '.gt', 'logs'), { recursive: true })
  const left = join(town.root, '.gt', 'logs', 'deacon.20261126T175810123Z.aside')
  writeFileSync(left, 'a line\n')
  const opened = await inside(town)
  const lease = acquire(opened.ledger, 'dog:logs', 'somebody')
  if (lease.kind !== 'ok' || lease.value === null) throw new Error('the lease could not be taken')
  expect(await failed(opened, 'logs')).toMatchObject({ code: 'E_BUSY', exit: 75 })
  expect(existsSync(left)).toBe(true)
  expect((await done(opened, 'compact')).did).toBe(0)
  release(lease.value)
  expect((await done(opened, 'logs')).did).toBe(1)
})

it('gt dog run: one or all, no worker, no chore that there is not', async () => {
  const town = await quickTown()
  expect((await town.gt('dog', 'run')).code).toBe(64)
  expect((await town.gt('dog', 'run', 'orphans', '--all')).code).toBe(64)
  expect((await town.gt('dog', 'run', 'archiv')).error).toMatchObject({
    code: 'E_NO_CHORE',
    hint: 'gt dog run archive',
  })
  const all = await must(town.gt('dog', 'run', '--all'))
  expect(all.map((row: { chore: string; outcome: string }) => [row.chore, row.outcome])).toEqual(
    CHORES.map((name) => [name, 'nothing']),
  )
  const env = town.env as Record<string, string>
  env.GT_RUN = 'k3x9f2abcdefg'
  expect((await town.gt('dog', 'run', 'archive')).error?.code).toBe('E_NOT_FOR_AGENTS')
  delete env.GT_RUN
  // What fails does not keep the others from their work, and makes the exit code.
  town.set('dogs.backup_to', join(town.root, 'mayor'))
  mkdirSync(join(town.root, '.gt', 'logs'), { recursive: true })
  town.set('dogs.log_mb', '1')
  writeFileSync(join(town.root, '.gt', 'logs', 'deacon.log'), 'x'.repeat(2 << 20))
  const mixed = await town.gt('dog', 'run', '--all')
  expect(mixed).toMatchObject({ code: 1, error: { code: 'E_BACKUP_PLACE' } })
  expect(mixed.data.map((row: { outcome: string }) => row.outcome)).toEqual(
    CHORES.map((name) => (name === 'logs' ? 'done' : name === 'backup' ? 'failed' : 'nothing')),
  )
  expect(existsSync(join(town.root, 'mayor', 'gt.git'))).toBe(false)
  expect((await chore(await inside(town), 'logs')).kind).toBe('ok')
})
