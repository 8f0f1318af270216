/** The chore `backup`: what it pushed can be cloned by a plain git, and nobody's content is overwritten. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openLedger } from '../../src/beads/ledger.ts'
import { branchFor } from '../../src/dogs/backup-place.ts'
import { startGt } from '../support/gt.ts'
import { must } from '../support/town.ts'
import type { QuickTown } from './support.ts'
import { done, failed, inside, killingGit, quickTown } from './support.ts'

/** A town, opened, that backs up to there. */
async function backedUpTo(to: (town: QuickTown) => string) {
  const town = await quickTown()
  const opened = await inside(town)
  opened.settings.dogs.backup_to = to(town)
  return { town, opened }
}

it('to a folder: a plain clone holds every bead, and makes a ledger again', async () => {
  const { town, opened } = await backedUpTo(({ dir }) => join(dir, 'a', 'new', 'folder'))
  const bead = town.bead('größer')
  const report = await done(opened, 'backup')
  expect(report.did).toBe(1)
  const at = join(town.dir, 'a', 'new', 'folder', 'town.git')
  expect(report.lines[0]).toContain(`git clone -b town ${at} .beads`)
  const clone = join(town.dir, 'clone')
  town.git(town.dir, 'clone', '-q', at, clone)
  expect(readFileSync(join(clone, 'issues.jsonl'), 'utf8')).toContain('größer')
  const ledger = openLedger(clone)
  if (ledger.kind === 'error') throw new Error(ledger.failure.message)
  expect(ledger.value.state.beads.get(bead)).toMatchObject({ title: 'größer', status: 'open' })
  ledger.value.close()
  expect(readdirSync(join(at, '..'))).toEqual(['town.git'])

  // Only what is new, and only when there is something.
  expect((await done(opened, 'backup')).did).toBe(0)
  const more = town.bead('more')
  expect((await done(opened, 'backup')).did).toBe(1)
  expect(town.git(at, 'show', 'town:issues.jsonl')).toContain(more)
  // One that went away is made again.
  rmSync(at, { recursive: true })
  expect((await done(opened, 'backup')).did).toBe(1)
  expect(town.git(at, 'show', 'town:issues.jsonl')).toContain(more)
})

it('to a git URL that others use too: on a branch with the name of the town, never by force', async () => {
  const { town, opened } = await backedUpTo(({ dir }) => `file://${dir}/shared.git`)
  const shared = join(town.dir, 'shared.git')
  town.git(town.dir, 'init', '-q', '--bare', '-b', 'main', shared)
  const theirs = ['-c', 'user.name=x', '-c', 'user.email=x@x', 'commit-tree', '-m', 'theirs']
  const main = town.git(shared, ...theirs, town.git(shared, 'hash-object', '-wt', 'tree', '/dev/null'))
  town.git(shared, 'update-ref', 'refs/heads/main', main)
  const bead = town.bead('one')
  expect((await done(opened, 'backup')).did).toBe(1)
  expect(town.git(shared, 'rev-parse', 'main')).toBe(main)
  expect(town.git(shared, 'show', 'town:issues.jsonl')).toContain(bead)

  town.git(shared, 'branch', '-f', 'town', main)
  town.bead('two')
  expect(await failed(opened, 'backup')).toMatchObject({ code: 'E_BACKUP_FOREIGN', exit: 2 })
  expect(town.git(shared, 'rev-parse', 'town')).toBe(main)
})

it('nowhere, inside the town, at a relative path, at a place that is away: says so, and loses nothing', async () => {
  const { town, opened } = await backedUpTo(({ root }) => join(root, 'backups'))
  const bead = town.bead('one')
  expect((await failed(opened, 'backup')).message).toContain('lies in the town itself')
  expect(existsSync(join(town.root, 'backups'))).toBe(false)
  symlinkSync(town.root, join(town.dir, 'link'))
  for (const within of [join(town.dir, 'link', 'x'), `file://${town.root}`, town.root]) {
    opened.settings.dogs.backup_to = within
    expect((await failed(opened, 'backup')).code, within).toBe('E_BACKUP_PLACE')
  }
  opened.settings.dogs.backup_to = 'backups'
  expect((await failed(opened, 'backup')).message).toContain('neither a git URL nor an absolute path')
  opened.settings.dogs.backup_to = 'https://user:secret@127.0.0.1:1/x.git'
  const away = await failed(opened, 'backup')
  expect(away.kept).toContain('Every bead is safe')
  expect(JSON.stringify([...opened.ledger.state.beads.values()]) + JSON.stringify(away)).not.toContain('secret')
  writeFileSync(join(town.dir, 'file'), '')
  opened.settings.dogs.backup_to = join(town.dir, 'file')
  expect((await failed(opened, 'backup')).code).toBe('E_BACKUP_PLACE')
  delete opened.settings.dogs.backup_to
  expect(await done(opened, 'backup')).toMatchObject({ did: 0, lines: [expect.stringContaining('dogs.backup_to')] })
  expect(opened.ledger.state.beads.get(bead)?.title).toBe('one')
})

it('a backup that does not hold what was pushed is none', async () => {
  const { town, opened } = await backedUpTo(({ dir }) => join(dir, 'backups'))
  await done(opened, 'backup')
  const at = join(town.dir, 'backups', 'town.git')
  // A disk that forgets: the ref moves, the objects do not stay.
  mkdirSync(join(at, 'hooks'))
  town.git(at, 'config', 'receive.unpackLimit', '1000')
  const forget = `#!/bin/sh\nrm -f "${at}"/objects/??/*\n`
  writeFileSync(join(at, 'hooks', 'post-receive'), forget, { mode: 0o755 })
  town.bead('lost')
  expect((await failed(opened, 'backup')).code).toBe('E_BACKUP_UNSEEN')
})

it('killed at any call of git: the next run ends it, and nothing half-made is left', async () => {
  const town = await quickTown()
  const to = join(town.dir, 'backups')
  town.set('dogs.backup_to', to)
  const bead = town.bead('one')
  const shim = killingGit(town)
  let at = 1
  for (; ; at++) {
    rmSync(to, { recursive: true, force: true })
    shim.begin()
    const env = { ...town.env, PATH: `${shim.dir}:${town.env.PATH}`, KILL_AT: String(at) }
    const end = await startGt(['dog', 'run', 'backup'], { cwd: town.root, env }).ended
    if (end.code === 0) break
    expect(end.signal, `${at}: ${end.stdout}${end.stderr}`).toBe('SIGKILL')
    const [row] = await must(town.gt('dog', 'run', 'backup'))
    expect(row.outcome, `after call ${at}`).not.toBe('failed')
    expect(town.git(join(to, 'town.git'), 'show', 'town:issues.jsonl')).toContain(bead)
    expect(readdirSync(to)).toEqual(['town.git'])
  }
  // Fewer where the ledger was committed before: the quiet second of a command may end in between.
  expect(at).toBeGreaterThan(3)
}, 90_000)

it.each([
  ['gt', 'gt'],
  ['my town: größer!', 'my-town-gr-er'],
  ['--', 'town'],
  ['..', 'town'],
])('the branch of a town named %j is %s', (name, branch) => {
  expect(branchFor(name)).toBe(branch)
})
