/** The way of a bead from `gt sling` to landed, and every bend in it. Real git, real tmux, real processes. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import { asText } from '../support/refused.ts'
import { flawsOfMain, leftovers, makeTown, must, nothingLeft } from '../support/town.ts'

/** Every file of a folder with its content, and what git says of it. */
function photograph(folder: string, names: string[]): string[] {
  return names.map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8')}`)
}

describe('landing', () => {
  it('turns three beads into three verified merges and leaves the person’s own changes alone', async () => {
    const town = await makeTown({ files: { 'notes.txt': 'before\n', '.gitignore': 'secret\n' } })
    // Staged, unstaged, untracked and ignored work of the person, on the very branch that moves.
    writeFileSync(join(town.project, 'notes.txt'), 'staged\n')
    town.git(town.project, 'add', 'notes.txt')
    writeFileSync(join(town.project, 'notes.txt'), 'staged, then changed\n')
    writeFileSync(join(town.project, 'draft.txt'), 'untracked\n')
    writeFileSync(join(town.project, 'secret'), 'ignored\n')
    const mine = ['notes.txt', 'draft.txt', 'secret']
    const before = [...photograph(town.project, mine), town.git(town.project, 'status', '--porcelain')]
    const staged = town.git(town.project, 'diff', '--cached')

    const beads = []
    for (const n of [1, 2, 3]) beads.push(await town.bead(`Write file ${n}`, `echo ${n} > file${n}.txt`))
    const rows = await must(town.gt('sling', ...beads, 'app', '--wait'))

    expect(rows.map((row: Answer) => row.state)).toEqual(['landed', 'landed', 'landed'])
    expect([1, 2, 3].map((n) => town.onMain(`file${n}.txt`))).toEqual(['1', '2', '3'])
    expect(await flawsOfMain(town, beads)).toEqual([])
    for (const row of rows) {
      const { commit } = (await town.show(row.bead)).metadata.gt.landed
      const message = town.git(town.remote, 'show', '-s', '--format=%an%n%B', commit)
      expect(message).toContain(row.bead)
      expect(message.split('\n')[0]).toBe(row.agent)
    }
    expect([...photograph(town.project, mine), town.git(town.project, 'status', '--porcelain')]).toEqual(before)
    expect(town.git(town.project, 'diff', '--cached')).toBe(staged)
    expect(leftovers(town)).toEqual([])
  })

  it('lands on a bare remote without touching anybody’s clone', async () => {
    const town = await makeTown({ remote: 'bare' })
    const head = town.git(town.project, 'rev-parse', 'HEAD')
    const bead = await town.bead('Write a file', 'echo hello > hello.txt')
    // Longer than a timer can count.
    await must(town.gt('sling', bead, 'app', '--wait', '--timeout', '30d'))
    expect(town.onMain('hello.txt')).toBe('hello')
    expect(town.git(town.project, 'rev-parse', 'HEAD')).toBe(head)
    expect(await flawsOfMain(town, [bead])).toEqual([])
  })

  it('holds what no gate proves, says how to set one, and lands it then', async () => {
    const town = await makeTown({ gate: null })
    const bead = await town.bead('Write a file', 'echo hello > hello.txt')
    const held = await town.gt('sling', bead, 'app', '--wait')
    expect(held.code).toBe(2)
    expect(`${held.error?.message} ${held.error?.hint}`).toContain('gt config set rig.app.gate')
    expect(town.landings()).toEqual([])
    expect((await town.show(bead)).mergeRequest).toMatchObject({ state: 'held', held_for: 'unverified' })

    const command = `git rev-parse 'HEAD^{tree}' >> '${town.dir}/gates.log'`
    await must(town.gt('config', 'set', 'rig.app.gate', command))
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(await flawsOfMain(town, [bead])).toEqual([])
  })

  it('lands nothing by itself under the policy "hold", until a person says so', async () => {
    const town = await makeTown()
    await must(town.gt('config', 'set', 'rig.app.landing.policy', 'hold'))
    const bead = await town.bead('Write a file', 'echo hello > hello.txt')
    expect((await town.gt('sling', bead, 'app', '--wait')).code).toBe(2)
    expect(town.landings()).toEqual([])
    await must(town.gt('land', bead))
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(await flawsOfMain(town, [bead])).toEqual([])
  })

  it('says what of the machine keeps a bead from starting', async () => {
    const town = await makeTown()
    await must(town.gt('config', 'set', 'host.min_memory_mb', '999999999'))
    const bead = await town.bead('Write a file', 'echo hello > hello.txt')
    const said = await asText(town, 'sling', bead, 'app', '--wait', '--timeout', '1s')
    expect(said.code).toBe(75)
    expect(said.stderr).toMatch(/Now it waits: This machine is busy: .*host\.min_memory_mb/)
    const told = said.stderr.split('\n').filter((line) => line.startsWith(`${bead}  waiting  This machine`))
    expect(told).toHaveLength(1)
    const { data } = await town.gt('sling', bead, 'app')
    expect(data).toMatchObject([{ bead, state: 'waiting', reason: expect.stringContaining('This machine is busy') }])
  })

  it('tests again on top of a target that moved while the gate ran', async () => {
    // The first gate run stays until the test lets it go; by then somebody else has pushed.
    const town = await makeTown({
      remote: 'bare',
      gate: `if mkdir ../../../first 2>/dev/null; then while [ ! -e ../../../go ]; do sleep 0.05; done; fi`,
    })
    const bead = await town.bead('Write a file', 'echo hello > hello.txt')
    const call = town.start('sling', bead, 'app', '--wait')
    await until('the gate', () => existsSync(join(town.root, 'first')) || existsSync(join(town.dir, 'first')))
    writeFileSync(join(town.project, 'theirs.txt'), 'theirs\n')
    town.git(town.project, 'add', '-A')
    town.git(town.project, 'commit', '-qm', 'Somebody else')
    town.git(town.project, 'push', '-q', 'origin', 'main')
    const theirs = town.git(town.project, 'rev-parse', 'HEAD')
    for (const place of [town.root, town.dir]) writeFileSync(join(place, 'go'), '')
    expect((await call.ended).code).toBe(0)

    const [landing, below] = town.landings()
    expect(below).toBe(theirs)
    expect(town.git(town.remote, 'rev-parse', `${landing}^1`)).toBe(theirs)
    const tree = town.git(town.remote, 'rev-parse', `${landing}^{tree}`)
    // The tested tree holds their file: what was tested first is not what landed.
    expect(town.tested().has(tree)).toBe(true)
    expect(town.tested().size).toBe(2)
    expect((await must(town.gt('mq', 'verify', landing!))).verified).toBe(true)
    expect((await town.gt('mq', 'verify', theirs)).error?.code).toBe('E_NO_RECEIPT')
  })
})

