/** Whether the laws held: judged after the demo, from the repository, the ledger and its trail. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { git } from '../git/run.ts'
import { runsOf } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Landing, Merge } from '../scratch/landings.ts'
import { runCommand } from '../town/command.ts'
import { GATE } from './project.ts'
import type { Trail } from './trail.ts'

/** One thing that has to be so. */
export interface Fact {
  fact: string
  holds: boolean
  /** What was seen instead. */
  seen?: string
}

const GATE_MS = 60_000

/** What the proof is made from. */
export interface Evidence {
  town: OpenTown
  project: string
  /** Commit that main stood at before. */
  first: string
  /** Beads as they are now. */
  beads: Bead[]
  trail: Trail
  landings: Landing[]
  /** `gt mq verify` of each change, by commit: null when it verified, else why not. */
  verified: Map<string, string | null>
}

/** Every law that the demo can check for any agent. */
export async function prove(evidence: Evidence): Promise<Fact[]> {
  const { town, beads, trail, landings, first, verified } = evidence
  const merges = landings.flatMap(({ changes }) => changes)
  const cap = town.settings.workers.max
  const open = beads.filter((bead) => bead.status !== 'closed' || facts(bead).outcome !== 'landed')
  const chained = landings.every(
    (step, i) => step.parents.length === 2 && step.parents[0] === (landings[i - 1]?.commit ?? first),
  )
  const recorded = beads.map((bead) => facts(bead).landed?.commit ?? '').sort()
  const unnamed = merges.filter((merge) => !named(merge, beads))
  const unverified = merges.filter((merge) => verified.get(merge.commit) !== null)
  const uncleared = beads.flatMap(runsOf).filter((run) => run.cleared !== true)
  return [
    fact('Every bead landed.', open.length === 0, open.map((bead) => bead.id).join(', ')),
    fact(
      'main is one merge after another, each on top of the one before.',
      chained && landings.length > 0,
      ids(landings),
    ),
    fact(
      'The merges on main are exactly those that the ledger calls landed.',
      JSON.stringify(merges.map((merge) => merge.commit).sort()) === JSON.stringify(recorded),
      `${ids(merges)} on main, ${recorded.map((id) => id.slice(0, 7)).join(' ')} in the ledger`,
    ),
    fact('Each merge names its bead and its worker.', unnamed.length === 0, ids(unnamed)),
    fact(
      'Each merge has a receipt that verifies.',
      unverified.length === 0,
      unverified.map((merge) => `${merge.commit.slice(0, 7)}: ${verified.get(merge.commit) ?? 'not asked'}`).join('; '),
    ),
    fact(`Never more than ${cap} worked at once.`, trail.mostAtOnce <= cap, String(trail.mostAtOnce)),
    inOrder(beads),
    fact('Every worktree was cleared away.', uncleared.length === 0, uncleared.map((run) => run.worktree).join(', ')),
    ...(await checkout(evidence)),
  ]
}

/** What the script agent does the same way each time: one red and one conflict, both mended in round 2 by the same worker. */
export function proveScript(beads: Bead[], trail: Trail): Fact[] {
  const count = (state: string): number => trail.returns.filter((one) => one.state === state).length
  const mended = trail.returns.every((one) => {
    const runs = runsOf(beads.find((bead) => bead.id === one.bead) ?? ({} as Bead))
    return runs.length === 1 && runs[0]?.fence === one.run && runs[0].round === 2
  })
  const seen = trail.returns.map((one) => `${one.bead} ${one.state}`).join(', ')
  return [
    fact('One change was red once, and one conflicted once.', count('red') === 1 && count('conflict') === 1, seen),
    fact('Both were mended by the same worker in round 2.', trail.returns.length > 0 && mended, seen),
  ]
}

function fact(text: string, holds: boolean, seen = ''): Fact {
  return { fact: text, holds, ...(!holds && { seen }) }
}

const ids = (merges: Merge[]): string => merges.map((merge) => merge.commit.slice(0, 7)).join(' ')

function named(merge: Merge, beads: Bead[]): boolean {
  const bead = beads.find((one) => one.id === merge.bead)
  if (bead === undefined || facts(bead).landed?.commit !== merge.commit) return false
  return merge.author === merge.worker && runsOf(bead).some((run) => run.agent === merge.worker)
}

/** A bead that needs others was claimed only after those had landed. */
function inOrder(beads: Bead[]): Fact {
  const early = beads.filter((bead) =>
    (bead.dependencies ?? []).some(({ depends_on_id, type }) => {
      const needed = beads.find((one) => one.id === depends_on_id)
      const landed = needed && facts(needed).landed?.at
      return type === 'blocks' && runsOf(bead).some((run) => landed === undefined || run.claimed_at < landed)
    }),
  )
  return fact(
    'What needs others began after they had landed.',
    early.length === 0,
    early.map(({ id }) => id).join(', '),
  )
}

/** The person's own clone: it followed main, nothing else in it changed, and its tests pass by our own hand. */
async function checkout({ project, landings, town }: Evidence): Promise<Fact[]> {
  const status = await git(['status', '--porcelain', '--branch'], { cwd: project })
  const head = await git(['rev-parse', 'HEAD'], { cwd: project })
  const follows =
    status.kind === 'ok' &&
    status.value.stdout.trim() === '## main' &&
    head.kind === 'ok' &&
    head.value.stdout.trim() === landings.at(-1)?.commit
  const tests = await runCommand({ line: GATE, cwd: project, env: town.env, timeoutMs: GATE_MS })
  const passed = tests.is === 'exited' && tests.code === 0
  return [
    fact('The person’s clone followed main and is clean.', follows, status.kind === 'ok' ? status.value.stdout : ''),
    fact('The project’s tests pass on main.', passed, `${tests.text} ${tests.tail.slice(-300)}`),
  ]
}
