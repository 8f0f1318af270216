/** Real git in a directory of its own, with a HOME of its own; gone after each test. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { cloneBare } from '../../src/git/repository.ts'
import { checkOutFiles, registerWorktree } from '../../src/git/worktrees.ts'
import type { Read, Result } from '../../src/result.ts'

export interface Lab {
  root: string
  /** Runs git as a person would, in a folder; answers its output without the last newline. */
  sh(cwd: string, ...args: string[]): string
  /** The same where failing is expected: its exit code and all it said. */
  tryGit(cwd: string, ...args: string[]): { code: number; text: string }
  write(path: string, content: string | Buffer): void
  /** A person's repository with one commit on `main`. */
  project(name?: string, files?: Record<string, string>): string
  /** A bare repository with the same, as a server has it. */
  server(name?: string, files?: Record<string, string>): string
  /** A rig's repository, cloned from there. */
  rig(from: string): Promise<string>
  /** A run's worktree, filled. */
  worktree(gitDir: string, name: string, branch?: string, base?: string): Promise<string>
}

/** Gives each test of the file a fresh lab. */
export function useLab(): () => Lab {
  let lab: Lab | undefined
  const kept: Record<string, string | undefined> = {}
  beforeEach(() => {
    for (const name of ['HOME', 'XDG_CONFIG_HOME', 'GIT_CONFIG_NOSYSTEM', 'GIT_CONFIG_GLOBAL'])
      kept[name] = process.env[name]
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'gt-test-git-')))
    mkdirSync(join(root, 'home'))
    // Settings of a person that would bend ours if we let them.
    writeFileSync(
      join(root, 'home', '.gitconfig'),
      '[user]\n\tname = Person\n\temail = person@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n' +
        '[status]\n\tshowUntrackedFiles = no\n[push]\n\tfollowTags = true\n[merge]\n\tautoStash = true\n',
    )
    process.env.HOME = join(root, 'home')
    process.env.GIT_CONFIG_NOSYSTEM = '1'
    delete process.env.XDG_CONFIG_HOME
    delete process.env.GIT_CONFIG_GLOBAL
    lab = make(root)
  })
  afterEach(() => {
    for (const [name, value] of Object.entries(kept)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    if (lab !== undefined) rmSync(lab.root, { recursive: true, force: true, maxRetries: 3 })
  })
  return () => lab!
}

function make(root: string): Lab {
  const sh = (cwd: string, ...args: string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).replace(/\n$/, '')
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  const project = (name = 'project', files: Record<string, string> = { 'a.txt': 'a\n', 'b.txt': 'b\n' }): string => {
    const path = join(root, name)
    mkdirSync(path, { recursive: true })
    sh(path, 'init', '-q')
    for (const [file, content] of Object.entries(files)) write(join(path, file), content)
    sh(path, 'add', '-A')
    sh(path, 'commit', '-q', '-m', 'first')
    return path
  }
  return {
    root,
    sh,
    write,
    project,
    tryGit(cwd, ...args) {
      try {
        return {
          code: 0,
          text: execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
        }
      } catch (error) {
        const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
        return { code: status, text: `${stdout}${stderr}` }
      }
    },
    server(name = 'server.git', files) {
      const source = project(`${name}-source`, files)
      sh(root, 'clone', '-q', '--bare', source, name)
      return join(root, name)
    },
    async rig(from) {
      const gitDir = join(root, 'town', 'repo.git')
      must(await cloneBare({ from, to: gitDir }))
      return gitDir
    },
    async worktree(gitDir, name, branch = `gt/${name}`, base = 'refs/remotes/origin/main') {
      const path = join(root, 'town', 'polecats', name)
      must(await registerWorktree({ gitDir, path, branch, base }))
      must(await checkOutFiles({ path }))
      return path
    },
  }
}

/** The value, or a failing test that says why there is none. */
export function must<T>(result: Read<T>): T {
  if (result.kind !== 'ok') expect.fail(`expected ok, got ${JSON.stringify(result, null, 2)}`)
  return result.value
}

/** The code of an error; anything else fails the test. */
export function codeOf(result: Read<unknown> | Result<unknown>): string {
  if (result.kind !== 'error') expect.fail(`expected an error, got ${JSON.stringify(result)}`)
  return result.failure.code
}

/** Names that break whoever splits lines, trusts quoting or reads a dash as an option. */
export const HOSTILE_NAMES = [
  'with space.txt',
  'new\nline.txt',
  '"quoted".txt',
  "it's.txt",
  '-rf',
  '--force',
  'back\\slash',
  '$(touch pwned)',
  'ünïcödé.txt',
  'tab\there',
  ':(glob)x',
  '*.star',
]
