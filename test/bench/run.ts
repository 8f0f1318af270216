/**
 * `npm run bench`: what speed is measured by, each figure beside its target. Times are medians over alternating runs,
 * compared as ratios within this one run: the machine may be busy or slow, the ratio holds.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { guardText } from '../../src/agents/guard.ts'
import type { Op } from '../../src/beads/change.ts'
import { createLedger } from '../../src/beads/ledger.ts'
import { benchIntensity } from './intensity.ts'
import { benchLedger, benchRival, benchTail } from './ledger.ts'
import { benchPour, longMolecule } from './molecule.ts'
import { benchPicture } from './picture.ts'
import { benchMerges } from './refinery/merge.ts'
import { benchDeaths, benchWatching } from './watch.ts'

const GT = fileURLToPath(new URL('../../bin/gt.js', import.meta.url))
const place = mkdtempSync(join(tmpdir(), 'gt-bench-'))
const env: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: place,
  TMUX_TMPDIR: place,
  LANG: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
}
const rows: [what: string, figure: string, target: string, met: boolean | null][] = []

/** Wall time of one process in ms. */
function once(argv: string[], cwd = place, input = ''): number {
  const [program = '', ...args] = argv
  const started = performance.now()
  const done = spawnSync(program, args, { cwd, env, input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 28 })
  const took = performance.now() - started
  if (done.status !== 0) throw new Error(`${argv.join(' ')} ended with ${done.status}: ${done.stderr}`)
  return took
}

const median = (numbers: number[]): number =>
  numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Runs both in turn and answers the medians and the median of the ratios. */
function paired(a: () => number, b: () => number, times = 15): { a: number; b: number; ratio: number } {
  const pairs = Array.from({ length: times + 1 }, () => ({ a: a(), b: b() })).slice(1)
  return {
    a: median(pairs.map((pair) => pair.a)),
    b: median(pairs.map((pair) => pair.b)),
    ratio: median(pairs.map((pair) => pair.a / pair.b)),
  }
}

/** Most memory that a command of ours ever had, MB (the system's own count). */
function peak(words: string[], cwd: string): number {
  const told = join(place, 'peak')
  const teller = join(place, 'peak.mjs')
  const write = `fs.writeFileSync(${JSON.stringify(told)}, String(process.resourceUsage().maxRSS))`
  writeFileSync(teller, `import fs from 'node:fs'; process.on('exit', () => ${write})`)
  once([process.execPath, '--import', teller, GT, ...words], cwd)
  return Number(readFileSync(told, 'utf8')) / 1024
}

const gt = (...args: string[]): string[] => [process.execPath, GT, ...args]
const json = (...args: string[]): any => {
  const done = spawnSync(process.execPath, [GT, ...args, '--json'], { cwd: join(place, 'town'), env, encoding: 'utf8' })
  return JSON.parse(done.stdout).data
}

/** Open and closed beads, as a year-old town would hold them: one in ten is open. */
function fill(town: string, count: number): void {
  rmSync(join(town, '.beads'), { recursive: true, force: true })
  const ledger = createLedger(join(town, '.beads'))
  if (ledger.kind !== 'ok') throw new Error(ledger.failure.message)
  const at = '2026-01-01T00:00:00Z'
  for (let from = 0; from < count; from += 5_000) {
    const ops = Array.from({ length: Math.min(5_000, count - from) }, (_, i): Op => {
      const n = from + i
      const state = n % 10 === 0 ? { status: 'open' } : { status: 'closed', closed_at: at }
      const id = `gp-${n.toString(36).padStart(5, '0')}`
      const bead = {
        id,
        title: `bead ${n}`,
        description: 'd'.repeat(260),
        ...state,
        priority: n % 5,
        issue_type: 'task',
      }
      return { op: 'create', bead: { ...bead, created_at: at, updated_at: at } }
    })
    ledger.value.write({ by: 'bench', why: 'fill', ops })
  }
  ledger.value.roll()
  ledger.value.close()
}

