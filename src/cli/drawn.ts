/** Steps drawn for this terminal. */
import type { Node } from '../meow/picture.ts'
import { draw } from '../meow/picture.ts'
import { knowsUnicode } from '../screen/ink.ts'
import type { Context } from './context.ts'

/** As wide as the terminal, in colour unless NO_COLOR; without a terminal 80 columns and no colour. */
export function drawn(nodes: Node[], { env }: Context, all = false): string {
  const terminal = process.stdout.isTTY === true
  return draw(nodes, {
    width: terminal ? process.stdout.columns : 80,
    color: terminal && !env.NO_COLOR,
    unicode: knowsUnicode(env),
    ...(all && { all }),
  })
}
