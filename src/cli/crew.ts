/** `gt crew add | start | attach | stop | list | land | remove`. */
import type { Command } from 'commander'
import type { CrewView } from '../crew/look.ts'
import type { Crew } from '../crew/who.ts'
import { findCrew } from '../crew/who.ts'
import type { OpenTown } from '../kernel/town.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, withTown } from './town.ts'

const WHO = 'rig/crew/name, or the name alone'

export function register(program: Command, context: Context): void {
  const crew = program
    .command('crew')
    .description('Your long-lived helpers: each has a worktree and a branch of its own, and you direct it.')
    .addHelpText('after', '\nExample:\n  gt crew add app max && gt crew attach max')
  action(
    crew
      .command('add')
      .description('A new one: a worktree at <town>/<rig>/crew/<name> on a branch of its own.')
      .argument('<rig>')
      .argument('<name>')
      .option('--branch <b>', 'its branch (default: crew/<name>); one that the remote has is gone on with')
      .option('--agent <name>', 'which agent plays it (default: the workers’)')
      .addHelpText('after', '\nExample:\n  gt crew add app max\n  gt crew add app eva --branch feature/login'),
    (rig: string, name: string, options: { branch?: string; agent?: string }) =>
      add(context, { rig, name, ...options }),
  )
  action(
    crew
      .command('start')
      .description('Bring it in, in the background; its conversation goes on where it was.')
      .argument('<who>', WHO)
      .option('--agent <name>', 'which agent plays it from now on; another one begins a fresh conversation'),
    (who: string, options: { agent?: string }) => start(context, who, options.agent),
  )
  action(
    crew.command('attach').description('Talk to it; started if need be. Ctrl-b d comes back.').argument('<who>', WHO),
    async (who: string) => {
      const started = await start(context, who)
      if (started.kind === 'error') return started
      const { attach } = await import('./polecat.ts')
      return attach(context, (started.value.data as { address: string }).address)
    },
  )
  action(
    crew.command('stop').description('End its session; worktree and conversation are kept.').argument('<who>', WHO),
    (who: string) => stop(context, who),
  )
  action(
    crew.command('list').description('Who there is, and how they stand.').option('--rig <name>', 'of one rig only'),
    (options: { rig?: string }) => list(context, options.rig),
  )
  action(
    crew
      .command('land')
      .description('Hand in what it committed: a bead that a worker brings in, and the Refinery tests and merges.')
      .argument('[who]', `${WHO}; inside its session: itself`)
      .option('--title <text>', 'of the bead (default: the subject of its last commit)')
      .option('--wait', 'wait until it is landed: exit 0 landed, 1 failed, 2 needs a person')
      .option('--timeout <time>', 'with --wait: give up waiting after this long')
      .addHelpText('after', '\nExample:\n  gt crew land max --wait'),
    (who: string | undefined, options: { title?: string; wait?: boolean; timeout?: string }) =>
      land(context, who ?? (context.env.GT_ROLE === 'crew' ? context.env.GT_AGENT : undefined), options),
  )
  action(
    crew
      .command('remove')
      .description('Archive what it has, then take its worktree and branch away. Files that git ignores go.')
      .argument('<who>', WHO)
      .addHelpText('after', '\nExample:\n  gt crew remove max && gt restore app/crew/max --to /tmp/max'),
    (who: string) => remove(context, who),
  )
}

/** For a person, the Mayor and the crew; a worker has one task, and this is not it. */
function withCrew(context: Context, body: (town: OpenTown) => Promise<Answer>): Promise<Answer> {
  return withTown(context, async (town) =>
    context.env.GT_RUN ? fail('E_NOT_FOR_AGENTS', 'A worker has no say over the crew.') : body(town),
  )
}

function withMember(
  context: Context,
  who: string,
  body: (town: OpenTown, own: Crew) => Promise<Answer>,
): Promise<Answer> {
  return withCrew(context, async (town) => {
    const own = findCrew(town.ledger.state, who)
    return own.kind === 'error' ? own : body(town, own.value)
  })
}

