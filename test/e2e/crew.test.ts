/** Whom a person talks to, with real tmux and git: the Mayor hands off, and the life of a crew member. The puppet plays them. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tmuxSocket } from '../../src/town/paths.ts'
import { line } from '../costs/support.ts'
import { until } from '../support/gt.ts'
import type { Puppet } from '../support/puppet.ts'
import { kill, makeTown, must, type TestTown } from '../support/town.ts'

/** What Claude Code would have been told about its conversation. */
function told(puppet: Puppet): { conversation: string; resumed: boolean } {
  const at = puppet.args.findIndex((word) => word === '--session-id' || word === '--resume')
  return { conversation: puppet.args[at + 1] ?? '', resumed: puppet.args[at] === '--resume' }
}

/** The client wrote something down, so the conversation can be taken up again. */
function begin(town: TestTown, puppet: Puppet): void {
  const folder = join(town.dir, 'home', '.claude', 'projects', 'p')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${told(puppet).conversation}.jsonl`), '{}\n')
}

const panes = (town: TestTown): string =>
  execFileSync('tmux', ['-L', tmuxSocket(town.root), 'list-panes', '-a', '-F', '#{@gt_name} #{pane_id}'], {
    env: town.env,
    encoding: 'utf8',
  })

it('the Mayor hands off in place, is taken up again by its id, and a replaced session has no word', async () => {
  const town = await makeTown({ agent: 'hooked' })
  await must(town.gt('mayor', 'start'))
  const first = await town.puppets.next()
  begin(town, first)
  const pane = panes(town)
  expect(told(first).resumed).toBe(false)
  await first.hook('PostToolUse')
  expect((await first.sh("gt handoff 'the epic is $HOME; `sling` it next' --json")).out).toContain('handing off')
  // Its turn is not over yet, so nobody cuts it off.
  expect(panes(town)).toBe(pane)
  await first.hook('Stop')
  const second = await town.puppets.next()
  await first.gone
  expect(panes(town)).toBe(pane)
  expect(told(second).resumed).toBe(false)
  expect(told(second).conversation).not.toBe(told(first).conversation)
  expect(second.brief).toContain('the epic is $HOME; `sling` it next')
  const stale = await second.sh('gt handoff late --json', { env: { GT_SESSION: first.env.GT_SESSION! } })
  expect(stale.out).toContain('E_STALE_FENCE')

  // A crash of everything: back in the same conversation, and the notes are not told a second time.
  begin(town, second)
  // A session that ends before who began it has seen it stand counts as never begun.
  await until('the end of the change', () => !town.processes().some(({ pid }) => isCycling(pid)))
  kill(town.tmuxServer()!)
  await second.gone
  expect((await must(town.gt('up'))).running).toBe(true)
  const third = await town.puppets.next()
  expect(told(third)).toEqual({ conversation: told(second).conversation, resumed: true })
  expect(third.args.join(' ')).not.toContain('epic')
  expect((await third.hook('SessionStart', { source: 'resume', session_id: told(third).conversation })).out).toMatch(
    /^You are still the Mayor/,
  )

  // Cleared at its prompt: from then on the new conversation is the one that is taken up.
  await third.hook('SessionStart', { source: 'clear', session_id: 'cleared-0' })
  await must(town.gt('mayor', 'stop'))
  await must(town.gt('down'))
  await must(town.gt('up'))
  expect(town.puppets.all).toHaveLength(3)
  await must(town.gt('mayor', 'start'))
  const fourth = await town.puppets.next()
  expect(told(fourth).conversation).toBe('cleared-0')

  // Whoever was to cycle the session is killed: the next start does it.
  await fourth.hook('PostToolUse')
  await fourth.sh("echo 'after the `kill`' | gt handoff -")
  const behind = await until('the process behind', () => town.processes().find(({ pid }) => isCycling(pid)))
  kill(behind.pid)
  await until('its end', () => !town.processes().some(({ pid }) => pid === behind.pid))
  expect((await must(town.gt('mayor', 'start'))).started).toBe(true)
  const fifth = await town.puppets.next()
  expect(fifth.brief).toContain('after the `kill`')
}, 120_000)

function isCycling(pid: number): boolean {
  try {
    return execFileSync('cat', [`/proc/${pid}/cmdline`], { encoding: 'utf8' }).includes('cycle-session')
  } catch {
    return false
  }
}

it('a crew member lives in a worktree of its own, lands by the queue, and leaves nothing unkept behind', async () => {
  const town = await makeTown({ agent: 'hooked', files: { '.gitignore': 'ignored\n' } })
  const home = join(town.root, 'app', 'crew', 'max')
  expect((await town.gt('crew', 'add', 'appp', 'max')).error).toMatchObject({
    code: 'E_NO_RIG',
    hint: expect.stringContaining('app'),
  })
  expect((await town.gt('crew', 'add', 'app', 'max', '--branch', 'main')).error?.code).toBe('E_BRANCH')

  // Killed in the middle, then made all the same.
  const first = town.start('crew', 'add', 'app', 'max')
  await until('its worktree', () => existsSync(join(home, '.git')))
  kill(first.pid)
  await first.ended
  const added = await must(town.gt('crew', 'add', 'app', 'max'))
  expect(added).toMatchObject({ address: 'app/crew/max', branch: 'crew/max', worktree: home, from: 'main' })
  expect(town.git(home, 'status', '--porcelain')).toBe('')
  expect((await town.gt('crew', 'add', 'app', 'max')).error?.code).toBe('E_CREW_EXISTS')
  expect((await town.gt('sling', 'ap-', 'app/crew/max')).error?.code).toBe('E_TARGET')

  await must(town.gt('crew', 'start', 'max'))
  const max = await town.puppets.next()
  expect(max.env).toMatchObject({ GT_ROLE: 'crew', GT_RIG: 'app', GT_AGENT: 'app/crew/max', BD_ACTOR: 'app/crew/max' })
  expect([max.cwd, max.env.GT_RUN]).toEqual([home, undefined])
  const prime = (await max.hook('SessionStart', { source: 'startup' })).out
  expect(prime).toContain('You are app/crew/max')
  expect(prime).toContain('branch crew/max')
  expect(town.git(home, 'status', '--porcelain')).toBe('')
  begin(town, max)

  // What it commits lands by the gate, like anybody's.
  await max.sh('echo by max > max.txt; git add -A; git commit -qm "Add $(printf max).txt"; echo dirty >> README.md')
  expect((await max.sh('gt crew land --json')).out).toContain('E_UNCOMMITTED')
  await max.sh('git checkout -q README.md')
  const landing = JSON.parse((await max.sh('gt crew land --wait --timeout 1m --json')).out)
  expect(landing.data[0]).toMatchObject({ state: 'landed' })
  expect(town.onMain('max.txt')).toBe('by max')
  expect((await max.sh('gt crew land --json')).out).toContain('E_NOTHING_TO_LAND')

  // What it sent off has landed: the town writes to it, as to anybody who stays.
  const view = await until('the notice', async () => {
    const [one] = await must(town.gt('crew', 'list'))
    return one.unread === 1 && one
  })
  expect(view).toMatchObject({ address: 'app/crew/max', session: 'in', doing: 'starting', dirty: 0, ahead: 0 })
  expect((await max.sh('gt crew remove max --json')).out).toContain('E_NOT_FOR_AGENTS')
  expect((await town.gt('doctor')).stdout).not.toContain('crew/max')
  await must(town.gt('dog', 'run', 'archive'))
  await must(town.gt('crew', 'stop', 'max'))
  await max.gone
  await must(town.gt('crew', 'start', 'app/max'))
  const again = await town.puppets.next()
  expect(told(again)).toEqual({ conversation: told(max).conversation, resumed: true })

  // Removal keeps it all, also when it is killed half way.
  await again.sh(
    'git merge -q --ff-only origin/main; echo more > more.txt; git add -A; git commit -qm more; echo loose > loose.txt; echo staged > staged.txt; git add staged.txt',
  )
  const spent = { at: new Date().toISOString(), output: 500, model: 'claude-haiku-5-5' }
  const transcript = join(town.dir, 'home', '.claude', 'projects', 'p', `${told(max).conversation}.jsonl`)
  appendFileSync(transcript, `${line('m1', spent)}\n`)
  const used = async (): Promise<number> =>
    (await must(town.gt('costs', '--by', 'role'))).rows.find(({ key }: { key: string }) => key === 'crew').tokens.output
  expect(await used()).toBe(500)
  const tip = town.git(home, 'rev-parse', 'HEAD')
  const removing = town.start('crew', 'remove', 'max')
  await again.gone
  kill(removing.pid)
  await removing.ended
  const removed = await must(town.gt('crew', 'remove', 'max'))
  expect(removed.archive).toMatch(/^refs\/gt\/archive\//)
  expect(existsSync(home)).toBe(false)
  expect(await must(town.gt('crew', 'list'))).toEqual([])
  expect(await used()).toBe(500)
  const back = join(town.dir, 'back')
  await must(town.gt('restore', 'app/crew/max', '--to', back))
  expect(town.git(back, 'rev-parse', 'HEAD')).toBe(tip)
  expect(town.git(back, 'status', '--porcelain')).toBe('?? loose.txt\n?? staged.txt')
  // Its name comes back with nothing of it.
  expect((await must(town.gt('crew', 'add', 'app', 'max'))).base).toBe(town.git(town.remote, 'rev-parse', 'main'))
  expect((await town.gt('crew', 'start', 'eva')).error?.code).toBe('E_NO_CREW')
}, 120_000)
