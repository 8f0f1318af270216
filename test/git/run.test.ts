import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { git, gitDetails, gitPatiently } from '../../src/git/run.ts'
import { codeOf, must, useLab } from './helpers.ts'

const lab = useLab()

describe('git', () => {
  const touched = [
    'PATH',
    'GIT_DIR',
    'GIT_INDEX_FILE',
    'GIT_WORK_TREE',
    'GIT_CONFIG_COUNT',
    'GIT_CONFIG_KEY_0',
    'GIT_CONFIG_VALUE_0',
    'GIT_OBJECT_DIRECTORY',
  ]
  const before = Object.fromEntries(touched.map((name) => [name, process.env[name]]))
  afterEach(() => {
    for (const name of touched) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  })

  it('is not led astray by GIT_* of whoever started us', async () => {
    const project = lab().project()
    const other = lab().project('other')
    process.env.GIT_DIR = join(other, '.git')
    process.env.GIT_WORK_TREE = other
    process.env.GIT_INDEX_FILE = join(lab().root, 'nowhere')
    process.env.GIT_OBJECT_DIRECTORY = join(lab().root, 'nowhere')
    process.env.GIT_CONFIG_COUNT = '1'
    process.env.GIT_CONFIG_KEY_0 = 'core.bare'
    process.env.GIT_CONFIG_VALUE_0 = 'true'
    const top = must(await git(['rev-parse', '--show-toplevel'], { cwd: project }))
    expect(top.stdout.trim()).toBe(project)
    expect(must(await git(['status', '--porcelain', '-uall'], { cwd: project })).stdout).toBe('')
  })

  it('does not walk up into an enclosing repository', async () => {
    const project = lab().project()
    const inside = join(project, 'folder')
    mkdirSync(inside)
    expect(codeOf(await git(['rev-parse', '--show-toplevel'], { cwd: inside }))).toBe('E_GIT')
  })

  it('says that git is missing, and what to type', async () => {
    process.env.PATH = lab().root
    const tried = await git(['--version'])
    expect(tried).toMatchObject({ failure: { code: 'E_NO_GIT', exit: 69, hint: 'apt-get install git' } })
  })

  it('keeps what git said, its exit code, and no password', async () => {
    const project = lab().project()
    const tried = await git(['ls-remote', '--', 'ext://user:secret@host/x'], { cwd: project })
    if (tried.kind !== 'error') throw new Error('expected an error')
    expect(JSON.stringify(tried)).not.toContain('secret')
    expect(gitDetails(tried.failure).exitCode).toBe(128)
    expect(gitDetails(tried.failure).stderr).not.toBe('')
  })

  it('stops what does not end, and what says too much', async () => {
    const project = lab().project()
    lab().sh(project, 'config', 'alias.hang', '!sleep 600')
    expect(codeOf(await git(['hang'], { cwd: project, timeoutMs: 200 }))).toBe('E_GIT_TIMEOUT')
    expect(codeOf(await git(['cat-file', '-p', 'HEAD'], { cwd: project, maxBytes: 10 }))).toBe('E_GIT')
  })

  it('waits for a lock that goes away, and gives up on one that stays', async () => {
    const project = lab().project()
    const lock = join(project, '.git', 'config.lock')
    lab().write(lock, '')
    const waiting = gitPatiently(['config', 'x.y', 'z'], { cwd: project })
    const { rmSync } = await import('node:fs')
    rmSync(lock)
    must(await waiting)
    lab().write(lock, '')
    expect(codeOf(await gitPatiently(['config', 'x.y', 'z'], { cwd: project }))).toBe('E_GIT')
  })
})
