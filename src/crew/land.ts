/**
 * How a crew member's work reaches the target: as a bead like any other. Its body merges the commit into a worker's branch, the
 * worker (the agent `script`) hands in, and the Refinery tests and lands it; so gates, policies and receipts hold for it too.
 */
import type { Bead } from '../beads/bead.ts'
import { createBead } from '../beads/edit.ts'
import { signatureOf } from '../git/authors.ts'
import { mergeCandidate } from '../git/merge.ts'
import { fetchRemote, resolveCommit } from '../git/repository.ts'
import { git } from '../git/run.ts'
import { inspectWorktree } from '../git/worktrees.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Crew } from './who.ts'

export interface HandedIn {
  bead: Bead
  /** Commit that is to land. */
  head: string
  /** Commits that the target has not. */
  commits: number
}

/**
 * Makes the bead; the caller slings it. Errors: E_UNCOMMITTED, E_NOTHING_TO_LAND, E_NOT_MERGEABLE (with what to type), those of
 * fetching.
 */
export async function landingBead(town: OpenTown, { agent, crew }: Crew, title?: string): Promise<Result<HandedIn>> {
  const rig = await town.rig(crew.rig)
  if (rig.kind === 'error') return rig
  const gitDir = town.paths.rig(crew.rig).repo
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
  const target = `origin/${rig.value.branch}`
  const tip = await resolveCommit(gitDir, `refs/remotes/${target}`)
  if (tip.kind !== 'ok') return tip.kind === 'error' ? tip : fail('E_NO_BRANCH', `There is no ${target}.`)
  const seen = await inspectWorktree({ path: crew.worktree, base: tip.value })
  if (seen.kind !== 'ok')
    return seen.kind === 'error' ? seen : fail('E_WORKTREE', `Nothing can be seen in ${crew.worktree}.`)
  const { head, dirty, commits } = seen.value
  if (dirty.length > 0) {
    return fail(
      'E_UNCOMMITTED',
      `${dirty.length} path${dirty.length === 1 ? ' is' : 's are'} not committed in ${crew.worktree}: ${dirty.slice(0, 5).join(', ')}.`,
      {
        kept: 'Everything there; nothing was handed in.',
        hint: 'Commit what is to land, ignore or remove the rest, then: gt crew land',
      },
    )
  }
  if (commits === 0) return fail('E_NOTHING_TO_LAND', `${agent.address} has no commit that ${target} has not.`)
  const tried = await mergeCandidate({
    gitDir,
    onto: tip.value,
    head,
    message: 'a trial',
    author: signatureOf(agent.address),
    mode: 'merge',
  })
  if (tried.kind === 'error') return tried
  if (tried.value.kind === 'conflict') {
    return fail('E_NOT_MERGEABLE', `It conflicts with ${target} in ${tried.value.files.slice(0, 5).join(', ')}.`, {
      kept: 'Nothing was handed in.',
      hint: `git merge ${target}   in ${crew.worktree}, resolve, commit, then: gt crew land`,
    })
  }
  const subject = await git(['show', '-s', '--format=%s', head, '--'], { gitDir })
  if (subject.kind === 'error') return subject
  // Only an id reaches the shell; names and subjects are data.
  const body = `Brings in what ${agent.address} committed on its branch: ${commits} commit${commits === 1 ? '' : 's'} up to ${head}.\n\n\`\`\`sh\ngit merge --no-edit ${head}\n\`\`\`\n`
  const made = createBead(
    town.ledger.state,
    {
      title: title ?? (subject.value.stdout.trim().slice(0, 200) || `Land ${agent.address}`),
      body,
      prefix: rig.value.prefix,
      rig: crew.rig,
    },
    { by: actor(town.env), at: town.now().toISOString() },
  )
  if (made.kind === 'error') return made
  const written = town.ledger.write(made.value.input)
  return written.kind === 'error' ? written : ok({ bead: made.value.bead, head, commits })
}
