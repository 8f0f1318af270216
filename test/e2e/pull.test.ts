/** The landing policy `pr`, from `gt sling` to a merge on the forge, with real git and a scripted `gh`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FakeGh } from '../support/gh.ts'
import { fakeGh } from '../support/gh.ts'
import { until } from '../support/gt.ts'
import type { Puppet } from '../support/puppet.ts'
import { queueOf } from '../support/queue.ts'
import type { TestTown, TownOptions } from '../support/town.ts'
import { leftovers, makeTown, must } from '../support/town.ts'

const REPO = 'forge.example/fake/repo'

/** A town whose rig lands through pull requests. Its gate proves nothing: the forge's checks are the gate here. */
async function makeForge(options: TownOptions = {}): Promise<{ town: TestTown; gh: FakeGh }> {
  const town = await makeTown({ remote: 'bare', ...options })
  const gh = fakeGh(join(town.dir, 'forge'), town.remote)
  town.env.PATH = `${gh.bin}${delimiter}${town.env.PATH}`
  await must(town.gt('config', 'set', 'rig.app.landing.policy', 'pr'))
  await must(town.gt('config', 'set', 'rig.app.landing.repo', REPO))
  return { town, gh }
}

/** Slings, and waits until the work stands as an open pull request. */
async function open(town: TestTown, bead: string): Promise<void> {
  const end = await town.gt('sling', bead, 'app', '--wait')
  expect([end.code, end.error?.message]).toEqual([2, expect.stringContaining('pull request #1 is open')])
}

const handIn = async (puppet: Puppet, line: string): Promise<void> => {
  const said = await puppet.sh(`${line} && git add -A && git commit -qm work && gt done`)
  expect(`${said.code} ${said.out}`).toMatch(/^0 /)
  await puppet.exit(0)
}

const onRemote = (town: TestTown, ref: string): string => town.git(town.remote, 'rev-parse', ref)
const mergeOf = async (town: TestTown, bead: string) => (await town.show(bead)).mergeRequest
const settled = (town: TestTown, bead: string) => must(town.gt('sling', bead, 'app', '--wait'))
const GATED = 'rig.app.gate'

describe('merged outside', () => {
  it.each(['merge', 'squash'] as const)('opens one pull request and sees its %s on the forge', async (how) => {
    const { town, gh } = await makeForge()
    const title = 'Write $(touch pwned) "it"'
    const bead = await town.bead(title, 'echo hello > hello.txt; echo more > more.txt')
    const after = await town.bead('Later', 'cat hello.txt > copy.txt', '--needs', bead)
    await must(town.gt('sling', after, 'app'))
    await open(town, bead)
    const merge = await mergeOf(town, bead)
    expect(merge).toMatchObject({ state: 'held', held_for: 'pr', pr: { number: 1, branch: `gt/${bead}` } })
    expect(onRemote(town, `gt/${bead}`)).toBe(merge.head)
    expect(gh.pulls()[0]).toMatchObject({ title: `${title} (${bead})`, base: 'main', head: merge.head })
    expect(gh.pulls()[0]!.body).toContain(`Bead: ${bead}`)
    // Nothing is tested here and nothing moves main; a person is shown it among what waits for them.
    expect([town.landings(), town.tested().size]).toEqual([[], 0])
    expect((await must(town.gt('status'))).needs_you).toMatchObject([{ bead, cause: 'pr' }])

    const commit = gh.merge(1, how)
    await must(town.gt('refinery', 'run', 'app'))
    const shown = await town.show(bead)
    expect(shown).toMatchObject({ standing: 'landed', metadata: { gt: { landed: { commit, target: 'main' } } } })
    expect(shown.runs[0].state).toBe('finished')
    // It starts on top of what was merged.
    const end = await town.gt('sling', after, 'app', '--wait')
    expect(end.error?.message).toContain('pull request #2 is open')
    expect(gh.pulls().map((pull) => pull.state)).toEqual(['MERGED', 'OPEN'])
    expect(gh.calls('close')).toEqual([])
  })

  it('finds a squash although the target went on in the same lines', async () => {
    const { town, gh } = await makeForge({ files: { 'line.txt': 'base\n' } })
    const bead = await town.bead('Write', 'echo one > line.txt; git commit -qam a; echo two > line.txt')
    await open(town, bead)
    const commit = gh.merge(1, 'squash')
    town.git(town.project, 'pull', '-q', 'origin', 'main')
    town.git(town.project, 'rm', '-q', 'line.txt')
    town.git(town.project, 'commit', '-qm', 'Away with it')
    town.git(town.project, 'push', '-q', 'origin', 'main')
    const [row] = await settled(town, bead)
    expect(row.state).toBe('landed')
    expect((await town.show(bead)).metadata.gt.landed.commit).toBe(commit)
    expect(leftovers(town)).toEqual([])
  })
})

