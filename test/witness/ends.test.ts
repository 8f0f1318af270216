/** How workers end, and how they seem to: real tmux, real processes, and the verdict on each. */
import { mkdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Run } from '../../src/beads/facts.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { tmux } from '../../src/tmux/command.ts'
import type { ProcessId } from '../../src/town/processes.ts'
import { isRunning, onlyChild } from '../../src/town/processes.ts'
import type { Verdict } from '../../src/witness/evaluate.ts'
import { evaluate } from '../../src/witness/evaluate.ts'
import { observeNow } from '../../src/witness/observe.ts'
import { aRun } from '../kernel/support.ts'
import type { Stage } from '../tmux/helper.ts'
import { stage, until, value } from '../tmux/helper.ts'

const QUIET_MS = 600_000

let at: Stage
let town: OpenTown
beforeEach(() => {
  at = stage()
  town = {
    root: at.dir,
    env: { HOME: at.dir },
    settings: { workers: { quiet_after: QUIET_MS }, agents: {}, accounts: {} },
    now: () => new Date(),
  } as unknown as OpenTown
})
/** Those that no server leads to any more. */
const strays: ProcessId[] = []
afterEach(async () => {
  for (const id of strays.splice(0)) if (value(isRunning(id))) process.kill(id.pid, 'SIGKILL')
  await at.close()
})

/** A run whose agent is this program, in a session of its own. */
async function aWorker(fence: string, argv: string[]): Promise<Run> {
  const run = aRun(fence, `gp-${fence}`, { worktree: at.path(fence), since: new Date().toISOString() })
  mkdirSync(run.worktree)
  const labels = { run: fence }
  const session = value(await at.runtime.start(at.spec(run.session, argv, { labels })))
  return { ...run, process: session.process }
}

async function verdict(run: Run): Promise<Verdict> {
  const evidence = observeNow(town, [run], await at.runtime.list()).get(run.fence)!
  return evaluate(run, evidence, Date.now(), { quietAfterMs: QUIET_MS })
}
const rule = async (run: Run): Promise<string> => {
  const { is, rule: by } = await verdict(run)
  return `${is} ${by}`
}
const gone = (run: Run) => until('its end', () => value(isRunning(run.process!)) === false)

async function killServer(): Promise<void> {
  process.kill(Number(value(await tmux(at.server, ['display-message', '-p', '#{pid}']))), 'SIGKILL')
}

test('by a signal, by itself, and by the hand of somebody who closed its session', async () => {
  const [killed, ended, closed] = [
    await aWorker('r1', ['cat']),
    await aWorker('r2', ['sh', '-c', 'sleep 0.5; exit 3']),
    await aWorker('r3', ['cat']),
  ]
  expect(await rule(killed)).toBe('alive sign')
  process.kill(killed.process!.pid, 'SIGKILL')
  value(await tmux(at.server, ['kill-session', '-t', `=${closed.session}`]))
  for (const run of [killed, ended, closed]) await gone(run)
  const codes = await until('their exit codes', async () => {
    const seen = [await verdict(killed), await verdict(ended)]
    return seen.every((one) => one.is === 'dead' && one.exit !== undefined) && seen
  })
  expect(codes).toMatchObject([
    { rule: 'dead-pane', exit: 137, signal: 9, interrupted: false },
    { rule: 'dead-pane', exit: 3, interrupted: false },
  ])
  expect(codes[1]).not.toHaveProperty('signal')
  expect(await verdict(closed)).toMatchObject({ is: 'dead', rule: 'dead-process', interrupted: false })
})

test('with their runtime: interrupted, also once another one stands', async () => {
  const [a, b] = [await aWorker('r1', ['cat']), await aWorker('r2', ['cat'])]
  await killServer()
  for (const run of [a, b]) await gone(run)
  expect(await verdict(a)).toMatchObject({ is: 'dead', rule: 'runtime-gone', interrupted: true })
  const c = await aWorker('r3', ['cat'])
  expect(await verdict(b)).toMatchObject({ is: 'dead', rule: 'runtime-gone', interrupted: true })
  expect(await rule(c)).toBe('alive sign')
})

test('an agent that lets go of its terminal is there still; one whose parent is gone counts as interrupted', async () => {
  const tough = await aWorker('r1', ['sh', '-c', "trap '' HUP; exec sleep 1000"])
  const detached = await aWorker('r2', ['sh', '-c', "trap '' HUP; sleep 0.2; exec sleep 1000 >&- 2>&- <&-"])
  for (const run of [tough, detached]) {
    const agent = await until('the agent behind its parent', () => {
      const child = onlyChild(run.process!.pid)
      return child.kind === 'ok' && child.value
    })
    strays.push(agent)
  }
  expect(await rule(detached)).toBe('alive sign')
  await killServer()
  // It can be neither seen nor told anything any more: it is ended by its fence, and its run goes on in another session.
  await gone(tough)
  expect(await verdict(tough)).toMatchObject({ is: 'dead', rule: 'runtime-gone', interrupted: true })
})

test('a session that somebody closed under a process that stays contradicts itself', async () => {
  const run = await aWorker('r1', ['cat'])
  const other = { ...run, fence: 'r9', session: 'gp-r9' }
  expect(await rule(other)).toBe('detecting process-without-session')
})
