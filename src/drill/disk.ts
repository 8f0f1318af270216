/**
 * A small disk of its own for a drill's town, so that it can be full without anybody else's being. A tmpfs can be made
 * smaller while it is in use: "full" costs no memory and takes a millisecond. Mounting needs root; without it there is no
 * such disk, and nothing pretends to be one.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Far more than a drill's town takes; a tmpfs only uses what is written. */
const SIZE = '1g'
/** Whoever writes while we measure makes our number too small to be accepted: look again. */
const TRIES = 20

export interface SmallDisk {
  /** From now on nobody can write a new block. False: it could not be filled. */
  fill(): boolean
  free(): void
}

/** Mounts one at `dir` (made). `null`: this user or this system does not let us. */
export function mountDisk(dir: string): SmallDisk | null {
  mkdirSync(dir, { recursive: true })
  if (process.platform !== 'linux' || !mount(['-t', 'tmpfs', '-o', `size=${SIZE},mode=0755`, 'tmpfs', dir])) return null
  return {
    fill: () => {
      for (let tries = 0; tries < TRIES; tries++) {
        const { blocks, bfree, bsize } = statfsSync(dir)
        if (mount(['-o', `remount,size=${(blocks - bfree) * bsize}`, dir])) return true
      }
      return false
    },
    free: () => void mount(['-o', `remount,size=${SIZE}`, dir]),
  }
}

/** Whether a disk of its own is mounted there. */
export function isMounted(dir: string): boolean {
  const here = statSync(dir, { throwIfNoEntry: false })
  return here !== undefined && here.dev !== statSync(dirname(dir)).dev
}

/** Takes the disk away, with what is on it; where somebody still stands in it, it goes with the last of them. */
export function unmount(dir: string): void {
  for (const how of [[], ['-l']]) {
    try {
      execFileSync('umount', [...how, dir], { stdio: 'ignore' })
      return
    } catch {} // The other way then; leave.ts says what stays.
  }
}

function mount(args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
