/** Ledgers in folders of their own, and writer processes that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Bead } from '../../src/beads/bead.ts'
import type { Ledger, LedgerOptions } from '../../src/beads/ledger.ts'
import { createLedger, openLedger } from '../../src/beads/ledger.ts'
import type { Read, Result } from '../../src/result.ts'

/** The value of a result; the failure as a thrown error, so that a test shows it. */
export function must<T>(result: Result<T> | Read<T>): T {
  if (result.kind === 'ok') return result.value
  throw new Error(`expected ok: ${JSON.stringify(result)}`)
}

/** The failure of a result that must be one. */
export function failureOf(result: Read<unknown> | Result<unknown>): {
  code: string
  message: string
  hint?: string
  kept?: string
} {
  if (result.kind === 'error') return result.failure
  throw new Error(`expected an error: ${JSON.stringify(result)}`)
}

const cleanups: (() => void)[] = []

/** To be called in afterEach: takes everything away that this file made, newest first. */
export function cleanUp(): void {
  for (const clean of cleanups.splice(0).reverse()) clean()
}
export function onCleanUp(clean: () => void): void {
  cleanups.push(clean)
}

export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'gt-beads-'))
  onCleanUp(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export function newLedger(options?: LedgerOptions, dir = join(temporaryFolder(), '.beads')): Ledger {
  return closing(must(createLedger(dir, options)))
}
export function reopened(dir: string, options?: LedgerOptions): Ledger {
  return closing(must(openLedger(dir, options)))
}
function closing(ledger: Ledger): Ledger {
  onCleanUp(() => {
    try {
      ledger.close()
    } catch {
      // Closed by the test itself.
    }
  })
  return ledger
}

export const T0 = '2026-01-01T00:00:00Z'

export function bead(id: string, more: Partial<Bead> = {}): Bead {
  return {
    id,
    title: `bead ${id}`,
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: T0,
    updated_at: T0,
    ...more,
  }
}

/** Creates beads in one change. */
export function create(ledger: Ledger, ...beads: Bead[]): void {
  const verdict = must(
    ledger.write({ by: 'test', why: 'create', ops: beads.map((made) => ({ op: 'create', bead: made })) }),
  )
  if (!verdict.applied) throw new Error(`not applied: ${JSON.stringify(verdict.unmet)}`)
}

let writer: Promise<string> | undefined

/** The writer as one plain file: starting it costs as much as starting Node. */
export function writerProgram(): Promise<string> {
  writer ??= (async () => {
    const folder = temporaryFolder()
    onCleanUp(() => {
      writer = undefined
    })
    const outfile = join(folder, 'writer.mjs')
    const entry = fileURLToPath(new URL('../bench/ledger-writer.ts', import.meta.url))
    await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20' })
    return outfile
  })()
  return writer
}

export interface Writer {
  child: ChildProcess
  /** Lines printed so far, whole ones only: each an acknowledgement. */
  lines(): string[]
  /** When it printed its first line, and its `done`. */
  first: Promise<unknown>
  last: Promise<void>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>
}

export async function startWriter(...argv: (string | number)[]): Promise<Writer> {
  return startProgram([await writerProgram(), ...argv.map(String)], process.env)
}

/** A program of ours in a process of its own, whose lines are listened to. */
export async function startProgram(argv: string[], env: NodeJS.ProcessEnv): Promise<Writer> {
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  onCleanUp(() => child.kill('SIGKILL'))
  let out = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }))
  })
  const first = new Promise((resolve) => child.stdout.once('data', resolve))
  const last = new Promise<void>((resolve) => {
    child.stdout.on('data', () => {
      if (/^done /m.test(out)) resolve()
    })
    child.on('close', () => resolve())
  })
  return { child, first, last, lines: () => out.split('\n').slice(0, -1), ended }
}
