/** `gt doctor` on a real town that is broken in real ways: what it names, what it mends, what it leaves alone. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TESTED } from '../../src/doctor/programs.ts'
import { tmuxRuntime } from '../../src/tmux/runtime.ts'
import { tmuxSocket } from '../../src/town/paths.ts'
import type { Outcome } from '../support/gt.ts'
import { startGt } from '../support/gt.ts'
import { folder } from '../support/places.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown, must } from '../support/town.ts'

interface Row {
  id: string
  verdict: string
  text: string
  hint?: string
  fix?: string
  fixed?: string
}

const rowsOf = (outcome: Outcome): Row[] => outcome.data.checks
const bad = (outcome: Outcome): string[] =>
  rowsOf(outcome)
    .filter(({ verdict }) => verdict === 'bad')
    .map(({ id }) => id)
const fixed = (outcome: Outcome): string[] =>
  rowsOf(outcome)
    .filter((row) => row.fixed !== undefined)
    .map(({ id }) => id)
const row = (outcome: Outcome, id: string): Row | undefined => rowsOf(outcome).find((one) => one.id === id)

const journals = (town: TestTown): string[] =>
  readdirSync(join(town.root, '.beads', 'journal'))
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(town.root, '.beads', 'journal', name))

/** Every file below a folder with its content, to see that nothing was changed. */
function contents(dir: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    found[path] = entry.isFile() ? `${statSync(path).mtimeMs} ${readFileSync(path, 'base64')}` : 'not a file'
  }
  return found
}

describe('a town in order', () => {
  it('is good, and looking changes nothing', async () => {
    const town = await makeTown()
    await town.bead('one', 'true')
    const before = contents(town.root)
    const seen = await town.gt('doctor')
    expect(seen.data).toMatchObject({ bad: 0, fixed: 0 })
    expect(seen.code).toBe(0)
    expect(contents(town.root)).toEqual(before)
    const again = await town.gt('doctor', '--fix')
    expect(again.data).toMatchObject({ bad: 0, fixed: 0 })
    expect(contents(town.root)).toEqual(before)
  })
})

describe('what is safe to mend', () => {
  it('is mended once: a second --fix has nothing to do', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'echo 1 > one.txt')
    const [landed] = await must(town.gt('sling', bead, 'app', '--wait'))
    const at = (...parts: string[]): string => join(town.root, ...parts)
    rmSync(at('mayor'), { recursive: true })
    rmSync(at('.gt', 'logs'), { recursive: true, force: true })
    rmSync(at('.gt', 'tmux.conf'))
    rmSync(at('.beads', '.git'), { recursive: true })
    rmSync(at('.beads', 'issues.jsonl'))
    mkdirSync(at('.gt', 'runs', landed.run))
    mkdirSync(at('.gt', 'runs', 'nobodys'))
    const repo = at('app', 'repo.git')
    town.git(town.root, '-C', repo, 'worktree', 'add', '-q', '--detach', at('app', 'polecats', 'gone'), 'origin/main')
    rmSync(at('app', 'polecats', 'gone'), { recursive: true })
    // A session that outlived its run.
    const runtime = tmuxRuntime({
      socket: tmuxSocket(town.root),
      conf: '/dev/null',
      env: town.env as Record<string, string>,
    })
    const spec = { name: 'late', cwd: town.dir, argv: ['sleep', '600'], env: { HOME: town.env.HOME! } }
    must2(await runtime.start({ ...spec, labels: { run: landed.run } }))

    const seen = await town.gt('doctor')
    expect(seen.code).toBe(1)
    expect(seen.error?.code).toBe('E_DOCTOR')
    const expected = [
      'town.folders',
      'town.tmux',
      'ledger.published',
      'ledger.repository',
      'sessions',
      'rig.app.worktrees',
    ]
    // The session still uses its run's folder, so that one is told apart from nobody's only after it ended.
    expect(bad(seen).sort()).toEqual([...expected, 'runs.folders'].sort())

    const first = await town.gt('doctor', '--fix')
    expect(first.data.bad).toBe(0)
    expect(first.code).toBe(0)
    expect(fixed(first).sort()).toEqual([...expected, 'runs.folders'].sort())
    const after = await town.gt('doctor', '--fix')
    expect(after.data).toMatchObject({ bad: 0, fixed: 0 })

    expect((await runtime.list()).kind).toBe('empty')
    expect(readdirSync(at('.gt', 'runs'))).toEqual([])
    expect(town.git(town.root, '-C', repo, 'worktree', 'list')).not.toContain('polecats/gone')
    expect((await town.show(bead)).standing).toBe('landed')
    expect(readFileSync(at('.beads', 'issues.jsonl'), 'utf8')).toContain(bead)
  })

  it('includes a repository that is gone, and a remote that moved', async () => {
    const town = await makeTown()
    rmSync(join(town.root, 'app', 'repo.git'), { recursive: true })
    expect(bad(await town.gt('doctor'))).toEqual(['rig.app.repository'])
    expect(fixed(await town.gt('doctor', '--fix'))).toEqual(['rig.app.repository'])

    const moved = join(town.dir, 'moved')
    renameSync(town.project, moved)
    const gone = await town.gt('doctor', '--fix')
    expect(bad(gone)).toEqual(['rig.app.remote'])
    expect(row(gone, 'rig.app.remote')?.text).toContain('There is no git repository at')
    town.set('rig.app.remote', moved)
    const seen = await town.gt('doctor')
    expect(row(seen, 'rig.app.remote')?.fix).toContain(moved)
    expect(fixed(await town.gt('doctor', '--fix'))).toEqual(['rig.app.remote'])
    expect((await town.gt('doctor', '--fix')).data).toMatchObject({ bad: 0, fixed: 0 })
    const bead = await town.bead('lands where it moved', 'echo 1 > one.txt')
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(town.git(moved, 'log', '--format=%s', '-1')).toContain(bead)
  })
})

