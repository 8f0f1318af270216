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
      if (code !== 'EAGAIN') throw error
      process.stdout.write(bytes.subarray(at))
      return
    }
  }
}
