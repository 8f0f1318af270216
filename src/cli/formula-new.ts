/** `gt formula new`: a file to begin with, in the town's or a rig's folder of formulas. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { locateTown } from '../kernel/town.ts'
import type { FormulaType } from '../meow/formulas/formula.ts'
import { foldersOf, isFormulaName } from '../meow/formulas/library.ts'
import { skeleton } from '../meow/formulas/skeleton.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { loadRigSettings } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import type { RigOption } from './formula.ts'

/** Errors: E_NAME, E_NO_TOWN, E_NO_RIG, E_EXISTS (nothing was written), E_WRITE. */
export function newFormula(context: Context, name: string, { rig, type }: RigOption & { type: FormulaType }): Answer {
  if (!isFormulaName(name)) {
    return fail('E_NAME', `${JSON.stringify(name)} cannot be the name of a formula.`, {
      hint: 'Use letters, digits, `-`, `_` and `.`, beginning with a letter or digit.',
      exit: EXIT.usage,
    })
  }
  const town = locateTown(context.env, context.cwd)
  if (town.kind === 'error') return town
  const settings = rig === undefined ? undefined : loadRigSettings(town.value, rig)
  if (settings?.kind === 'error') return settings
  const { dir, tier } = foldersOf({ town: town.value, ...(rig !== undefined && { rig }) })[0]!
  const path = join(dir, `${name}.formula.toml`)
  const taken = [path, join(dir, `${name}.formula.json`)].find((each) => existsSync(each))
  if (taken !== undefined) return exists(taken)
  const schema = existsSync(join(dir, 'formula.schema.json')) ? './formula.schema.json' : undefined
  try {
    mkdirSync(dir, { recursive: true })
    // `wx`: should somebody else be as fast, theirs stays.
    writeFileSync(path, skeleton(name, type, schema), { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return exists(path)
    return fail('E_WRITE', `${path} could not be written: ${messageOf(error)}.`, { hint: `See: ls -ld ${dir}` })
  }
  return ok({
    data: { name, type, tier, path },
    text: `${path} is written.\nNext: edit it, then gt formula validate ${name}`,
  })
}

function exists(path: string): Answer {
  return fail('E_EXISTS', `There is ${path} already.`, { kept: 'It was left as it is.', hint: 'Take another name.' })
}
