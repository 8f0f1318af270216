import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { seedTrust, withTrust } from '../../src/agents/trust.ts'
import { eventually, privateFolder } from './support.ts'

let home: string
let file: string

beforeEach(() => {
  home = privateFolder()
  file = join(home, '.claude.json')
})

const read = () => JSON.parse(readFileSync(file, 'utf8'))
const accepted = { hasTrustDialogAccepted: true, hasClaudeMdExternalIncludesWarningShown: true }

test('a fresh home is marked: onboarding done, folders trusted by their canonical paths', async () => {
  const repo = join(home, 'repo.git')
  mkdirSync(repo)
  symlinkSync(repo, join(home, 'link'))
  expect(await seedTrust({ home, paths: [join(home, 'link'), join(home, 'not yet there')] })).toMatchObject({
    kind: 'ok',
  })
  expect(read()).toEqual({
    hasCompletedOnboarding: true,
    projects: { [repo]: accepted, [join(home, 'not yet there')]: accepted },
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(home).filter((name) => name.startsWith('.claude'))).toEqual(['.claude.json'])
})

test('every other key stays, and a refusal of the user about imports is not turned into consent', async () => {
  const config = {
    userID: 'u',
    projects: { '/x': { history: [1] }, '/y': { hasClaudeMdExternalIncludesApproved: false, lastCost: 1.5 } },
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o640 })
  await seedTrust({ home, paths: ['/y'] })
  expect(read()).toEqual({
    userID: 'u',
    projects: {
      '/x': { history: [1] },
      '/y': { hasClaudeMdExternalIncludesApproved: false, lastCost: 1.5, ...accepted },
    },
    hasCompletedOnboarding: true,
  })
  expect(statSync(file).mode & 0o777).toBe(0o640)
})

test('the config directory wins over home, and a symbolic link stays one', async () => {
  const configDir = join(home, 'cfg')
  mkdirSync(configDir)
  writeFileSync(join(home, 'real.json'), '{}')
  symlinkSync(join(home, 'real.json'), join(configDir, '.claude.json'))
  await seedTrust({ configDir, home, paths: ['/x'] })
  expect(lstatSync(join(configDir, '.claude.json')).isSymbolicLink()).toBe(true)
  expect(JSON.parse(readFileSync(join(home, 'real.json'), 'utf8')).projects['/x']).toEqual(accepted)
  expect(existsSync(file)).toBe(false)
})

test('nothing is written when nothing is missing', async () => {
  await seedTrust({ home, paths: ['/x'] })
  utimesSync(file, 5, 5)
  await seedTrust({ home, paths: ['/x'] })
  expect(statSync(file).mtimeMs).toBe(5000)
})

test('a file that is not a JSON object is an error that names it, and is left alone', async () => {
  for (const text of ['{"a":', '[]', 'null', '']) {
    writeFileSync(file, text)
    expect(await seedTrust({ home, paths: ['/x'] })).toMatchObject({
      failure: { code: 'E_CLAUDE_CONFIG', message: expect.stringContaining(file), kept: expect.any(String) },
    })
    expect(readFileSync(file, 'utf8')).toBe(text)
  }
})

test('it waits for a client that holds the lock, and takes the lock of a dead one', async () => {
  const lock = `${file}.lock`
  mkdirSync(lock)
  const seeding = seedTrust({ home, paths: ['/x'] })
  await new Promise((resolve) => setImmediate(resolve))
  expect(existsSync(file)).toBe(false)
  // The holder died long ago.
  utimesSync(lock, 5, 5)
  expect((await seeding).kind).toBe('ok')
  expect(read().projects['/x']).toEqual(accepted)
  expect(existsSync(lock)).toBe(false)
})

test('several gts at once lose nothing of each other’s', async () => {
  const trust = new URL('../../src/agents/trust.ts', import.meta.url).href
  const code = `
    const { seedTrust } = await import(${JSON.stringify(trust)})
    const { existsSync, writeFileSync } = await import('node:fs')
    writeFileSync(process.argv[1] + '/ready-' + process.argv[2], '')
    while (!existsSync(process.argv[1] + '/go')) await new Promise((r) => setTimeout(r, 2))
    for (let i = 0; i < 20; i++) {
      const seeded = await seedTrust({ home: process.argv[1], paths: ['/' + process.argv[2] + '/' + i] })
      if (seeded.kind !== 'ok') { console.error(seeded.failure.message); process.exit(1) }
    }`
  const args = (name: string) => ['--import', 'tsx', '--input-type=module', '-e', code, home, name]
  const gts = ['a', 'b', 'c'].map((name) =>
    spawn(process.execPath, args(name), { stdio: ['ignore', 'ignore', 'inherit'] }),
  )
  try {
    const exits = gts.map((gt) => once(gt, 'exit'))
    await eventually('all ready', () => readdirSync(home).filter((name) => name.startsWith('ready-')).length === 3)
    writeFileSync(join(home, 'go'), '')
    for (const exit of exits) expect((await exit)[0]).toBe(0)
    expect(Object.keys(read().projects)).toHaveLength(60)
  } finally {
    for (const gt of gts) gt.kill('SIGKILL')
  }
})

test('withTrust is pure and answers nothing when all is there', () => {
  const config = Object.freeze({ hasCompletedOnboarding: true, projects: Object.freeze({ '/x': accepted }) })
  expect(withTrust(config, ['/x'])).toBeUndefined()
  expect(withTrust(config, ['/x', '/y'])?.projects).toEqual({ '/x': accepted, '/y': accepted })
  expect(withTrust({ hasCompletedOnboarding: true, projects: 'odd' }, ['/x'])?.projects).toEqual({ '/x': accepted })
})
