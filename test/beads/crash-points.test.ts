/**
 * Law 3, step by step: a process is killed before and after every single call that changes the disk, in the middle of
 * every write, and with everything lost that was not yet durable. What was acknowledged is there, what was not is whole or absent,
 * and the next process works on.
 */
import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitLedger, initLedgerRepo } from '../../src/beads/git.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { createLedger, openLedger } from '../../src/beads/ledger.ts'
import { snapshotText } from '../../src/beads/snapshot.ts'
import { openView } from '../../src/beads/view.ts'
import { bead, cleanUp, create, must, temporaryFolder } from './support.ts'

type Scenario = 'install' | 'work' | 'foreign' | 'git'
type How = 'before' | 'after' | 'torn' | 'power'
const SHIM = fileURLToPath(new URL('./crash-shim.mjs', import.meta.url))
/** Killed at once, at most. */
const LANES = 3
/** Of the longest scenario every second point is enough for CI; GT_TEST_CRASH_EVERY=1 takes all. */
const THINNED = Number(process.env.GT_TEST_CRASH_EVERY ?? 2)

let folder: string
let program: string

beforeAll(async () => {
  folder = temporaryFolder()
  program = join(folder, 'scenario.mjs')
  const entry = fileURLToPath(new URL('./crash-scenario.ts', import.meta.url))
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  for (const scenario of ['work', 'foreign', 'git'] as const) await prepare(scenario)
})
afterAll(cleanUp)

const template = (scenario: Scenario): string => join(folder, `template-${scenario}`)

/** A ledger with a past, as the scenario finds it. */
async function prepare(scenario: Scenario): Promise<void> {
  const dir = join(template(scenario), '.beads')
  const ledger = must(createLedger(dir))
  create(ledger, bead('gp-old'), bead('gp-done', { status: 'closed' }))
  must(ledger.roll())
  if (scenario === 'git') must(await initLedgerRepo(dir))
  ledger.close()
  if (scenario === 'foreign')
    appendFileSync(join(dir, 'issues.jsonl'), '{"id":"gp-theirs","title":"theirs","priority":1}\n')
}

interface End {
  signal: NodeJS.Signals | null
  code: number | null
  said: string[]
  stderr: string
}

function play(scenario: Scenario, dir: string, at: number, how: How): Promise<End> {
  const env = { PATH: process.env.PATH, HOME: folder, CRASH_AT: String(at), CRASH_HOW: how }
  const argv = ['--import', SHIM, program, dir, scenario]
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, said: out.split('\n').slice(0, -1), stderr }))
  })
}

/** The ledger after each write of the scenario, as far as it matters here. */
function stages(scenario: Scenario): string[] {
  const past = scenario === 'install' ? [] : ['gp-done closed', 'gp-old open']
  if (scenario === 'foreign') past.push('gp-theirs open')
  const writes =
    scenario === 'git'
      ? [['gp-new open'], ['gp-new open', 'gp-last open']]
      : [
          ['gp-new open'],
          ['gp-new hooked by me'],
          ['gp-new closed by me'],
          ['gp-new closed by me', 'gp-next open'],
          ['gp-new closed by me', 'gp-next open', 'gp-last open'],
        ]
  return [[], ...writes].map((more) => [...past, ...more].sort().join(', '))
}

const seen = (ledger: Ledger): string =>
  [...ledger.state.beads.values()]
    .map(({ id, status, assignee }) => `${id} ${status}${assignee ? ` by ${assignee}` : ''}`)
    .sort()
    .join(', ')

