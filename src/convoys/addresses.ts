/** Whom a convoy can tell when it has landed: the person, and agents that are still there by then. */
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { resolveAll } from '../mail/addresses.ts'
import { directoryOf } from '../mail/directory.ts'
import { HUMAN } from '../mail/message.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'

const KEPT = 'Nothing was changed.'

/** Addresses as people write them, groups opened up. Errors: those of mail's addresses; E_ADDRESS names a worker. */
export function addressesOf(town: OpenTown, words: readonly string[]): Result<string[]> {
  const named = words.flatMap((word) => word.split(',')).filter((word) => word !== '')
  if (named.length === 0) return ok([])
  const directory = directoryOf(town)
  if (directory.kind === 'error') return directory
  const found = resolveAll(directory.value, named, { address: actor(town.env) })
  if (found.kind === 'error') return { kind: 'error', failure: { ...found.failure, kept: KEPT } }
  const worker = found.value.find(({ run }) => run !== undefined)
  if (worker !== undefined) {
    return fail('E_ADDRESS', `${worker.address} is a worker, who is gone by the time a convoy has landed.`, {
      kept: KEPT,
      hint: 'mayor, person, or a crew member such as app/crew/max',
      exit: EXIT.usage,
    })
  }
  return ok(found.value.map(({ address }) => (address === HUMAN ? 'person' : address)))
}