try {
  const empty = join(place, 'empty.cjs')
  writeFileSync(empty, '')
  const node = (): number => once([process.execPath, empty])

  const start = paired(() => once(gt('--version')), node)
  rows.push(['gt --version, × empty node', start.ratio.toFixed(2), '≤ 1.35', start.ratio <= 1.35])

  const folder = join(place, 'agent')
  mkdirSync(join(folder, 'inbox'), { recursive: true })
  const guard = join(folder, 'hook.sh')
  writeFileSync(guard, guardText({ folder, attended: false }))
  const quiet = paired(
    () => once(['sh', guard, 'PostToolUse']),
    () => once(['sh', '-c', ':']),
    60,
  )
  const own = quiet.a - quiet.b
  rows.push([
    'hook with nothing to deliver, ms over an empty sh',
    own.toFixed(2),
    '≤ 3 ms in all',
    quiet.a <= 3 || own <= 1.5,
  ])

  const ledger = await benchLedger()
  rows.push([
    '30 processes × 50 durable writes, per second',
    String(ledger.opsPerSecond),
    '≥ 1000',
    ledger.opsPerSecond >= 1000,
  ])
  rows.push(['  p99 of one write, ms', ledger.p99.toFixed(1), '≤ 250', ledger.p99 <= 250])
  rows.push(['  lost', String(ledger.lost), '0', ledger.lost === 0])
  for (const [kind, what] of [
    ['lockfile', 'lock file + append'],
    ['sqlite', 'SQLite, WAL, synchronous=FULL'],
  ] as const) {
    // A lost claim costs these no write; the ledger keeps it, for the trail.
    const rival = await benchRival(kind)
    if (typeof rival === 'string') rows.push([`  the same on ${what}`, '-', rival, null])
    else {
      rows.push([`  the same on ${what}, per second`, String(rival.opsPerSecond), '(a figure)', null])
      rows.push(['    p99, ms', rival.p99.toFixed(1), '(a figure)', null])
    }
  }
  const tail = await benchTail()
  const slow = tail[Math.floor(tail.length * 0.95)] ?? Number.NaN
  rows.push(['from write to another process’s event, ms (median)', median([...tail]).toFixed(2), '≤ 10', null])
  rows.push(['  19 of 20 within, ms', slow.toFixed(2), '≤ 10', slow <= 10])

  const watching = await benchWatching()
  rows.push(['a look at 30 workers that speak, ms', watching.speaking.toFixed(2), '≤ 2', watching.speaking <= 2])
  rows.push(['  at 30 silent ones, ms', watching.silent.toFixed(2), '≤ 10', watching.silent <= 10])
  rows.push(['  through 10,000 files, in steps of 2 ms, ms in all', watching.files.toFixed(0), '(a figure)', null])
  rows.push([
    'watching 30 for death, % of a core over a bare timer',
    watching.share.toFixed(2),
    '≤ 0.5',
    watching.share <= 0.5,
  ])
  const deaths = await benchDeaths()
  const late = deaths[Math.floor(deaths.length * 0.95)] ?? Number.NaN
  rows.push(['  kill -9 of an agent to the event, ms (median)', median([...deaths]).toFixed(0), '≤ 100', null])
  rows.push(['  19 of 20 within, ms', late.toFixed(0), '≤ 100', late <= 100])

  const town = join(place, 'town')
  once(gt('install', town))
  for (const count of [10_000, 100_000]) {
    fill(town, count)
    const ready = paired(() => once(gt('bead', 'ready', '--json'), town), node, 5)
    rows.push([
      `cold gt bead ready on ${count} beads, × empty node`,
      ready.ratio.toFixed(2),
      '≤ 4 (at 100000)',
      ready.ratio <= 4,
    ])
    const show = paired(() => once(gt('bead', 'show', 'gp-00001'), town), node, 9)
    rows.push([`cold gt bead show on ${count} beads, × empty node`, show.ratio.toFixed(2), '≤ 1.5', show.ratio <= 1.5])
  }
  for (const words of [
    ['bead', 'ready', '--json'],
    ['status', '--json'],
  ]) {
    const megabytes = peak(words, town)
    rows.push([`  peak memory of gt ${words[0]} ${words[1]}, MB`, megabytes.toFixed(0), '≤ 200', megabytes <= 200])
  }

  const poured = benchPour(1_000)
  rows.push(['cooking and pouring 1,000 steps, ms', poured.toFixed(0), '≤ 1000', poured <= 1000])
  for (const count of [1_000, 10_000]) {
    const id = longMolecule(join(town, '.beads'), count)
    const next = paired(() => once(gt('mol', 'next', id), town), node, 9)
    const target = count === 10_000 ? '≤ 2' : '(a figure)'
    rows.push([
      `  gt mol next at ${count} open steps, × empty node`,
      next.ratio.toFixed(2),
      target,
      count === 10_000 ? next.ratio <= 2 : null,
    ])
    const said = paired(() => once(gt('mol', 'step', 'done', '--molecule', id), town), node, 9)
    rows.push([`  gt mol step done at ${count}, × empty node`, said.ratio.toFixed(2), '(a figure)', null])
  }

  const look = benchIntensity(10_000)
  rows.push(['a look at the breakers, 10,000 beads with runs, ms', look.toFixed(2), '≤ 5', look <= 5])
  rows.push(['  100,000 beads with runs, ms', benchIntensity(100_000).toFixed(2), '(a figure)', null])

  const picture = benchPicture(10_000)
  rows.push(['drawing 10,000 steps, a line each, ms', picture.toFixed(0), '≤ 200', picture <= 200])

  const merging = benchMerges()
  rows.push([
    'merge of one of 30 changes, 10,000 files, no gate, ms',
    merging.queue.toFixed(1),
    '≤ 30',
    merging.queue <= 30,
  ])
  rows.push(['  plumbing alone, ms', merging.plumbing.toFixed(1), '(a figure)', null])
  rows.push(['  git merge in a worktree, ms', merging.porcelain.toFixed(1), '(a figure)', null])

  rmSync(town, { recursive: true })
  once(gt('install', town))
  const project = join(place, 'project')
  mkdirSync(project)
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['-c', 'user.name=b', '-c', 'user.email=b@b', 'commit', '-q', '--allow-empty', '-m', 'first'],
  ]) {
    once(['git', '-C', project, ...args])
  }
  once(gt('rig', 'add', 'app', project, '--gate', 'true'), town)
  const slings = Array.from({ length: 5 }, (_, i) => {
    const { id } = json('bead', 'create', `bench ${i}`, '--rig', 'app', '--body', 'sleep 60')
    const took = once(gt('sling', id, 'app', '--agent', 'script'), town)
    spawnSync(process.execPath, [GT, 'run', 'stop', id], { cwd: town, env })
    return took
  })
  rows.push(['sling to first sign of life (empty repository), ms', median(slings).toFixed(0), '(a figure)', null])
  once(gt('down'), town)
} finally {
  rmSync(place, { recursive: true, force: true })
}

const width = Math.max(...rows.map(([what]) => what.length))
console.log(`\n${cpus().length} × ${cpus()[0]?.model.trim()}, node ${process.version}\n`)
for (const [what, figure, target, met] of rows) {
  const mark = met === null ? '     ' : met ? 'met  ' : 'MISSED'
  console.log(`${what.padEnd(width)}  ${figure.padStart(8)}   target ${target.padEnd(16)} ${mark}`)
}
