/**
 * What a gate's result is remembered by: the content it depends on, its command, its declared environment and the
 * provisioning. A gate with `paths` depends on those files alone, so a change elsewhere leaves its result standing.
 */
import { createHash } from 'node:crypto'
import picomatch from 'picomatch'
import { treeListing } from '../git/content.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { GateSettings, RigSettings } from '../town/settings.ts'
import type { GateKey } from './verdict.ts'

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32)

/** Whether a file is among those a gate depends on; every file is when it names none. */
export function dependsOn(gate: Pick<GateSettings, 'paths'>): (file: string) => boolean {
  return gate.paths === undefined ? () => true : picomatch(gate.paths, { dot: true })
}

/** Keys of all gates of a rig, by tree. Trees are asked for once: a tree never changes. */
export class GateKeys {
  readonly #gitDir: string
  readonly #rig: RigSettings
  readonly #known = new Map<string, GateKey[]>()

  constructor(gitDir: string, rig: RigSettings) {
    this.#gitDir = gitDir
    this.#rig = rig
  }

  async of(tree: string): Promise<Result<GateKey[]>> {
    const known = this.#known.get(tree)
    if (known !== undefined) return ok(known)
    const keys: GateKey[] = []
    for (const gate of this.#rig.gates) {
      const content = await this.#content(gate, tree)
      if (content.kind === 'error') return content
      const key = hash([content.value, gate.run, gate.env ?? {}, this.#rig.provision?.run ?? null])
      keys.push({ name: gate.name, key })
    }
    this.#known.set(tree, keys)
    return ok(keys)
  }

  async #content(gate: GateSettings, tree: string): Promise<Result<string>> {
    if (gate.paths === undefined) return ok(tree)
    const listing = await treeListing(this.#gitDir, tree)
    if (listing.kind === 'error') return listing
    const counts = dependsOn(gate)
    return ok(hash(listing.value.filter(({ path }) => counts(path)).map(({ path, id }) => [path, id])))
  }
}
