import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/result.ts'
import { installTown } from '../../src/town/install.ts'
import { findTown } from '../../src/town/paths.ts'
import { addRigFiles, freePrefix, planRig } from '../../src/town/rigs.ts'
import { listRigs, loadRigSettings, loadTownSettings } from '../../src/town/settings.ts'
import { folder } from './folder.ts'

function value<T>(result: Result<T>): T {
  if (result.kind === 'error') throw new Error(result.failure.message)
  return result.value
}
function code(result: Result<unknown>): string {
  return result.kind === 'ok' ? 'ok' : result.failure.code
}

describe('installTown', () => {
  it('makes a town that loads and is found', () => {
    const dir = join(folder(), 'deep', 'gt')
    expect(value(installTown({ dir }))).toEqual({ town: 'gt', path: dir, existed: false })
    expect(readdirSync(dir).sort()).toEqual(['.gt', 'mayor', 'town.toml'])
    expect(readdirSync(join(dir, '.gt')).sort()).toEqual(['logs', 'runs'])
    expect(statSync(join(dir, '.gt')).mode & 0o777).toBe(0o700)
    expect(value(loadTownSettings(dir)).name).toBe('gt')
    expect(findTown({}, join(dir, 'mayor'))).toEqual({ kind: 'ok', value: dir })
  })

  it('takes an empty folder, a name, and a link on the way', () => {
    const dir = folder()
    mkdirSync(join(dir, 'real'))
    symlinkSync(join(dir, 'real'), join(dir, 'link'))
    expect(value(installTown({ dir: join(dir, 'link'), name: 'Gas "no"'.slice(0, 3) }))).toEqual({
      town: 'Gas',
      path: join(dir, 'real'),
      existed: false,
    })
    expect(installTown({ dir: join(dir, 'link', 'sub') })).toMatchObject({ failure: { code: 'E_INSIDE_TOWN' } })
  })

  it('run again changes no setting and makes what is missing', () => {
    const dir = join(folder(), 'gt')
    installTown({ dir, name: 'one' })
    const text = `${readFileSync(join(dir, 'town.toml'), 'utf8')}# mine\n`
    writeFileSync(join(dir, 'town.toml'), text)
    rmSync(join(dir, 'mayor'), { recursive: true })
    rmSync(join(dir, '.gt'), { recursive: true })
    expect(value(installTown({ dir }))).toEqual({ town: 'one', path: dir, existed: true })
    expect(value(installTown({ dir, name: 'one' })).existed).toBe(true)
    expect(readFileSync(join(dir, 'town.toml'), 'utf8')).toBe(text)
    expect(existsSync(join(dir, 'mayor')) && existsSync(join(dir, '.gt', 'logs'))).toBe(true)
    expect(installTown({ dir, name: 'two' })).toMatchObject({
      failure: { code: 'E_TOWN_EXISTS', message: `${dir} is a town already, and its name is one.` },
    })
  })

  it('tells what is wrong with a town that does not load', () => {
    const dir = folder()
    writeFileSync(join(dir, 'town.toml'), 'schema = 9\n')
    expect(code(installTown({ dir }))).toBe('E_NEWER_TOWN')
    expect(readdirSync(dir)).toEqual(['town.toml'])
  })

  it('refuses a folder with something in it, and leaves it alone', () => {
    const dir = folder()
    writeFileSync(join(dir, 'mine.txt'), 'x')
    expect(installTown({ dir })).toMatchObject({
      failure: { code: 'E_NOT_EMPTY', message: `${dir} is not empty (mine.txt) and is not a town.` },
    })
    expect(readdirSync(dir)).toEqual(['mine.txt'])
    expect(code(installTown({ dir: join(dir, 'mine.txt') }))).toBe('E_NOT_A_FOLDER')
    expect(code(installTown({ dir: join(dir, 'mine.txt', 'x') }))).toMatch(/^E_/)
  })

  it('refuses a git work tree: the repository, a folder in it, a linked worktree', () => {
    const dir = folder()
    const git = (...argv: string[]) =>
      execFileSync('git', argv, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir }, stdio: 'pipe' })
    git('init', '-q', 'repo')
    git('-C', 'repo', '-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '--allow-empty', '-m', 'x')
    git('-C', 'repo', 'worktree', 'add', '-q', '../linked')
    for (const at of ['repo', 'repo/a/b', 'linked', 'linked/x']) {
      const refused = installTown({ dir: join(dir, at) })
      expect(refused, at).toMatchObject({ failure: { code: 'E_INSIDE_GIT' } })
    }
    expect(existsSync(join(dir, 'repo', 'a'))).toBe(false)
    expect(existsSync(join(dir, 'repo', 'town.toml'))).toBe(false)
    expect(code(installTown({ dir: join(dir, 'beside') }))).toBe('ok')
  })

  it('refuses paths and names that would break what is built on them', () => {
    const dir = folder()
    expect(code(installTown({ dir: join(dir, 'a:b') }))).toBe('E_TOWN_PATH')
    expect(code(installTown({ dir: join(dir, 'a\nb') }))).toBe('E_TOWN_PATH')
    for (const name of ['', ' ', '-x', 'a\nb', 'a"b', 'x'.repeat(41), '$(x)', '../x']) {
      expect(code(installTown({ dir: join(dir, 'gt'), name })), name).toBe('E_TOWN_NAME')
    }
    expect(readdirSync(dir)).toEqual([])
    expect(value(installTown({ dir: join(dir, '$(we ird)') })).town).toBe('we ird-')
    expect(value(installTown({ dir: join(dir, '!!!') })).town).toBe('town')
  })
})

