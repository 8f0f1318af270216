/** Fixtures for the agents' room: a private folder per test, a run and a bead, a poll with a deadline. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { LaunchInput } from '../../src/agents/launch.ts'
import type { Bead } from '../../src/beads/bead.ts'
import type { Run } from '../../src/beads/facts.ts'

const made: string[] = []

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** A folder of its own, with a name that breaks careless quoting; gone after the test. */
export function privateFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `gt 'agents" $HOME-`)))
  made.push(folder)
  return folder
}

/** A folder with a short plain name, for what ends in a Unix socket's path. */
export function plainFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gta-')))
  made.push(folder)
  return folder
}

export function aRun(more: Partial<Run> = {}): Run {
  return {
    fence: 'k3x9qf',
    bead: 'gp-a3f8k',
    rig: 'gp',
    agent: 'gp/polecats/toast',
    preset: 'claude',
    attempt: 1,
    round: 1,
    state: 'starting',
    claimed_at: '2026-01-01T00:00:00Z',
    since: '2026-01-01T00:00:00Z',
    target: 'main',
    branch: 'gt/toast-k3x9qf',
    worktree: '/town/gp/polecats/toast-k3x9qf',
    session: 'gp-toast',
    ...more,
  }
}

export function aBead(more: Partial<Bead> = {}): Bead {
  return {
    id: 'gp-a3f8k',
    title: 'Add a greeting',
    description: 'Write "hello" into greeting.txt.',
    status: 'hooked',
    priority: 2,
    issue_type: 'task',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    ...more,
  }
}

export function aLaunch(town: string, more: Partial<LaunchInput> = {}): LaunchInput {
  return {
    town,
    townName: 'test',
    role: 'polecat',
    rig: 'gp',
    run: aRun(),
    bead: aBead(),
    address: 'gp/polecats/toast',
    cwd: town,
    session: 'gp-toast',
    preset: { name: 'node', command: [process.execPath], prompt: 'none', hooks: 'none' },
    brief: 'Do it.',
    mode: 'start',
    permission: 'bypass',
    conversation: '',
    gtBin: '/opt/gt/bin/gt.js',
    userEnv: { PATH: process.env.PATH, HOME: town },
    ...more,
  }
}

/** Waits for what has no event; the error says what was missing. */
export async function eventually<T>(what: string, look: () => T | undefined | false, ms = 30_000): Promise<T> {
  const deadline = Date.now() + ms
  for (;;) {
    const seen = look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > deadline) throw new Error(`Not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
