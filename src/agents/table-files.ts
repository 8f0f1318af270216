/** What an agent's table brings with it, in the agent's folder. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentTable } from './preset.ts'

/** Where its `files` lie: `{files}` in an argument. */
export const filesFolder = (folder: string): string => join(folder, 'files')

/** Holds the regular expression of an empty prompt (`ready`); not there: a line may be typed at any time. */
export const readyFile = (folder: string): string => join(folder, 'ready')

/** Writes them; what another table left there before is gone. Throws what the file system throws. */
export function writeTableFiles({ files, ready }: AgentTable, folder: string): void {
  rmSync(filesFolder(folder), { recursive: true, force: true })
  if (files !== undefined) mkdirSync(filesFolder(folder), { recursive: true })
  for (const [name, text] of Object.entries(files ?? {})) writeFileSync(join(filesFolder(folder), name), text)
  rmSync(readyFile(folder), { force: true })
  if (ready !== undefined) writeFileSync(readyFile(folder), ready)
}
