/** Who wrote commits: names and addresses, as data that can get nowhere else. */
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { asCommit } from './revisions.ts'
import { git } from './run.ts'

/** A name or an address without what would end it: no line break, control character or angle bracket. */
export const plain = (text: string): string =>
  text
    .replaceAll(/[<>\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim()

/** Under which code commits in the name of an agent (`gp/polecats/toast`): the address is its own, and nobody's mailbox. */
export const signatureOf = (agent: string): { name: string; email: string } => ({
  name: agent,
  email: `${agent.replace(/[^\w.-]+/g, '.')}@gt.invalid`,
})

/**
 * Values for `Co-authored-by:` trailers ("Name <mail>"), in the order of first appearance: the authors of the commits
 * of base..head, merges left out, and the co-authors that their messages name. One per e-mail address, and none of
 * `besides` (addresses; upper and lower case are the same). Without an address nobody is named.
 *
 * Errors: E_NO_COMMIT, E_GIT.
 */
export async function coAuthors(a: {
  gitDir: string
  base: string
  head: string
  besides: string[]
}): Promise<Result<string[]>> {
  const head = await asCommit(a.gitDir, a.head)
  if (head.kind === 'error') return head
  const base = await asCommit(a.gitDir, a.base)
  if (base.kind === 'error') return base
  const logged = await git(
    [
      ...['-c', 'trailer.separators=:', 'log', '-z', '--no-merges', '--reverse', '--topo-order'],
      ...['--no-show-signature', '--no-color', '--encoding=UTF-8'],
      '--format=tformat:%an%x00%ae%x00%(trailers:key=Co-authored-by,valueonly,unfold)',
      ...[head.value, `^${base.value}`, '--'],
    ],
    { gitDir: a.gitDir },
  )
  if (logged.kind === 'error') return logged
  const seen = new Set(a.besides.map(keyOf))
  const found: string[] = []
  const add = (name: string, mail: string): void => {
    const address = plain(mail)
    const key = keyOf(mail)
    if (key === '' || seen.has(key)) return
    seen.add(key)
    found.push(`${plain(name) || address} <${address}>`)
  }
  // Three fields per commit, each ended by a NUL; a commit holds none.
  const fields = logged.value.stdout.split('\0')
  for (let at = 0; at + 2 < fields.length; at += 3) {
    add(fields[at]!, fields[at + 1]!)
    for (const value of fields[at + 2]!.split('\n')) {
      const parts = /^([^<]*)<([^>]*)>/.exec(value)
      if (parts !== null) add(parts[1]!, parts[2]!)
    }
  }
  return ok(found)
}

const keyOf = (mail: string): string => plain(mail).toLowerCase()
