/** What a tree holds, by content: two trees with the same lines for some paths have the same files there. */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { isCommitId, treeOf } from './revisions.ts'
import { git, nulList } from './run.ts'

/**
 * Every file of a tree (its id, or any name of a commit or tree), folders opened, in git's order. `id` is
 * "<mode> <object id>": it differs when the content, the kind or the executable bit does.
 *
 * Errors: E_NO_TREE (there is none of that name), E_GIT.
 */
export async function treeListing(gitDir: string, tree: string): Promise<Result<{ path: string; id: string }[]>> {
  const named = isCommitId(tree) ? ok(tree) : await treeOf(gitDir, tree)
  if (named.kind === 'error') return named
  if (named.kind !== 'ok') return fail('E_NO_TREE', `There is no tree "${tree}" in ${gitDir}.`)
  const listed = await git(['ls-tree', '-r', '-z', '--full-tree', named.value], { gitDir })
  if (listed.kind === 'error') return listed
  return ok(
    nulList(listed.value.stdout).map((entry) => {
      // mode SP type SP object TAB path; a path may hold tabs, what stands before it does not.
      const tab = entry.indexOf('\t')
      const [mode, , object] = entry.slice(0, tab).split(' ')
      return { path: entry.slice(tab + 1), id: `${mode} ${object}` }
    }),
  )
}
