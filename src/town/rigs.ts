/** Plans a new rig and writes its files. The clone is src/git's business; the command composes: plan, clone, add. */
import { existsSync, mkdirSync } from 'node:fs'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { writeFileAtomic } from './atomic.ts'
import { paths } from './paths.ts'
import { listRigs, loadRigSettings, parseRigSettings } from './settings.ts'
import { rigToml } from './templates.ts'
import { aboutInput } from './validate.ts'

/** Words with a meaning of their own in addresses (`mayor`, `gp/refinery`) or as folders of a town. */
export const RESERVED_RIG_NAMES: ReadonlySet<string> = new Set(
  'mayor deacon witness refinery polecats polecat crew dogs dog beads town rig person human daemon'.split(' '),
)

/** Prefixes of the field that belong to a town's own beads. */
const RESERVED_PREFIXES: ReadonlySet<string> = new Set(['hq'])

export interface RigPlan {
  name: string
  /** Bead prefix, unique in the town. */
  prefix: string
}

export interface RigFiles extends RigPlan {
  /** What was cloned: a URL or an absolute path. */
  remote: string
  /** The target branch. */
  branch: string
  /** The gate's shell command line; without one nothing lands until a person decides. */
  gate?: string
}

/** The answer of `gt rig add` (design section 11). */
export interface AddedRig {
  rig: string
  prefix: string
  branch: string
  path: string
}

/**
 * Checks a rig's name and prefix before anything is cloned, and finds a prefix where none is given. Errors:
 * E_RIG_NAME, E_RIG_EXISTS, E_PREFIX, E_PREFIX_TAKEN, and those of another rig's file that does not load (its prefix
 * cannot be known then).
 */
export function planRig(root: string, options: { name: string; prefix?: string }): Result<RigPlan> {
  const { name } = options
  if (!/^[a-z0-9][a-z0-9_-]{0,39}$/.test(name)) {
    return fail('E_RIG_NAME', `${JSON.stringify(name)} cannot name a rig.`, {
      hint: 'Use up to 40 lower-case letters, digits, `-` and `_`, beginning with a letter or digit.',
      exit: EXIT.usage,
    })
  }
  if (RESERVED_RIG_NAMES.has(name)) {
    return fail('E_RIG_NAME', `\`${name}\` cannot name a rig: the word has a meaning of its own in a town.`, {
      hint: `Choose another name, such as ${name}-project.`,
      exit: EXIT.usage,
    })
  }
  const taken = prefixes(root)
  if (taken.kind === 'error') return taken
  if (taken.value.some(([rig]) => rig === name)) {
    return fail('E_RIG_EXISTS', `This town has a rig named ${name} already.`, {
      kept: 'Nothing was changed.',
      hint: 'See it with: gt rig list',
    })
  }
  if (options.prefix === undefined)
    return ok({ name, prefix: freePrefix(name, new Set(taken.value.map(([, p]) => p))) })
  return checkPrefix(name, options.prefix, taken.value)
}

function checkPrefix(name: string, prefix: string, taken: [rig: string, prefix: string][]): Result<RigPlan> {
  if (!/^[a-z][a-z0-9]{0,7}$/.test(prefix)) {
    return fail('E_PREFIX', `${JSON.stringify(prefix)} cannot be a bead prefix.`, {
      hint: 'Use 1 to 8 lower-case letters and digits, beginning with a letter.',
      exit: EXIT.usage,
    })
  }
  const owner = RESERVED_PREFIXES.has(prefix) ? 'the town itself' : taken.find(([, each]) => each === prefix)?.[0]
  if (owner === undefined) return ok({ name, prefix })
  return fail('E_PREFIX_TAKEN', `The prefix \`${prefix}\` belongs to ${owner}.`, {
    kept: 'Nothing was changed.',
    hint: `Choose another, such as: --prefix ${freePrefix(name, new Set(taken.map(([, each]) => each)))}`,
  })
}

/** Every rig with its prefix. */
function prefixes(root: string): Result<[string, string][]> {
  const rigs = listRigs(root)
  if (rigs.kind === 'error') return rigs
  if (rigs.kind === 'unknown') return fail('E_READ', rigs.why, { exit: EXIT.tryAgain })
  const found: [string, string][] = []
  for (const rig of rigs.kind === 'ok' ? rigs.value : []) {
    const settings = loadRigSettings(root, rig)
    if (settings.kind === 'error') return settings
    found.push([rig, settings.value.prefix])
  }
  return ok(found)
}

/**
 * The prefix that a rig gets: first letters of the parts of its name (`gas-planet` → `gp`), or the first two letters
 * of a name of one part (`alpha` → `al`); if it is taken, more letters of the name, then a number behind it.
 */
export function freePrefix(name: string, taken: ReadonlySet<string>): string {
  const parts = name.split(/[-_]+/).filter((part) => part !== '')
  const initials = parts.length > 1 ? parts.map((part) => part[0]).join('') : ''
  const letters = parts.join('')
  const wanted = [initials, ...[2, 3, 4, 5, 6, 7, 8].map((length) => letters.slice(0, length))]
    .map((candidate) => candidate.replace(/^\d+/, '').slice(0, 8))
    .filter((candidate) => candidate.length >= 2)
  const stem = (wanted[0] ?? 'rig').slice(0, 4)
  for (let number = 2; ; number++) {
    const free = wanted.find((each) => !taken.has(each) && !RESERVED_PREFIXES.has(each))
    if (free !== undefined) return free
    wanted.push(`${stem}${number}`)
  }
}

/**
 * Writes the rig's folders and, last, the rig.toml that makes it one. Call it when the clone stands. Errors: those of
 * `planRig`, E_SETTINGS (a remote or branch that no rig.toml can hold), E_WRITE.
 */
export function addRigFiles(root: string, options: RigFiles): Result<AddedRig> {
  const plan = planRig(root, options)
  if (plan.kind === 'error') return plan
  const { dir, toml, polecats, crew, refinery } = paths({ root }).rig(options.name)
  const text = rigToml(options)
  const valid = parseRigSettings(text, toml)
  if (valid.kind === 'error') return aboutInput(valid)
  try {
    if (!existsSync(root)) return fail('E_NO_TOWN', `There is no town at ${root}.`, { hint: 'gt install <dir>' })
    for (const folder of [polecats, crew, refinery]) mkdirSync(folder, { recursive: true })
  } catch (error) {
    return fail('E_WRITE', `The rig's folders could not be made: ${messageOf(error)}.`, { hint: `See: ls -ld ${dir}` })
  }
  const written = writeFileAtomic(toml, text)
  if (written.kind === 'error') return written
  return ok({ rig: options.name, prefix: plan.value.prefix, branch: options.branch, path: dir })
}