describe('the queue', () => {
  it('starts a bead only after what it needs has landed', async () => {
    const town = await makeTown()
    const a = await town.bead('First', 'echo a > a.txt')
    // Fails unless the work of A is in the worktree that it starts from.
    const b = await town.bead('Second', 'cat a.txt > b.txt', '--needs', a)
    await must(town.gt('sling', b, a, 'app', '--wait'))
    expect(town.onMain('b.txt')).toBe('a')
    expect(await flawsOfMain(town, [a, b])).toEqual([])
    const { base, attempt } = (await town.show(b)).runs[0]
    expect(attempt).toBe(1)
    expect(base).toBe((await town.show(a)).metadata.gt.landed.commit)
  })

  it('answers the same run to a second sling, and 75 when the time is up', async () => {
    const town = await makeTown({ agent: 'puppet' })
    const bead = await town.bead('Slow work', '')
    const [first] = await must(town.gt('sling', bead, 'app'))
    const puppet = await town.puppets.next(bead)
    const [second] = await must(town.gt('sling', bead, 'app'))
    expect(second).toEqual(first)
    expect(puppet.run).toBe(first.run)
    // The brief was in the prompt and the assignment in the ledger before the agent began (pain A05).
    expect(puppet.brief).toContain(bead)
    const late = await town.gt('sling', bead, 'app', '--wait', '--timeout', '1s')
    expect(late.code).toBe(75)
    expect((await town.show(bead)).runs).toHaveLength(1)
    expect(town.puppets.all).toHaveLength(1)

    await puppet.sh('echo x > x.txt && git add -A && git commit -qm x')
    expect((await puppet.sh('gt done')).code).toBe(0)
    await puppet.exit(0)
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(await flawsOfMain(town, [bead])).toEqual([])
    // Nobody drove the town when it said done, so a small process of its own ends the session a moment later.
    await nothingLeft(town)
  })

  it('keeps to the cap under ten slings at once', async () => {
    const town = await makeTown({ set: { 'workers.max': '2' } })
    const [log, go] = [join(town.dir, 'busy'), join(town.dir, 'go')]
    const script = `mkdir -p '${log}'; touch '${log}/'$GT_BEAD; ls '${log}' | wc -l >> '${log}.log'
while [ ! -e '${go}' ]; do sleep 0.1; done; echo x > $GT_BEAD; rm '${log}/'$GT_BEAD`
    const beads = await Promise.all(Array.from({ length: 10 }, (_, n) => town.bead(`Bead ${n}`, script)))
    // Each of these dispatches by itself; nobody but the conditional claim counts for all of them.
    const calls = await Promise.all(beads.map((bead) => town.gt('sling', bead, 'app')))
    expect(calls.map((call) => call.code)).toEqual(beads.map(() => 0))
    expect(town.claims()).toHaveLength(2)
    expect(calls.filter(({ data }) => data[0].state === 'waiting')).toHaveLength(8)
    writeFileSync(go, '')
    await must(town.gt('sling', ...beads, 'app', '--wait'))
    const together = readFileSync(`${log}.log`, 'utf8').trim().split(/\s+/).map(Number)
    expect(together).toHaveLength(10)
    expect(Math.max(...together)).toBeLessThanOrEqual(2)
    expect(town.claims()).toHaveLength(10)
    expect(await flawsOfMain(town, beads)).toEqual([])
  })
})