describe('what only a person can decide', () => {
  it('is named and left alone: strange folders, sessions that no run claims, a lost worktree', async () => {
    const town = await makeTown()
    const at = (...parts: string[]): string => join(town.root, ...parts)
    const bead = await town.bead('work', '')
    await must(town.gt('sling', bead, 'app', '--agent', 'puppet'))
    const puppet = await town.puppets.next(bead)
    const runtime = tmuxRuntime({
      socket: tmuxSocket(town.root),
      conf: '/dev/null',
      env: town.env as Record<string, string>,
    })
    const spec = { name: 'stranger', cwd: town.dir, argv: ['sleep', '600'], env: { HOME: town.env.HOME! } }
    must2(await runtime.start({ ...spec, labels: { run: 'nosuchrun' } }))
    mkdirSync(at('app', 'polecats', 'stray'))
    writeFileSync(at('app', 'polecats', 'stray', 'work.txt'), 'an hour of work')
    expect(row(await town.gt('doctor'), 'runs.worktrees')?.verdict).toBe('good')
    rmSync(puppet.cwd, { recursive: true, force: true })

    const seen = await town.gt('doctor', '--fix')
    expect(bad(seen)).toEqual(['sessions', 'runs.worktrees', 'rig.app.worktrees'])
    expect(seen.data.fixed).toBe(0)
    expect(row(seen, 'sessions')?.text).toContain('stranger')
    expect(row(seen, 'runs.worktrees')?.text).toContain(puppet.run)
    expect(row(seen, 'runs.worktrees')?.hint).toContain(`gt run stop ${puppet.run}`)
    expect(row(seen, 'rig.app.worktrees')?.text).toContain('stray')
    expect(readFileSync(at('app', 'polecats', 'stray', 'work.txt'), 'utf8')).toBe('an hour of work')
    const standing = await runtime.list()
    expect(standing.kind === 'ok' && standing.value.map(({ name }) => name)).toContain('stranger')
    // The registration of a run that is not over is the kernel's, not ours to prune.
    expect(town.git(town.root, '-C', at('app', 'repo.git'), 'worktree', 'list')).toContain(puppet.cwd)
  })

  it('damaged records are named, torn ones told apart', async () => {
    const town = await makeTown()
    const kept = await town.bead('kept', 'true')
    await town.bead('hit', 'true')
    const journal = journals(town).at(-1)!
    appendFileSync(journal, '\n{"kind":"change","id":"torn","ops":[{"op":"create","be')
    const torn = await town.gt('doctor')
    expect(row(torn, 'ledger.records')).toMatchObject({ verdict: 'unknown' })
    expect(row(torn, 'ledger.records')?.text).toContain('never acknowledged')
    expect(torn.code).toBe(0)
    // A bit of an acknowledged record flips.
    const text = readFileSync(journal, 'utf8')
    writeFileSync(journal, text.replace('"title":"hit"', '"title":"hiT"'))
    const seen = await town.gt('doctor', '--fix')
    expect(bad(seen)).toEqual(['ledger.records'])
    expect(row(seen, 'ledger.records')?.text).toMatch(/^1 damaged record, .*\.beads\/journal\/\d{8}\.log byte \d+: /)
    expect((await must(town.gt('bead', 'list'))).map((bead: { id: string }) => bead.id)).toEqual([kept])
  })

  it('a foreign edit that does not parse is named with its line; one that does is no trouble', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'true')
    const file = join(town.root, '.beads', 'issues.jsonl')
    const other = { id: 'ap-other', title: 'from elsewhere', status: 'open', priority: 2, issue_type: 'task' }
    writeFileSync(
      file,
      `${JSON.stringify({ ...other, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' })}\n`,
    )
    expect(row(await town.gt('doctor'), 'ledger.published')).toMatchObject({ verdict: 'good' })
    expect((await must(town.gt('bead', 'list'))).map(({ id }: { id: string }) => id).sort()).toEqual(
      [bead, 'ap-other'].sort(),
    )
    appendFileSync(file, '<<<<<<< HEAD\n')
    const seen = await town.gt('doctor', '--fix')
    expect(bad(seen)).toEqual(['ledger.published'])
    expect(row(seen, 'ledger.published')?.text).toMatch(/issues\.jsonl line \d+ is not a bead: it is a conflict marker/)
  })

  it('settings: broken files, no gate, a branch that is not there, an agent without its program', async () => {
    const town = await makeTown({ gate: null })
    await must(town.gt('config', 'agent', 'set', 'ghost', '/no/such/agent'))
    const seen = await town.gt('doctor')
    expect(bad(seen)).toEqual(['town.agents', 'rig.app.gate'])
    expect(row(seen, 'rig.app.gate')?.hint).toBe('gt config set rig.app.gate "<command>"')
    expect(row(seen, 'town.agents')?.text).toContain('/no/such/agent')
    town.set('rig.app.branch', 'nowhere')
    expect(bad(await town.gt('doctor', '--fix'))).toContain('rig.app.remote')
    writeFileSync(join(town.root, 'app', 'rig.toml'), 'schema = 1\nname = [')
    writeFileSync(join(town.root, 'town.toml'), `${readFileSync(join(town.root, 'town.toml'), 'utf8')}\nnonsense = 1\n`)
    const broken = await town.gt('doctor')
    expect(bad(broken)).toEqual(['town.settings', 'rig.app.settings'])
    expect(row(broken, 'rig.app.settings')?.text).toMatch(/rig\.toml:2:\d+: this is not TOML/)
    // For town.close().
    writeFileSync(join(town.root, 'town.toml'), 'schema = 1\nname = "town"\n')
  })

  it('a town made by a newer gt is not touched', async () => {
    const town = await makeTown()
    const file = join(town.root, 'town.toml')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('schema = 1', 'schema = 2'))
    rmSync(join(town.root, 'mayor'), { recursive: true })
    const seen = await town.gt('doctor', '--fix')
    expect(bad(seen)).toEqual(['town.settings'])
    expect(seen.data.fixed).toBe(0)
    expect(existsSync(join(town.root, 'mayor'))).toBe(false)
    writeFileSync(file, text)
  })

  it('a worker does not mend the town', async () => {
    const town = await makeTown()
    const env = { ...town.env, GT_RUN: 'abc', GT_TOWN: town.root }
    const seen = await startGt(['doctor', '--fix'], { cwd: town.root, env }).ended
    expect([seen.code, seen.error?.code]).toEqual([1, 'E_NOT_FOR_AGENTS'])
  })
})

