/**
 * What we ask of pull requests: open one and only one, rewrite it, close it, look at it. Every question names its
 * repository, so none depends on a checkout; every one may be repeated.
 */
import { z } from 'zod'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { gh } from './gh.ts'
import type { Seen } from './seen.ts'
import { parseAnswer, parseSeen, SEEN_FIELDS } from './seen.ts'

export type { ChangeRequest, Check, Seen } from './seen.ts'

/** Where a question goes. */
export interface Forge {
  /** As `forgeRepo` answers it. */
  repo: string
  env: NodeJS.ProcessEnv
  timeoutMs?: number
}

export interface Words {
  title: string
  body: string
}

export interface Opened {
  number: number
  url: string
  /** The branch that it goes to: not the one asked for when somebody pointed an open one elsewhere. */
  base: string
  created: boolean
}

export interface Named {
  number: number
  url: string
  state: Seen['state']
  branch: string
  head: string
  base: string
  /** True when its branch lies in a fork, where we cannot push. */
  fork: boolean
}

/** Strangers' forks may have a branch of the same name: more than any list of theirs should push ours out of sight. */
const LIST_LIMIT = '--limit=100'

const listed = z.array(
  z.object({
    number: z.int().positive(),
    url: z.string().min(1),
    baseRefName: z.string(),
    isCrossRepository: z.boolean().nullish(),
  }),
)

/**
 * The open pull request of a branch of this repository (into `base`, if there are several), or a new one. The branch must
 * be on the remote. An existing one keeps its words: see `update`.
 *
 * Errors: those of `gh`; E_GH also when the branch has no commit that the base lacks.
 */
export async function openOrFind(
  p: Forge & Words & { branch: string; base: string; draft?: boolean },
): Promise<Result<Opened>> {
  const before = await find(p)
  if (before.kind !== 'ok') return before
  if (before.value !== undefined) return ok(before.value)
  const flags = [`--head=${p.branch}`, `--base=${p.base}`, `--title=${p.title}`, '--body-file=-']
  if (p.draft === true) flags.push('--draft')
  const made = await gh(['pr', 'create', ...flags], { ...p, input: p.body })
  // Somebody was faster; gh says so, the forge itself says so a little differently.
  const raced = made.kind === 'error' && made.failure.code === 'E_GH' && /already exists/i.test(made.failure.message)
  if (made.kind !== 'ok' && !raced) return made
  if (made.kind === 'ok') {
    const line = made.value.stdout.trim().split('\n').at(-1) ?? ''
    const number = /^\S+\/pull\/([1-9]\d*)$/.exec(line)?.[1]
    if (number !== undefined) return ok({ number: Number(number), url: line, base: p.base, created: true })
  }
  const after = await find(p)
  if (after.kind !== 'ok') return after
  if (after.value !== undefined) return ok({ ...after.value, created: made.kind === 'ok' })
  if (made.kind !== 'ok') return made
  return fail('E_GH', 'gh says that it opened a pull request, but not which one, and none is to be found.')
}

async function find(p: Forge & { branch: string; base: string }): Promise<Result<Opened | undefined>> {
  const fields = '--json=number,url,headRefOid,baseRefName,isCrossRepository'
  const said = await gh(['pr', 'list', `--head=${p.branch}`, '--state=open', fields, LIST_LIMIT], p)
  if (said.kind !== 'ok') return said
  const read = parseAnswer(listed, said.value.stdout)
  if (read.kind !== 'ok') return read
  const ours = read.value.filter((one) => one.isCrossRepository !== true)
  const one = ours.find((pull) => pull.baseRefName === p.base) ?? ours[0]
  return ok(one && { number: one.number, url: one.url, base: one.baseRefName, created: false })
}

/** Gives an existing pull request another title and body. Errors: those of `gh`. */
export async function update(p: Forge & Words & { number: number }): Promise<Result<void>> {
  const args = ['pr', 'edit', String(p.number), `--title=${p.title}`, '--body-file=-']
  const said = await gh(args, { ...p, input: p.body })
  return said.kind === 'ok' ? ok(undefined) : said
}

const named = z.object({
  number: z.int().positive(),
  url: z.string().min(1),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  headRefName: z.string().min(1),
  headRefOid: z.string().min(1),
  baseRefName: z.string().min(1),
  isCrossRepository: z.boolean().nullish(),
})

/** The branch behind a number, for a bead that names an existing pull request. Errors: those of `gh`. */
export async function byNumber(p: Forge & { number: number }): Promise<Result<Named>> {
  const fields = '--json=number,url,state,headRefName,headRefOid,baseRefName,isCrossRepository'
  const said = await gh(['pr', 'view', String(p.number), fields], p)
  if (said.kind !== 'ok') return said
  const read = parseAnswer(named, said.value.stdout)
  if (read.kind !== 'ok') return read
  const { number, url, state, headRefName, headRefOid, baseRefName, isCrossRepository } = read.value
  const fork = isCrossRepository === true
  return ok({ number, url, state, branch: headRefName, head: headRefOid, base: baseRefName, fork })
}

/**
 * Closes a pull request and says why. One that is closed already stays as it is, without the comment. Errors: those of
 * `gh`; E_GH when it is merged.
 */
export async function closePull(p: Forge & { number: number; comment: string }): Promise<Result<void>> {
  const said = await gh(['pr', 'close', String(p.number), `--comment=${p.comment}`], p)
  return said.kind === 'ok' ? ok(undefined) : said
}

/** Everything that its standing depends on, in one call. Errors: those of `gh`; E_GH for an answer that is none. */
export async function look(p: Forge & { number: number }): Promise<Result<Seen>> {
  const said = await gh(['pr', 'view', String(p.number), `--json=${SEEN_FIELDS}`], p)
  return said.kind === 'ok' ? parseSeen(said.value.stdout) : said
}
