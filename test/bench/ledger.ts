/**
 * The ledger under its target load (design section 14): 30 processes × 50 durable writes on 10,000 beads, and what
 * opening it costs.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Op } from '../../src/beads/change.ts'
import { createLedger, openLedger } from '../../src/beads/ledger.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import { cleanUp, startWriter } from '../beads/support.ts'

export interface LedgerFigures {
  writes: number
  /** Acknowledged writes of all processes together, per second, from the first write begun to the last one done. */
  opsPerSecond: number
  p50: number
  p99: number
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
    made.value.write({ by: 'bench', why: 'filler', ops: filler(beads) })
    made.value.roll()
    made.value.close()

    const writers = await Promise.all(
      Array.from({ length: processes }, (_, i) => startWriter(dir, `b${i}`, writes, 0, 0, 0, 'gate')),
    )
    // All of them have opened the ledger before any writes: Node's own start is not what is measured.
    await Promise.all(writers.map((writer) => writer.first))
    const started = performance.now()
    for (const writer of writers) writer.child.kill('SIGUSR2')
    await Promise.all(writers.map((writer) => writer.last))
    const seconds = (performance.now() - started) / 1000
    await Promise.all(writers.map((writer) => writer.ended))
    const took = writers
      .flatMap((writer) => (writer.lines().at(-1) ?? '').split(' ').slice(1).map(Number))
      .sort((a, b) => a - b)

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
    return {
      writes: took.length,
      opsPerSecond: Math.round(took.length / seconds),
      p50: took[Math.floor(took.length * 0.5)] ?? 0,
      p99: took[Math.floor(took.length * 0.99)] ?? 0,
      lost: processes * writes - held,
      openMs: t1 - t0,
      readyMs: t2 - t1,
      rollMs: t3 - t2,
    }
  } finally {
    cleanUp()
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1]?.endsWith('bench/ledger.ts')) console.log(await benchLedger())
