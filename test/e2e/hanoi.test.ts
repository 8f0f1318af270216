/**
 * Long work outlives its workers: the towers of Hanoi, a step for each move, by workers that are killed at random moments.
 * Every step is done once and in order, every move lands once and in order, and no attempt is used up.
 *
 * GT_TEST_HANOI=10 plays 1,023 moves and kills 50 times; GT_TEST_SEED repeats a run as far as the machine lets it.
 */

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import { history } from '../../src/beads/history.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { rngOf } from '../../src/drill/rng.ts'
import { liveRun, runsOf } from '../../src/kernel/runs.ts'
import { openLeaves, stepsOf } from '../../src/meow/molecule.ts'
import { until } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, kill, makeTown, must, nothingLeft } from '../support/town.ts'

const AGENT = fileURLToPath(new URL('../support/hanoi-agent.mjs', import.meta.url))
const disks = Number(process.env.GT_TEST_HANOI ?? 5)
const moves = 2 ** disks - 1
const kills = Math.min(50, Math.round(moves / 6))
const seed = Number(process.env.GT_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))

it(
  `plays ${moves} moves exactly once and in order, whoever is killed (GT_TEST_SEED=${seed})`,
  async () => {
    const town = await makeTown()
    await must(town.gt('config', 'agent', 'set', 'hanoi', '--', process.execPath, AGENT))
    town.set('workers.agent', 'hanoi')
    const daemon = await must(town.gt('up'))
    const vars = ['--var', `disks=${disks}`, '--var', `moves=${moves}`]
    const [{ bead }] = await must(town.gt('sling', 'towers-of-hanoi', 'app', ...vars))
    const opened = openLedger(join(town.root, '.beads'), { readOnly: true })
    if (opened.kind === 'error') throw new Error(opened.failure.message)
    const ledger = opened.value
    const killed = await killAtRandom(ledger, bead)
    const minutes = Math.ceil(moves / 50)
    await must(town.gt('sling', bead, 'app', '--wait', '--timeout', `${minutes}m`))
    ledger.refresh()

    expect(killed).toHaveLength(kills)
    const held = ledger.state.beads.get(bead)!
    const runs = runsOf(held)
    expect(runs.filter(({ state }) => state === 'lost').map(({ fence }) => fence)).toEqual(killed)
    expect(runs.at(-1)?.state).toBe('finished')
    // The one that had the last word had made progress, so its attempt is the first.
    expect([facts(held).needs, facts(held).attempts]).toEqual([undefined, 1])

    const steps = stepsOf(ledger.state, bead).filter(({ facts: step }) => !step.parts)
    expect(steps).toHaveLength(moves + 2)
    expect(endings(town, bead)).toEqual(steps.map(({ bead: step }) => step.id))
    const workers = new Set(steps.map(({ facts: step }) => step.run))
    expect(workers.size).toBeGreaterThan(1)
    ledger.close()

    expect(await flawsOfMain(town, [bead])).toEqual([])
    expect(flawOf(town.onMain('hanoi.txt').split('\n'))).toBeNull()
    await nothingLeft(town, daemon.pid)
  },
  disks <= 5 ? 120_000 : 3_600_000,
)

/** Kills whoever has the molecule, at moments all over its course; the fences of those that it took the life of. */
async function killAtRandom(ledger: Ledger, bead: string): Promise<string[]> {
  const random = rngOf(seed).next
  const moments = Array.from({ length: kills }, () => Math.floor(random() * moves * 0.9)).sort((a, b) => a - b)
  const killed: string[] = []
  const look = () => {
    ledger.refresh()
    const held = ledger.state.beads.get(bead)!
    const run = liveRun(held)
    const done = moves + 2 - openLeaves(ledger.state, bead).length
    return { run, done, ended: held.status === 'closed' || run?.state === 'submitted' }
  }
  let idle = 0
  for (const moment of moments) {
    const { run, done } = await until('the next worker', () => {
      const { run, done, ended } = look()
      if (ended) throw new Error(`nobody left to kill after ${killed.length} times`)
      return run?.state === 'working' && run.process && !killed.includes(run.fence) && { run, done }
    })
    // Three that end without a step would ask for a person, and rightly so.
    const enough = Math.max(moment, idle === 0 ? 0 : done + 1)
    await until('so many steps to be done', () => look().done >= enough, 300_000)
    await delay(Math.floor(random() * 400))
    idle = look().done === done ? idle + 1 : 0
    kill(run.process!.pid)
    killed.push(run.fence)
  }
  return killed
}

/** The steps whose end the ledger took, in the order in which it did, as often as it did. */
function endings(town: TestTown, bead: string): string[] {
  const groups = new Set<string>()
  const found: string[] = []
  for (const { change, applied } of history(join(town.root, '.beads'))) {
    if (!applied) continue
    for (const op of change.ops) {
      if (op.op === 'create' && facts(op.bead).step?.parts) groups.add(op.bead.id)
      const ends = op.op === 'set' && op.path.length === 1 && op.path[0] === 'status' && op.value === 'closed'
      if (ends && op.id.startsWith(`${bead}.`) && !groups.has(op.id)) found.push(op.id)
    }
  }
  return found
}

/** What is wrong with a game; null when it is legal, complete and solved. */
function flawOf([first, ...lines]: string[]): string | null {
  if (first !== `disks ${disks}`) return `begins with ${first}`
  if (lines.length !== moves) return `${lines.length} moves instead of ${moves}`
  const pegs: Record<string, number[]> = { A: Array.from({ length: disks }, (_, i) => disks - i), B: [], C: [] }
  for (const [i, line] of lines.entries()) {
    const [, n, disk, from, to] = /^move (\d+): disk (\d+) from ([ABC]) to ([ABC])$/.exec(line) ?? []
    if (Number(n) !== i + 1) return `${line} at place ${i + 1}`
    const size = Number(disk)
    if (pegs[from!]!.pop() !== size) return `${line}: not on top`
    if ((pegs[to!]!.at(-1) ?? Number.POSITIVE_INFINITY) < size) return `${line}: a larger one on a smaller one`
    pegs[to!]!.push(size)
  }
  return pegs.C!.length === disks ? null : `ends with ${JSON.stringify(pegs)}`
}
