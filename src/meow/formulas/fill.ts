/** From a formula's file to a formula: defaults filled, and one spelling where the file may have several. */
import type { Advice, AdviceStep, Formula, FormulaType, Leg, Step, Variable } from './formula.ts'
import type { FileStep, FileVariable, FormulaFile } from './schema.ts'

/**
 * The formula that a file says. Without `type`: legs make a convoy, a template an expansion, advice or aspects an aspect,
 * everything else a workflow. Numbers and booleans that stand for values become text, as every variable is text.
 */
export function fill(file: FormulaFile): Formula {
  const { output, synthesis } = file
  return {
    formula: file.formula,
    description: file.description ?? '',
    version: file.version ?? 1,
    type: typeOf(file),
    phase: file.phase ?? 'liquid',
    extends: file.extends ?? [],
    vars: variables(file.vars),
    steps: (file.steps ?? []).map(step),
    template: (file.template ?? []).map(step),
    compose: compose(file.compose ?? {}),
    advice: (file.advice ?? []).map(advice),
    pointcuts: (file.pointcuts ?? []).map((one) => ({ ...one })),
    inputs: variables(file.inputs),
    prompts: file.prompts ?? {},
    ...(output && {
      output: {
        directory: output.directory ?? '',
        leg_pattern: output.leg_pattern ?? '',
        synthesis: output.synthesis ?? '',
      },
    }),
    legs: (file.legs ?? []).map(leg),
    aspects: (file.aspects ?? []).map(leg),
    ...(synthesis && {
      synthesis: {
        title: synthesis.title ?? 'Synthesis',
        description: synthesis.description ?? '',
        depends_on: synthesis.depends_on ?? [],
      },
    }),
    presets: mapValues(file.presets ?? {}, ({ description, legs }) => ({ description: description ?? '', legs })),
    ...some(file, ['agent']),
    review_only: file.review_only ?? false,
  }
}

/** What a file is, said or not. */
export function typeOf(file: FormulaFile): FormulaType {
  if (file.type !== undefined) return file.type
  if (file.legs !== undefined) return 'convoy'
  if (file.template !== undefined) return 'expansion'
  return file.advice !== undefined || file.aspects !== undefined ? 'aspect' : 'workflow'
}

function variables(written: Record<string, FileVariable> = {}): Record<string, Variable> {
  return mapValues(written, (one) => {
    const table = typeof one === 'object' ? one : { default: one }
    return {
      description: table.description ?? '',
      type: table.type ?? 'string',
      required: table.required ?? false,
      required_unless: table.required_unless ?? [],
      ...(table.default !== undefined && { default: String(table.default) }),
      enum: (table.enum ?? []).map(String),
      ...some(table, ['pattern']),
    }
  })
}

function step(file: FileStep): Step {
  const { loop, on_complete: then } = file
  return {
    id: file.id,
    // Only a step that another formula takes the place of may be without (check.ts).
    title: file.title ?? file.id,
    description: file.description ?? '',
    notes: file.notes ?? '',
    acceptance: file.acceptance ?? file.acceptance_criteria ?? '',
    type: file.type ?? (file.children !== undefined && file.children.length > 0 ? 'epic' : 'task'),
    ...some(file, ['priority']),
    labels: file.labels ?? [],
    metadata: file.metadata ?? {},
    needs: [...new Set([...(file.needs ?? []), ...(file.depends_on ?? [])])],
    parallel: file.parallel ?? false,
    interactive: file.interactive ?? false,
    ...some(file, ['waits_for', 'assignee', 'agent', 'expand', 'condition', 'gate']),
    expand_vars: file.expand_vars ?? {},
    children: (file.children ?? []).map(step),
    ...(loop && { loop: { ...some(loop, ['count', 'until', 'max', 'range', 'var']), body: loop.body.map(step) } }),
    ...(then && {
      on_complete: {
        for_each: then.for_each,
        bond: then.bond,
        vars: then.vars ?? {},
        sequential: then.sequential ?? false,
      },
    }),
  }
}

function compose(file: NonNullable<FormulaFile['compose']>): Formula['compose'] {
  return {
    bond_points: (file.bond_points ?? []).map(({ description, parallel, ...point }) => ({
      ...point,
      description: description ?? '',
      parallel: parallel ?? false,
    })),
    hooks: (file.hooks ?? []).map(withVars),
    expand: (file.expand ?? []).map(withVars),
    map: (file.map ?? []).map(withVars),
    branch: file.branch ?? [],
    gate: file.gate ?? [],
    aspects: file.aspects ?? [],
  }
}

function withVars<T extends { vars?: Record<string, string> | undefined }>(
  one: T,
): Omit<T, 'vars'> & { vars: Record<string, string> } {
  return { ...one, vars: one.vars ?? {} }
}

type FileAdvice = NonNullable<FormulaFile['advice']>[number]

function advice({ target, before, after, around }: FileAdvice): Advice {
  return {
    target,
    ...(before && { before: adviceStep(before) }),
    ...(after && { after: adviceStep(after) }),
    ...(around && {
      around: { before: (around.before ?? []).map(adviceStep), after: (around.after ?? []).map(adviceStep) },
    }),
  }
}

function adviceStep(file: NonNullable<FileAdvice['before']>): AdviceStep {
  return {
    id: file.id,
    title: file.title ?? file.id,
    description: file.description ?? '',
    type: file.type ?? 'task',
    args: file.args ?? {},
    output: file.output ?? {},
  }
}

function leg(file: NonNullable<FormulaFile['legs']>[number]): Leg {
  return {
    id: file.id,
    title: file.title ?? file.id,
    focus: file.focus ?? '',
    description: file.description ?? '',
    ...some(file, ['agent', 'review_only']),
  }
}

function mapValues<A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}

/** These properties, as far as they are there. */
function some<T extends object, K extends keyof T>(
  from: T,
  names: K[],
): { [P in K as undefined extends T[P] ? never : P]: T[P] } & { [P in K]?: Exclude<T[P], undefined> } {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])) as never
}
