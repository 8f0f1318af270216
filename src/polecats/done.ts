/**
 * What a worker may say about its own run: done, decline, progress, ask. Each is checked against evidence and its
 * fence; a claim that the evidence does not carry is refused and changes nothing (laws 1, 4 and 6).
 */
import { realpathSync } from 'node:fs'
import { sep } from 'node:path'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import { addComment } from '../beads/edit.ts'
import type { Run } from '../beads/facts.ts'
import { newBeadId, prefixOfId } from '../beads/ids.ts'
import { inspectWorktree } from '../git/worktrees.ts'
import { mergeOf, submit } from '../kernel/merges.ts'
import { decline as declined, findRun, gtPath, isTerminal, liveRun, maySubmit, runOps } from '../kernel/runs.ts'
import { askForCycle } from '../kernel/sessions.ts'
import type { OpenTown } from '../kernel/town.ts'
import { nextStep, openLeaves } from '../meow/molecule.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { archiveRun } from './unwind.ts'

export interface Said {
  bead: string
  run: string
  mergeRequest: string | null
  state: string
}

/** The run that the calling agent is, by its fence; refused when there is none or it was replaced. */
export function ownRun(town: OpenTown): Result<{ bead: Bead; run: Run }> {
  const fence = town.env.GT_RUN
  if (!fence) {
    return fail('E_NOT_AN_AGENT', 'This is for a worker inside its session: GT_RUN is not set.', {
      hint: 'gt bead close <id> --reason "…"   is how a person closes a bead',
    })
  }
  const found = findRun(town.ledger.state.beads.values(), fence)
  if (found === undefined) return fail('E_STALE_FENCE', `The ledger knows no run ${fence}.`)
  return ok(found)
}

/** Why a run may no longer change anything, or null. A run called lost by mistake may still hand in (pain C07). */
async function stale(town: OpenTown, bead: Bead, run: Run): Promise<string | null> {
  const holder = liveRun(bead)
  if (holder?.fence === run.fence) return null
  if (run.state === 'lost' && holder === undefined && bead.status !== 'closed') return null
  const salvage = await archiveRun(town, run, 'salvage: handed in after its run had ended')
  const kept =
    salvage.kind === 'ok' && salvage.value ? ` What is in the worktree is kept: gt restore ${run.fence}.` : ''
  const why = holder
    ? `${bead.id} is now worked on by ${holder.agent} (run ${holder.fence})`
    : `run ${run.fence} ended (${run.state})`
  return `${why}.${kept}`
}

/**
 * `gt done`: the work is on the branch. Checks the fence, the directory, the branch, that nothing is uncommitted and
 * that there is at least one commit; then run and merge request change together. Saying it twice answers the same.
 */
export async function done(town: OpenTown, cwd: string, message?: string): Promise<Result<Said>> {
  const own = ownRun(town)
  if (own.kind === 'error') return own
  const { bead, run } = own.value
  if (run.state === 'finished') return ok(said(run, 'finished'))
  const ended = await stale(town, bead, run)
  if (ended !== null)
    return fail('E_STALE_FENCE', `This run may no longer hand in work: ${ended}`, { hint: 'Stop here.' })
  const left = stepsLeft(town, bead)
  if (left !== undefined) return left
  if (facts(bead).kind === 'report') return report(town, bead, run, message)

  const head = await evidence(run, cwd)
  if (head.kind === 'error') return head
  if (run.state === 'submitted') {
    if (run.head === head.value) return ok(said(run, 'submitted'))
    return fail('E_SUBMITTED', `You handed in ${run.head} already; ${head.value} is not part of it.`, {
      kept: `Your newer commits stay on ${run.branch}.`,
      hint: 'Stop here.',
    })
  }
  const at = town.now().toISOString()
  const request = mergeOf(run.merge_request === undefined ? undefined : town.ledger.state.beads.get(run.merge_request))
  const id = newBeadId(prefixOfId(bead.id), (taken) => town.ledger.state.beads.has(taken))
  const work = { head: head.value, at, id, ...(message !== undefined && { message }) }
  const written = town.ledger.write(submit(bead, run, request, work))
  if (written.kind === 'error') return written
  const now = findRun(town.ledger.state.beads.values(), run.fence)?.run ?? run
  if (!written.value.applied && now.state !== 'submitted') {
    // Called lost a moment ago, by mistake: that alone does not keep the work out.
    if (now.state === 'lost' && run.state !== 'lost') return done(town, cwd, message)
    return overtaken(town, run, 'hand in work')
  }
  return ok(said(now, 'submitted'))
}