describe('what comes back', () => {
  it('sends a red back to the same worktree with evidence, and lands what was mended', async () => {
    const town = await makeTown({
      agent: 'puppet',
      gate: `if grep -qs bad state.txt; then seq 5000; echo "state.txt is bad"; exit 1; fi`,
    })
    const bead = await town.bead('Write the state', '')
    const call = town.start('sling', bead, 'app', '--wait')
    const one = await town.puppets.next(bead)
    await one.sh('echo bad > state.txt && git add -A && git commit -qm bad && gt done')
    await one.exit(0)

    const two = await town.puppets.next(bead)
    expect([two.run, two.cwd, two.round]).toEqual([one.run, one.cwd, 2])
    const evidence = readFileSync(two.env.GT_EVIDENCE!)
    expect(evidence.toString()).toContain('state.txt is bad')
    expect(evidence.length).toBeLessThanOrEqual(2048)
    expect(two.brief).toContain('state.txt is bad')
    expect((await two.sh('cat state.txt')).out).toBe('bad\n')
    await two.sh('echo good > state.txt && git commit -qam good && gt done')
    await two.exit(0)
    expect((await call.ended).code).toBe(0)
    expect(town.onMain('state.txt')).toBe('good')
    expect((await town.show(bead)).metadata.gt.attempts).toBe(1)
    expect(await flawsOfMain(town, [bead])).toEqual([])
  })

  it('sends a conflict back to the same worktree, and lands what was resolved', async () => {
    const town = await makeTown({ agent: 'puppet', files: { 'line.txt': 'base\n' } })
    const [a, b] = [await town.bead('One', ''), await town.bead('Two', '')]
    const call = town.start('sling', a, b, 'app', '--wait')
    const [one, two] = [await town.puppets.next(a), await town.puppets.next(b)]
    await one.sh('echo one > line.txt && git commit -qam one && gt done')
    await one.exit(0)
    await until('the first landing', () => town.landings().length === 1)
    await two.sh('echo two > line.txt && git commit -qam two && gt done')
    await two.exit(0)

    const again = await town.puppets.next(b)
    expect([again.run, again.cwd, again.round]).toEqual([two.run, two.cwd, 2])
    expect(readFileSync(again.env.GT_EVIDENCE!, 'utf8')).toContain('line.txt')
    const merged = await again.sh(
      `git merge -q ${town.landings()[0]}; echo both > line.txt && git add -A && git commit -qm both && gt done`,
    )
    expect(merged.code).toBe(0)
    await again.exit(0)
    expect((await call.ended).code).toBe(0)
    expect(town.onMain('line.txt')).toBe('both')
    expect(await flawsOfMain(town, [a, b])).toEqual([])
  })

  it('asks a person once the rounds are used up, and keeps the work', async () => {
    const town = await makeTown({ gate: 'test ! -e bad.txt', set: { 'workers.rounds': '1' } })
    const bead = await town.bead('Never good', 'echo $GT_ROUND > bad.txt')
    const end = await town.gt('sling', bead, 'app', '--wait')
    expect(end.code).toBe(2)
    const { runs, metadata } = await town.show(bead)
    expect(metadata.gt.needs.cause).toBe('red')
    expect(runs).toHaveLength(1)
    expect(runs[0]).toMatchObject({ round: 2, state: 'submitted' })
    expect(readFileSync(join(runs[0].worktree, 'bad.txt'), 'utf8')).toBe('2\n')
    expect(town.landings()).toEqual([])
  })

  it('sends back what a person rejects, and the mended work lands', async () => {
    const town = await makeTown({ set: { 'workers.rounds': '3' } })
    await must(town.gt('config', 'set', 'rig.app.landing.policy', 'hold'))
    const bead = await town.bead(
      'Write',
      'echo "round $GT_ROUND" > r.txt; [ "$GT_ROUND" = 1 ] || cp "$GT_EVIDENCE" why.txt',
    )
    expect((await town.gt('sling', bead, 'app', '--wait')).code).toBe(2)
    await must(town.gt('reject', bead, '--reason', 'the parser needs $(a) "test"'))
    expect((await town.gt('sling', bead, 'app', '--wait')).code).toBe(2)
    await must(town.gt('land', bead))
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(town.onMain('r.txt')).toBe('round 2')
    expect(town.onMain('why.txt')).toContain('the parser needs $(a) "test"')
    expect(await flawsOfMain(town, [bead])).toEqual([])
  })
})

