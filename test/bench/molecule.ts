/** What long work costs: making a molecule of very many steps, and what its worker asks and says at every step. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ledger } from '../../src/beads/ledger.ts'
import { createLedger } from '../../src/beads/ledger.ts'
import { cook } from '../../src/meow/cook.ts'
import { freeze } from '../../src/meow/formulas/freeze.ts'
import { openLibrary } from '../../src/meow/formulas/library.ts'
import { pour } from '../../src/meow/pour.ts'
import type { Recipe, RecipeStep } from '../../src/meow/recipe.ts'
import type { Result } from '../../src/result.ts'

function value<T>(result: Result<T>): T {
  if (result.kind === 'error') throw new Error(result.failure.message)
  return result.value
}

const AT = '2026-01-01T00:00:00Z'

/** Formula to beads on the disk, the towers of Hanoi with so many moves: median of a few, ms. */
export function benchPour(moves: number): number {
  const place = mkdtempSync(join(tmpdir(), 'gt-bench-'))
  try {
    const times = Array.from({ length: 5 }, (_, i) => {
      const ledger = value(createLedger(join(place, String(i))))
      const started = performance.now()
      const frozen = value(freeze('towers-of-hanoi', openLibrary({ town: place })))
      write(ledger, value(cook(frozen, { disks: '10', moves: String(moves) })))
      const took = performance.now() - started
      if (ledger.state.beads.size < moves) throw new Error('steps are missing: the bench measures something else')
      ledger.close()
      return took
    })
    return times.sort((a, b) => a - b)[2]!
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** A new ledger in `dir` with one molecule of so many open steps, each after the one before; its id. */
export function longMolecule(dir: string, count: number): string {
  rmSync(dir, { recursive: true, force: true })
  const ledger = value(createLedger(dir))
  const steps = Array.from(
    { length: count },
    (_, i): RecipeStep => ({
      id: `s${i}`,
      title: `Move ${i}`,
      description: 'What this step is about. '.repeat(10),
      type: 'task',
      labels: [],
      needs: i === 0 ? [] : [`s${i - 1}`],
      source: { formula: 'long', location: `steps[${i}]` },
    }),
  )
  const about = {
    formula: 'long',
    version: 1,
    kind: 'molecule',
    phase: 'liquid',
    title: 'Long',
    description: '',
  } as const
  const root = write(ledger, { ...about, vars: {}, steps })
  value(ledger.roll())
  ledger.close()
  return root
}

function write(ledger: Ledger, recipe: Recipe): string {
  const { input, root } = value(pour(ledger.state, recipe, { prefix: 'gp', rig: 'gp', by: 'bench', at: AT }))
  if (!value(ledger.write(input)).applied) throw new Error('the molecule was not poured')
  return root
}