const said = (run: Run, state: string): Said => ({
  bead: run.bead,
  run: run.fence,
  mergeRequest: run.merge_request ?? null,
  state,
})

/** Work that goes step by step is done with its last step. */
function stepsLeft(town: OpenTown, bead: Bead): Result<never> | undefined {
  if (facts(bead).molecule === undefined) return undefined
  const { state } = town.ledger
  const open = openLeaves(state, bead.id)
  if (open.length === 0) return undefined
  const next = nextStep(state, bead.id, town.now())?.bead
  const which = next === undefined ? 'none can be done now' : `next is ${next.id}, ${next.title.slice(0, 100)}`
  return fail('E_STEPS_OPEN', `${open.length} step${open.length === 1 ? ' is' : 's are'} not done yet; ${which}.`, {
    kept: 'Nothing was changed; the run goes on.',
    hint:
      next === undefined
        ? 'gt park --notes "…"   until it is time'
        : `gt mol next, and when it is done: gt mol step done ${next.id}   (a step that asks for nothing is done at once: --message "why")`,
  })
}

/** The commit to hand in, or the reason why there is none yet. */
async function evidence(run: Run, cwd: string): Promise<Result<string>> {
  const kept = 'Nothing was changed; the run goes on.'
  const view = await inspectWorktree({ path: run.worktree, base: run.base ?? '' })
  if (view.kind === 'error') return view
  if (view.kind !== 'ok') return fail('E_NO_WORKTREE', `The worktree ${run.worktree} cannot be read.`, { kept })
  const here = `${realpathSync(cwd)}${sep}`
  if (!here.startsWith(`${view.value.toplevel}${sep}`)) {
    return fail('E_WRONG_DIRECTORY', `You are in ${cwd}; your work is in ${run.worktree}.`, {
      kept,
      hint: `cd ${run.worktree} && gt done`,
    })
  }
  if (view.value.branch !== run.branch) {
    return fail(
      'E_WRONG_BRANCH',
      `The worktree is on ${view.value.branch ?? 'no branch'}; the work belongs on ${run.branch}.`,
      {
        kept,
        hint: `git switch ${run.branch}   and bring your commits there`,
      },
    )
  }
  const { dirty, commits } = view.value
  if (dirty.length > 0) return refuseDirty(dirty, kept, 'gt done')
  if (commits === 0) {
    return fail('E_NO_COMMITS', 'There is no commit on the branch, so there is nothing to land.', {
      kept,
      hint: 'commit your work, then gt done; or, if nothing needs doing: gt decline --reason "…"',
    })
  }
  return ok(view.value.head)
}

/** Files that are in no commit: whoever goes on after this session would not have them. */
export function refuseDirty(dirty: readonly string[], kept: string, then: string): Result<never> {
  const names = dirty
    .slice(0, 10)
    .map((path) => `  ${path}`)
    .join('\n')
  const more = dirty.length > 10 ? `\n  … and ${dirty.length - 10} more` : ''
  return fail('E_UNCOMMITTED', `There are uncommitted files:\n${names}${more}`, {
    kept,
    hint: `git add -A && git commit -m "…" && ${then}   (or delete what is not part of the work)`,
  })
}

