/** One commit by plumbing: a tree, its parents, a message and a person. Moves no ref. */
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { git } from './run.ts'

export interface Person {
  name: string
  email: string
}

/**
 * Writes a commit object and answers its id. `date` is RFC 3339 (now when absent); the same input with the same date
 * gives the same commit. Errors: E_DATE, E_GIT (a tree or parent that is not here).
 */
export async function commitTree(c: {
  gitDir: string
  tree: string
  /** Full ids, first parent first. */
  parents: string[]
  message: string
  author: Person
  date?: string
}): Promise<Result<string>> {
  const seconds = Math.floor((c.date === undefined ? Date.now() : Date.parse(c.date)) / 1000)
  if (!Number.isFinite(seconds)) return fail('E_DATE', `"${c.date}" is not a date.`, { exit: EXIT.bug })
  const who = personOf(c.author)
  const when = `@${seconds} +0000`
  const parents = c.parents.flatMap((parent) => ['-p', parent])
  const made = await git(['-c', 'i18n.commitEncoding=UTF-8', 'commit-tree', c.tree, ...parents, '-F', '-'], {
    gitDir: c.gitDir,
    input: c.message.replaceAll('\0', '').trimEnd().concat('\n'),
    env: {
      GIT_AUTHOR_NAME: who.name,
      GIT_AUTHOR_EMAIL: who.email,
      GIT_AUTHOR_DATE: when,
      GIT_COMMITTER_NAME: who.name,
      GIT_COMMITTER_EMAIL: who.email,
      GIT_COMMITTER_DATE: when,
    },
  })
  return made.kind === 'ok' ? ok(made.value.stdout.trim()) : made
}

/** git takes `<`, `>` and line ends out of a name and then refuses an empty one; an author is data and never fails. */
export function personOf(author: Person): Person {
  const plain = (text: string): string => text.replaceAll(/[<>\p{Cc}]/gu, ' ').trim()
  const name = /[\p{L}\p{N}]/u.test(plain(author.name)) ? plain(author.name) : 'gt'
  return { name, email: plain(author.email) || 'gt@localhost' }
}