describe('what comes back', () => {
  it('resumes the same worker for a failed check, then for a reviewer, and updates the same pull request', async () => {
    const { town, gh } = await makeForge({ agent: 'puppet' })
    const bead = await town.bead('Write', '')
    const first = town.start('sling', bead, 'app', '--wait')
    const one = await town.puppets.next(bead)
    await handIn(one, 'echo one > a.txt')
    expect((await first.ended).code).toBe(2)

    gh.check(1, 'lint-the-thing', 'FAILURE')
    const second = town.start('sling', bead, 'app', '--wait')
    const two = await town.puppets.next(bead)
    expect([two.run, two.cwd, two.round]).toEqual([one.run, one.cwd, 2])
    expect(readFileSync(two.env.GT_EVIDENCE!, 'utf8')).toContain('lint-the-thing')
    expect(await mergeOf(town, bead)).toMatchObject({ state: 'red', returns: 1 })
    // Rewritten, not only added to: the lease is what we pushed last.
    await handIn(two, 'echo two > a.txt && git reset -q --soft HEAD~1')
    expect((await second.ended).code).toBe(2)
    expect(onRemote(town, `gt/${bead}`)).toBe((await mergeOf(town, bead)).head)

    gh.review(1, 'CHANGES_REQUESTED', 'Please use `three` & not "two"', 'ann')
    const third = town.start('sling', bead, 'app', '--wait')
    const three = await town.puppets.next(bead)
    expect([three.run, three.round]).toEqual([one.run, 3])
    const evidence = readFileSync(three.env.GT_EVIDENCE!, 'utf8')
    expect(evidence).toContain('Please use `three` & not "two"')
    expect(evidence).toContain('ann')
    await handIn(three, 'echo three > a.txt')
    expect((await third.ended).error?.message).toContain('a second look by ann')
    gh.review(1, 'APPROVED', '', 'ann')
    gh.merge(1)
    await settled(town, bead)
    expect(town.onMain('a.txt')).toBe('three')
    expect(gh.pulls()).toHaveLength(1)
    expect(gh.calls('create')).toHaveLength(1)
    expect(town.claims()).toHaveLength(1)
  })

  it('sends a conflict with the moved target home', async () => {
    const { town } = await makeForge({ agent: 'puppet', files: { 'line.txt': 'base\n' } })
    const bead = await town.bead('Write', '')
    const first = town.start('sling', bead, 'app', '--wait')
    await handIn(await town.puppets.next(bead), 'echo ours > line.txt')
    expect((await first.ended).code).toBe(2)
    town.git(town.project, 'rm', '-q', 'line.txt')
    town.git(town.project, 'commit', '-qm', 'Away with it')
    town.git(town.project, 'push', '-q', 'origin', 'main')
    const call = town.start('sling', bead, 'app', '--wait')
    const again = await town.puppets.next(bead)
    expect(again.round).toBe(2)
    expect(readFileSync(again.env.GT_EVIDENCE!, 'utf8')).toContain('line.txt')
    await handIn(again, 'git merge -q origin/main || git add -A')
    expect((await call.ended).code).toBe(2)
    expect(await mergeOf(town, bead)).toMatchObject({ state: 'held', held_for: 'pr' })
  })
})