describe('the machine', () => {
  const outside = (env: NodeJS.ProcessEnv): Promise<Outcome> => startGt(['doctor'], { cwd: '/', env }).ended

  it('is looked at outside any town too', async () => {
    const seen = await outside({ PATH: process.env.PATH, HOME: folder() })
    expect(seen.code).toBe(0)
    expect(row(seen, 'town')).toMatchObject({ verdict: 'unknown', hint: expect.stringContaining('gt install') })
    expect(rowsOf(seen).map(({ id }) => id)).toEqual([
      'programs.node',
      'programs.git',
      'programs.tmux',
      'programs.claude',
      'programs.clients',
      'programs.gt',
      'town',
    ])
  })

  it('missing and old programs are bad, untested ones are said to be so', async () => {
    const bin = folder()
    symlinkSync(process.execPath, join(bin, 'node'))
    const fake = (name: string, says: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\necho '${says}'\n`)
      chmodSync(join(bin, name), 0o755)
    }
    fake('git', 'git version 2.30.2')
    fake('claude', '99.0.0 (Claude Code)')
    const seen = await outside({ PATH: bin, HOME: folder() })
    expect(bad(seen)).toEqual(['programs.git', 'programs.tmux'])
    expect(row(seen, 'programs.git')?.text).toBe('git version 2.30.2; 2.38 or newer is needed.')
    expect(row(seen, 'programs.tmux')?.text).toBe('Not on PATH; 3.2 or newer is needed.')
    expect(row(seen, 'programs.claude')).toMatchObject({
      verdict: 'unknown',
      text: expect.stringContaining('newer than'),
    })
    expect(seen.code).toBe(1)
  })

  it('knows the Claude Code that the tests run with', () => {
    const pinned = JSON.parse(readFileSync(new URL('../claude/package.json', import.meta.url), 'utf8'))
    expect(pinned.dependencies['@anthropic-ai/claude-code']).toBe(TESTED.claude)
  })
})

function must2<T>(result: { kind: string; value?: T }): T {
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result))
  return result.value as T
}
