/** `gt dog list | run`: the town's chores, what came of them, and doing them now. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { CHORE } from '../dogs/chores.ts'
import { readLooks } from '../dogs/looks.ts'
import { beadOf } from '../dogs/report.ts'
import { runChore } from '../dogs/run.ts'
import type { ChoreName } from '../dogs/schedule.ts'
import { CHORES, isChore, nextOf } from '../dogs/schedule.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Failure } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { nearest } from '../town/nearest.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const dog = program
    .command('dog')
    .description('Dogs: chores that keep a town small and safe. The Deacon does them by schedule.')
    .addHelpText(
      'after',
      '\nExample:\n  gt dog list\n  gt dog run orphans\n  gt config set dogs.backup_to ~/backups && gt dog run backup',
    )
  action(dog.command('list').description('Each chore: its schedule, what came of it, when it is due.'), () =>
    list(context),
  )
  action(
    dog
      .command('run')
      .description('Do a chore now. What it removes it archives before.')
      .argument('[chore]', CHORES.join(', '))
      .option('--all', 'every chore, one after the other'),
    (name: string | undefined, options: { all?: boolean }) => run(context, name, options.all === true),
  )
}

function list(context: Context): Promise<Answer> {
  return withTown(context, (town) => {
    const now = town.now()
    const looks = readLooks(town.paths.runtime)
    const times = new Map([...looks].map(([name, { at }]) => [name, at]))
    const rows = CHORES.map((name) => {
      const look = looks.get(name)
      const next = nextOf(name, times, town.settings.dogs, now)
      return {
        chore: name,
        does: CHORE[name].does,
        every_ms: town.settings.dogs[name],
        last: look === undefined ? null : { ...look, at: new Date(look.at).toISOString() },
        next: next === undefined ? null : new Date(next).toISOString(),
        ...reportOf(beadOf(town.ledger.state.beads.values(), name)),
      }
    })
    return ok({ data: rows, text: columns(rows.map((row) => lineOf(row, now))) })
  })
}

/** What the ledger has of a chore: its bead, and the last thing that was worth telling. */
function reportOf(bead: Bead | undefined) {
  const last = bead && facts(bead).dog?.last
  if (bead === undefined || last === undefined) return { bead: bead?.id ?? null, report: null }
  return { bead: bead.id, report: { at: last.at, outcome: last.outcome, text: last.report } }
}

function lineOf(
  row: {
    chore: ChoreName
    does: string
    every_ms: number
    last: { at: string; outcome: string; lines: string[] } | null
    next: string | null
    report: { at: string; text: string } | null
  },
  now: Date,
): string[] {
  const every = `every ${span(row.every_ms)}`
  if (row.next === null) return [row.chore, every, 'not set up', '', row.does]
  const due = Date.parse(row.next) <= now.getTime() ? 'due' : `in ${span(Date.parse(row.next) - now.getTime())}`
  if (row.last === null) return [row.chore, every, 'never', due, row.does]
  const word = row.last.outcome === 'nothing' ? 'nothing to do' : row.last.outcome
  const told = row.report && `${age(row.report.at, now)} ago: ${row.report.text.split('\n')[0]}`
  return [row.chore, every, `${age(row.last.at, now)} ago: ${word}`, due, plain(row.last.lines[0] ?? told ?? row.does)]
}

/** "10 min", "1 d". */
const span = (ms: number): string => age(new Date(0).toISOString(), new Date(ms))

function run(context: Context, name: string | undefined, all: boolean): Promise<Answer> {
  return withTown(context, async (town) => {
    // Agents have no verb that deletes (law 4).
    if (context.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'Chores are not for workers.', { hint: 'gt done' })
    if (all === (name !== undefined)) {
      return fail('E_USAGE', 'Name one chore, or say --all.', { hint: 'gt dog list', exit: EXIT.usage })
    }
    if (name === undefined) return runAll(town, context)
    if (!isChore(name)) {
      const hint = `gt dog run ${nearest(name, [...CHORES]) ?? CHORES.join('|')}`
      return fail('E_NO_CHORE', `There is no chore "${name}".`, { hint, exit: EXIT.usage })
    }
    const done = await runChore(town, name, actor(town.env), context.signal)
    if (done.kind === 'error') return done
    const row = rowOf(name, done.value)
    return ok({ data: [row], text: pageOf(row), ...problemOf(done.value.wrong) })
  })
}

async function runAll(town: OpenTown, context: Context): Promise<Answer> {
  const rows: Row[] = []
  let first: Failure | undefined
  for (const name of CHORES) {
    if (context.signal.aborted) break
    context.progress(`${name} …`)
    const done = await runChore(town, name, actor(town.env), context.signal)
    const wrong = done.kind === 'error' ? done.failure : done.value.wrong
    first ??= wrong
    rows.push(done.kind === 'ok' ? rowOf(name, done.value) : failedRow(name, done.failure))
  }
  return ok({ data: rows, text: rows.map(pageOf).join('\n'), ...problemOf(first) })
}

interface Row {
  chore: ChoreName
  outcome: 'nothing' | 'done' | 'failed'
  did: number
  lines: string[]
}

const rowOf = (chore: ChoreName, { did, lines, wrong }: { did: number; lines: string[]; wrong?: Failure }): Row => ({
  chore,
  outcome: wrong !== undefined ? 'failed' : did > 0 ? 'done' : 'nothing',
  did,
  lines,
})

const failedRow = (chore: ChoreName, { message }: Failure): Row => ({
  chore,
  outcome: 'failed',
  did: 0,
  lines: [message],
})

function pageOf({ chore, outcome, lines }: Row): string {
  const head = `${chore}: ${outcome === 'nothing' ? 'nothing to do' : outcome}`
  return [head, ...lines.map((line) => `  ${plain(line, 400)}`)].join('\n')
}

/** What was done stands; what was not makes the exit code. */
function problemOf(wrong: Failure | undefined) {
  if (wrong === undefined) return {}
  const { code, message, hint, exit } = wrong
  return { exit, problem: { code, message, ...(hint !== undefined && { hint }) } }
}
