/** Files that are whole or not there at all, whatever happens while they are written (law 3). */
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'

/**
 * Replaces the content of a file: temporary file beside it, fsync, rename, fsync of the folder. A symbolic link is
 * followed, and the file keeps its mode; a new file gets `mode` (default 0o644, less the umask). Error: E_WRITE, the old
 * content kept.
 */
export function writeFileAtomic(path: string, text: string, mode = 0o644): Result<void> {
  const target = followed(path)
  const temporary = `${target}.${process.pid}-${Math.random().toString(36).slice(2, 8)}.tmp`
  try {
    const file = openSync(temporary, 'wx', modeOf(target) ?? mode)
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, target)
    const folder = openSync(dirname(target), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
    return ok(undefined)
  } catch (error) {
    rmSync(temporary, { force: true })
    return fail('E_WRITE', `${path} could not be written: ${messageOf(error)}.`, {
      kept: 'What the file held before.',
      hint: `See: df -h ${dirname(target)}; ls -ld ${dirname(target)}`,
    })
  }
}

function followed(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777
  } catch {
    return undefined
  }
}
