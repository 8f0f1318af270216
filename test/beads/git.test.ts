import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { commitLedger, initLedgerRepo } from '../../src/beads/git.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { snapshotText } from '../../src/beads/snapshot.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, reopened, temporaryFolder } from './support.ts'

beforeEach(() => {
  const home = temporaryFolder()
  vi.stubEnv('HOME', home)
  vi.stubEnv('GIT_CONFIG_NOSYSTEM', '1')
  // A user whose settings would sign, run hooks and change line ends.
  mkdirSync(join(home, 'hooks'))
  writeFileSync(join(home, 'hooks', 'reference-transaction'), '#!/bin/sh\nexit 1\n')
  chmodSync(join(home, 'hooks', 'reference-transaction'), 0o755)
  writeFileSync(
    join(home, '.gitconfig'),
    `[commit]\n gpgSign = true\n[core]\n hooksPath = ${home}/hooks\n autocrlf = true\n[init]\n defaultBranch = trunk\n`,
  )
})
afterEach(() => {
  vi.unstubAllEnvs()
  cleanUp()
})

const git = (ledger: Ledger, ...argv: string[]): string =>
  execFileSync('git', ['-c', 'core.autocrlf=false', '-C', ledger.dir, ...argv], { encoding: 'utf8' })

async function repository(): Promise<Ledger> {
  const ledger = newLedger()
  must(await initLedgerRepo(ledger.dir))
  return ledger
}

test('commits what the ledger holds, byte for byte, and nothing when nothing changed', async () => {
  const ledger = await repository()
  create(ledger, bead('gp-a', { title: 'größer\r\n' }), bead('gp-w', { ephemeral: true }))
  const first = must(await commitLedger(ledger))
  expect(first.beads).toBe(1)
  expect(git(ledger, 'rev-parse', 'refs/heads/main').trim()).toBe(first.commit)
  expect(git(ledger, 'show', 'HEAD:issues.jsonl')).toBe(snapshotText(ledger.state.beads.values()))
  expect(git(ledger, 'log', '-1', '--format=%an <%ae> %cn')).toBe('gt <gt@localhost> gt\n')
  expect(git(ledger, 'ls-tree', '--name-only', 'HEAD').split('\n').filter(Boolean)).toEqual([
    '.gitattributes',
    '.gitignore',
    'issues.jsonl',
  ])
  expect(git(ledger, 'status', '--porcelain')).toBe('')
  expect((await commitLedger(ledger)).kind).toBe('empty')
  create(ledger, bead('gp-b'))
  const second = must(await commitLedger(ledger, { message: 'two now' }))
  expect(git(ledger, 'log', '--format=%s', '-1').trim()).toBe('two now')
  expect(git(ledger, 'rev-parse', 'HEAD~1').trim()).toBe(first.commit)
  expect(second.beads).toBe(2)
})

test('keeps other files of the last commit, and waits for nobody else', async () => {
  const ledger = await repository()
  create(ledger, bead('gp-a'))
  must(await commitLedger(ledger))
  mkdirSync(join(ledger.dir, 'archive'))
  writeFileSync(join(ledger.dir, 'archive', '2026-01.jsonl'), '')
  git(ledger, 'add', 'archive')
  git(
    ledger,
    '-c',
    'core.hooksPath=/dev/null',
    '-c',
    'commit.gpgSign=false',
    '-c',
    'user.name=x',
    '-c',
    'user.email=x@y',
    'commit',
    '-qm',
    'archive',
  )
  const others = [1, 2, 3].map(() => reopened(ledger.dir))
  const commits = await Promise.all(
    others.map((other, n) => {
      create(other, bead(`gp-o${n}`))
      return commitLedger(other)
    }),
  )
  for (const commit of commits) expect(['ok', 'empty']).toContain(commit.kind)
  expect(git(ledger, 'ls-tree', '-r', '--name-only', 'HEAD')).toContain('archive/2026-01.jsonl')
  const committed = git(ledger, 'show', 'HEAD:issues.jsonl')
  for (const n of [0, 1, 2]) expect(committed).toContain(`gp-o${n}`)
})

test('is made once, also inside another repository, and says when git is in trouble', async () => {
  const outer = temporaryFolder()
  execFileSync('git', ['init', '-q', outer])
  const ledger = newLedger({}, join(outer, '.beads'))
  must(await initLedgerRepo(ledger.dir))
  must(await initLedgerRepo(ledger.dir))
  create(ledger, bead('gp-a'))
  must(await commitLedger(ledger))
  expect(execFileSync('git', ['-C', outer, 'for-each-ref'], { encoding: 'utf8' })).toBe('')
  writeFileSync(join(ledger.dir, '.git', 'HEAD'), 'nonsense')
  create(ledger, bead('gp-b'))
  const failure = failureOf(await commitLedger(ledger))
  expect(failure.code).toBe('E_GIT')
  expect(failure.kept).toContain('safe')
})
