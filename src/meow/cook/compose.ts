/** What `compose` says: branches, gates, expansions by name and by glob, and steps that hang on others (hooks). */
import { parseCondition } from '../conditions.ts'
import type { Compose } from '../formulas/formula.ts'
import { glob } from './advice.ts'
import type { Blueprint, Draft, Table } from './draft.ts'
import { idsOf, validate, walk } from './draft.ts'
import { both, expandOne, materialise } from './expand.ts'
import { blueprint } from './extends.ts'
import { fillDouble, mapDrafts } from './substitute.ts'
import { entriesOf, exitsOf, named, need, redirect, replace } from './wiring.ts'

/** Edges of `branch`: each of its steps needs `from`, `join` needs all of them. */
export function branches(table: Table, drafts: Draft[], plan: Blueprint): void {
  for (const { from, steps, join } of plan.compose.branch) {
    const [first, last] = [from, join].map((id) => named(table, drafts, id, plan.formula, 'compose.branch'))
    const between = steps.map((id) => named(table, drafts, id, plan.formula, 'compose.branch'))
    if (first === undefined || last === undefined) return
    for (const draft of between) if (draft !== undefined) need(draft, [from])
    need(last, steps)
  }
}

/** Run-time conditions of `gate`. */
export function gates(table: Table, drafts: Draft[], plan: Blueprint): void {
  for (const { before, condition } of plan.compose.gate) {
    const draft = named(table, drafts, before, plan.formula, 'compose.gate')
    if (draft === undefined) return
    const read = parseCondition(fillDouble(condition, table.values))
    if (read.kind === 'error') {
      const place = `Formula ${plan.formula}, compose.gate before ${before}: `
      table.refuse(place + read.failure.message, validate(plan.formula))
    }
    draft.when = draft.when === undefined ? condition : both(draft.when, condition)
  }
}

/** `compose.expand`, then `compose.map`; a step that came out of a template is no target of the same map again. */
export function expansions(table: Table, drafts: Draft[], plan: Blueprint): void {
  for (const { target, with: name, vars } of plan.compose.expand) {
    const draft = named(table, drafts, target, plan.formula, 'compose.expand')
    if (draft !== undefined) expandOne(table, drafts, draft, name, vars)
    if (table.failure !== undefined) return
  }
  for (const { select, with: name, vars } of plan.compose.map) {
    const fits = glob(select)
    const targets = [...walk(drafts)].map(([draft]) => draft).filter((draft) => !draft.group && fits(draft.id))
    if (targets.length === 0) named(table, drafts, select, plan.formula, 'compose.map')
    for (const draft of targets) {
      if (table.failure !== undefined) return
      expandOne(table, drafts, draft, name, vars)
    }
  }
}

/** Hangs a formula's steps on every step that a trigger fits, or at the bond point that the hook names. */
export function hooks(table: Table, drafts: Draft[], plan: Blueprint): void {
  const there = [...walk(drafts)].map(([draft]) => draft).filter((draft) => draft.added !== true)
  for (const hook of plan.compose.hooks) {
    const fits = trigger(hook.trigger)
    if (fits === undefined) {
      const like = 'Write label:x, type:x, priority:2 or priority:0-1.'
      const why = `Formula ${plan.formula}: the trigger ${hook.trigger} in compose.hooks cannot be read. ${like}`
      table.refuse(why, validate(plan.formula))
      return
    }
    const on = there.filter(fits)
    if (on.length === 0) continue
    if (hook.at === undefined) {
      for (const draft of on) hang(table, drafts, plan, hook, draft, 'after')
      continue
    }
    const point = plan.compose.bond_points.find(({ id }) => id === hook.at)
    const place = point?.after_step ?? point?.before_step
    if (place === undefined) {
      const why = `Formula ${plan.formula}: a hook is to attach at ${hook.at}, and compose.bond_points has no such place.`
      table.refuse(why, validate(plan.formula))
      return
    }
    const draft = named(table, drafts, place, plan.formula, 'compose.bond_points')
    const side = point?.after_step === undefined ? 'before' : point.parallel ? 'beside' : 'after'
    if (draft !== undefined) hang(table, drafts, plan, hook, draft, side)
  }
}

function trigger(text: string): ((draft: Draft) => boolean) | undefined {
  const [, kind, value = ''] = /^\s*(label|type|priority)\s*:\s*(\S+)\s*$/.exec(text) ?? []
  if (kind === 'label') return (draft) => draft.labels.includes(value)
  if (kind === 'type') return (draft) => draft.type === value
  const [, from, to = from] = /^([0-4])(?:-([0-4]))?$/.exec(value) ?? []
  if (from === undefined) return undefined
  return ({ priority }) => priority !== undefined && priority >= Number(from) && priority <= Number(to)
}

function hang(
  table: Table,
  drafts: Draft[],
  plan: Blueprint,
  hook: Compose['hooks'][number],
  draft: Draft,
  side: 'after' | 'before' | 'beside',
): void {
  if (table.failure !== undefined) return
  const attached = blueprint(table, fillDouble(hook.attach, table.values), plan.formula)
  if (attached === undefined) return
  const template = attached.template.length > 0 ? attached.template : attached.steps
  const made = materialise(table, { ...attached, template }, draft, hook.vars)
  const own = new Set(idsOf(made))
  // Steps of a workflow do not name a target: two of them would have the same ids.
  const rename = (text: string): string =>
    own.has(text) && !text.startsWith(`${draft.id}.`) ? `${draft.id}.${text}` : text
  const steps = mapDrafts(made, { text: (text) => text }).map((step) => renamed(step, rename))
  for (const [step] of walk(steps)) {
    step.added = true
    step.conditions.unshift(...draft.conditions)
  }
  const exits = exitsOf(steps).map(({ id }) => id)
  if (side === 'before') {
    for (const entry of entriesOf(steps)) need(entry, draft.needs)
    draft.needs = exits
    replace(drafts, draft, [...steps, draft])
    return
  }
  if (side === 'after') redirect(drafts, new Map([[draft.id, exits]]))
  for (const entry of entriesOf(steps)) need(entry, [draft.id])
  replace(drafts, draft, [draft, ...steps])
}

function renamed(draft: Draft, rename: (id: string) => string): Draft {
  const copy: Draft = {
    ...draft,
    id: rename(draft.id),
    needs: draft.needs.map(rename),
    children: draft.children.map((child) => renamed(child, rename)),
  }
  if (draft.waits !== undefined) copy.waits = { ...draft.waits, of: rename(draft.waits.of) }
  return copy
}
