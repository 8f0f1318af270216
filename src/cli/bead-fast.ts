/**
 * The questions that agents ask all day (`bead ready`, `bead show <id>`, `bead list`), answered without commander, the
 * settings or the whole ledger. Only words understood completely are answered here, and only with a plain answer:
 * everything else, errors included, is left to the ordinary command, which says the same things.
 */
import { existsSync } from 'node:fs'
import type { Bead } from '../beads/bead.ts'
import { lookUp } from '../beads/fold.ts'
import { readyBeads } from '../beads/ready.ts'
import type { View } from '../beads/view.ts'
import { openView } from '../beads/view.ts'
import type { TownPaths } from '../town/paths.ts'
import { findTown, paths } from '../town/paths.ts'
import { listed, listText, page, readyText, shown } from './bead-text.ts'
import { print } from './print-fast.ts'

interface Question {
  verb: 'ready' | 'list' | 'show'
  json: boolean
  id: string
  rig?: string
  status?: string
}

/**
 * Answers on stdout.
 *
 * @param words what follows `gt bead`
 * @returns false when nothing was printed: the ordinary command has to answer
 */
export function answerFast(words: string[], env: NodeJS.ProcessEnv, cwd: string): boolean {
  const question = questionOf(words)
  if (question === null) return false
  const town = findTown(env, cwd)
  if (town.kind !== 'ok') return false
  const view = openView(paths({ root: town.value }).beads, question.verb === 'show' ? 'all' : 'working')
  if (view.kind !== 'ok') return false
  let text: string | null = null
  try {
    text = isKnown(paths({ root: town.value }), question) ? answer(view.value, question, new Date()) : null
  } catch {
    // A damaged line, or one of a shape that nobody expected: the ordinary command says which.
  } finally {
    view.value.close()
  }
  if (text !== null) print(`${text}\n`)
  return text !== null
}

/** The words as a question; null when there is any among them that is not plainly part of one. */
function questionOf([verb, ...words]: string[]): Question | null {
  if (verb !== 'ready' && verb !== 'list' && verb !== 'show') return null
  const asked: Question = { verb, json: false, id: '' }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === '--json') asked.json = true
    else if (verb === 'show' && asked.id === '' && word !== '' && !word.startsWith('-')) asked.id = word
    else if (verb !== 'show' && word === '--rig' && isValue(words[i + 1])) asked.rig = words[++i]!
    else if (verb === 'list' && word === '--status' && isValue(words[i + 1])) asked.status = words[++i]!
    else return null
  }
  // Closed beads are what the working set leaves out.
  if (asked.status !== undefined && ['closed', 'tombstone', 'all'].includes(asked.status)) return null
  return verb === 'show' && asked.id === '' ? null : asked
}

const isValue = (word: string | undefined): word is string => word !== undefined && !word.startsWith('-')

/** Whether no rig is asked for, or one that is there: of any other the ordinary command says that it is not. */
const isKnown = (town: TownPaths, { rig }: Question): boolean => rig === undefined || existsSync(town.rig(rig).toml)

/** The text to print; null when only the whole ledger can tell (part of an id, a bead that is not there). */
function answer(view: View, asked: Question, now: Date): string | null {
  const { state } = view
  if (asked.verb === 'show') {
    const bead = lookUp(state, asked.id)
    if (bead === undefined) return null
    return asked.json ? JSON.stringify({ ok: true, data: shown(state, bead, now) }) : page(state, bead, now)
  }
  if (asked.verb === 'ready') {
    const beads = readyBeads(state, { now, ...(asked.rig !== undefined && { rig: asked.rig }) })
    return asked.json ? jsonOf(view, beads) : readyText(state, beads, now)
  }
  const beads = listed(state, asked)
  return asked.json ? jsonOf(view, beads) : listText(state, beads, now)
}

/** The same text as of JSON.stringify, from the lines that the beads were read from. */
const jsonOf = (view: View, beads: Bead[]): string =>
  `{"ok":true,"data":[${beads.map((bead) => view.lineOf(bead)).join(',')}]}`
