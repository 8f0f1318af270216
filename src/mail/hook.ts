/** `gt hook-deliver`: the hook guard found something in the inbox (agents/guard.ts). */
import { readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { hookOutput } from '../agents/claude.ts'
import type { Ledger } from '../beads/ledger.ts'
import { openLedger } from '../beads/ledger.ts'
import { fencedLedger } from '../kernel/fenced.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { paths } from '../town/paths.ts'
import { deliver } from './deliver.ts'
import type { Recipient } from './message.ts'

/**
 * So many turns in a row are begun by a message at their end. Claude Code ignores the ninth such hook without a tool call between
 * (measured), and what that one says would be lost.
 */
const MOST_STOPS = 6

export interface HookCall {
  root: string
  /** The agent's folder. */
  folder: string
  me: Recipient
  event: string
  /** What the client told the hook: JSON. */
  stdin(): string
}

/** Confirms and shows. What is printed goes to the model, in the form that the event wants. */
export function deliverAt({ root, folder, me, event, stdin }: HookCall): Result<unknown> {
  return deliver({
    folder,
    me,
    event,
    speaks: hookOutput(event, '') !== null && mayGoOn(folder, event, stdin),
    open: () => openAs(root, me),
    print: (text) => printAll(`${hookOutput(event, text)}\n`),
  })
}

/** Only the ledger: settings and runtime are not needed here, and a hook is waited for. */
function openAs(root: string, { run }: Recipient): Result<Ledger> {
  const ledger = openLedger(paths({ root }).beads, { leaveBroken: true })
  return ledger.kind === 'error' || run === undefined ? ledger : ok(fencedLedger(ledger.value, run))
}

/** Counts the turns that a message began at their end, one after the other. */
function mayGoOn(folder: string, event: string, stdin: () => string): boolean {
  const path = join(folder, 'stops')
  if (event !== 'Stop') {
    rmSync(path, { force: true })
    return true
  }
  const before = goesOn(stdin()) ? countIn(path) : 0
  if (before >= MOST_STOPS) return false
  try {
    writeFileSync(path, String(before + 1))
  } catch {
    // Without a folder there is no session to speak to either.
  }
  return true
}

function goesOn(json: string): boolean {
  try {
    return (JSON.parse(json) as { stop_hook_active?: unknown }).stop_hook_active === true
  } catch {
    return false
  }
}

function countIn(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8')) || 0
  } catch {
    return 0
  }
}

/** To standard output before anything else happens: what follows is the proof that it was said. */
function printAll(text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      // A full pipe that does not block; its reader is at it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