describe('a gate that proves nothing', () => {
  it('merges nothing when the gate could not run, and asks a person', async () => {
    const town = await makeTown({ gate: 'no-such-program-anywhere' })
    const bead = await town.bead('Write', 'echo x > x.txt')
    expect((await town.gt('sling', bead, 'app', '--wait')).code).toBe(2)
    expect((await town.show(bead)).mergeRequest.state).toBe('could_not_run')
    expect(town.landings()).toEqual([])
    // Mended by its owner, the same work lands without a new worker.
    town.set('rig.app.gate', `git rev-parse 'HEAD^{tree}' >> '${town.dir}/gates.log'`)
    await must(town.gt('mq', 'retry', bead))
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(town.claims()).toHaveLength(1)
    expect(await flawsOfMain(town, [bead])).toEqual([])
  })

  it('finds out that the target itself is red by running it', async () => {
    const town = await makeTown({ gate: 'test ! -e broken.txt', files: { 'broken.txt': '' } })
    const bead = await town.bead('Write', 'echo x > x.txt')
    const end = await town.gt('sling', bead, 'app', '--wait')
    expect(end.code).toBe(2)
    expect(end.error?.message).toContain('main itself is red')
    expect(town.tested()).toContain(town.git(town.project, 'rev-parse', 'main^{tree}'))
    expect((await town.show(bead)).runs[0].round).toBe(1)
    expect(town.landings()).toEqual([])
  })

  it('blocks with the output of a provisioning command that failed; no agent starts', async () => {
    const town = await makeTown({ agent: 'puppet', set: { 'workers.attempts': '2' } })
    town.set('rig.app.provision.run', 'echo the registry is closed >&2; exit 3')
    const bead = await town.bead('Write', '')
    const end = await town.gt('sling', bead, 'app', '--wait')
    expect(end.code).toBe(2)
    expect(end.error?.message).toContain('the registry is closed')
    expect((await town.show(bead)).runs).toHaveLength(2)
    expect(town.puppets.all).toEqual([])
    expect(leftovers(town).filter((one) => one.startsWith('process'))).toEqual([])
  })
})

