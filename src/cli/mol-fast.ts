/**
 * `gt mol next`, which a worker asks before every step, answered without commander, the settings or the whole ledger: a long
 * molecule must not slow down its own end. Only a plain answer is given here; errors and anything else are left to the
 * ordinary command (mol.ts), which says the same things.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { View } from '../beads/view.ts'
import { openView } from '../beads/view.ts'
import { quickNext } from '../meow/quick-next.ts'
import { findTown, paths } from '../town/paths.ts'
import { nextData, nextText } from './mol-text.ts'
import { print } from './print-fast.ts'

/**
 * Answers on stdout.
 *
 * @param words what follows `gt mol`
 * @returns false when nothing was printed: the ordinary command has to answer
 */
export function answerFast([verb, ...words]: string[], env: NodeJS.ProcessEnv, cwd: string): boolean {
  const named = words.filter((word) => word !== '--json')
  if (verb !== 'next' || named.length > 1 || named.some((word) => word === '' || word.startsWith('-'))) return false
  const town = findTown(env, cwd)
  if (town.kind !== 'ok') return false
  const view = openView(paths({ root: town.value }).beads, 'all')
  if (view.kind !== 'ok') return false
  let text: string | null = null
  try {
    const root = rootFor(view.value, named[0], env)
    text = root === null ? null : answer(view.value, root, words.length > named.length, Boolean(env.GT_RUN))
  } catch {
    // A damaged line, or one of a shape that nobody expected: the ordinary command says which.
  } finally {
    view.value.close()
  }
  if (text !== null) print(`${text}\n`)
  return text !== null
}

/** The molecule that is named in full (or a step of it), or that is on the hook of the agent that asks. */
function rootFor({ state }: View, named: string | undefined, env: NodeJS.ProcessEnv): Bead | null {
  const { GT_RUN: fence, GT_BEAD: hooked } = env
  const bead = state.beads.get(named ?? hooked ?? '')
  if (bead === undefined) return null
  if (named === undefined && (!fence || facts(bead).runs?.[fence] === undefined)) return null
  const of = named === undefined ? undefined : facts(bead).step?.of
  const root = of === undefined ? bead : state.beads.get(of)
  return root !== undefined && facts(root).molecule?.kind === 'molecule' ? root : null
}

function answer(view: View, root: Bead, json: boolean, worker: boolean): string | null {
  const told = quickNext(view, root.id, new Date())
  if (told === null) return null
  return json ? JSON.stringify({ ok: true, data: nextData(root, told, told.step) }) : nextText(root, told, worker)
}
