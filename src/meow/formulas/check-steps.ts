/** What can be wrong with steps: ids, what they need, and what they wait for. */
import type { Problem } from '../../town/explain.ts'
import { show } from '../../town/explain.ts'
import { nearest } from '../../town/nearest.ts'
import type { Step as Key } from '../../town/toml-map.ts'
import type { Inherited, LineAt } from './check.ts'
import { formulaDuration } from './duration.ts'
import type { FileStep, FormulaFile } from './schema.ts'
import type { PlacedStep } from './walk.ts'
import { findStep, idsIn, placedSteps } from './walk.ts'

/** What is wrong with each step by itself, and ids that two have. */
export function checkSteps(file: FormulaFile, at: LineAt): Problem[] {
  const steps = placedSteps(file)
  const own = steps.flatMap((placed) => [
    ...checkTitle(placed, at),
    ...checkWaitsFor(placed, at),
    ...checkGate(placed, at),
    ...checkLoop(placed, at),
    ...checkOnComplete(placed, at),
  ])
  return [...checkTwice(steps, at), ...own]
}

/** Every step that is named must be there. */
export function checkNames(file: FormulaFile, at: LineAt, inherited: Pick<Inherited, 'steps'>): Problem[] {
  const steps = placedSteps(file)
  const composed = (file.compose?.expand ?? []).length + (file.compose?.map ?? []).length > 0
  const unknown = (id: string, from: PlacedStep | undefined): string[] | undefined => {
    const scope = from?.scope ?? steps.find(({ path }) => path[0] === 'steps')?.scope
    if (findStep(scope, id) !== undefined || inherited.steps.has(id)) return undefined
    // Steps that only come to be when a loop is unrolled or a step expanded: `test.iter2.run`, `build.draft`.
    for (let dot = id.indexOf('.'); dot > 0; dot = id.indexOf('.', dot + 1)) {
      const head = findStep(scope, id.slice(0, dot))
      const grows = composed || head?.step.loop !== undefined || head?.step.expand !== undefined
      if ((head !== undefined && grows) || inherited.steps.has(id.slice(0, dot))) return undefined
    }
    return [...idsIn(scope), ...inherited.steps]
  }
  const ask = (who: string, id: string, path: Key[], from?: PlacedStep): Problem[] => {
    const known = unknown(id, from)
    return known === undefined ? [] : [noStep(who, id, known, at(path, JSON.stringify(id)))]
  }
  const compose = file.compose ?? {}
  return [
    ...steps.flatMap((placed) => {
      const { step, path } = placed
      const who = `step ${show(step.id)} needs`
      const waited = /^children-of\((.+)\)$/.exec(step.waits_for ?? '')?.[1]
      return [
        ...(step.needs ?? []).flatMap((id, index) => ask(who, id, [...path, 'needs', index], placed)),
        ...(step.depends_on ?? []).flatMap((id, index) => ask(who, id, [...path, 'depends_on', index], placed)),
        ...(waited === undefined ? [] : ask(`step ${show(step.id)} waits for`, waited, [...path, 'waits_for'], placed)),
      ]
    }),
    ...(compose.expand ?? []).flatMap(({ target }, index) =>
      ask('compose.expand names', target, ['compose', 'expand', index, 'target']),
    ),
    ...(compose.gate ?? []).flatMap(({ before }, index) =>
      ask('compose.gate names', before, ['compose', 'gate', index, 'before']),
    ),
    ...(compose.branch ?? []).flatMap((branch, index) => {
      const path = ['compose', 'branch', index]
      return [
        ...ask('compose.branch names', branch.from, [...path, 'from']),
        ...branch.steps.flatMap((id, nth) => ask('compose.branch names', id, [...path, 'steps', nth])),
        ...ask('compose.branch names', branch.join, [...path, 'join']),
      ]
    }),
    ...(compose.bond_points ?? []).flatMap(({ after_step: after, before_step: before }, index) => [
      ...(after === undefined ? [] : ask('a bond point names', after, ['compose', 'bond_points', index, 'after_step'])),
      ...(before === undefined
        ? []
        : ask('a bond point names', before, ['compose', 'bond_points', index, 'before_step'])),
    ]),
  ]
}

function noStep(who: string, id: string, known: string[], line: number): Problem {
  const meant = nearest(id, known)
  const text = `${who} ${show(id)}, which is not a step here`
  if (meant === undefined)
    return { line, text, fix: `Steps that can be named: ${[...new Set(known)].join(', ') || 'none'}.` }
  return { line, text: `${text}; did you mean ${show(meant)}?`, fix: `Write ${JSON.stringify(meant)} on line ${line}.` }
}

function checkTwice(steps: PlacedStep[], at: LineAt): Problem[] {
  return [...new Set(steps.map(({ scope }) => scope))].flatMap((scope) =>
    scope.twice.map(({ step, path }) => {
      const first = scope.ids.get(step.id)!
      const line = at([...path, 'id'])
      return {
        line,
        text: `two steps have the id ${show(step.id)}; the other is on line ${at([...first.path, 'id'])}`,
        fix: `Give the step on line ${line} an id of its own.`,
      }
    }),
  )
}

