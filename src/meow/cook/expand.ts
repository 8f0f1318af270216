/**
 * A step gives way to the template of an expansion: what it needed goes to the steps that the template begins with, whoever
 * needed it needs those that it ends with. Its conditions hold for all of them, its gate for where it begins.
 */

import { ownValues } from './advice.ts'
import type { Blueprint, Draft, Table } from './draft.ts'
import { validate, walk } from './draft.ts'
import { blueprint } from './extends.ts'
import { unroll } from './loops.ts'
import { fillDouble, fillDrafts, fillSingle, mapDrafts } from './substitute.ts'
import { valuesOf } from './variables.ts'
import { entriesOf, exitsOf, need, parallel, redirect, replace } from './wiring.ts'

/** Templates within templates, as in the format. */
const DEEPEST = 5

/** Expands every draft that says `expand` itself. */
export function expandInline(table: Table, drafts: Draft[], depth = 1): void {
  for (const [draft] of [...walk(drafts)]) {
    if (draft.expand !== undefined) expandOne(table, drafts, draft, draft.expand, draft.expand_vars, depth)
    if (table.failure !== undefined) return
  }
}

/** Puts the template of a formula in the place of one draft. `vars`: for the expansion, may hold placeholders. */
export function expandOne(
  table: Table,
  drafts: Draft[],
  target: Draft,
  name: string,
  vars: Record<string, string>,
  depth = 1,
): void {
  const who = `Formula ${target.source.formula}: step ${target.id}`
  const hint = validate(target.source.formula)
  if (depth > DEEPEST) {
    table.refuse(`${who} is expanded by ${name} and more than ${DEEPEST} templates deep.`, hint)
    return
  }
  const plan = blueprint(table, fillDouble(name, table.values), target.source.formula)
  if (plan === undefined) return
  if (plan.template.length === 0) {
    table.refuse(`${who} cannot be expanded by ${plan.formula}: that is a ${plan.type} without a template.`, hint)
    return
  }
  if (target.children.length > 0) {
    table.refuse(`${who} cannot be expanded by ${plan.formula}: it has parts of its own.`, hint)
    return
  }
  const made = materialise(table, plan, target, vars)
  if (table.failure !== undefined) return
  const exits = exitsOf(made)
  redirect(drafts, new Map([[target.id, exits.map((exit) => exit.id)]]))
  if (!handOver(table, target, made, exits, plan.formula)) return
  replace(drafts, target, made)
  for (const draft of [...made]) {
    for (const [inner] of [...walk([draft])]) {
      if (inner.expand !== undefined) expandOne(table, drafts, inner, inner.expand, inner.expand_vars, depth + 1)
      if (table.failure !== undefined) return
    }
  }
}

/** The template of an expansion for one target: its own placeholders filled, without loops. */
export function materialise(
  table: Table,
  plan: Blueprint,
  target: Pick<Draft, 'id' | 'title' | 'description' | 'notes' | 'acceptance'>,
  vars: Record<string, string>,
): Draft[] {
  const { id, title, description, notes, acceptance } = target
  const about = {
    target: id,
    'target.id': id,
    'target.title': title,
    'target.description': description,
    'target.notes': notes,
    'target.acceptance': acceptance,
  }
  checkValues(table, plan, vars)
  const filled = fillDrafts(plan.template, { ...ownValues(plan), ...vars })
  const made = unroll(table, mapDrafts(filled, { text: (text) => fillSingle(text, about) }))
  parallel(made)
  return made
}

/** Complains as for the formula itself; what it is not told may come from the formula around it. */
function checkValues(table: Table, plan: Blueprint, vars: Record<string, string>): void {
  const names = Object.keys({ ...plan.inputs, ...plan.vars })
  const given: Record<string, string> = {}
  for (const name of names) {
    const text = vars[name] ?? plan.vars[name]?.default ?? plan.inputs[name]?.default
    const value = text === undefined ? table.values[name] : fillDouble(text, table.values)
    if (value !== undefined) given[name] = value
  }
  valuesOf(table, plan, given)
}

function handOver(table: Table, target: Draft, made: Draft[], exits: Draft[], by: string): boolean {
  for (const entry of entriesOf(made)) {
    need(entry, target.needs)
    if (target.gate !== undefined && entry.gate !== undefined) {
      const both = `step ${target.id} has a gate, and so has ${entry.id}, with which ${by} begins`
      table.refuse(`Formula ${target.source.formula}: ${both}; a step has one.`, validate(target.source.formula))
      return false
    }
    if (target.gate !== undefined) entry.gate = target.gate
    if (target.waits !== undefined) entry.waits ??= target.waits
    if (target.when !== undefined) entry.when = entry.when === undefined ? target.when : both(entry.when, target.when)
  }
  for (const [draft] of walk(made)) {
    draft.conditions.unshift(...target.conditions)
    draft.labels = [...new Set([...target.labels, ...draft.labels])]
    for (const key of ['priority', 'assignee', 'agent'] as const) {
      if (draft[key] === undefined && target[key] !== undefined) Object.assign(draft, { [key]: target[key] })
    }
  }
  const last = exits.at(-1)
  if (last !== undefined && last.acceptance === '') last.acceptance = target.acceptance
  if (last !== undefined && target.on_complete !== undefined) last.on_complete ??= target.on_complete
  return true
}

/** Two run-time conditions as one. */
export const both = (a: string, b: string): string => `(${a}) and (${b})`
