/** An epic that lands as one: its children gather on a branch of their own. Real git, real tmux, real processes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import { startGt } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, makeTown, must } from '../support/town.ts'

/** An epic with an integration branch, and a child for each script. */
async function gathering(town: TestTown, ...scripts: string[]): Promise<{ epic: string; children: string[] }> {
  const epic = await town.bead('All of it', '', '--type', 'epic')
  const children: string[] = []
  for (const script of scripts) children.push(await town.bead('A part', script, '--parent', epic))
  const cut = await must(town.gt('mq', 'integration', 'create', epic))
  expect(cut).toMatchObject({ branch: `integration/${epic}`, base: 'main', rig: 'app', created: true })
  return { epic, children }
}

const branches = (town: TestTown): string[] =>
  town.git(town.remote, 'for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n')

/** A commit of somebody else on main. */
function push(town: TestTown, file: string, text: string): void {
  writeFileSync(join(town.project, file), text)
  town.git(town.project, 'add', '-A')
  town.git(town.project, 'commit', '-qm', `Somebody else: ${file}`)
  town.git(town.project, 'push', '-q', 'origin', 'main')
}

describe('an epic that lands as one', () => {
  it('gathers its children on a branch and lands them as one verified merge', async () => {
    const town = await makeTown({ remote: 'bare' })
    const { epic, children } = await gathering(town, 'echo a > a.txt', 'echo b > b.txt')
    // Its own policy, not its children's: what lands on main waits for a person's word.
    await must(town.gt('bead', 'update', epic, '--landing', 'hold'))
    const outside = await town.bead('Needs a part', 'cat a.txt > c.txt', '--needs', children[0]!)
    const again = await must(town.gt('mq', 'integration', 'create', epic))
    expect(again.created).toBe(false)
    const early = await town.gt('bead', 'close', epic)
    expect(early.error?.code).toBe('E_OPEN_CHILDREN')
    expect(early.error?.message).toContain(`${children[0]} (open), ${children[1]} (open)`)

    await must(town.gt('sling', ...children, 'app', '--wait'))
    expect(town.landings()).toEqual([])
    expect(town.git(town.remote, 'show', `integration/${epic}:a.txt`)).toBe('a')
    expect(town.git(town.remote, 'show', `integration/${epic}:b.txt`)).toBe('b')
    const waits = await must(town.gt('bead', 'blocked'))
    expect(waits.map((one: Answer) => [one.id, one.why])).toEqual([
      [outside, `it needs ${children[0]}, which has landed on integration/${epic} only: ${epic} has not landed yet`],
    ])
    const [row] = await must(town.gt('mq', 'integration', 'status'))
    expect(row).toMatchObject({ epic, landed: children, open: [], behind: 0, merges: 'clean' })

    await must(town.gt('mq', 'integration', 'land', epic))
    // Slung first, it starts by itself once the epic is in main.
    await must(town.gt('sling', outside, epic, 'app', '--wait'))
    expect(await flawsOfMain(town, [epic, outside, ...children])).toEqual([])
    const [, landing] = town.landings()
    expect(town.git(town.remote, 'rev-list', '--parents', '-n1', landing!).split(' ')).toHaveLength(3)
    expect(town.onMain('c.txt')).toBe('a')
    const { status, standing, mergeRequest, metadata } = await town.show(epic)
    expect([status, standing, mergeRequest.state]).toEqual(['closed', 'landed', 'landed'])
    expect(metadata.gt.landed).toMatchObject({ commit: landing, target: 'main' })
    expect(branches(town)).toEqual(['main'])
  })

  it('lets a worker decide nothing about it', async () => {
    const town = await makeTown({ remote: 'bare' })
    const { epic, children } = await gathering(town, 'echo a > a.txt')
    const env = { ...town.env, GT_RUN: 'some-run' }
    for (const words of [
      ['mq', 'integration', 'create', epic],
      ['mq', 'integration', 'land', epic],
      ['bead', 'close', epic],
    ]) {
      expect((await startGt(words, { cwd: town.root, env }).ended).error?.code).toBe('E_NOT_FOR_AGENTS')
    }
    const land = await town.gt('mq', 'integration', 'land', epic)
    expect(land.error?.message).toBe(`${epic} lands when its children are closed; open: ${children[0]} (open).`)
    const other = await town.bead('Another', '', '--type', 'epic')
    for (const [name, code] of [
      ['main', 'E_BRANCH'],
      ['a b', 'E_BRANCH'],
      [`integration/${epic}`, 'E_BRANCH'],
    ] as const) {
      expect((await town.gt('mq', 'integration', 'create', other, '--branch', name)).error?.code).toBe(code)
    }
    town.git(town.project, 'push', '-q', 'origin', 'main:release')
    expect((await town.gt('mq', 'integration', 'create', other, '--branch', 'release')).error?.code).toBe(
      'E_BRANCH_EXISTS',
    )
    expect(branches(town)).toEqual([`integration/${epic}`, 'main', 'release'])
  })

  it('waits for a child that comes late, and lands with it', async () => {
    const town = await makeTown({ remote: 'bare' })
    const { epic, children } = await gathering(town, 'echo a > a.txt')
    await must(town.gt('bead', 'update', epic, '--landing', 'hold'))
    await must(town.gt('sling', ...children, 'app', '--wait'))
    expect((await town.gt('sling', epic, 'app', '--wait')).code).toBe(2)
    const { mergeRequest } = await town.show(epic)
    expect(mergeRequest).toMatchObject({ state: 'held', held_for: 'policy' })

    // It needs what has landed on main since the branch was cut, and starts with it.
    const outside = await town.bead('On main', 'echo main > main.txt')
    await must(town.gt('sling', outside, 'app', '--wait'))
    const late = await town.bead('Late', 'cat a.txt main.txt > late.txt', '--parent', epic, '--needs', outside)
    await must(town.gt('land', mergeRequest.id))
    await must(town.gt('refinery', 'run', 'app'))
    const waiting = (await town.show(epic)).mergeRequest
    expect(waiting).toMatchObject({ state: 'held', held_for: 'children', reason: `it waits for ${late}` })
    expect(town.landings()).toHaveLength(1)

    await must(town.gt('sling', late, epic, 'app', '--wait'))
    expect(town.onMain('late.txt')).toBe('a\nmain')
    expect((await town.show(epic)).mergeRequest.id).toBe(mergeRequest.id)
    expect(await flawsOfMain(town, [outside, epic, late, ...children])).toEqual([])
    expect(branches(town)).toEqual(['main'])
  })

  it('has a red integration mended by a child, and lands it then', async () => {
    const gate =
      'if [ -e a.txt ] && [ -e theirs.txt ] && [ ! -e mended.txt ]; then echo "a and theirs do not go together"; exit 1; fi'
    const town = await makeTown({ remote: 'bare', gate })
    const { epic, children } = await gathering(town, 'echo a > a.txt', 'echo b > b.txt')
    await must(town.gt('bead', 'update', epic, '--landing', 'hold'))
    await must(town.gt('sling', ...children, 'app', '--wait'))
    push(town, 'theirs.txt', 'theirs\n')
    const closed = await must(town.gt('bead', 'close', epic))
    expect(closed.status, 'closing hands it in').toBe('open')
    await must(town.gt('mq', 'integration', 'land', epic))
    town.set('workers.agent', 'puppet')
    const call = town.start('sling', epic, 'app', '--wait')
    const puppet = await town.puppets.next(`${epic}.3`)
    expect(puppet.brief).toContain('a and theirs do not go together')
    const mend = await town.show(`${epic}.3`)
    expect(mend).toMatchObject({ issue_type: 'bug', priority: 1 })
    expect(mend.title).toContain(`Mend integration of ${epic}: `)
    expect(mend.runs[0].target).toBe(`integration/${epic}`)
    expect(town.landings().length).toBe(1)
    await puppet.sh('echo mended > mended.txt && git add -A && git commit -qm mended && gt done')
    await puppet.exit(0)
    expect((await call.ended).code).toBe(0)

    expect(town.onMain('mended.txt')).toBe('mended')
    expect((await must(town.gt('mq', 'verify', town.landings()[0]!))).verified).toBe(true)
    expect((await town.show(epic)).standing).toBe('landed')
    expect(branches(town)).toEqual(['main'])
  })

  it('has a conflict with main merged by a child, also where landings are squashed', async () => {
    const town = await makeTown({ remote: 'bare', files: { 'line.txt': 'base\n' } })
    town.set('rig.app.landing.strategy', 'squash')
    const { epic, children } = await gathering(town, 'echo one > line.txt', 'echo b > b.txt')
    push(town, 'line.txt', 'two\n')
    town.set('workers.agent', 'puppet')
    await must(town.gt('sling', ...children, 'app', '--agent', 'script', '--wait'))
    const call = town.start('sling', epic, 'app', '--wait')
    const puppet = await town.puppets.next(`${epic}.3`)
    expect(puppet.brief).toContain('git merge origin/main')
    const done = await puppet.sh(
      'git merge -q origin/main; echo both > line.txt && git add -A && git commit -qm "Merge main" && gt done',
    )
    expect(done.code).toBe(0)
    await puppet.exit(0)
    expect((await call.ended).code).toBe(0)

    expect(town.onMain('line.txt')).toBe('both')
    expect((await must(town.gt('mq', 'verify', town.landings()[0]!))).verified).toBe(true)
    expect((await town.show(epic)).standing).toBe('landed')
    expect(branches(town)).toEqual(['main'])
  })
})
