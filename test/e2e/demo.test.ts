/** `gt demo` as a newcomer runs it: from five beads to five merges, and nothing left; also when it is broken off or fails. */
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { findProgram } from '../../src/agents/preset.ts'
import { facts } from '../../src/beads/bead.ts'
import { examine } from '../../src/demo/examine.ts'
import { prove, proveScript } from '../../src/demo/proof.ts'
import { readTrail } from '../../src/demo/trail.ts'
import { openTown } from '../../src/kernel/town.ts'
import { landingsOf } from '../../src/scratch/landings.ts'
import { isMarked, processTable } from '../../src/town/process-table.ts'
import { GT, until } from '../support/gt.ts'
import { kill } from '../support/town.ts'

const LONG = 180_000

/** A machine of a newcomer: an empty HOME, no git identity, a temporary folder that can be looked into. */
interface Place {
  dir: string
  env: NodeJS.ProcessEnv
  /** Names in the temporary folder. */
  temporary(): string[]
  /** Whatever runs, or stands around, because of the demo. */
  leftovers(): string[]
}

const places: Place[] = []
afterEach(async () => {
  for (const place of places.splice(0)) {
    for (const pid of processesOf(place)) kill(pid)
    await until('the end of every process', () => processesOf(place).length === 0)
    rmSync(place.dir, { recursive: true, force: true, maxRetries: 5 })
  }
})

function makePlace(more: NodeJS.ProcessEnv = {}): Place {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-e2e-')))
  for (const name of ['home', 'tmp', 'bin']) mkdirSync(join(dir, name))
  const env = { PATH: process.env.PATH, HOME: join(dir, 'home'), TMPDIR: join(dir, 'tmp'), TMUX_TMPDIR: dir, ...more }
  const place: Place = {
    dir,
    env,
    temporary: () => readdirSync(join(dir, 'tmp')),
    leftovers: () => {
      const sockets = readdirSync(dir).filter((name) => name.startsWith('tmux-'))
      return [
        ...place.temporary(),
        ...readdirSync(join(dir, 'home')),
        ...sockets.flatMap((name) => readdirSync(join(dir, name))),
        ...processesOf(place).map((pid) => `process ${pid}`),
      ]
    },
  }
  places.push(place)
  return place
}

function processesOf(place: Place): number[] {
  const table = processTable()
  if (table.kind !== 'ok') throw new Error('the process table cannot be read')
  return table.value
    .filter((row) => isMarked(row.pid, { name: 'HOME', value: place.env.HOME ?? '' }))
    .map(({ pid }) => pid)
}

/** Runs `gt demo`, from a directory that has nothing to do with it. */
function demo(place: Place, args: string[]) {
  const child = spawn(process.execPath, [GT, 'demo', ...args], {
    cwd: '/',
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text
  })
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string; answer: any }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code, ...said, answer: args.includes('--json') ? parsed(said.stdout) : undefined })
    })
  })
  return { child, said, ended }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A folder that is the whole PATH: these programs and no others. */
function onlyPrograms(place: Place, names: string[]): void {
  for (const name of names) {
    const found = findProgram(name, process.env.PATH)
    if (found.kind === 'ok') symlinkSync(found.value, join(place.dir, 'bin', name))
  }
  place.env.PATH = join(place.dir, 'bin')
}

