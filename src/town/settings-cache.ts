/**
 * The validated town settings of last time, as long as town.toml is the very file they were read from: loading the
 * parser and the validator takes longer than most commands. Safe to lose, never the truth.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from '../result.ts'
import { paths } from './paths.ts'
import type { TownSettings } from './settings.ts'

/** A file that was changed a moment ago may be changed again within the same tick of its clock: not cached yet. */
const CALM_MS = 2000

/** What `loadTownSettings` answers. Errors are never cached. */
export async function townSettings(root: string): Promise<Result<TownSettings>> {
  const cache = join(paths({ root }).runtime, 'settings.json')
  const before = stampOf(root)
  if (before !== null) {
    const held = readCache(cache)
    if (held !== null && held.stamp === before.text) return { kind: 'ok', value: held.settings }
  }
  const { loadTownSettings } = await import('./settings.ts')
  const loaded = loadTownSettings(root)
  const calm = before !== null && Date.now() - before.time > CALM_MS && stampOf(root)?.text === before.text
  if (loaded.kind === 'ok' && calm) writeCache(cache, { stamp: before.text, settings: loaded.value })
  return loaded
}

interface Held {
  stamp: string
  settings: TownSettings
}

/** The file as the system sees it, and the build that read it; null where that cannot be told (or from sources). */
function stampOf(root: string): { text: string; time: number } | null {
  const self = fileURLToPath(import.meta.url)
  if (!self.includes('/dist/')) return null
  try {
    const { ino, size, mtimeNs, ctimeNs, ctimeMs } = statSync(paths({ root }).toml, { bigint: true })
    const built = statSync(self, { bigint: true }).mtimeNs
    return { text: [ino, size, mtimeNs, ctimeNs, self, built].join(' '), time: Number(ctimeMs) }
  } catch {
    return null
  }
}

function readCache(path: string): Held | null {
  try {
    const held: Held = JSON.parse(readFileSync(path, 'utf8'))
    return typeof held?.stamp === 'string' && typeof held.settings?.name === 'string' ? held : null
  } catch {
    return null
  }
}

function writeCache(path: string, held: Held): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true })
    const temporary = `${path}.${process.pid}`
    writeFileSync(temporary, JSON.stringify(held), { mode: 0o600 })
    renameSync(temporary, path)
  } catch {
    // Only a cache.
  }
}