async function check(scenario: Scenario, dir: string, step: string, how: How, end: End): Promise<void> {
  expect(end.stderr).toBe('')
  expect(end.signal, `it ended with ${end.code}`).toBe('SIGKILL')
  const opened = openLedger(dir)
  if (opened.kind === 'error' && opened.failure.code === 'E_NO_LEDGER') {
    expect(end.said).toEqual([])
    expect(scenario).toBe('install')
  }
  const ledger = opened.kind === 'ok' ? opened.value : must(createLedger(dir))
  try {
    // Acknowledged is present; what came after that is whole or absent, and nothing later without what was before it.
    const acknowledged = end.said.filter((line) => line === 'wrote').length
    const possible = stages(scenario).slice(acknowledged, acknowledged + 2)
    expect(possible).toContain(seen(ledger))
    const before = seen(ledger)

    // The next process works on.
    create(ledger, bead('gp-after'))
    const tornRecord = how === 'torn' && step.startsWith('write ') && step.endsWith('.log')
    expect(ledger.damaged().length).toBe(tornRecord ? 1 : 0)
    must(ledger.roll())
    expect(seen(ledger)).toBe([...before.split(', '), 'gp-after open'].filter(Boolean).sort().join(', '))
    const text = snapshotText(ledger.state.beads.values())
    expect(readFileSync(join(dir, 'issues.jsonl'), 'utf8')).toBe(text)
    expect(readdirSync(join(dir, 'journal')).filter((name) => name.startsWith('tmp.'))).toEqual([])
    const view = must(openView(dir, 'all'))
    expect(snapshotText(view.state.beads.values())).toBe(text)
    view.close()
    if (scenario === 'git') {
      must(await commitLedger(ledger))
      const git = (...argv: string[]): string =>
        execFileSync('git', [`--git-dir=${join(dir, '.git')}`, ...argv], { encoding: 'utf8', stdio: 'pipe' })
      expect(git('show', 'HEAD:issues.jsonl')).toBe(text)
      git('fsck', '--strict', '--no-dangling')
    }
  } finally {
    ledger.close()
  }
}

test.each<[Scenario, How[], number]>([
  ['install', ['before', 'after', 'torn', 'power'], 30],
  ['work', ['before', 'after', 'torn', 'power'], 40],
  ['foreign', ['before', 'after', 'torn', 'power'], 50],
  ['git', ['before', 'after'], 20],
])('%s: killed step by step (%j)', { timeout: 240_000 }, async (scenario, hows, atLeast) => {
  const fresh = (name: string): string => {
    const place = join(folder, `${scenario}-${name}`)
    if (scenario !== 'install') cpSync(template(scenario), place, { recursive: true, preserveTimestamps: true })
    return join(place, '.beads')
  }
  const whole = await play(scenario, fresh('whole'), 0, 'before')
  expect(whole.code, whole.stderr).toBe(0)
  const steps = whole.stderr.split('\n').slice(0, -1)
  expect(steps.length).toBeGreaterThan(atLeast)
  expect(seen(must(openLedger(join(folder, `${scenario}-whole`, '.beads'))))).toBe(stages(scenario).at(-1))

  // Dying before a step leaves the disk as dying after the one before; it is another case when something was said between.
  const tells = (how: How, line: string, i: number): boolean =>
    how === 'before' ? i === 0 || line.startsWith('*') : how !== 'torn' || /^\*?write /.test(line)
  const every = scenario === 'foreign' ? THINNED : 1
  const points = steps
    .flatMap((line, i) =>
      hows.filter((how) => tells(how, line, i)).map((how) => ({ step: line.replace('*', ''), how, at: i + 1 })),
    )
    .filter((_, i) => i % every === 0)
  const lane = async (): Promise<void> => {
    for (let point = points.shift(); point !== undefined; point = points.shift()) {
      const { step, how, at } = point
      const dir = fresh(`${at}-${how}`)
      const end = await play(scenario, dir, at, how)
      try {
        await check(scenario, dir, step, how, end)
      } catch (error) {
        throw new Error(`killed ${how} step ${at} (${step}): ${(error as Error).message}`, { cause: error })
      }
      if (existsSync(dir)) rmSync(join(dir, '..'), { recursive: true })
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
})
