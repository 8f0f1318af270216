/** A disk that is full or cannot be written: said exactly, and nothing that was acknowledged is lost. */
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { diskFailure, reapTemporary, writeTemporary } from '../../src/beads/disk.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, onCleanUp, reopened, temporaryFolder } from './support.ts'

afterEach(cleanUp)

/** A file system of its own, `size` small; null where this user may not mount one. */
function smallDisk(size: string): string | null {
  const dir = temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', dir], { stdio: 'ignore' })
  } catch {
    return null
  }
  onCleanUp(() => execFileSync('umount', [dir]))
  return dir
}

test('a full disk refuses the write, keeps the rest, and goes on once there is room', (context) => {
  const disk = smallDisk('256k')
  if (disk === null) return context.skip('mounting a tmpfs needs root')
  const ledger = newLedger({}, join(disk, '.beads'))
  create(ledger, bead('gp-before'))
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(100_000))
  let acknowledged = 0
  let failure: ReturnType<typeof failureOf> | undefined
  for (let i = 0; failure === undefined; i++) {
    const made = bead(`gp-${i}`, { description: 'x'.repeat(5000) })
    const written = ledger.write({ by: 'x', why: 'fill', ops: [{ op: 'create', bead: made }] })
    if (written.kind === 'ok') acknowledged += 1
    else failure = written.failure
  }
  expect(failure).toMatchObject({ code: 'E_DISK_FULL', exit: 75 })
  expect(failure.message).toContain(ledger.dir)
  expect(failure.kept).toContain('not acknowledged')
  expect(acknowledged).toBeGreaterThan(5)
  // Reading goes on, also for whoever opens now.
  const reader = reopened(ledger.dir)
  expect(reader.state.beads.size).toBe(acknowledged + 1)
  expect(failureOf(ledger.roll()).code).toBe('E_DISK_FULL')

  rmSync(join(disk, 'ballast'))
  create(ledger, bead('gp-after'))
  must(reader.refresh())
  expect(reader.state.beads.has('gp-after')).toBe(true)
  expect(reader.state.beads.size).toBe(acknowledged + 2)
})

test('a disk that became read-only refuses writes and still answers', (context) => {
  const disk = smallDisk('1m')
  if (disk === null) return context.skip('mounting a tmpfs needs root')
  const ledger = newLedger({}, join(disk, '.beads'))
  create(ledger, bead('gp-a'))
  ledger.close()
  execFileSync('mount', ['-o', 'remount,ro', disk])
  const after = must(openLedger(join(disk, '.beads')))
  expect(after.state.beads.has('gp-a')).toBe(true)
  expect(failureOf(after.write({ by: 'x', why: 'x', ops: [] }))).toMatchObject({ code: 'E_READ_ONLY' })
  after.close()
  execFileSync('mount', ['-o', 'remount,rw', disk])
})

test('every kind of trouble has its name', () => {
  const code = (errno: string): string =>
    failureOf(diskFailure(Object.assign(new Error('x'), { code: errno }), 'do it', '/p')).code
  expect(code('ENOSPC')).toBe('E_DISK_FULL')
  expect(code('EDQUOT')).toBe('E_DISK_FULL')
  expect(code('EROFS')).toBe('E_READ_ONLY')
  expect(code('EACCES')).toBe('E_READ_ONLY')
  expect(code('EIO')).toBe('E_STORE')
})

test('half-made files go with their process, also when its pid is somebody else’s by now', () => {
  const folder = temporaryFolder()
  writeTemporary(folder, 'ours')
  const [ours] = readdirSync(folder)
  // Of our parent, which lives: as it is, and as a process that had its pid before.
  const { ppid } = process
  writeFileSync(join(folder, `tmp.${ppid}.1.aaaa`), 'old form: only the pid tells')
  writeFileSync(join(folder, `tmp.${ppid}.1.bbbb.deadbeef.1`), 'another process of that pid')
  writeFileSync(join(folder, 'tmp.999999999.1.cccc'), 'of nobody')
  reapTemporary(folder)
  expect(readdirSync(folder).sort()).toEqual([`tmp.${ppid}.1.aaaa`, ours].sort())
})
