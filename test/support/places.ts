/** Places in which `gt` has to refuse: disks that take nothing, PATHs without a program. Put right after each test. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach } from 'vitest'

const undo: (() => void)[] = []
afterEach(() => {
  for (const one of undo.splice(0).reverse()) one()
})

/** A folder of its own; gone after the test. */
export function folder(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-bad-')))
  undo.push(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A PATH on which every program is but these. */
export function pathWithout(...names: string[]): string {
  const dir = folder()
  for (const from of (process.env.PATH ?? '').split(delimiter).filter(existsSync)) {
    for (const name of readdirSync(from)) {
      if (!names.includes(name) && !existsSync(join(dir, name))) {
        try {
          symlinkSync(join(from, name), join(dir, name))
        } catch {
          // A dangling link of that name is there already.
        }
      }
    }
  }
  return dir
}

/** A small file system of its own; undefined where we may not mount one. Unmounted after the test. */
export function tmpfs(size: string): string | undefined {
  const dir = folder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'tmpfs', dir], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  undo.push(() => execFileSync('umount', [dir], { stdio: 'pipe' }))
  return dir
}

/** Fills a file system with one file until only about `left` bytes are free. */
export function fill(file: string, left: number): void {
  writeFileSync(file, '')
  const block = Buffer.alloc(4096)
  try {
    for (;;) appendFileSync(file, block)
  } catch {
    // Full.
  }
  const size = statSync(file).size
  execFileSync('truncate', ['-s', String(Math.max(0, size - left)), file])
}

/** Makes a folder read-only: by mount for root, whom modes do not stop, else by mode. Answers the way back. */
export function readOnly(dir: string): (() => void) | undefined {
  if (process.getuid?.() !== 0) {
    const all = [dir, ...readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name))]
    for (const path of all) chmodSync(path, statSync(path).mode & ~0o222)
    const back = (): void => {
      for (const path of all) chmodSync(path, statSync(path).mode | 0o200)
    }
    undo.push(back)
    return back
  }
  try {
    execFileSync('mount', ['--bind', dir, dir], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  let mounted = true
  const back = (): void => {
    if (mounted) execFileSync('umount', [dir], { stdio: 'pipe' })
    mounted = false
  }
  undo.push(back)
  execFileSync('mount', ['-o', 'remount,ro,bind', dir], { stdio: 'pipe' })
  return back
}
