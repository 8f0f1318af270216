/** What a ledger holds besides its live beads: those in the archive, and what every bead once said. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { readArchive } from './archive-read.ts'
import type { Bead } from './bead.ts'
import { replay } from './history.ts'

/** The beads in the archive files, by id; E_LEDGER_PARSE with path and line where one cannot be read. */
export function archivedBeads(dir: string): Result<Map<string, Bead>> {
  if (!existsSync(join(dir, 'archive'))) return ok(new Map())
  const lines = readArchive(dir)
  if (lines.kind !== 'ok') return lines
  return ok(new Map([...lines.value].map(([id, line]) => [id, JSON.parse(line) as Bead])))
}

/** Everything that our journals saw a bead say; they are read once, when somebody asks. */
export function pastOf(dir: string): (id: string) => Bead[] {
  let all: Map<string, Bead[]> | undefined
  return (id) => {
    all ??= allPast(dir)
    return all.get(id) ?? []
  }
}

function allPast(dir: string): Map<string, Bead[]> {
  const all = new Map<string, Bead[]>()
  const remember = (bead: Bead): void => {
    const held = all.get(bead.id)
    if (held) held.push(bead)
    else all.set(bead.id, [bead])
  }
  const steps = replay(dir, (state) => {
    for (const bead of state.beads.values()) remember(bead)
  })
  for (const { after } of steps) for (const bead of after.values()) if (bead) remember(bead)
  return all
}
