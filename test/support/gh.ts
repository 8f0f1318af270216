/** The test's end of the fake `gh` (fake-gh.mjs): a program to put on PATH, and what people do to pull requests. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FAKE = fileURLToPath(new URL('./fake-gh.mjs', import.meta.url))

export interface FakePull {
  number: number
  title: string
  body: string
  branch: string
  base: string
  head: string
  draft: boolean
  state: 'OPEN' | 'CLOSED' | 'MERGED'
  mergeCommit: string | null
  comments: string[]
  fork?: boolean
}

export interface FakeGh {
  /** A folder with an executable `gh`, to be put first on PATH. */
  bin: string
  /** What the fake reads. Its `gh` carries these by itself; only a caller of fake-gh.mjs needs them. */
  env: Record<string, string>
  /** This process's environment with the fake first on PATH. */
  environment(): NodeJS.ProcessEnv
  /** Really merges in the bare repository; answers the commit. */
  merge(n: number, how?: 'merge' | 'squash'): string
  close(n: number): void
  /** `SUCCESS`, `FAILURE` …, or `PENDING`; about the commit that is its head now. */
  check(n: number, name: string, conclusion: string): void
  review(n: number, decision: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED', text: string, author?: string): void
  /** A CI run as it stands now: `in_progress`, or `completed` with a conclusion. */
  run(id: number, workflow: string, status: string, conclusion?: string): void
  /** A stranger's pull request from a fork whose branch has this name. */
  fork(branch: string, base: string): void
  /** Whether gh is logged in, the network is there, and reviews are required (at first: yes, yes, no). */
  set(what: 'auth' | 'net' | 'require', value: 'on' | 'off'): void
  /** The arguments of every call so far, by verb if one is given (`create`). What people did is not among them. */
  calls(verb?: string): string[][]
  pulls(): FakePull[]
}

/** A fake `gh` that keeps its books in `dir` (made if need be), about the bare repository `remote`. */
export function fakeGh(dir: string, remote: string): FakeGh {
  const bin = join(dir, 'bin')
  const state = join(dir, 'state.json')
  const env = { FAKE_GH_STATE: state, FAKE_GH_REMOTE: remote }
  mkdirSync(bin, { recursive: true })
  const lines = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`)
  const program = `#!/bin/sh\n${lines.join('\n')}\nexec ${quoted(process.execPath)} ${quoted(FAKE)} "$@"\n`
  writeFileSync(join(bin, 'gh'), program)
  chmodSync(join(bin, 'gh'), 0o755)
  const tell = (...args: string[]): string =>
    execFileSync(process.execPath, [FAKE, ...args], { encoding: 'utf8', env: { ...process.env, ...env } }).trim()
  return {
    bin,
    env,
    environment: () => ({ ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` }),
    merge: (n, how = 'merge') => tell('_merge', String(n), how),
    close: (n) => void tell('_close', String(n)),
    check: (n, name, conclusion) => void tell('_check', String(n), name, conclusion),
    review: (n, decision, text, author = 'reviewer') => void tell('_review', String(n), decision, text, author),
    run: (id, workflow, status, conclusion = '') => void tell('_run', String(id), workflow, status, conclusion),
    fork: (branch, base) => void tell('_fork', branch, base),
    set: (what, value) => void tell(`_${what}`, value),
    calls(verb) {
      if (!existsSync(`${state}.calls`)) return []
      const lines = readFileSync(`${state}.calls`, 'utf8').trimEnd().split('\n')
      const all = lines.map((line) => JSON.parse(line) as string[])
      return verb === undefined ? all : all.filter((argv) => argv[1] === verb)
    },
    pulls: () => (existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as { pulls: FakePull[] }).pulls : []),
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
