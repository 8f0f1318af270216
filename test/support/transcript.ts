/** Transcripts that a puppet would leave behind, were it Claude Code. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Said } from '../costs/support.ts'
import { line } from '../costs/support.ts'
import type { Puppet } from './puppet.ts'
import type { TestTown } from './town.ts'

/** What Claude Code would write of this puppet's conversation. */
export function transcriptOf(town: TestTown, puppet: Puppet): (id: string, said: Said) => void {
  const folder = join(town.dir, 'home', '.claude', 'projects', puppet.cwd.replace(/\W/g, '-'))
  mkdirSync(folder, { recursive: true })
  const conversation = puppet.args[puppet.args.indexOf('--session-id') + 1]
  const at = new Date().toISOString()
  return (id, said) => appendFileSync(join(folder, `${conversation}.jsonl`), `${line(id, { at, ...said })}\n`.repeat(2))
}
