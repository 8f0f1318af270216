/** The programs that a town needs, and the installation of gt itself. */
import { execFile } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { otherClients } from '../agents/known.ts'
import { findProgram } from '../agents/preset.ts'
import type { Check, Finding, Verdict } from './check.ts'
import type { Subject } from './subject.ts'

type Version = readonly number[]

/** Least versions: package.json's engines; `merge-tree --write-tree` (git 2.38); `new-session -e` (tmux 3.2). */
const LEAST = { node: [20], git: [2, 38], tmux: [3, 2] } as const
/** The newest that gt's own tests have run with; a newer one mostly works, but its screens and words may differ. */
export const TESTED = { tmux: '3.5', claude: '2.1.330' } as const

const VERSION_MS = 10_000

export const nodeProgram: Check<Subject> = () => [
  program('node', 'Node', process.version, LEAST.node, 'Install Node 20 or newer: https://nodejs.org'),
]

export const gitProgram: Check<Subject> = async ({ env }) => [
  program('git', 'git', await versionOf('git', ['--version'], env), LEAST.git, 'apt-get install git'),
]

export const tmuxProgram: Check<Subject> = async ({ env }) => {
  const said = await versionOf('tmux', ['-V'], env)
  const found = program('tmux', 'tmux', said, LEAST.tmux, 'apt-get install tmux')
  return [found.verdict === 'good' ? untested(found, said, TESTED.tmux) : found]
}

/** Optional: towns of `script` and custom agents do without. */
export const claudeProgram: Check<Subject> = async ({ env }) => {
  const base = { id: 'programs.claude', title: 'Claude Code' }
  const place = findProgram('claude', env.PATH)
  if (place.kind !== 'ok') {
    const hint = 'npm install -g @anthropic-ai/claude-code'
    return [{ ...base, verdict: 'unknown', text: 'Not on PATH; only claude workers and the Mayor need it.', hint }]
  }
  const said = await versionOf(place.value, ['--version'], env)
  if (parse(said) === undefined) {
    const text = `${place.value} does not say its version${said ? ` (${said})` : ''}.`
    return [{ ...base, verdict: 'bad', text, hint: `${place.value} --version   shows what is wrong` }]
  }
  return [untested({ ...base, verdict: 'good', text: said.split('\n')[0] ?? '' }, said, TESTED.claude)]
}

/** Optional as well: each is needed only by workers of that name. */
export const clientPrograms: Check<Subject> = ({ env }) => {
  const { here, missing } = otherClients(env.PATH)
  const none = missing.length === 0 ? '' : `not installed: ${missing.join(', ')}`
  const text = `${[here.join(', '), none].filter(Boolean).join('; ')}   (gt config agent list)`
  return [{ id: 'programs.clients', title: 'Other clients', verdict: 'good', text }]
}

/** Two installations that answer to one name are a classic of "it works for me". */
export const gtProgram: Check<Subject> = ({ env, gtBin, version }) => {
  const base = { id: 'programs.gt', title: 'gt' }
  const text = `${version}, ${gtBin}`
  const onPath = findProgram('gt', env.PATH)
  const inside = env.GT_RUN !== undefined
  if (inside || onPath.kind !== 'ok' || realpathSync(onPath.value) === realpathSync(gtBin)) {
    return [{ ...base, verdict: 'good', text }]
  }
  const other = `${text}; but \`gt\` on your PATH is another one: ${onPath.value}.`
  return [{ ...base, verdict: 'unknown', text: other, hint: 'type -a gt' }]
}

function program(id: string, title: string, said: string, least: Version, hint: string): Finding {
  const base = { id: `programs.${id}`, title }
  const version = parse(said)
  const needed = least.join('.')
  if (said === '') return { ...base, verdict: 'bad', text: `Not on PATH; ${needed} or newer is needed.`, hint }
  if (version === undefined) return { ...base, verdict: 'unknown', text: `It does not say its version: ${said}` }
  const verdict: Verdict = compare(version, least) < 0 ? 'bad' : 'good'
  if (verdict === 'bad') return { ...base, verdict, text: `${said}; ${needed} or newer is needed.`, hint }
  return { ...base, verdict, text: said }
}

function untested(found: Finding, said: string, tested: string): Finding {
  const version = parse(said)
  const known = parse(tested)
  if (version === undefined || known === undefined || compare(version, known) <= 0) return found
  return { ...found, verdict: 'unknown', text: `${found.text}; newer than what gt was tested with (${tested}).` }
}

/** "git version 2.39.5", "tmux 3.3a", "v20.20.2" → numbers. */
export function parse(said: string): number[] | undefined {
  return /(\d+(?:\.\d+)*)/.exec(said)?.[1]?.split('.').map(Number)
}

/** Negative when `a` is older; only as many places as `b` names. */
export function compare(a: Version, b: Version): number {
  for (const [i, wanted] of b.entries()) {
    const difference = (a[i] ?? 0) - wanted
    if (difference !== 0) return difference
  }
  return 0
}

/** The first line that a program prints; empty when it is not there. */
function versionOf(name: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    execFile(name, args, { env, timeout: VERSION_MS, encoding: 'utf8' }, (error, stdout, stderr) => {
      const missing = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT'
      const said = `${stdout}${stderr}`.trim().split('\n')[0] ?? ''
      resolve(missing ? '' : said || (error?.message ?? 'it prints nothing'))
    })
  })
}
