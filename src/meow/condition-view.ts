/** A molecule as conditions see it (conditions.ts): what its steps have become and said, and the files of whoever works on it. */
import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Bead } from '../beads/bead.ts'
import type { StepFacts } from '../beads/facts.ts'
import { isOver, parentsOf } from '../beads/ready.ts'
import { liveRun } from '../kernel/runs.ts'
import type { StepStatus, View } from './conditions.ts'

interface Seen {
  root: Bead
  steps: { bead: Bead; facts: StepFacts }[]
  /** Ids of what is done at this very moment, beside what the beads say. */
  done?: ReadonlySet<string> | undefined
  /** What comes out of a step at this very moment. */
  output?: { of: string; value: unknown } | undefined
  /** The step that `step` alone means: a loop's own last one. */
  self?: string | undefined
  env?: NodeJS.ProcessEnv | undefined
}

/** Names: a step's own; inside a loop or a group also the part behind the last dots, of the newest of that name. */
export function conditionView(seen: Seen): View {
  const { root, steps, done, output, self, env = {} } = seen
  const byName = new Map(steps.map((one) => [one.facts.name, one]))
  const statusOf = (bead: Bead): StepStatus =>
    done?.has(bead.id) || isOver(bead) ? 'complete' : bead.status === 'in_progress' ? 'in_progress' : 'open'
  const named = (name: string) =>
    byName.get(name === 'step' && self !== undefined ? self : name) ??
    steps.filter(({ facts: step }) => step.name.endsWith(`.${name}`)).at(-1)
  const worktree = liveRun(root)?.worktree
  return {
    status: (name) => {
      const found = named(name)
      return found && statusOf(found.bead)
    },
    output: (name) => {
      const found = named(name)
      return found !== undefined && found.bead.id === output?.of ? output.value : found?.facts.output
    },
    children: (name) => {
      const id = named(name)?.bead.id
      if (id === undefined) return []
      return steps.filter(({ bead }) => parentsOf(bead).includes(id)).map(({ bead }) => statusOf(bead))
    },
    completed: steps.filter(({ bead, facts: step }) => !step.parts && statusOf(bead) === 'complete').length,
    fileExists: (path) => {
      if (isAbsolute(path)) return existsSync(path)
      return worktree === undefined ? undefined : existsSync(join(worktree, path))
    },
    env: (name) => env[name],
  }
}
