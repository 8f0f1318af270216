/**
 * `gt drill`: a short one holds every law; what is then broken by hand is seen; and whatever happens, nothing is left.
 * The long one is faults.test.ts.
 */
import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { logPath, numbers } from '../../src/beads/journal.ts'
import { ANSWER, SHAPES } from '../../src/cli/shapes.ts'
import { paceFor } from '../../src/drill/agent.ts'
import { gather } from '../../src/drill/evidence.ts'
import { judge } from '../../src/drill/laws.ts'
import { leave } from '../../src/drill/leave.ts'
import { reportText } from '../../src/drill/report.ts'
import { rngOf } from '../../src/drill/rng.ts'
import type { Stage } from '../../src/drill/run.ts'
import { drill } from '../../src/drill/run.ts'
import type { DrillTown } from '../../src/drill/town.ts'
import { archiveRef } from '../../src/git/archive.ts'
import { makeFolder } from '../../src/scratch/folder.ts'
import { paths } from '../../src/town/paths.ts'
import { isMarked, processTable } from '../../src/town/process-table.ts'
import { GT, until } from '../support/gt.ts'
import { kill } from '../support/town.ts'

const cleanUps: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const one of cleanUps.splice(0).reverse()) await one()
})

it('holds every law in a short drill, and sees what is broken by hand afterwards', async () => {
  const dir = makeFolder('drill-test')
  if (dir.kind === 'error') throw new Error(dir.failure.message)
  const stage: Stage = { town: undefined }
  cleanUps.push(async () => expect(await leave(dir.value, stage.town, false)).toEqual({ kind: 'ok', value: undefined }))
  const lines: string[] = []
  const drilled = await drill(
    dir.value,
    {
      seed: 7,
      faults: 10,
      shape: { rigs: [1], workers: 3, attempts: 3, rounds: 3, like: null },
      everyMs: 500,
      pace: paceFor(3),
      restMs: 60_000,
      env: process.env,
      signal: new AbortController().signal,
      say: (line) => void lines.push(line),
    },
    stage,
  )
  if (drilled.kind === 'error') throw new Error(drilled.failure.message)
  const told = [...lines, reportText(drilled.value)].join('\n')
  expect(
    drilled.value.laws.filter(({ held }) => !held),
    told,
  ).toEqual([])
  expect(drilled.value.hits.map(({ n }) => n)).toHaveLength(10)
  expect(drilled.value.beads.landed).toBeGreaterThan(0)
  // Each fault has its line, and no two of them are one.
  expect(new Set(lines.filter((line) => / #\d+ /.test(line))).size).toBe(10)

  const broken = async (acknowledged: string[] = []): Promise<Record<string, string>> => {
    const evidence = await gather(stage.town!, { acknowledged, hits: [] }, rngOf(1))
    if (evidence.kind === 'error') throw new Error(evidence.failure.message)
    return Object.fromEntries(
      judge(evidence.value).flatMap(({ law, held, seen }) => (held ? [] : [[law, seen.join('; ')]])),
    )
  }
  // Without the hits, deaths have no reason any more.
  const before = Object.keys(await broken()).filter((law) => law !== 'No agent that lives was called dead.')
  expect(before).toEqual([])
  const forgotten = breakByHand(stage.town!)
  const after = await broken(['p1-zzzzz'])
  expect(after).toMatchObject({
    'Every bead that was acknowledged is there.': 'p1-zzzzz',
    'main only ever moved to a tree whose gate had passed.': expect.stringContaining('the gate was never run'),
    'Nothing that an agent wrote is lost.': expect.stringContaining('step 1 of run'),
    'The repositories are whole.': expect.stringContaining('p1.git'),
    'After gt down nothing is left: no process, no session, no worktree.': expect.stringContaining(
      `process ${forgotten}:`,
    ),
    'gt doctor finds nothing bad.': expect.stringContaining('damaged record'),
  })
}, 90_000)

/** A commit onto main that nobody tested, a run's work gone, a damaged object, a forgotten process, a damaged journal. */
function breakByHand(town: DrillTown): number {
  const [rig] = town.rigs
  const remote = rig!.remote
  const repo = paths(town).rig(rig!.name).repo
  const git = (gitDir: string, ...args: string[]): string =>
    execFileSync('git', ['--git-dir', gitDir, ...args], { env: town.env, encoding: 'utf8' }).trim()
  const empty = git(remote, 'hash-object', '-t', 'tree', '-w', '/dev/null')
  const commit = git(remote, 'commit-tree', empty, '-p', 'main', '-m', 'by hand')
  git(remote, 'update-ref', 'refs/heads/main', commit)

  const [first] = readFileSync(town.marks, 'utf8').split('\n')
  const run = first!.split(' ')[2]!
  appendFileSync(town.marks, `wrote ${first!.split(' ')[1]} ${run}x 1\n`)
  git(repo, 'update-ref', '-d', archiveRef(run))

  const blob = git(remote, 'rev-parse', `${rig!.first}:README.md`)
  const object = join(remote, 'objects', blob.slice(0, 2), blob.slice(2))
  rmSync(object, { force: true })

  const { beads } = paths(town)
  const journal = logPath(beads, numbers(beads, 'log').at(-1)!)
  appendFileSync(journal, '\n{"kind":"change","by":"nobody"}\t00000000\n')

  const forgotten = spawn('sleep', ['600'], { env: town.env, detached: true, stdio: 'ignore' })
  forgotten.unref()
  return forgotten.pid!
}

/** A machine of somebody with a private HOME and a temporary folder that can be looked into. */
function somebody(): { env: NodeJS.ProcessEnv; temporary(): string[]; processes(): number[] } {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-e2e-')))
  for (const name of ['home', 'tmp']) mkdirSync(join(dir, name))
  const env = { PATH: process.env.PATH, HOME: join(dir, 'home'), TMPDIR: join(dir, 'tmp'), TMUX_TMPDIR: dir }
  const temporary = () => readdirSync(join(dir, 'tmp'))
  const processes = (): number[] => {
    const table = processTable()
    if (table.kind !== 'ok') throw new Error('the process table cannot be read')
    // What a drill starts has a HOME in its own folder, which lies in the temporary one.
    return table.value
      .map(({ pid }) => pid)
      .filter((pid) => isMarked(pid, { name: 'TMPDIR', value: env.TMPDIR }) || isInside(pid, env.TMPDIR))
  }
  cleanUps.push(async () => {
    for (const pid of processes()) kill(pid)
    await until('the end of every process', () => processes().length === 0)
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  return { env, temporary, processes }
}

function isInside(pid: number, folder: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${folder}/`)
  } catch {
    return false
  }
}

it('prints its seed, answers in the promised shape, and leaves nothing; also when it is stopped in the middle', async () => {
  const { env, temporary, processes } = somebody()
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, [GT, 'drill', ...args], { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text
    })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    return { child, said, ended }
  }
  const whole = run('--json', '--faults', '2', '--workers', '2', '--seed', '3')
  expect(await whole.ended, whole.said.out + whole.said.err).toBe(0)
  const answer = JSON.parse(whole.said.out)
  expect(ANSWER.safeParse(answer).error).toBeUndefined()
  expect(SHAPES.drill!.safeParse(answer.data).error).toBeUndefined()
  expect(answer.data).toMatchObject({ seed: 3, workers: 2, kept: null })
  expect([temporary(), processes()]).toEqual([[], []])

  const broken = run('--faults', '50')
  await until('somebody at work', () => / #\d+ /.test(broken.said.err))
  expect(broken.said.err.split('\n')[0]).toMatch(/^Seed \d+\. The same faults again: gt drill --seed \d+ --faults 50$/)
  broken.child.kill('SIGINT')
  await until('the answer to the signal', () => broken.said.err.includes('Stopping'))
  broken.child.kill('SIGINT')
  expect(await broken.ended).toBe(75)
  expect(broken.said.err).toContain('Nothing is left of the town.')
  expect([temporary(), processes()]).toEqual([[], []])
}, 120_000)

it('is for people', () => {
  const env = { ...somebody().env, GT_RUN: 'r1' }
  const said = () => execFileSync(process.execPath, [GT, 'drill'], { env, encoding: 'utf8', stdio: 'pipe' })
  expect(said).toThrow(/A worker does not drill/)
})
