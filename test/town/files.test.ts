import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeFileAtomic } from '../../src/town/atomic.ts'
import { openLog } from '../../src/town/log.ts'
import { folder } from './folder.ts'

describe('writeFileAtomic', () => {
  it('replaces content, keeps the mode, follows a link and leaves nothing beside', () => {
    const dir = folder()
    writeFileSync(join(dir, 'real'), 'old')
    chmodSync(join(dir, 'real'), 0o600)
    symlinkSync(join(dir, 'real'), join(dir, 'link'))
    expect(writeFileAtomic(join(dir, 'link'), 'new').kind).toBe('ok')
    expect(readFileSync(join(dir, 'real'), 'utf8')).toBe('new')
    expect(statSync(join(dir, 'real')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir).sort()).toEqual(['link', 'real'])
  })

  it('answers with an error, and leaves nothing behind, when it cannot', () => {
    const dir = folder()
    expect(writeFileAtomic(join(dir, 'no', 'file'), 'x')).toMatchObject({ kind: 'error', failure: { code: 'E_WRITE' } })
    // A folder cannot be replaced by a file: the rename fails after the temporary file stands.
    expect(writeFileAtomic(dir, 'x').kind).toBe('error')
    expect(readdirSync(join(dir, '..')).filter((name) => name.startsWith(`${dir.split('/').at(-1)}.`))).toEqual([])
  })
})

describe('openLog', () => {
  const lines = (file: string) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  it('writes each line before it returns, and appends', async () => {
    const root = folder()
    const log = await openLog({ root }, 'deacon')
    log.info({ bead: 'gp-a3f8x' }, 'slung')
    const file = join(root, '.gt', 'logs', 'deacon.log')
    expect(lines(file)).toMatchObject([{ level: 30, who: 'deacon', pid: process.pid, bead: 'gp-a3f8x', msg: 'slung' }])
    ;(await openLog({ root }, 'deacon')).warn('again')
    expect(lines(file).map(({ msg }) => msg)).toEqual(['slung', 'again'])
  })

  it('begins anew when the file was taken away', async () => {
    const root = folder()
    const log = await openLog({ root }, 'gp/refinery')
    const file = join(root, '.gt', 'logs', 'gp-refinery.log')
    log.info('one')
    rmSync(file)
    log.info('two')
    expect(lines(file).map(({ msg }) => msg)).toEqual(['two'])
  })

  it.skipIf(!existsSync('/dev/full'))('drops lines when the disk is full', async () => {
    const root = folder()
    const log = await openLog({ root }, 'deacon')
    const file = join(root, '.gt', 'logs', 'deacon.log')
    symlinkSync('/dev/full', file)
    expect(() => log.info('lost')).not.toThrow()
    rmSync(file)
    log.info('kept')
    expect(lines(file).map(({ msg }) => msg)).toEqual(['kept'])
  })

  it('never brings back a town that is gone', async () => {
    const root = join(folder(), 'gone')
    ;(await openLog({ root }, 'deacon')).info('x')
    expect(existsSync(root)).toBe(false)
    const gone = folder()
    const log = await openLog({ root: gone }, 'deacon')
    rmSync(gone, { recursive: true })
    log.info('x')
    expect(existsSync(gone)).toBe(false)
  })
})
