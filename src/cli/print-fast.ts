/** Printing for the quick answers. */
import { writeSync } from 'node:fs'

/** To stdout, without loading Node's streams where the system takes it at once. */
export function print(text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') {
        process.exitCode = unprinted(error as Error)
        return
      }
      process.stdout.write(bytes.subarray(at))
      return
    }
  }
}

/** Says that the answer got lost on its way out, as onto a full disk: half of it must not pass for all. The exit code. */
export function unprinted(error: Error): number {
  writeSync(
    2,
    `gt: The answer could not be written to standard output: ${error.message}.\n  kept: What was done stays done.\n  next: Make room there, and ask again.\n`,
  )
  return 1
}
