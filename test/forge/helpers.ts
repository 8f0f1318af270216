/** A repository with a branch worth a pull request, on a bare remote that a fake gh speaks for. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Seen } from '../../src/forge/seen.ts'
import type { Lab } from '../git/helpers.ts'
import type { FakeGh } from '../support/gh.ts'
import { fakeGh } from '../support/gh.ts'

export interface Workshop {
  forge: FakeGh
  /** Where every question goes. */
  at: { repo: string; env: NodeJS.ProcessEnv }
  remote: string
  /** A person's clone. */
  clone: string
  /** Commits one file on a branch (made from main if need be), pushes it, and answers the commit. */
  push(branch: string, file: string, content?: string): string
}

export function workshop(lab: Lab): Workshop {
  const remote = lab.server()
  const clone = join(lab.root, 'clone')
  lab.sh(lab.root, 'clone', '-q', remote, 'clone')
  const forge = fakeGh(join(lab.root, "the forge's"), remote)
  return {
    forge,
    at: { repo: 'fake/repo', env: forge.environment() },
    remote,
    clone,
    push(branch, file, content = file) {
      const known = lab.tryGit(clone, 'rev-parse', '--verify', '--quiet', branch).code === 0
      lab.sh(clone, 'checkout', '-q', ...(known ? [branch] : ['-b', branch, 'origin/main']))
      lab.write(join(clone, file), content)
      lab.sh(clone, 'add', '-A')
      lab.sh(clone, 'commit', '-q', '-m', file)
      lab.sh(clone, 'push', '-q', 'origin', branch)
      return lab.sh(clone, 'rev-parse', 'HEAD')
    },
  }
}

/** A PATH on which `gh` is this shell script, and nothing else is. */
export function scriptedGh(dir: string, script: string): { PATH: string } {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'gh'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(dir, 'gh'), 0o755)
  return { PATH: dir }
}

export const HEAD = 'a'.repeat(40)
export const OTHER = 'b'.repeat(40)

/** An open pull request that nothing stands against. */
export function seen(more: Partial<Seen> = {}): Seen {
  return {
    number: 7,
    url: 'https://github.com/o/n/pull/7',
    state: 'OPEN',
    draft: false,
    mergeCommit: null,
    mergedAt: null,
    head: HEAD,
    branch: 'gt/x',
    base: 'main',
    checks: [],
    review: 'none',
    changeRequest: null,
    mergeable: 'yes',
    ...more,
  }
}