/** A bead that asks for a report, not for code: the message is the evidence. */
async function report(town: OpenTown, bead: Bead, run: Run, message?: string): Promise<Result<Said>> {
  if (!message?.trim()) {
    return fail('E_NO_REPORT', `${bead.id} asks for a report, and there is none.`, {
      hint: 'gt done --message "<the report>"',
    })
  }
  const comment = addComment(town.ledger.state, bead.id, message, { by: run.agent, fence: run.fence })
  if (comment.kind === 'error') return comment
  const at = town.now().toISOString()
  const written = town.ledger.write({
    by: run.agent,
    fence: run.fence,
    why: 'report handed in',
    when: maySubmit(run),
    ops: [
      ...comment.value.input.ops,
      ...runOps(run, 'finished', at),
      { op: 'set', id: bead.id, path: ['status'], value: 'closed' },
      { op: 'set', id: bead.id, path: ['close_reason'], value: 'report handed in' },
      { op: 'set', id: bead.id, path: gtPath('outcome'), value: 'done' },
      { op: 'unset', id: bead.id, path: gtPath('slung') },
    ],
  })
  if (written.kind === 'error') return written
  return written.value.applied ? ok(said(run, 'finished')) : overtaken(town, run, 'hand in work')
}

/** Somebody else ended the run between our look and our write. */
function overtaken(town: OpenTown, run: Run, verb: string): Result<never> {
  const now = findRun(town.ledger.state.beads.values(), run.fence)?.run.state ?? 'gone'
  return fail('E_STALE_FENCE', `This run may no longer ${verb}: it is ${now}.`, { hint: 'Stop here.' })
}

/**
 * `gt decline`: nothing to do, or not by this worker. Never closes the bead: a person decides (pain A02).
 */
export async function decline(town: OpenTown, reason: string): Promise<Result<Said>> {
  const own = ownRun(town)
  if (own.kind === 'error') return own
  const { bead, run } = own.value
  if (isTerminal(run) || run.state === 'submitted') {
    return fail('E_STALE_FENCE', `This run may no longer decline: it is ${run.state}.`, { hint: 'Stop here.' })
  }
  const archive = await archiveRun(town, run, `declined: ${reason}`)
  if (archive.kind === 'error') return archive
  const at = town.now().toISOString()
  const text = `${run.agent} declined: ${reason}`
  const written = town.ledger.write(declined(bead, run, text, at, archive.value))
  if (written.kind === 'error') return written
  return written.value.applied ? ok(said(run, 'declined')) : overtaken(town, run, 'decline')
}

/** `gt progress`: a comment for people; also takes back an open question. */
export function progress(town: OpenTown, text: string): Result<Said> {
  return remark(town, text, (bead) =>
    facts(bead).needs?.cause === 'ask' ? [{ op: 'unset', id: bead.id, path: gtPath('needs') }] : [],
  )
}

/** `gt ask`: a question only a person can answer. The run goes on; the bead shows up under "waits for me". */
export function ask(town: OpenTown, text: string): Result<Said> {
  const at = town.now().toISOString()
  return remark(town, `Question: ${text}`, (bead) => [
    { op: 'set', id: bead.id, path: gtPath('needs'), value: { cause: 'ask', text, at } },
  ])
}

/**
 * `gt handoff`: this session ends and a fresh one goes on in the same worktree, with these notes. Nothing is lost: commits,
 * files, run and fence stay as they are. The next driver does it.
 */
export function handoff(town: OpenTown, notes: string): Result<Said> {
  const own = ownRun(town)
  if (own.kind === 'error') return own
  const { run } = own.value
  if (isTerminal(run) || run.state === 'submitted') {
    return fail('E_STALE_FENCE', `This run has nothing to hand off any more: it is ${run.state}.`, {
      hint: 'Stop here.',
    })
  }
  const written = town.ledger.write(askForCycle(run, notes, town.now().toISOString()))
  if (written.kind === 'error') return written
  return written.value.applied ? ok(said(run, 'handing off')) : overtaken(town, run, 'hand off')
}

function remark(town: OpenTown, text: string, more: (bead: Bead) => ChangeInput['ops']): Result<Said> {
  const own = ownRun(town)
  if (own.kind === 'error') return own
  const { bead, run } = own.value
  if (liveRun(bead)?.fence !== run.fence) {
    return fail('E_STALE_FENCE', `This run has ended (${run.state}); nothing was recorded.`, { hint: 'Stop here.' })
  }
  const comment = addComment(town.ledger.state, bead.id, text, { by: run.agent, fence: run.fence })
  if (comment.kind === 'error') return comment
  const change = comment.value.input
  const written = town.ledger.write({ ...change, ops: [...change.ops, ...more(bead)] })
  return written.kind === 'error' ? written : ok(said(run, run.state))
}