describe('rigs', () => {
  function makeTown(): string {
    return value(installTown({ dir: join(folder(), 'gt') })).path
  }
  const clone = { remote: 'https://example.org/p.git', branch: 'main' }

  it('writes a rig that loads, with or without a gate', () => {
    const root = makeTown()
    const plan = value(planRig(root, { name: 'gas-planet' }))
    expect(plan).toEqual({ name: 'gas-planet', prefix: 'gp' })
    expect(value(addRigFiles(root, { ...clone, ...plan, gate: 'npm test && echo "ok" # \\n' }))).toEqual({
      rig: 'gas-planet',
      prefix: 'gp',
      branch: 'main',
      path: join(root, 'gas-planet'),
    })
    expect(value(loadRigSettings(root, 'gas-planet'))).toMatchObject({
      ...clone,
      prefix: 'gp',
      gates: [{ name: 'gate', run: 'npm test && echo "ok" # \\n' }],
      landing: { policy: 'direct', unverified: false },
    })
    expect(readdirSync(join(root, 'gas-planet')).sort()).toEqual(['crew', 'polecats', 'refinery', 'rig.toml'])
    value(addRigFiles(root, { ...clone, name: 'alpha', prefix: 'al' }))
    expect(value(loadRigSettings(root, 'alpha')).gates).toEqual([])
    expect(listRigs(root)).toEqual({ kind: 'ok', value: ['alpha', 'gas-planet'] })
  })

  it('completes a folder that a broken-off `gt rig add` left', () => {
    const root = makeTown()
    mkdirSync(join(root, 'gp', 'repo.git'), { recursive: true })
    mkdirSync(join(root, 'gp', 'polecats'))
    expect(code(addRigFiles(root, { ...clone, name: 'gp', prefix: 'gp' }))).toBe('ok')
    expect(code(addRigFiles(root, { ...clone, name: 'gp', prefix: 'gx' }))).toBe('E_RIG_EXISTS')
  })

  it('refuses hostile and reserved names', () => {
    const root = makeTown()
    for (const name of [
      '',
      '.',
      '..',
      '../x',
      'a/b',
      '-x',
      '_x',
      'A',
      'a b',
      'a.b',
      'a\0',
      'a\n',
      '.git',
      'é',
      'x'.repeat(41),
    ]) {
      expect(code(planRig(root, { name })), name).toBe('E_RIG_NAME')
    }
    for (const name of 'mayor deacon witness refinery polecats crew dogs beads'.split(' ')) {
      expect(code(planRig(root, { name })), name).toBe('E_RIG_NAME')
      expect(code(addRigFiles(root, { ...clone, name, prefix: 'zz' })), name).toBe('E_RIG_NAME')
    }
    for (const prefix of ['', 'A', '1a', 'a-b', 'toolong12', 'a\n']) {
      expect(code(planRig(root, { name: 'x', prefix })), prefix).toBe('E_PREFIX')
    }
  })

  it('refuses a remote or branch that git would take for something else, with nothing written', () => {
    const root = makeTown()
    expect(addRigFiles(root, { ...clone, branch: '--force', name: 'gp', prefix: 'gp' })).toMatchObject({
      failure: { code: 'E_SETTINGS', message: '`branch` must be a branch name such as "main", not "--force".' },
    })
    expect(code(addRigFiles(root, { ...clone, remote: '-oX', name: 'gp', prefix: 'gp' }))).toBe('E_SETTINGS')
    expect(existsSync(join(root, 'gp'))).toBe(false)
  })

  it('gives every rig a prefix of its own', () => {
    const root = makeTown()
    for (const name of ['gas-planet', 'great-pond', 'gpx', 'gas_pump']) {
      value(addRigFiles(root, { ...clone, ...value(planRig(root, { name })) }))
    }
    const taken = ['gas-planet', 'great-pond', 'gpx', 'gas_pump'].map((rig) => value(loadRigSettings(root, rig)).prefix)
    expect(taken).toEqual(['gp', 'gr', 'gpx', 'ga'])
    expect(planRig(root, { name: 'new', prefix: 'gp' })).toMatchObject({
      failure: {
        code: 'E_PREFIX_TAKEN',
        message: 'The prefix `gp` belongs to gas-planet.',
        hint: 'Choose another, such as: --prefix ne',
      },
    })
    expect(code(planRig(root, { name: 'new', prefix: 'hq' }))).toBe('E_PREFIX_TAKEN')
  })

  it('derives prefixes from every kind of name', () => {
    const derived = (name: string, ...taken: string[]) => freePrefix(name, new Set(taken))
    expect(derived('alpha')).toBe('al')
    expect(derived('a')).toBe('rig2')
    expect(derived('2048')).toBe('rig2')
    expect(derived('3d-viewer')).toBe('dv')
    expect(derived('one-two-three-four-five-six-seven-eight-nine')).toBe('ottffsse')
    expect(derived('head-quarters')).toBe('he')
    expect(derived('ab', 'ab', 'ab2')).toBe('ab3')
  })

  it("does not guess while another rig's prefix cannot be read", () => {
    const root = makeTown()
    value(addRigFiles(root, { ...clone, name: 'gp', prefix: 'gp' }))
    writeFileSync(join(root, 'gp', 'rig.toml'), 'broken =')
    expect(code(planRig(root, { name: 'other' }))).toBe('E_SETTINGS')
  })

  it('needs a town', () => {
    const root = join(folder(), 'none')
    expect(code(planRig(root, { name: 'gp' }))).toBe('E_NO_TOWN')
    expect(code(addRigFiles(root, { ...clone, name: 'gp', prefix: 'gp' }))).toBe('E_NO_TOWN')
    expect(existsSync(root)).toBe(false)
    expect(basename(root)).toBe('none')
  })
})
