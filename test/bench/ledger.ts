/**
 * The ledger under its target load (design section 14): 30 processes × 50 durable writes on 10,000 beads, and what
 * opening it costs.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Op } from '../../src/beads/change.ts'
import { createLedger, openLedger } from '../../src/beads/ledger.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import type { Writer } from '../beads/support.ts'
import { cleanUp, startProgram, startWriter } from '../beads/support.ts'

export interface LedgerFigures {
  writes: number
  /** Acknowledged writes of all processes together, per second, from the first write begun to the last one done. */
  opsPerSecond: number
  p50: number
  p99: number
  /** Creates that are not there, and claims that nobody or more than one won. */
  lost: number
  /** Milliseconds, in a warm process: open (10,000 beads), then `ready`, then one roll. */
  openMs: number
  readyMs: number
  rollMs: number
}

function filler(count: number): Op[] {
  const at = '2026-01-01T00:00:00Z'
  return Array.from({ length: count }, (_, i) => {
    const closed = i % 10 !== 0 ? { status: 'closed', closed_at: at } : { status: 'open' }
    const times = { created_at: at, updated_at: at }
    const id = `gp-${i.toString(36).padStart(5, '0')}`
    return {
      op: 'create',
      bead: {
        id,
        title: `bead ${i}`,
        description: 'd'.repeat(260),
        ...closed,
        priority: i % 5,
        issue_type: 'task',
        ...times,
      },
    }
  })
}

export async function benchLedger(processes = 30, writes = 50, beads = 10_000): Promise<LedgerFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'gt-bench-'))
  try {
    const dir = join(folder, '.beads')
    const made = createLedger(dir)
    if (made.kind !== 'ok') throw new Error(made.failure.message)
    // Half of the writes are claims, and all processes race for the same beads.
    const claims = writes / 2
    const wanted = Array.from({ length: claims }, (_, i) => claimable(i))
    made.value.write({ by: 'bench', why: 'filler', ops: [...filler(beads - claims), ...wanted] })
    made.value.roll()
    made.value.close()
    const figures = await race(
      Array.from({ length: processes }, (_, i) => startWriter(dir, `b${i}`, writes - claims, 0, claims, 0, 'gate')),
    )

    const t0 = performance.now()
    const opened = openLedger(dir)
    if (opened.kind !== 'ok') throw new Error(opened.failure.message)
    const t1 = performance.now()
    readyBeads(opened.value.state, { now: new Date() })
    const t2 = performance.now()
    const held = opened.value.state.beads.size - beads
    opened.value.roll()
    const t3 = performance.now()
    opened.value.close()
    const lost = processes * (writes - claims) - held + Math.abs(claims - figures.won)
    return { ...figures, lost, openMs: t1 - t0, readyMs: t2 - t1, rollMs: t3 - t2 }
  } finally {
    cleanUp()
    rmSync(folder, { recursive: true, force: true })
  }
}

function claimable(i: number): Op {
  const at = '2026-01-01T00:00:00Z'
  const bead = { id: `claim-${i}`, title: `claim ${i}`, status: 'open', priority: 2, issue_type: 'task' }
  return { op: 'create', bead: { ...bead, created_at: at, updated_at: at } }
}

interface Race {
  writes: number
  opsPerSecond: number
  p50: number
  p99: number
  won: number
}

/** Lets processes that wait at the gate go all at once, and sums up what they say. */
async function race(starting: Promise<Writer>[]): Promise<Race> {
  const writers = await Promise.all(starting)
  // All of them have opened the store before any writes: Node's own start is not what is measured.
  await Promise.all(writers.map((writer) => writer.first))
  const started = performance.now()
  for (const writer of writers) writer.child.kill('SIGUSR2')
  await Promise.all(writers.map((writer) => writer.last))
  const seconds = (performance.now() - started) / 1000
  for (const end of await Promise.all(writers.map((writer) => writer.ended))) {
    if (end.code !== 0) throw new Error(`a writer ended with ${end.code}: ${end.stderr}`)
  }
  const lines = writers.map((writer) => writer.lines())
  const took = lines.flatMap((said) => (said.at(-1) ?? '').split(' ').slice(1).map(Number)).sort((a, b) => a - b)
  return {
    writes: took.length,
    opsPerSecond: Math.round(took.length / seconds),
    p50: took[Math.floor(took.length * 0.5)] ?? 0,
    p99: took[Math.floor(took.length * 0.99)] ?? 0,
    won: lines.flat().filter((line) => line.startsWith('won ')).length,
  }
}

/**
 * The same load on another store (rival-writer.mjs).
 *
 * @returns why not, when this machine has no SQLite for Node
 */
export async function benchRival(kind: 'lockfile' | 'sqlite', processes = 30, writes = 50): Promise<Race | string> {
  const folder = mkdtempSync(join(tmpdir(), 'gt-bench-'))
  const program = fileURLToPath(new URL('rival-writer.mjs', import.meta.url))
  try {
    const sqlite = kind === 'sqlite' ? sqliteFolder() : null
    if (kind === 'sqlite' && sqlite === null && Number(process.versions.node.split('.')[0]) < 22) {
      return 'no SQLite here: set GT_BENCH_SQLITE to a folder in which `npm install better-sqlite3` was run'
    }
    const env = { ...process.env, ...(sqlite !== null && { GT_BENCH_SQLITE: sqlite }) }
    const claims = writes / 2
    const start = (i: number): Promise<Writer> =>
      startProgram([program, kind, folder, `b${i}`, String(writes - claims), String(claims)], env)
    return await race(Array.from({ length: processes }, (_, i) => start(i)))
  } finally {
    cleanUp()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A folder whose node_modules have better-sqlite3. Only for the benchmark, hence no dependency of the project. */
function sqliteFolder(): string | null {
  const named = process.env.GT_BENCH_SQLITE
  return named !== undefined && existsSync(join(named, 'node_modules', 'better-sqlite3')) ? named : null
}

/** Milliseconds from just before a write in another process to the event in a reader that follows; sorted. */
export async function benchTail(writes = 60): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gt-bench-'))
  const made = createLedger(join(folder, '.beads'))
  if (made.kind !== 'ok') throw new Error(made.failure.message)
  const ledger = made.value
  try {
    ledger.write({ by: 'bench', why: 'filler', ops: filler(10_000) })
    ledger.roll()
    const writer = fileURLToPath(new URL('tail-writer.ts', import.meta.url))
    const took: number[] = []
    const seen = new Set<string>()
    const stop = ledger.watch(() => {
      const now = process.hrtime.bigint()
      for (const bead of ledger.state.beads.values()) {
        if (!bead.id.startsWith('tail-') || seen.has(bead.id)) continue
        seen.add(bead.id)
        took.push(Number(now - BigInt(bead.title)) / 1e6)
      }
    })
    const { ended } = await startProgram(['--import', 'tsx', writer, ledger.dir, String(writes)], process.env)
    const end = await ended
    if (end.code !== 0) throw new Error(`the writer ended with ${end.code}: ${end.stderr}`)
    const deadline = Date.now() + 5000
    while (took.length < writes && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
    stop()
    if (took.length < writes) throw new Error(`only ${took.length} of ${writes} writes were seen`)
    return took.sort((a, b) => a - b)
  } finally {
    ledger.close()
    cleanUp()
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1]?.endsWith('bench/ledger.ts')) {
  console.log('ledger', await benchLedger())
  for (const kind of ['lockfile', 'sqlite'] as const) console.log(kind, await benchRival(kind))
  const tail = await benchTail()
  console.log('tail, ms: median', tail[tail.length >> 1], 'worst', tail.at(-1))
}