function add(context: Context, wish: { rig: string; name: string; branch?: string; agent?: string }): Promise<Answer> {
  return withCrew(context, async (town) => {
    const { addCrew } = await import('../crew/add.ts')
    const added = await addCrew(town, wish)
    if (added.kind === 'error') return added
    const { agent, crew } = added.value
    const { rig, name, branch, worktree, from, base = '' } = crew
    return ok({
      data: { address: agent.address, rig, name, branch, worktree, from, base },
      text: `${agent.address} has ${worktree}, on branch ${branch} (from ${from}, ${base.slice(0, 12)}).\nNext: gt crew attach ${agent.address}`,
    })
  })
}

function start(context: Context, who: string, agent?: string): Promise<Answer> {
  return withMember(context, who, async (town, own) => {
    const { startCrew } = await import('../crew/crew.ts')
    const started = await startCrew(town, own, agent)
    if (started.kind === 'error') return started
    const { address } = own.agent
    const how = !started.value.started ? 'was in already' : started.value.resumed ? 'is in, where it was' : 'is in'
    return ok({ data: { address, ...started.value }, text: `${address} ${how}. Next: gt attach ${address}` })
  })
}

function stop(context: Context, who: string): Promise<Answer> {
  return withMember(context, who, async (town, own) => {
    const { stopCrew } = await import('../crew/crew.ts')
    const stopped = await stopCrew(town, own)
    if (stopped.kind === 'error') return stopped
    const { address } = own.agent
    return ok({
      data: { address, running: false },
      text: `${address} is out; its worktree and its conversation are kept.`,
    })
  })
}

function list(context: Context, rig?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const known = rig === undefined ? ok(undefined) : await town.rig(rig)
    if (known.kind === 'error') return known
    const { lookAtCrew } = await import('../crew/look.ts')
    const views = await lookAtCrew(town, rig)
    const text = columns(views.map((view) => row(view, town.now())))
    return ok({ data: views, text: text || 'There is no crew. Next: gt crew add <rig> <name>' })
  })
}

function row(view: CrewView, now: Date): string[] {
  const { ahead, behind, dirty } = view
  const far = ahead === null ? '?' : `+${ahead} -${behind}`
  const files = dirty === null ? '?' : dirty === 0 ? 'clean' : `${dirty} uncommitted`
  return [
    view.address,
    view.state === 'making' ? 'half made: gt crew add again' : view.session,
    view.doing ?? '',
    view.last_seen === null ? 'never' : `${age(view.last_seen, now)} ago`,
    view.branch,
    far,
    files,
    view.unread > 0 ? `${view.unread} unread` : '',
  ]
}

async function land(
  context: Context,
  who: string | undefined,
  options: { title?: string; wait?: boolean; timeout?: string },
): Promise<Answer> {
  if (who === undefined) {
    return fail('E_USAGE', 'Say whose work is to land.', { hint: 'gt crew land <who>', exit: EXIT.usage })
  }
  let made: string | undefined
  let rig = ''
  const handed = await withMember(context, who, async (town, own) => {
    const { landingBead } = await import('../crew/land.ts')
    const bead = await landingBead(town, own, options.title)
    if (bead.kind === 'error') return bead
    made = bead.value.bead.id
    rig = own.crew.rig
    return ok({ data: null, text: '' })
  })
  if (handed.kind === 'error' || made === undefined) return handed
  const { slingCommand } = await import('./sling.ts')
  const { wait, timeout } = options
  return slingCommand(context, [made, rig], { agent: 'script', ...(wait && { wait }), ...(timeout && { timeout }) })
}

function remove(context: Context, who: string): Promise<Answer> {
  return withMember(context, who, async (town, own) => {
    const { removeCrew } = await import('../crew/remove.ts')
    const { unreadOf } = await import('../crew/look.ts')
    const letters = unreadOf(town, own.agent.address)
    const removed = await removeCrew(town, own)
    if (removed.kind === 'error') return removed
    const { address, archive, dirty } = removed.value
    const files = dirty > 0 ? ` with ${dirty} uncommitted file${dirty === 1 ? '' : 's'}` : ''
    const kept = archive === null ? 'There was nothing to keep.' : `It is archived${files}; back: gt restore ${address}`
    const unread = letters === 0 ? '' : `\nLetters that it was never shown: ${letters}; whoever wrote them is told.`
    return ok({ data: removed.value, text: `${address} is gone. ${kept}${unread}` })
  })
}