describe('whose turn it is', () => {
  it('asks a person about a closed one, and opens another when told to', async () => {
    const { town, gh } = await makeForge()
    const bead = await town.bead('Write', 'echo x > x.txt')
    await open(town, bead)
    gh.close(1)
    const closed = await town.gt('sling', bead, 'app', '--wait')
    expect([closed.code, closed.error?.message]).toEqual([2, expect.stringContaining('closed without being merged')])
    expect((await town.show(bead)).metadata.gt.needs.cause).toBe('pr-closed')
    await must(town.gt('mq', 'retry', bead))
    const again = await town.gt('sling', bead, 'app', '--wait')
    expect(again.error?.message).toContain('pull request #2 is open')
    expect(gh.pulls().map((pull) => pull.state)).toEqual(['CLOSED', 'OPEN'])
  })

  it('takes over what a person pushed on top, and overwrites nothing else', async () => {
    const { town, gh } = await makeForge()
    const bead = await town.bead('Write', 'echo x > x.txt')
    await open(town, bead)
    const branch = `gt/${bead}`
    town.git(town.project, 'fetch', '-q', 'origin')
    town.git(town.project, 'switch', '-qc', branch, `origin/${branch}`)
    town.git(town.project, 'commit', '-q', '--allow-empty', '-m', 'On top')
    town.git(town.project, 'push', '-q', 'origin', branch)
    const onTop = onRemote(town, branch)
    await must(town.gt('refinery', 'run', 'app'))
    expect(await mergeOf(town, bead)).toMatchObject({ state: 'held', head: onTop, pr: { head: onTop, theirs: onTop } })
    // The worker's own branch lacks it: another try must not take it away.
    await must(town.gt('mq', 'retry', bead))
    await must(town.gt('refinery', 'run', 'app'))
    expect(onRemote(town, branch)).toBe(onTop)
    expect(await mergeOf(town, bead)).toMatchObject({ state: 'held', head: onTop })

    town.git(town.project, 'commit', '-q', '--amend', '--allow-empty', '-m', 'Instead')
    town.git(town.project, 'push', '-qf', 'origin', branch)
    const instead = onRemote(town, branch)
    const moved = await town.gt('sling', bead, 'app', '--wait')
    expect([moved.code, moved.error?.message]).toEqual([2, expect.stringContaining('nothing was overwritten')])
    expect((await town.show(bead)).metadata.gt.needs.cause).toBe('pr-head-moved')
    expect(onRemote(town, branch)).toBe(instead)
    expect(gh.pulls()).toHaveLength(1)
  })

  it('updates the pull request that the bead names', async () => {
    const { town, gh } = await makeForge({ agent: 'puppet' })
    town.git(town.project, 'switch', '-qc', 'feature')
    town.git(town.project, 'commit', '-q', '--allow-empty', '-m', 'A person began')
    town.git(town.project, 'push', '-q', 'origin', 'feature')
    const theirs = onRemote(town, 'feature')
    const create = ['pr', 'create', '--head=feature', '--base=main', '--title=Mine', '--body-file=/dev/null']
    execFileSync(join(gh.bin, 'gh'), create, { env: gh.environment() })
    const bead = 'app-named'
    const record = {
      ...{ id: bead, title: 'Finish it', description: '', status: 'open', priority: 2, issue_type: 'task' },
      ...{ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' },
      external_ref: `https://${REPO}/pull/1`,
    }
    writeFileSync(join(town.dir, 'one.jsonl'), `${JSON.stringify(record)}\n`)
    await must(town.gt('bead', 'import', join(town.dir, 'one.jsonl')))
    const call = town.start('sling', bead, 'app', '--wait')
    await handIn(await town.puppets.next(bead), 'echo x > x.txt')
    // Their commit is not part of the work yet, and it is not thrown away.
    const again = await town.puppets.next(bead)
    expect(readFileSync(again.env.GT_EVIDENCE!, 'utf8')).toContain(`git merge ${theirs}`)
    expect(onRemote(town, 'feature')).toBe(theirs)
    const merged = await again.sh(`git merge -q -m both ${theirs} && gt done`)
    expect(`${merged.code} ${merged.out}`).toMatch(/^0 /)
    await again.exit(0)
    expect((await call.ended).error?.message).toContain('pull request #1 is open')
    expect(onRemote(town, 'feature')).toBe((await mergeOf(town, bead)).head)
    expect(gh.pulls()).toHaveLength(1)
    expect(gh.pulls()[0]!.title).toBe('Mine')
  })

  it('comes to the same pull request in a later run; stopping one deletes nothing on the forge', async () => {
    const { town, gh } = await makeForge({ agent: 'puppet' })
    const bead = await town.bead('Twice', '')
    const first = town.start('sling', bead, 'app', '--wait')
    const one = await town.puppets.next(bead)
    await handIn(one, 'echo one > a.txt')
    expect((await first.ended).code).toBe(2)
    const before = onRemote(town, `gt/${bead}`)
    await must(town.gt('run', 'stop', one.run))
    expect([gh.pulls()[0]!.state, onRemote(town, `gt/${bead}`)]).toEqual(['OPEN', before])
    const second = town.start('sling', bead, 'app', '--wait')
    const two = await town.puppets.next(bead)
    expect(two.run).not.toBe(one.run)
    await handIn(two, 'echo two > b.txt')
    expect((await second.ended).error?.message).toContain('pull request #1 is open')
    expect(gh.pulls()).toHaveLength(1)
    expect(gh.pulls()[0]!.body).toContain(`Run: ${two.run}`)
    expect(onRemote(town, `gt/${bead}`)).toBe((await mergeOf(town, bead)).head)
  })
})

describe('without a pull request', () => {
  it('holds the work without gh, says what to type, and goes on by itself once it can', async () => {
    const { town, gh } = await makeForge()
    // Every program but gh.
    const bin = join(town.dir, 'bin')
    mkdirSync(bin)
    for (const name of ['sh', 'git', 'tmux', 'node', 'cat', 'ps', 'env', 'mkdir', 'sleep']) {
      const at = `${town.env.PATH}`.split(delimiter).map((dir) => join(dir, name))
      const found = at.find((path) => existsSync(path))
      if (found !== undefined) symlinkSync(found, join(bin, name))
    }
    const path = town.env.PATH
    town.env.PATH = bin
    const bead = await town.bead('Write', 'echo x > x.txt')
    const held = await town.gt('sling', bead, 'app', '--wait')
    expect(held.code).toBe(2)
    expect(held.error?.message).toContain('there is no program gh on PATH')
    expect(held.error?.message).toContain('gt land ')
    expect(await mergeOf(town, bead)).toMatchObject({ state: 'held', held_for: 'pr' })
    expect(town.git(town.remote, 'for-each-ref', 'refs/heads/gt')).toBe('')

    town.env.PATH = path
    gh.set('auth', 'off')
    expect((await town.gt('sling', bead, 'app', '--wait')).error?.message).toContain('gh auth login')
    gh.set('auth', 'on')
    await must(town.gt('refinery', 'run', 'app'))
    const shown = await town.show(bead)
    expect(shown.metadata.gt.needs).toBeUndefined()
    expect(shown.mergeRequest.reason).toContain('pull request #1 is open')
  })

  it('waits for a forge that does not answer, telling nobody', async () => {
    const { town, gh } = await makeForge()
    gh.set('net', 'off')
    const bead = await town.bead('Write', 'echo x > x.txt')
    const call = town.start('sling', bead, 'app', '--wait')
    await until('the first try', async () => (await mergeOf(town, bead))?.reason?.includes('tried again by itself'))
    expect(await town.show(bead)).toMatchObject({ standing: 'submitted', mergeRequest: { state: 'held' } })
    expect((await town.show(bead)).metadata.gt.needs).toBeUndefined()
    gh.set('net', 'on')
    expect((await call.ended).error?.message).toContain('pull request #1 is open')
    expect(gh.pulls()).toHaveLength(1)
  })

  it('names the setting when the remote is on no forge', async () => {
    const town = await makeTown({ remote: 'bare' })
    await must(town.gt('config', 'set', 'rig.app.landing.policy', 'pr'))
    const bead = await town.bead('Write', 'echo x > x.txt')
    const held = await town.gt('sling', bead, 'app', '--wait')
    expect([held.code, held.error?.message]).toEqual([2, expect.stringContaining('rig.app.landing.repo')])
  })

  it('lands directly when a person says so, tested, and closes the pull request', async () => {
    const { town, gh } = await makeForge()
    await must(town.gt('config', 'set', 'rig.app.landing.strategy', 'squash'))
    const bead = await town.bead('Write', 'echo x > x.txt')
    await open(town, bead)
    await must(town.gt('land', bead))
    await settled(town, bead)
    expect(town.onMain('x.txt')).toBe('x')
    const [landing] = town.landings()
    expect(town.tested()).toContain(onRemote(town, `${landing}^{tree}`))
    expect(gh.pulls()[0]).toMatchObject({ state: 'CLOSED', comments: [expect.stringContaining(landing!)] })
  })

  it('lands directly although the forge is gone', async () => {
    const { town, gh } = await makeForge()
    const bead = await town.bead('Write', 'echo x > x.txt')
    await open(town, bead)
    gh.set('net', 'off')
    await must(town.gt('land', bead))
    await settled(town, bead)
    expect(town.onMain('x.txt')).toBe('x')
  })

  it('leaves the decision to people: no agent lands, or changes the policy', async () => {
    const { town } = await makeForge({ agent: 'puppet' })
    const [bead, other] = [await town.bead('Write', ''), await town.bead('Other', '')]
    const call = town.start('sling', bead, 'app', '--wait')
    await handIn(await town.puppets.next(bead), 'echo x > x.txt')
    expect((await call.ended).code).toBe(2)
    await must(town.gt('sling', other, 'app'))
    const agent = await town.puppets.next(other)
    for (const line of [
      `gt land ${bead}`,
      `gt mq retry ${bead}`,
      'gt config set rig.app.landing.policy direct',
      `gt config set rig.app.landing.repo evil/repo`,
      `gt config set ${GATED} true`,
      `gt bead update ${bead} --landing direct`,
    ]) {
      expect(`${line}: ${(await agent.sh(`${line} --json`)).out}`).toContain('E_NOT_FOR_AGENTS')
    }
    expect(await mergeOf(town, bead)).toMatchObject({ state: 'held', held_for: 'pr' })
    expect(town.landings()).toEqual([])
    await agent.exit(1)
  })
})

it('survives kill -9 between the push, the opening and the books: one pull request each', {
  timeout: 60_000,
}, async () => {
  const { town, gh } = await makeForge()
  const queue = queueOf(town)
  const pushed = (bead: string) => town.git(town.remote, 'branch', '--list', `gt/${bead}`) !== ''
  const moments = [
    (bead: string) => pushed(bead),
    (bead: string) => gh.pulls().some((pull) => pull.branch === `gt/${bead}`),
    (bead: string) => gh.pulls().some((pull) => pull.branch === `gt/${bead}`) && gh.calls('view').length > 0,
  ]
  const made = []
  for (const [n, moment] of moments.entries()) {
    const one = queue.submit({ files: { [`f${n}`]: 'x' } })
    const call = town.start('refinery', 'run', 'app')
    await Promise.race([until('the moment', () => moment(one.bead)), call.ended])
    call.kill()
    await call.ended
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(one)).toMatchObject({ state: 'held', held_for: 'pr', pr: { branch: `gt/${one.bead}` } })
    made.push(one)
  }
  expect(gh.pulls().map(({ branch, state }) => [branch, state])).toEqual(made.map(({ bead }) => [`gt/${bead}`, 'OPEN']))
  for (const { number } of gh.pulls()) gh.merge(number)
  await must(town.gt('refinery', 'run', 'app'))
  for (const one of made) expect(queue.merge(one).state).toBe('landed')
  queue.close()
})
