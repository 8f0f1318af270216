/**
 * Placeholders: `{{name}}` for the values of variables, `{name}` for loops, targets and steps. Each text is gone through once,
 * so what a value says is never read as a placeholder. One without a value stays as it is written.
 */
import type { Draft } from './draft.ts'

/** Fills `{{name}}`. */
export function fillDouble(text: string, values: Record<string, string>): string {
  if (!text.includes('{{')) return text
  return text.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (all, name: string) =>
    Object.hasOwn(values, name) ? values[name]! : all,
  )
}

/** Fills `{name}`, never within `{{name}}`. */
export function fillSingle(text: string, values: Record<string, string>): string {
  if (!text.includes('{')) return text
  return text.replace(/(?<!\{)\{([\w.-]+)\}(?!\})/g, (all, name: string) =>
    Object.hasOwn(values, name) ? values[name]! : all,
  )
}

/** A copy of plain data with every text in it changed; names of fields stay. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)])) as T
}

interface Change {
  text: (text: string) => string
  /** Of conditions; the same as `text` unless said. */
  condition?: (text: string) => string
  /** Goes into the body of a loop with this variable. */
  into?: (loopVar: string) => boolean
}

/** A copy of drafts with their texts changed, ids and needs included, bodies of loops too; where they came from stays. */
export function mapDrafts(drafts: readonly Draft[], change: Change): Draft[] {
  return drafts.map((draft) => {
    const { children, loop, conditions, source, ...rest } = draft
    const copy: Draft = {
      ...mapTexts(rest, change.text),
      type: rest.type,
      children: mapDrafts(children, change),
      conditions: conditions.map(change.condition ?? change.text),
      source,
    }
    if (rest.until !== undefined) copy.until = { ...copy.until!, var: rest.until.var }
    if (loop !== undefined) {
      const { body, var: name, ...bounds } = loop
      const inside = change.into?.(name ?? 'i') ?? true
      copy.loop = { ...mapTexts(bounds, change.text), body: inside ? mapDrafts(body, change) : structuredClone(body) }
      if (name !== undefined) copy.loop.var = name
    }
    return copy
  })
}

/** Fills `{{name}}`; in a condition the value is quoted, so that an empty one still is one. */
export function fillDrafts(drafts: readonly Draft[], values: Record<string, string>): Draft[] {
  const quoted = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]))
  return mapDrafts(drafts, {
    text: (text) => fillDouble(text, values),
    condition: (text) => fillDouble(text, quoted),
  })
}