describe('what a worker may say', () => {
  it('refuses a claim that the evidence does not carry, and changes nothing', async () => {
    const town = await makeTown({ agent: 'puppet' })
    const bead = await town.bead('Careful work', '')
    await must(town.gt('sling', bead, 'app'))
    const puppet = await town.puppets.next(bead)
    const refused = async (line: string, code: string, more?: Parameters<typeof puppet.sh>[1]): Promise<void> => {
      const said = await puppet.sh(`${line} --json`, more)
      expect(`${said.code} ${said.out}`).toContain(code)
      expect(said.code).toBe(1)
      expect((await town.show(bead)).mergeRequest).toBeNull()
    }
    await refused('gt done', 'E_NO_COMMITS')
    await puppet.sh('echo x > x.txt')
    await refused('gt done', 'E_UNCOMMITTED')
    await puppet.sh('git add -A && git commit -qm x && git switch -qc elsewhere')
    await refused('gt done', 'E_WRONG_BRANCH')
    await puppet.sh('git switch -q -')
    await refused('gt done', 'E_WRONG_DIRECTORY', { cwd: town.project })
    await refused('gt done', 'E_STALE_FENCE', { env: { GT_RUN: 'nosuchrun' } })
    // A verb of people is none for workers.
    await refused(`gt reject ${bead} --reason x`, 'E_NOT_FOR_AGENTS')
    expect((await puppet.sh('gt done')).code).toBe(0)
    expect((await puppet.sh('gt done')).code).toBe(0)
    expect((await town.show(bead)).runs[0].state).toBe('submitted')
    await puppet.exit(0)
  })

  it('refuses the last run’s fence once another run has the bead, and keeps its work', async () => {
    const town = await makeTown({ agent: 'puppet' })
    const bead = await town.bead('Twice', '')
    await must(town.gt('sling', bead, 'app'))
    const old = await town.puppets.next(bead)
    await old.sh('echo old > old.txt && git add -A && git commit -qm old')
    await must(town.gt('run', 'stop', old.run))
    await must(town.gt('sling', bead, 'app'))
    const fresh = await town.puppets.next(bead)
    expect(fresh.run).not.toBe(old.run)
    const said = await fresh.sh('gt done --json', { env: { GT_RUN: old.run } })
    expect(said.out).toContain('E_STALE_FENCE')
    expect(said.code).toBe(1)
    const { runs, mergeRequest } = await town.show(bead)
    expect([mergeRequest, runs.map((run: Answer) => run.state)]).toEqual([null, ['stopped', 'working']])
    await must(town.gt('restore', old.run, '--to', join(town.dir, 'back')))
    expect(readFileSync(join(town.dir, 'back', 'old.txt'), 'utf8')).toBe('old\n')
  })

  it('leaves a declined bead open for a person', async () => {
    const town = await makeTown()
    const bead = await town.bead('Nothing to do', 'gt decline --reason "it is there already"; exit 0')
    const end = await town.gt('sling', bead, 'app', '--wait')
    expect(end.code).toBe(2)
    expect(end.error?.message).toContain('it is there already')
    const { status, standing, metadata } = await town.show(bead)
    expect([status, standing, metadata.gt.needs.cause]).toEqual(['open', 'needs_human', 'declined'])
  })

  it('takes a written report where one was asked for, without a commit', async () => {
    const town = await makeTown()
    const bead = await town.bead('Look into it', 'gt done && exit 9; gt done --message "It is the cache."', '--report')
    const [row] = await must(town.gt('sling', bead, 'app', '--wait'))
    expect(row.state).toBe('done')
    const { comments, status } = await town.show(bead)
    expect(status).toBe('closed')
    expect(comments.map((one: Answer) => one.text)).toEqual(['It is the cache.'])
    expect(town.landings()).toEqual([])
  })

  it('carries hostile text through untouched and runs none of it', async () => {
    const town = await makeTown()
    const title = `$(touch ${town.dir}/pwned) "quotes" 'and' \`ticks\` ; touch ${town.dir}/pwned`
    const bead = await town.bead(title, 'echo x > x.txt')
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(existsSync(join(town.dir, 'pwned'))).toBe(false)
    expect((await town.show(bead)).title).toBe(title)
    expect(execFileSync('git', ['-C', town.remote, 'log', '--format=%s', 'main'], { encoding: 'utf8' })).toContain(
      'touch',
    )
  })
})
