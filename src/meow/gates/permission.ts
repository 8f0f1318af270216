/**
 * Whose commands a gate may run: those of a person, and of an agent whose rig lets it run anything (`bypass`), made in this very
 * town. The daemon runs them outside every permission mode, so for any other agent a gate would be a way around its own; and a
 * ledger that was imported or pulled is data, whose text never reaches a shell (law 12).
 *
 * What was allowed here is a list of hashes in `.gt/gate-commands.json`. Lost, the gates are not run any more, and a person hears
 * of it: the careful way to be wrong.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { facts } from '../../beads/bead.ts'
import type { Op } from '../../beads/change.ts'
import type { GateFacts } from '../../beads/facts.ts'
import { isAgent } from '../../kernel/landing.ts'
import type { OpenTown } from '../../kernel/town.ts'
import type { Result } from '../../result.ts'
import { EXIT, fail, ok } from '../../result.ts'
import { writeFileAtomic } from '../../town/atomic.ts'
import { permissionMode } from '../../town/permissions.ts'

type GateCommand = NonNullable<GateFacts['command']>

/** So many are remembered, the newest: more gates than a town has open. */
const KEPT = 2_000

const fileOf = (runtime: string): string => join(runtime, 'gate-commands.json')
const hashOf = ({ run, cwd }: GateCommand): string =>
  createHash('sha256')
    .update(JSON.stringify([run, cwd ?? null]))
    .digest('hex')

/**
 * Lets this town run a command for a gate, if whoever calls may say so. Call it before the gate is written.
 * Errors: E_PERMISSIONS (2), E_WRITE, broken rig settings.
 */
export async function allowCommand(town: OpenTown, command: GateCommand): Promise<Result<void>> {
  const may = await mayRunCommand(town)
  if (may.kind === 'error') return may
  const { runtime } = town.paths
  const hash = hashOf(command)
  const known = [...allowed(runtime)].filter((one) => one !== hash)
  mkdirSync(runtime, { recursive: true })
  return writeFileAtomic(fileOf(runtime), `${JSON.stringify([...known, hash].slice(-KEPT))}\n`, 0o600)
}

/** The same for every command gate that a change makes. */
export async function allowCommandsIn(town: OpenTown, ops: readonly Op[]): Promise<Result<void>> {
  for (const op of ops) {
    const command = op.op === 'create' ? facts(op.bead).gate?.command : undefined
    const allowed = command === undefined ? ok(undefined) : await allowCommand(town, command)
    if (allowed.kind === 'error') return allowed
  }
  return ok(undefined)
}

export const isAllowed = (runtime: string, command: GateCommand): boolean => allowed(runtime).has(hashOf(command))

function allowed(runtime: string): Set<string> {
  try {
    const read: unknown = JSON.parse(readFileSync(fileOf(runtime), 'utf8'))
    return new Set(Array.isArray(read) ? read.filter((one) => typeof one === 'string') : [])
  } catch {
    return new Set()
  }
}

/** Error: E_PERMISSIONS (2). */
async function mayRunCommand(town: OpenTown): Promise<Result<void>> {
  if (!isAgent(town.env)) return ok(undefined)
  const rig = town.env.GT_RIG ? await town.rig(town.env.GT_RIG) : ok(undefined)
  if (rig.kind === 'error') return rig
  const mode = permissionMode(town.settings, rig.value)
  if (mode === 'bypass') return ok(undefined)
  const is = mode ?? 'not set'
  return fail(
    'E_PERMISSIONS',
    `An agent may make a command gate only in the permission mode "bypass", and here it is ${is}.`,
    {
      kept: 'Nothing was made.',
      hint: 'gt ask "make this gate for me: gt gate create --command …", then gt park; or wait for a bead, a CI run, a person',
      exit: EXIT.needsPerson,
    },
  )
}
