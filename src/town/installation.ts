/** Where this very installation lies: its launcher, and the files that come with it. */
import { fileURLToPath } from 'node:url'

/** A path inside this installation, from the bundle (dist/) as well as from the sources (src/town/). */
export function installed(path: string): string {
  const here = fileURLToPath(import.meta.url)
  const root = here.includes('/dist/') ? new URL('../', import.meta.url) : new URL('../../', import.meta.url)
  return fileURLToPath(new URL(path, root))
}
