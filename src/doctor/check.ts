/**
 * What a check of `gt doctor` is, and how a row of them is carried out. A check looks and says; what it could mend it
 * only offers. After a mending it looks again, so that nothing is called good which was not seen to be good.
 */
import type { Failure, Result } from '../result.ts'
import { messageOf } from '../result.ts'

/** `unknown`: could not be told, or may be on purpose. It is shown, and does not make the town bad. */
export type Verdict = 'good' | 'bad' | 'unknown'

export interface Finding {
  /** Stable, for scripts: `ledger.records`, `rig.app.remote`. The same at every look. */
  id: string
  /** One or two words for people. */
  title: string
  verdict: Verdict
  /** What was seen, one or two sentences. */
  text: string
  /** What a person types next, where `--fix` does not do it. */
  hint?: string
  /** Only safe and repeatable mendings: none deletes work. */
  mend?: Mend
}

export interface Mend {
  /** What it does, as a command: "make the folder mayor/". */
  what: string
  apply(): Result<unknown> | Promise<Result<unknown>>
}

/** One row of the answer of `gt doctor --json`. */
export interface Diagnosis {
  id: string
  title: string
  verdict: Verdict
  text: string
  hint?: string
  /** What `gt doctor --fix` would do about it. */
  fix?: string
  /** What `--fix` did, and it helped. */
  fixed?: string
}

export type Check<S> = (subject: S) => Finding[] | Promise<Finding[]>

export interface Examined {
  checks: Diagnosis[]
  /** How many are bad (still, after `--fix`). */
  bad: number
  /** How many were mended. */
  fixed: number
}

/**
 * Carries out checks in order, each to its end before the next (later ones rely on what earlier ones mended). With
 * `fix`, offered mendings are applied and the check looks again. Never throws: a check that stumbles is `unknown`.
 */
export async function examine<S>(checks: readonly Check<S>[], subject: S, fix: boolean): Promise<Examined> {
  const rows: Diagnosis[] = []
  for (const check of checks) {
    const seen = await look(check, subject)
    const offered = fix ? seen.filter((finding) => finding.mend !== undefined) : []
    if (offered.length === 0) rows.push(...seen.map((finding) => row(finding)))
    else rows.push(...(await mended(check, subject, offered)))
  }
  return {
    checks: rows,
    bad: rows.filter(({ verdict }) => verdict === 'bad').length,
    fixed: rows.filter(({ fixed }) => fixed !== undefined).length,
  }
}

async function mended<S>(check: Check<S>, subject: S, offered: Finding[]): Promise<Diagnosis[]> {
  const tried = new Map<string, { what: string; failure?: Failure }>()
  for (const { id, mend } of offered) {
    if (mend === undefined) continue
    const result = await attempt(mend)
    tried.set(id, { what: mend.what, ...(result.kind === 'error' && { failure: result.failure }) })
  }
  return (await look(check, subject)).map((finding) => {
    const did = tried.get(finding.id)
    if (did === undefined) return row(finding)
    if (did.failure === undefined && finding.mend === undefined) return { ...row(finding), fixed: did.what }
    const why = did.failure === undefined ? 'it did not help' : did.failure.message
    const hint = did.failure?.hint ?? finding.hint
    return { ...row(finding), text: `${finding.text} Tried to ${did.what}: ${why}`, ...(hint && { hint }) }
  })
}

async function attempt(mend: Mend): Promise<Result<unknown>> {
  try {
    return await mend.apply()
  } catch (thrown) {
    return { kind: 'error', failure: { code: 'E_MEND', message: `${messageOf(thrown)}.`, exit: 1 } }
  }
}

async function look<S>(check: Check<S>, subject: S): Promise<Finding[]> {
  try {
    return await check(subject)
  } catch (thrown) {
    const id = check.name || 'check'
    return [{ id, title: id, verdict: 'unknown', text: `This could not be looked at: ${messageOf(thrown)}.` }]
  }
}

function row({ id, title, verdict, text, hint, mend }: Finding): Diagnosis {
  return { id, title, verdict, text, ...(hint && { hint }), ...(mend && { fix: mend.what }) }
}

/** A failure of another room as a finding: its message, and its own next step. */
export function findingOf(id: string, title: string, failure: Failure, verdict: Verdict = 'bad'): Finding {
  const text = failure.kept ? `${failure.message} Kept: ${failure.kept}` : failure.message
  return { id, title, verdict, text, ...(failure.hint && { hint: failure.hint }) }
}
