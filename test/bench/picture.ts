/** What a picture of very many steps costs, every step with its own line: a chain, a fan, and groups that need each other. */
import type { Node } from '../../src/meow/picture.ts'
import { draw } from '../../src/meow/picture.ts'

/** The slowest shape's median of a few drawings, ms. */
export function benchPicture(steps: number): number {
  return Math.max(...[chain(steps), fan(steps), groups(steps)].map(timed))
}

function timed(nodes: Node[]): number {
  const times = Array.from({ length: 11 }, () => {
    const started = performance.now()
    const lines = draw(nodes, { width: 120, color: true, unicode: true, all: true }).split('\n').length
    if (lines !== nodes.length) throw new Error('steps are missing: the bench measures something else')
    return performance.now() - started
  })
  return times.sort((a, b) => a - b)[5]!
}

const aStep = (at: number, needs: number[], parent?: number): Node => ({
  id: `gp-abc.${at}`,
  title: `Move disk ${at % 10} from A to C – 円盤を移す`,
  state: at < 400 ? 'done' : 'waiting',
  needs: needs.map((need) => `gp-abc.${need}`),
  ...(parent !== undefined && { parent: `gp-abc.${parent}` }),
})

const places = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

const chain = (count: number): Node[] => places(count).map((at) => aStep(at, at > 0 ? [at - 1] : []))

const fan = (count: number): Node[] =>
  places(count).map((at) => aStep(at, at === 0 ? [] : at < count - 1 ? [0] : places(count - 1)))

const groups = (count: number): Node[] =>
  places(count).map((at) => {
    const needs = [3, 7, 50].filter((back) => back <= at && (at * back) % 5 < 3).map((back) => at - back)
    return aStep(at, needs, at % 10 === 0 ? undefined : at - (at % 10))
  })
