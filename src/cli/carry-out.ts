/** Carries out an answer to what waits for a person (attention/item.ts): as the plain command that it is, in a process of its own. */
import { execFile } from 'node:child_process'
import type { OpenTown } from '../kernel/town.ts'

const PATIENCE_MS = 120_000

/** What the command said; `ok`: it did it. */
export function carryOut(
  { root, gtBin }: Pick<OpenTown, 'root' | 'gtBin'>,
  env: NodeJS.ProcessEnv,
  [, ...args]: readonly string[],
): Promise<{ ok: boolean; text: string }> {
  const how = { cwd: root, env: { ...env, GT_TOWN: root }, timeout: PATIENCE_MS }
  return new Promise((resolve) => {
    execFile(process.execPath, [gtBin, ...args], how, (error, out, err) => {
      const said = (error === null ? out : `${err}${out}`).trim()
      resolve({ ok: error === null, text: said || (error === null ? 'Done.' : error.message) })
    })
  })
}
