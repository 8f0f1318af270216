/** Steps that wait for each other in a circle: none of them could ever begin. */
import type { Problem } from '../../town/explain.ts'
import type { LineAt } from './check.ts'
import type { FormulaFile } from './schema.ts'
import type { PlacedStep } from './walk.ts'
import { findStep, placedSteps } from './walk.ts'

/** The beginning or the end of a step, and what must have happened before it. */
interface Moment {
  step: PlacedStep
  after: Moment[]
  seen: 'not' | 'open' | 'done'
}

/**
 * One problem for each circle that is met first. A step begins after all that it needs has ended, and after the step that it
 * is a part of has begun; it ends after it has begun and all its parts have ended.
 */
export function checkCycles(file: FormulaFile, at: LineAt): Problem[] {
  const steps = placedSteps(file)
  const begins = new Map<PlacedStep, Moment>()
  const ends = new Map<PlacedStep, Moment>()
  for (const step of steps) {
    begins.set(step, { step, after: [], seen: 'not' })
    ends.set(step, { step, after: [], seen: 'not' })
  }
  const wait = (from: PlacedStep, id: string): void => {
    const needed = findStep(from.scope, id)
    if (needed !== undefined) begins.get(from)!.after.push(ends.get(needed)!)
  }
  for (const one of steps) {
    const { step, parent } = one
    for (const id of [...(step.needs ?? []), ...(step.depends_on ?? [])]) wait(one, id)
    const waited = /^children-of\((.+)\)$/.exec(step.waits_for ?? '')?.[1]
    if (waited !== undefined) wait(one, waited)
    ends.get(one)!.after.push(begins.get(one)!)
    if (parent === undefined) continue
    begins.get(one)!.after.push(begins.get(parent)!)
    ends.get(parent)!.after.push(ends.get(one)!)
  }
  for (const { from, steps: between, join } of file.compose?.branch ?? []) {
    const scope = steps.find(({ path }) => path[0] === 'steps')?.scope
    const last = findStep(scope, join)
    for (const id of between) {
      const middle = findStep(scope, id)
      if (middle !== undefined) wait(middle, from)
      if (last !== undefined) wait(last, id)
    }
  }
  return [...begins.values(), ...ends.values()].flatMap((moment) => {
    const circle = circleFrom(moment)
    if (circle === undefined) return []
    const ids = circle.map(({ step }) => step.step.id).filter((id, index, all) => id !== all[index - 1])
    const { path } = circle[0]!.step
    return [
      {
        line: at([...path, 'needs']),
        text: `these steps wait for each other: ${ids.length > 1 ? ids.join(' → ') : `${ids[0]} → ${ids[0]}`}`,
        fix: 'Take one of these needs away.',
      },
    ]
  })
}

/** The first circle that can be reached, beginning and ending with the same moment. Without recursion: chains are long. */
function circleFrom(start: Moment): Moment[] | undefined {
  if (start.seen !== 'not') return undefined
  start.seen = 'open'
  const way = [{ moment: start, next: 0 }]
  let circle: Moment[] | undefined
  while (way.length > 0) {
    const top = way.at(-1)!
    const before = top.moment.after[top.next++]
    if (before === undefined) {
      top.moment.seen = 'done'
      way.pop()
    } else if (before.seen === 'not') {
      before.seen = 'open'
      way.push({ moment: before, next: 0 })
    } else if (before.seen === 'open') {
      const moments = way.map(({ moment }) => moment)
      circle ??= [...moments.slice(moments.indexOf(before)), before]
    }
  }
  return circle
}
