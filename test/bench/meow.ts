/** What cooking costs: loops, conditions, advice and a long chain, of so many steps. */
import { cook } from '../../src/meow/cook.ts'
import type { Formula } from '../../src/meow/formulas/formula.ts'
import { aFormula, aStep, aVar, frozenOf } from '../meow/support.ts'

const WORDS = 'What to do here, for {{who}}, in words enough to be like those of a real step. '.repeat(5)

/** Median of many cooks of a chain, and of a loop of as many rounds; ms. */
export function benchCook(steps: number): { chain: number; loop: number } {
  const vars = { who: aVar({ default: 'somebody' }), n: aVar({ default: String(steps) }) }
  const chain = Array.from({ length: steps }, (_, n) =>
    aStep(`step-${n}`, { description: WORDS, needs: n === 0 ? [] : [`step-${n - 1}`] }),
  )
  const body = [aStep('move', { title: 'Move {i}', description: WORDS })]
  const loop = [aStep('moves', { loop: { range: '1..{{n}}', body } })]
  return {
    chain: median(aFormula('chain', { vars, steps: chain }), steps),
    loop: median(aFormula('loop', { vars, steps: loop }), steps + 1),
  }
}

function median(formula: Formula, steps: number): number {
  const frozen = frozenOf(formula)
  const times = Array.from({ length: 21 }, () => {
    const started = performance.now()
    const done = cook(frozen, {})
    if (done.kind === 'error' || done.value.steps.length !== steps) throw new Error('not what was to be cooked')
    return performance.now() - started
  })
  return times.sort((a, b) => a - b)[10]!
}
