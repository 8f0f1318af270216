/** The chore `orphans` with real processes: what an ended run left running ends, and nothing else does. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { afterEach, expect, it } from 'vitest'
import type { Run } from '../../src/beads/facts.ts'
import { newFence, runPath } from '../../src/kernel/runs.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { until } from '../support/gt.ts'
import { must } from '../support/town.ts'
import { done, inside, quickTown } from './support.ts'

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** A process with these marks, in a session of its own. */
function sleeper(env: NodeJS.ProcessEnv, line = 'exec sleep 600'): ChildProcess {
  const child = spawn('sh', ['-c', line], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore', detached: true })
  started.push(child)
  return child
}
const runs = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** A run of a bead as the ledger has it; answers its fence. */
function runOf(town: OpenTown, bead: string, facts: Partial<Run>): string {
  const fence = newFence(Date.now())
  const since = new Date().toISOString()
  const value = { fence, bead, rig: 'app', agent: `app/polecats/${fence}`, since, claimed_at: since, ...facts }
  const ops = [{ op: 'set' as const, id: bead, path: runPath(fence), value }]
  expect(town.ledger.write({ by: 'test', why: 'a run', ops })).toMatchObject({ value: { applied: true } })
  return fence
}

it.runIf(process.platform === 'linux')(
  'ends what ended runs of this town left running, and no one else',
  async () => {
    const town = await quickTown()
    const opened = await inside(town)
    const bead = town.bead('A')
    const over = runOf(opened, bead, { state: 'finished', cleared: true })
    const copied = runOf(opened, bead, { state: 'lost', cleared: true })
    const away = runOf(opened, bead, { state: 'stopped', cleared: true })
    const ending = runOf(opened, bead, { state: 'failed' })
    const live = runOf(opened, bead, { state: 'working' })
    const here = { GT_TOWN: town.root }

    const orphan = sleeper({ ...here, GT_RUN: over })
    // Takes no notice of TERM, and started something that bears no mark.
    const stubborn = sleeper({ ...here, GT_RUN: over }, "trap '' TERM; env -i sleep 600 & wait; wait")
    // The same run in a copy of this town, beside one of ours: whoever ends the one ends the other.
    const both = [sleeper({ ...here, GT_RUN: copied }), sleeper({ GT_TOWN: `${town.root}2`, GT_RUN: copied })]
    const stranger = sleeper({ ...here, GT_RUN: newFence(0) })
    const others = [
      ...both,
      stranger,
      sleeper({ GT_TOWN: `${town.root}2`, GT_RUN: away }),
      sleeper({ ...here, GT_RUN: ending }),
      sleeper({ ...here, GT_RUN: live }),
      sleeper({ ...here }),
      sleeper({}),
    ]
    const [row] = await must(town.gt('dog', 'run', 'orphans'))
    expect(row).toMatchObject({ chore: 'orphans', outcome: 'done', did: 3 })
    await until('the orphans to be gone', () => !runs(orphan) && !runs(stubborn))
    expect(others.filter(runs)).toHaveLength(others.length)
    const text = row.lines.join('\n')
    expect(text).toContain(`${orphan.pid} sleep`)
    expect(text).toContain(`process ${stranger.pid}: left alone, the ledger knows no such run`)
    expect(text).toContain(`belongs to the town ${town.root}2`)
    expect((await must(town.gt('dog', 'run', 'orphans')))[0]).toMatchObject({ outcome: 'nothing', did: 0 })

    // One that ended long ago, and that nobody cleared.
    const later = await inside(town, 2 * 3_600_000)
    expect((await done(later, 'orphans')).did).toBe(1)
    await until('that one to be gone', () => others.filter(runs).length === others.length - 1)
  },
  60_000,
)