/** A program of our own that stands before all others. */
function shadow(place: Place, name: string, script: string): void {
  writeFileSync(join(place.dir, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  place.env.PATH = `${join(place.dir, 'bin')}${delimiter}${process.env.PATH}`
}

const broken = (all: { fact: string; holds: boolean }[]): string[] =>
  all.filter((one) => !one.holds).map((one) => one.fact)

describe('gt demo', () => {
  it('lands everything, shows a red and a conflict that come back, and leaves nothing; whatever surrounds it', {
    timeout: LONG,
  }, async () => {
    // Typed by an agent of another town, in the middle of a git hook.
    const place = makePlace({
      GT_TOWN: '/nowhere',
      GT_RUN: 'other',
      GT_AGENT: 'x/polecats/y',
      GT_RIG: 'x',
      GIT_DIR: '/nowhere/.git',
    })
    const { code, answer, stderr } = await demo(place, ['--json']).ended
    expect(answer).toMatchObject({ ok: true })
    expect(code).toBe(0)
    expect(stderr).toBe('')
    const { data } = answer
    expect(broken(data.facts)).toEqual([])
    expect(data.facts.length).toBeGreaterThanOrEqual(12)
    expect(data.beads.map((bead: any) => bead.state)).toEqual(Array(5).fill('landed'))
    expect(new Set(data.verified_merges)).toEqual(new Set(data.beads.map((bead: any) => bead.commit)))
    expect(data.most_at_once).toBe(4)
    // What came together was tested together, so how many there are is chance; the red one and main's steps are among them.
    expect(data.gated_candidates).toBeGreaterThan(data.landings.length)
    expect(data.landings.length).toBeLessThanOrEqual(5)
    const back = data.beads.flatMap((bead: any) => bead.came_back.map((one: any) => ({ ...one, rounds: bead.rounds })))
    expect(back).toHaveLength(2)
    expect(back).toContainEqual({ state: 'conflict', why: 'conflicts with main in greet', rounds: 2 })
    const why = 'FAILED tests/languages.sh: lang/de: a greeting is exactly one line'
    expect(back).toContainEqual({ state: 'red', why, rounds: 2 })
    expect(place.leftovers()).toEqual([])
  })

  it('tells what happens; with --keep the town stays, nothing runs in it, and a broken law would be seen', {
    timeout: LONG,
  }, async () => {
    const place = makePlace()
    const { code, stdout, stderr } = await demo(place, ['--keep']).ended
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    for (const part of [
      '$ gt install',
      '$ gt sling',
      'says done',
      'round 2: conflicts with main in greet',
      'landed on main as',
    ]) {
      expect(stderr).toContain(part)
    }
    expect(stdout).toContain('5 of 5 beads landed')
    const [name = ''] = place.temporary()
    const dir = join(place.dir, 'tmp', name)
    expect(stdout).toContain(`rm -rf ${dir}`)
    expect(processesOf(place)).toEqual([])

    const project = join(dir, 'greet')
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: project, env: place.env, encoding: 'utf8' }).trim()
    const opened = await openTown({ ...place.env, GT_TOWN: join(dir, 'town') }, dir)
    if (opened.kind === 'error') throw new Error(opened.failure.message)
    const town = opened.value
    try {
      const first = git('rev-list', '--max-parents=0', 'main')
      const beads = [...town.ledger.state.beads.values()].filter((bead) => bead.issue_type === 'task')
      const ids = beads.map((bead) => bead.id)
      const look = async (verify: string | null = null) => {
        const seen = await examine({ town, project, first, ids, agent: 'script', verify: async () => verify })
        return seen.kind === 'ok' ? broken(seen.value.facts) : [seen.failure.message]
      }
      expect(await look()).toEqual([])
      expect(await look('The receipt does not hold.')).toEqual(['Each merge has a receipt that verifies.'])

      const trail = readTrail(town.ledger.history())
      const landings = await landingsOf(project, first)
      if (landings.kind === 'error') throw new Error(landings.failure.message)
      const verified = new Map(
        landings.value.flatMap(({ changes }) => changes.map((merge) => [merge.commit, null] as const)),
      )
      const evidence = { town, project, first, beads, trail, landings: landings.value, verified }
      const open = beads.map((bead, i) =>
        i > 0 ? bead : { ...bead, metadata: { gt: { ...facts(bead), outcome: 'done' as const } } },
      )
      expect(broken(await prove({ ...evidence, beads: open }))).toEqual(['Every bead landed.'])
      expect(broken(await prove({ ...evidence, trail: { ...trail, mostAtOnce: 5 } }))).toEqual([
        'Never more than 4 worked at once.',
      ])
      expect(broken(proveScript(beads, { ...trail, returns: trail.returns.slice(1) }))).toHaveLength(1)

      // A commit that nobody tested, straight onto main.
      writeFileSync(join(project, 'greet'), 'exit 1\n')
      git('-c', 'user.name=x', '-c', 'user.email=x@y.z', 'commit', '-qam', 'by hand')
      expect(await look()).toEqual([
        'main is one merge after another, each on top of the one before.',
        'The merges on main are exactly those that the ledger calls landed.',
        'Each merge names its bead and its worker.',
        'The project’s tests pass on main.',
      ])
    } finally {
      town.ledger.close()
    }
  })

  it('says no when a law is broken, and still leaves nothing', { timeout: LONG }, async () => {
    const place = makePlace()
    const git = findProgram('git', process.env.PATH)
    // A git that does not say what the person's clone looks like in the end (nothing else asks that way).
    shadow(
      place,
      'git',
      `for word; do [ "$word" != --branch ] || exit 1; done\nexec ${git.kind === 'ok' ? git.value : 'git'} "$@"`,
    )
    const { code, answer } = await demo(place, ['--json']).ended
    expect(code).toBe(1)
    expect(answer.error.code).toBe('E_DEMO')
    expect(broken(answer.data.facts)).toEqual(['The person’s clone followed main and is clean.'])
    expect(place.leftovers()).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'leaves nothing when it is stopped in the middle by %s, even twice',
    { timeout: LONG },
    async (signal) => {
      const place = makePlace()
      const { child, said, ended } = demo(place, [])
      await until('workers at work', () => said.stderr.includes('on main') || / works in | says done/.test(said.stderr))
      child.kill(signal)
      await until('the answer to the signal', () => said.stderr.includes('Stopping'))
      child.kill(signal)
      const { code, stdout, stderr } = await ended
      expect(code).toBe(75)
      expect(stdout).toBe('')
      expect(stderr).toContain('Nothing is left of the town.')
      expect(place.leftovers()).toEqual([])
    },
  )
})

describe('gt demo that cannot begin', () => {
  it.each(['git', 'tmux'])('says that %s is missing, before anything is made', async (missing) => {
    const place = makePlace()
    onlyPrograms(
      place,
      ['git', 'tmux', 'sh'].filter((name) => name !== missing),
    )
    const { code, answer } = await demo(place, ['--json']).ended
    expect(code).toBe(69)
    expect(answer.error).toMatchObject({ code: `E_NO_${missing.toUpperCase()}`, kept: 'Nothing was made.' })
    expect(answer.error.hint).toContain(`install ${missing}`)
    expect(place.leftovers()).toEqual([])
  })

  it('knows its agents, and misses Claude Code by name', async () => {
    const place = makePlace()
    onlyPrograms(place, ['git', 'tmux', 'sh'])
    const unknown = await demo(place, ['--json', '--agent', 'nobody']).ended
    expect([unknown.code, unknown.answer.error.code]).toEqual([64, 'E_NO_AGENT'])
    const claude = await demo(place, ['--json', '--agent', 'claude']).ended
    expect([claude.code, claude.answer.error.code]).toEqual([69, 'E_NO_PROGRAM'])
    expect(place.leftovers()).toEqual([])
  })

  it('starts no model that nobody gave leave to, and cleans up', async () => {
    const place = makePlace()
    shadow(place, 'claude', 'exit 1')
    const { code, answer } = await demo(place, ['--json', '--agent', 'claude']).ended
    expect([code, answer.error.code]).toEqual([2, 'E_PERMISSIONS'])
    expect(answer.error.hint).toContain('gt demo --agent claude --permissions')
    expect(place.leftovers()).toEqual([])
  })

  it('refuses a temporary folder inside a git work tree, and leaves it as it was', async () => {
    const place = makePlace()
    execFileSync('git', ['init', '-q', join(place.dir, 'tmp')], { env: place.env })
    const { code, answer } = await demo(place, ['--json']).ended
    expect([code, answer.error.code]).toEqual([1, 'E_INSIDE_GIT'])
    expect(answer.error.hint).toContain('TMPDIR=')
    expect(place.temporary()).toEqual(['.git'])
    expect(existsSync(join(place.dir, 'tmp', 'town.toml'))).toBe(false)
  })
})
