/**
 * Freezing: a formula with every other formula that it needs, as they are at this moment. What is poured later, and what the
 * steps of a running molecule bond to, comes from here, so that a changed file changes nothing that is under way.
 */
import type { Result } from '../../result.ts'
import { ok } from '../../result.ts'
import type { Problem } from '../../town/explain.ts'
import { show } from '../../town/explain.ts'
import { nearest } from '../../town/nearest.ts'
import type { Step as Key } from '../../town/toml-map.ts'
import { problemsError } from '../../town/validate.ts'
import type { Inherited } from './check.ts'
import { checkInherited } from './check.ts'
import { placeholders } from './check-variables.ts'
import { typeOf } from './fill.ts'
import type { Frozen } from './formula.ts'
import type { Library } from './library.ts'
import type { Source } from './read.ts'
import type { FormulaFile } from './schema.ts'
import { placedSteps } from './walk.ts'

/** One formula that another asks for, and what for. */
interface Wanted {
  name: string
  path: Key[]
  /** `extends`, `compose.expand` …: as messages say it. */
  as: string
  /** What it must be to serve for that; any type when absent. */
  type?: 'expansion' | 'aspect'
  /** Variables that it is handed. */
  vars?: Record<string, string>
  /** Where they stand. */
  varsPath?: Key[]
}

/**
 * The formula of this name with all others that it leads to: parents, expansions, aspects, and what hooks and `on_complete`
 * bond. Errors: E_NO_FORMULA (of the name itself), E_FORMULA with file and line (a file is wrong; it asks for a formula that
 * is not there or that cannot serve; parents in a circle; variables, steps or legs that are in none of them).
 */
export function freeze(name: string, library: Pick<Library, 'source' | 'list'>): Result<Frozen> {
  const source = library.source(name)
  return source.kind === 'ok' ? freezeSource(source.value, library) : source
}

/** The same for a formula that was read from anywhere; its own name means itself. */
export function freezeSource(root: Source, library: Pick<Library, 'source' | 'list'>): Result<Frozen> {
  const sources = new Map([[root.formula.formula, root]])
  // Grows while it is gone through.
  const order = [root]
  for (const asking of order) {
    const problems: Problem[] = []
    for (const wanted of wantedBy(asking.written)) {
      let found = sources.get(wanted.name)
      if (found === undefined) {
        const read = library.source(wanted.name)
        if (read.kind === 'error') {
          if (read.failure.code !== 'E_NO_FORMULA') return read
          problems.push(notThere(asking, wanted, library))
          continue
        }
        found = read.value
        sources.set(wanted.name, found)
        order.push(found)
      }
      problems.push(...cannotServe(asking, wanted, found))
    }
    if (problems.length > 0) return problemsError('E_FORMULA', asking.file, problems)
  }
  for (const source of order) {
    const circle = circleOfParents(source, sources)
    if (circle !== undefined) return circle
  }
  for (const source of order) {
    const problems = checkWithOthers(source, root, sources)
    if (problems.length > 0) return problemsError('E_FORMULA', source.file, problems)
  }
  const formulas = Object.fromEntries([...sources].map(([each, { formula }]) => [each, formula]))
  return ok({ formula: root.formula.formula, formulas })
}

/** Every formula that a file names, in the order of what is done first. */
function wantedBy(file: FormulaFile): Wanted[] {
  const compose = file.compose ?? {}
  return [
    ...(file.extends ?? []).map((name, index): Wanted => ({ name, path: ['extends', index], as: 'extends' })),
    ...placedSteps(file).flatMap(({ step, path }): Wanted[] => [
      ...(step.expand === undefined
        ? []
        : [
            {
              name: step.expand,
              path: [...path, 'expand'],
              as: `step ${show(step.id)} expands`,
              type: 'expansion' as const,
              ...(step.expand_vars && { vars: step.expand_vars, varsPath: [...path, 'expand_vars'] }),
            },
          ]),
      ...(step.on_complete === undefined
        ? []
        : [
            {
              name: step.on_complete.bond,
              path: [...path, 'on_complete', 'bond'],
              as: `step ${show(step.id)} bonds`,
              ...(step.on_complete.vars && {
                vars: step.on_complete.vars,
                varsPath: [...path, 'on_complete', 'vars'],
              }),
            },
          ]),
    ]),
    ...(['expand', 'map'] as const).flatMap((key) =>
      (compose[key] ?? []).map((one, index): Wanted => {
        const path = ['compose', key, index]
        const vars = one.vars && { vars: one.vars, varsPath: [...path, 'vars'] }
        return { name: one.with, path: [...path, 'with'], as: `compose.${key} names`, type: 'expansion', ...vars }
      }),
    ),
    ...(compose.aspects ?? []).map(
      (name, index): Wanted => ({
        name,
        path: ['compose', 'aspects', index],
        as: 'compose.aspects names',
        type: 'aspect',
      }),
    ),
    ...(compose.hooks ?? []).map((one, index): Wanted => {
      const path = ['compose', 'hooks', index]
      const vars = one.vars && { vars: one.vars, varsPath: [...path, 'vars'] }
      return { name: one.attach, path: [...path, 'attach'], as: 'compose.hooks names', ...vars }
    }),
  ]
}

