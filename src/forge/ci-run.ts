/** What we ask of CI runs on the forge: how one stands, and which is the newest of a workflow. */
import { z } from 'zod'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { GhOptions } from './gh.ts'
import { gh } from './gh.ts'
import { parseAnswer } from './seen.ts'

export interface CiRun {
  id: number
  url: string
  workflow: string
  /** The forge's words, lower case: `completed`, `in_progress`, `queued` … */
  status: string
  /** Of a completed one: `success`, `failure`, `cancelled`, `skipped` … */
  conclusion: string
  /** When it last changed, RFC 3339: of a completed one, its end. */
  updatedAt?: string
}

type Where = Pick<GhOptions, 'env' | 'timeoutMs'> & { repo: string }

const FIELDS = '--json=databaseId,url,workflowName,status,conclusion,updatedAt'
const one = z.object({
  databaseId: z.int().positive(),
  url: z.string(),
  workflowName: z.string().nullish(),
  status: z.string(),
  conclusion: z.string().nullish(),
  updatedAt: z.string().nullish(),
})

const seen = (run: z.infer<typeof one>): CiRun => ({
  id: run.databaseId,
  url: run.url,
  workflow: run.workflowName ?? '',
  status: run.status.toLowerCase(),
  conclusion: (run.conclusion ?? '').toLowerCase(),
  ...(run.updatedAt && { updatedAt: run.updatedAt }),
})

/** Errors: those of `gh`; see `isNotFound`. */
export async function ciRun(where: Where, id: string): Promise<Result<CiRun>> {
  const said = await gh(['run', 'view', id, FIELDS], where)
  if (said.kind === 'error') return said
  const read = parseAnswer(one, said.value.stdout)
  return read.kind === 'error' ? read : ok(seen(read.value))
}

/** The newest run of a workflow (its file or its name); null when it has none yet. Errors: those of `gh`. */
export async function newestRun(where: Where, workflow: string): Promise<Result<CiRun | null>> {
  const said = await gh(['run', 'list', `--workflow=${workflow}`, '--limit=1', FIELDS], where)
  if (said.kind === 'error') return said
  const read = parseAnswer(z.array(one), said.value.stdout)
  if (read.kind === 'error') return read
  const [newest] = read.value
  return ok(newest === undefined ? null : seen(newest))
}

/** Whether gh says that the thing asked for does not exist, not that it could not be asked. */
export const isNotFound = (failed: Result<unknown>): boolean =>
  failed.kind === 'error' &&
  failed.failure.code === 'E_GH' &&
  /HTTP 404|not found|could not find any workflows?|Could not resolve to a PullRequest/i.test(failed.failure.message)
