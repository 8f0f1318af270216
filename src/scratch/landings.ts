/** What stands on a project's main, read from git alone: each step, and the changes that it brought. */
import { git } from '../git/run.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'

/** A merge that brings one bead's change. */
export interface Merge {
  commit: string
  tree: string
  parents: string[]
  author: string
  bead: string
  worker: string
  subject: string
}

/** A step of main: one change, or several that were tested together, each a merge of its own behind this one. */
export interface Landing extends Merge {
  changes: Merge[]
}

const SEPARATOR = '\x1f'

/** The steps of `main` after `first` (its first-parent commits), oldest first. Errors: those of git. */
export async function landingsOf(project: string, first: string): Promise<Result<Landing[]>> {
  const steps = await mergesOf(project, ['--first-parent', `${first}..main`])
  if (steps.kind === 'error') return steps
  const landings: Landing[] = []
  for (const step of steps.value) {
    const [below = '', inside] = step.parents
    const group = step.bead === '' && inside !== undefined
    const behind = group ? await mergesOf(project, ['--first-parent', `${below}..${inside}`]) : ok([])
    if (behind.kind === 'error') return behind
    const changes = behind.value.filter(({ bead }) => bead !== '')
    landings.push({ ...step, changes: changes.length > 0 ? changes : [step] })
  }
  return ok(landings)
}

async function mergesOf(project: string, range: string[]): Promise<Result<Merge[]>> {
  const trailer = (key: string): string => `%(trailers:key=${key},valueonly,separator=%x2C)`
  const format = ['%H', '%T', '%P', '%an', trailer('Bead'), trailer('Worker'), '%s'].join('%x1f')
  const log = await git(['log', '--reverse', `--format=${format}`, ...range, '--'], { cwd: project })
  if (log.kind === 'error') return log
  const lines = log.value.stdout.split('\n').filter((line) => line !== '')
  return ok(
    lines.map((line) => {
      const [commit = '', tree = '', parents = '', author = '', bead = '', worker = '', subject = ''] =
        line.split(SEPARATOR)
      return { commit, tree, parents: parents.split(' '), author, bead, worker, subject }
    }),
  )
}