function notThere({ line }: Source, { name, path, as }: Wanted, library: Pick<Library, 'list'>): Problem {
  const entries = library.list()
  const names = entries.kind === 'ok' ? entries.value.map((entry) => entry.name) : []
  const meant = nearest(name, names)
  const at = line(path, JSON.stringify(name))
  const text = `${as} ${show(name)}, but there is no formula of that name`
  if (meant === undefined) return { line: at, text, fix: 'See: gt formula list' }
  return {
    line: at,
    text: `${text}; did you mean ${show(meant)}?`,
    fix: `Write ${JSON.stringify(meant)} on line ${at}.`,
  }
}

/** Why a formula cannot be what another asks for, or which of the variables it is handed it does not have. */
function cannotServe({ line }: Source, wanted: Wanted, found: Source): Problem[] {
  const is = typeOf(found.written)
  if (wanted.type !== undefined && is !== wanted.type) {
    return [
      {
        line: line(wanted.path),
        text: `${wanted.as} ${show(wanted.name)}, which is of type ${is}, not ${wanted.type}`,
        fix: `Name a formula of type ${wanted.type}: gt formula list`,
      },
    ]
  }
  const { vars = {}, inputs = {} } = found.written
  const known = new Set([
    ...Object.keys(vars),
    ...Object.keys(inputs),
    ...placeholders(found.written).map((one) => one.name),
  ])
  // What its parents have is not seen from here; those are let pass.
  if ((found.written.extends ?? []).length > 0) return []
  const strange = Object.keys(wanted.vars ?? {}).filter((name) => !known.has(name))
  return strange.map((name) => {
    const meant = nearest(name, [...known])
    return {
      line: line([...(wanted.varsPath ?? []), name]),
      text: `${show(wanted.name)} has no variable ${show(name)}${meant === undefined ? '' : `; did you mean ${show(meant)}?`}`,
      fix: meant === undefined ? `Its variables: ${[...known].join(', ') || 'none'}.` : `Write ${meant} instead.`,
    }
  })
}

/** `extends` that leads back to where it began, told by the file that closes the circle. */
function circleOfParents(start: Source, sources: Map<string, Source>): Result<never> | undefined {
  const visit = (source: Source, way: string[]): Result<never> | undefined => {
    for (const [index, parent] of (source.written.extends ?? []).entries()) {
      if (way.includes(parent)) {
        const chain = [...way.slice(way.indexOf(parent)), parent].join(' → ')
        const line = source.line(['extends', index], JSON.stringify(parent))
        const fix = `Take ${JSON.stringify(parent)} out of \`extends\` on line ${line}.`
        return problemsError('E_FORMULA', source.file, [{ line, text: `\`extends\` goes in a circle: ${chain}`, fix }])
      }
      const next = sources.get(parent)
      const circle = next && visit(next, [...way, parent])
      if (circle !== undefined) return circle
    }
    return undefined
  }
  return visit(start, [start.formula.formula])
}

/** What its own file could not tell of a formula. Parents do not go in a circle here. */
function checkWithOthers(source: Source, root: Source, sources: Map<string, Source>): Problem[] {
  const { written, line } = source
  const parents = parentsOf(source, sources)
  const type = typeOf(written)
  const serves = type === 'expansion' || type === 'aspect'
  if (parents.length === 0 && (!serves || source === root)) return []
  const inherited: Inherited = {
    steps: new Set(parents.flatMap((parent) => placedSteps(parent.written).map(({ step }) => step.id))),
    legs: new Set(parents.flatMap((parent) => (parent.written.legs ?? []).map(({ id }) => id))),
    // An expansion or an aspect is cooked with the variables of whoever uses it, and with what it is handed.
    variables: new Set((serves ? [...sources.values()] : parents).flatMap(variablesOf)),
  }
  return checkInherited(written, line, inherited)
}

function parentsOf(source: Source, sources: Map<string, Source>): Source[] {
  const direct = (source.written.extends ?? []).flatMap((name) => sources.get(name) ?? [])
  return direct.flatMap((parent) => [parent, ...parentsOf(parent, sources)])
}

function variablesOf({ written }: Source): string[] {
  const handed = wantedBy(written).flatMap(({ vars }) => Object.keys(vars ?? {}))
  return [...Object.keys(written.vars ?? {}), ...Object.keys(written.inputs ?? {}), ...handed]
}
