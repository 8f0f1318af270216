/**
 * The hundred recorded cases, and our decisions: docs/ready.md has a row for every case in which bd, br and we do not all
 * say the same. Here the rows are held against the recordings and against the code.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { epicStatus } from '../../src/beads/epics.ts'
import { emptyState, put } from '../../src/beads/fold.ts'
import { blockedBeads, readyBeads } from '../../src/beads/ready.ts'
import { complete, readForeignSnapshot } from '../../src/beads/snapshot.ts'
import { must } from './support.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
interface Recorded {
  ready: { bd: string[]; br: string[] }
  blocked: { bd: Record<string, string[]>; br: Record<string, string[]> }
  closable: { bd: string[]; br: string[] }
}
const recorded = JSON.parse(readFileSync(here('golden/ready_recorded.json'), 'utf8')) as Recorded
const state = emptyState()
const cases = must(readForeignSnapshot(readFileSync(here('golden/ready_cases.jsonl')), 'ready_cases.jsonl'))
for (const given of cases) put(state, complete(given))
const ids = [...state.beads.keys()].sort()

/** The rows of a section of docs/ready.md: case, bd, br, gt, without their markup. */
function rows(section: string): Map<string, string[]> {
  const text = readFileSync(here('../../docs/ready.md'), 'utf8').split(`## ${section}`)[1]!.split('\n## ')[0]!
  const cells = text
    .split('\n')
    .filter((line) => line.startsWith('| `gt-'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll(/[`*]/g, '')),
    )
  for (const row of cells) expect(row[4], `a reason for ${row[0]}`).toMatch(/\w{3}/)
  return new Map(cells.map(([id, ...rest]) => [id!, rest.slice(0, 3)]))
}

/** What the rows must be: every id for which the three answers are not one. */
function differences(answers: (id: string) => [string, string, string]): Map<string, string[]> {
  return new Map(ids.map((id) => [id, answers(id)] as const).filter(([, three]) => new Set(three).size > 1))
}

test('ready: a hundred cases, each difference decided in docs/ready.md', () => {
  expect(ids.length).toBe(100)
  const ours = new Set(readyBeads(state, { now: NOW }).map((bead) => bead.id))
  const word = (yes: boolean): string => (yes ? 'ready' : 'no')
  const { bd, br } = recorded.ready
  expect(rows('Ready:')).toEqual(
    differences((id) => [word(bd.includes(id)), word(br.includes(id)), word(ours.has(id))]),
  )
})

test('blocked: the same', () => {
  const ours = new Map(blockedBeads(state, { now: NOW }).map(({ bead, blocked }) => [bead.id, blocked.by]))
  const words = (by: string[] | undefined): string =>
    by === undefined ? '–' : by.length === 0 ? 'by status' : [...by].sort().join(', ')
  const { bd, br } = recorded.blocked
  expect(rows('Blocked:')).toEqual(differences((id) => [words(bd[id]), words(br[id]), words(ours.get(id))]))
})

test('epics: closable like in br; a deleted child is no child', () => {
  const ours = epicStatus(state)
  expect(ours.filter(({ eligible }) => eligible).map(({ epic }) => epic.id)).toEqual(recorded.closable.br)
  expect(ours.find(({ epic }) => epic.id === 'gt-ptomb')).toMatchObject({ total: 1, closed: 1 })
  expect(ours.find(({ epic }) => epic.id === 'gt-pnochild')).toMatchObject({ total: 0, eligible: false })
})