function checkTitle({ step, path }: PlacedStep, at: LineAt): Problem[] {
  if (step.title !== undefined ? step.title !== '' : step.expand !== undefined) return []
  const line = at(path)
  return [{ line, text: `step ${show(step.id)} has no title`, fix: `Add to it: title = "…"` }]
}

function checkWaitsFor({ step, path }: PlacedStep, at: LineAt): Problem[] {
  const wanted = step.waits_for
  if (wanted === undefined || /^(?:all-children|any-children|children-of\([^()\s]+\))$/.test(wanted)) return []
  const forms = ['all-children', 'any-children', 'children-of(STEP)']
  const meant = nearest(wanted, forms)
  return [
    {
      line: at([...path, 'waits_for']),
      text: `\`waits_for\` of step ${show(step.id)} must be "all-children", "any-children" or "children-of(STEP)", not ${show(wanted)}`,
      fix: meant === undefined ? 'For steps, write `needs` instead.' : `Did you mean "${meant}"?`,
    },
  ]
}

/** What a gate of this type cannot do without. */
const AWAITED: Record<string, string> = {
  bead: 'the id of the bead',
  command: 'the command',
  'gh:run': 'the run, or its workflow',
  'gh:pr': 'the number of the pull request',
}

function checkGate({ step, path }: PlacedStep, at: LineAt): Problem[] {
  const { gate } = step
  if (gate === undefined) return []
  const place = [...path, 'gate']
  const problem = (key: string, text: string, fix: string): Problem => ({
    line: at([...place, key]),
    text: `the gate of step ${show(step.id)} ${text}`,
    fix,
  })
  const problems: Problem[] = []
  if (gate.timeout === undefined && gate.type === 'timer') {
    problems.push(problem('timeout', 'is a timer without `timeout`', 'Say how long: timeout = "30m"'))
  }
  if (gate.timeout !== undefined && !isDuration(gate.timeout)) {
    const fix = 'Write a number and a unit (s, m, h, d): timeout = "30m"'
    problems.push(problem('timeout', `has the timeout ${show(gate.timeout)}, which is not a duration`, fix))
  }
  const what = AWAITED[gate.type]
  if (what !== undefined && (gate.await_id ?? gate.id ?? '') === '') {
    problems.push(problem('await_id', `does not say what it waits for`, `Write ${what}: await_id = "…"`))
  }
  return problems
}

/** A duration, or a placeholder that will be one. */
function isDuration(text: string): boolean {
  return /\{\{?[^{}]+\}\}?/.test(text) || formulaDuration(text) !== undefined
}

function checkLoop({ step, path }: PlacedStep, at: LineAt): Problem[] {
  const { loop } = step
  if (loop === undefined) return []
  const line = (key: keyof NonNullable<FileStep['loop']>): number => at([...path, 'loop', key])
  const who = `the loop of step ${show(step.id)}`
  const given = (['count', 'until', 'range'] as const).filter((key) => loop[key] !== undefined)
  if (given.length !== 1) {
    const has = given.length === 0 ? 'none of them' : given.map((key) => `\`${key}\``).join(' and ')
    const text = `${who} must have exactly one of \`count\`, \`until\` and \`range\`; it has ${has}`
    return [
      { line: at([...path, 'loop']), text, fix: 'Keep one: count = 3, range = "1..3", or until = "…" with max = 3' },
    ]
  }
  const problems: Problem[] = []
  if (loop.until !== undefined && loop.max === undefined) {
    problems.push({
      line: line('until'),
      text: `${who} has \`until\` without \`max\``,
      fix: 'Add how often at most: max = 10',
    })
  }
  if (loop.range !== undefined && !/^\s*\S.*?\.\.\s*\S.*$/.test(loop.range)) {
    const fix = 'Write both ends: range = "1..5"'
    problems.push({ line: line('range'), text: `${who} has the range ${show(loop.range)}, which is not one`, fix })
  }
  if (typeof loop.count === 'string' && !/^\d+$/.test(loop.count.trim()) && !/\{[^{}]+\}/.test(loop.count)) {
    const fix = 'Write a number, or a variable: count = "{{n}}"'
    problems.push({ line: line('count'), text: `${who} has the count ${show(loop.count)}, which is not a number`, fix })
  }
  return problems
}

function checkOnComplete({ step, path }: PlacedStep, at: LineAt): Problem[] {
  const then = step.on_complete
  if (then === undefined) return []
  const problems: Problem[] = []
  if (!/^output\.\S+$/.test(then.for_each)) {
    problems.push({
      line: at([...path, 'on_complete', 'for_each']),
      text: `\`for_each\` of step ${show(step.id)} must name a list in its output, not ${show(then.for_each)}`,
      fix: 'Write: for_each = "output.items"',
    })
  }
  if (then.parallel === true && then.sequential === true) {
    problems.push({
      line: at([...path, 'on_complete', 'sequential']),
      text: `\`on_complete\` of step ${show(step.id)} is both parallel and sequential`,
      fix: 'Keep one of the two.',
    })
  }
  return problems
}
