/**
 * What a worker is told about work that goes step by step (a molecule): where it stands, what is next, and how to say that
 * a step is done. Text; pure. The facts come from src/meow, which agents know nothing of.
 */
import { cut, fenced, oneLine, sanitize } from './fence.ts'

export interface StepsTold {
  done: number
  total: number
  /** All steps in order, for the list. */
  list: { n: number; title: string; done: boolean }[]
  next?: { id: string; n: number; title: string; text: string } | undefined
  /** Nothing can be done now, and why: gates that are not open, in words. */
  waits?: string | undefined
}

/** Steps named around the next one, when there are more than fit. */
const NAMED_BEFORE = 2
const NAMED_AFTER = 9
const TITLE_CHARS = 90
/** Of a step's own text in a brief; `gt mol next` gives all of it. */
const TEXT_CHARS = 2_000

/** The part of a brief. Whoever goes on where another ended is told with which step. */
export function stepsWords(told: StepsTold): string {
  const { done, total, next } = told
  const before =
    done === 0 ? '' : ` ${done} ${done === 1 ? 'is' : 'are'} done, by sessions before yours; do not do them again.`
  const words = [
    `This work goes in ${total} steps.${before} Do them in order, one at a time; each is a checkpoint that outlives your session:`,
    listed(told),
  ]
  if (next === undefined) return [...words, whatThen(told)].join('\n')
  const pointer = (missing: number): string => `[… ${missing} more characters: gt mol next]`
  words.push(
    `${done === 0 ? 'Begin' : 'Go on'} with step ${next.n}, ${next.id}: ${oneLine(next.title, TITLE_CHARS)}`,
    ...(next.text.trim() === ''
      ? []
      : [fenced('What it asks for:', cut(sanitize(next.text).trim(), TEXT_CHARS, pointer))]),
    `When it is done, commit, then: gt mol step done ${next.id}   That shows the next one; gt mol next shows it again. After the last: gt done.`,
  )
  return words.join('\n')
}

/** One paragraph for a session that goes on where it was. */
export function stepsReminder(told: StepsTold): string {
  const { done, total, next } = told
  if (next === undefined) return whatThen(told)
  return `${done} of ${total} steps are done; you are at step ${next.n}, ${next.id}: ${oneLine(next.title, TITLE_CHARS)}. Its text: gt mol next. When it is done: gt mol step done ${next.id}.`
}

/** What to do when there is no step to do now. */
export function whatThen({ done, total, waits }: Pick<StepsTold, 'done' | 'total' | 'waits'>): string {
  if (done === total) return `All ${total} steps are done: hand in with gt done --message "…".`
  return `No step can be done now: ${waits ?? 'what is left waits for others'}. Save your notes and end your session with: gt park --notes "…"   A fresh one goes on when it is time.`
}

function listed({ list, next }: StepsTold): string {
  const at = Math.max(
    0,
    list.findIndex(({ n }) => n === next?.n),
  )
  const from = list.length <= NAMED_BEFORE + NAMED_AFTER ? 0 : Math.max(0, at - NAMED_BEFORE)
  const shown = list.slice(from, from + NAMED_BEFORE + NAMED_AFTER)
  const lines = shown.map(({ n, title, done }) => `  ${done ? '[x]' : '[ ]'} ${n}. ${oneLine(title, TITLE_CHARS)}`)
  const more = list.length - from - shown.length
  return [
    ...(from > 0 ? [`  … ${from} before these`] : []),
    ...lines,
    ...(more > 0 ? [`  … ${more} after these`] : []),
  ].join('\n')
}
