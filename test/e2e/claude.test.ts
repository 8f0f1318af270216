/**
 * The real Claude Code client (pinned in test/claude), against a scripted model on loopback: from `gt sling` to landed,
 * with panes that can be attached to; and the Mayor, who makes beads. No account, no network.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { isMarked } from '../../src/town/process-table.ts'
import type { FakeModel } from '../support/fake-model.mjs'
import { startFakeModel } from '../support/fake-model.mjs'
import { GT, until } from '../support/gt.ts'
import { CLAUDE_BIN, claudeInstalled, onLoopback } from '../support/real-client.ts'
import type { TestTown, TownOptions } from '../support/town.ts'
import { changesOf, kill, makeTown, must, nothingLeft } from '../support/town.ts'

if (!claudeInstalled)
  console.warn('Claude Code is not installed (npm ci --prefix test/claude): its end-to-end tests are skipped.')

/** How the line begins that wakes an agent for its mail (deacon). */
const WAKE = '^You have mail: '

const models: FakeModel[] = []
const screens: { dir: string; env: NodeJS.ProcessEnv }[] = []
afterEach(async () => {
  for (const { dir, env } of screens.splice(0)) {
    try {
      execFileSync('tmux', ['-S', join(dir, 'person.sock'), 'kill-server'], { env, stdio: 'ignore' })
    } catch {
      // It ended by itself with the session that was watched.
    }
  }
  for (const model of models.splice(0)) await model.close()
})

/** A town whose workers are the real client; everything it says goes to a model of ours on 127.0.0.1. */
async function claudeTown(options: TownOptions = {}): Promise<{ town: TestTown; model: FakeModel }> {
  const model = await startFakeModel()
  models.push(model)
  const town = await makeTown({ agent: 'claude', remote: 'bare', ...options })
  for (const name of ['cfg', 'cc']) mkdirSync(join(town.dir, name))
  Object.assign(town.env, {
    PATH: `${CLAUDE_BIN}:${town.env.PATH}`,
    TERM: 'xterm-256color',
    IS_SANDBOX: '1',
    CLAUDE_CONFIG_DIR: join(town.dir, 'cfg'),
    CLAUDE_CODE_TMPDIR: join(town.dir, 'cc'),
    ...onLoopback(model.url),
    CLAUDE_CODE_MAX_RETRIES: '1',
  })
  return { town, model }
}

/** A person's terminal: a tmux server of its own, in which `gt attach` runs. Answers how to look and how to type. */
function personAttaches(town: TestTown, who: string): { look(): string; type(text: string): void } {
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-S', join(town.dir, 'person.sock'), '-f', '/dev/null', ...args], {
      env: town.env,
      encoding: 'utf8',
    })
  const name = who.replace(/\W/g, '-')
  tmux('new-session', '-d', '-s', name, '-x', '120', '-y', '70', '-c', town.root, process.execPath, GT, 'attach', who)
  if (!screens.some(({ dir }) => dir === town.dir)) screens.push({ dir: town.dir, env: town.env })
  return {
    look: () => tmux('capture-pane', '-p', '-t', `=${name}:`),
    type: (text) => {
      tmux('send-keys', '-t', `=${name}:`, '-l', text)
    },
  }
}

const isMayorThere = (town: TestTown): boolean =>
  town.processes().some(({ pid }) => isMarked(pid, { name: 'GT_ROLE', value: 'mayor' }))

describe.skipIf(!claudeInstalled)('with the real Claude Code', () => {
  test('three beads are worked on side by side, can be watched, and land under their workers’ names', async () => {
    const { town, model } = await claudeTown({ set: { 'models.polecat': 'small-1', 'models.label.docs': 'docs-1' } })
    const ids: string[] = []
    for (const n of [1, 2, 3]) {
      const body = [
        `@bash printf 'by claude %s\\n' ${n} > claude${n}.txt && git add -A && git commit -qm "Work ${n}"`,
        '@gate seen',
        `@bash gt done --message "wrote file ${n}"`,
        '@say handed in',
      ].join('\n')
      const label = n === 3 ? ['--label', 'docs'] : []
      const made = await town.gt('bead', 'create', `Claude bead ${n}`, '--body', body, ...label)
      ids.push(made.data.id)
    }
    const sling = town.start('sling', ...ids, 'app', '--wait', '--timeout', '3m', '--permissions', 'bypass')
    const workers = await until(
      'three live workers',
      async () => {
        const { data } = await town.gt('polecat', 'list')
        return data?.length === 3 && data.every((run: any) => run.state === 'working' && run.health === 'alive')
          ? data
          : undefined
      },
      120_000,
    )

    const screen = personAttaches(town, workers[0].agent)
    await until('the attached screen shows the worker', () => /You are app\/polecats\//.test(screen.look()))
    expect((await town.gt('peek', workers[1].agent)).data.text).toContain(workers[1].bead)

    model.open('seen')
    const slung = await sling.ended
    expect(slung.data.map((row: any) => row.state)).toEqual(['landed', 'landed', 'landed'])
    expect(slung.code).toBe(0)
    for (const n of [1, 2, 3]) expect(town.onMain(`claude${n}.txt`)).toBe(`by claude ${n}`)

    // Those that were ready together may have landed together, each by a merge of its own all the same.
    const changes = town.landings().flatMap((landing) => changesOf(town, landing))
    expect(changes.map(([bead]) => bead).sort()).toEqual([...ids].sort())
    for (const [, commit] of changes) {
      const message = town.git(town.remote, 'show', '-s', '--format=%an%n%B', commit)
      const run = workers.find((worker: any) => message.includes(`Bead: ${worker.bead}`))
      expect(message).toContain(`Worker: ${run.agent}`)
      expect(message.split('\n')[0]).toBe(run.agent)
      expect((await town.gt('mq', 'verify', commit)).data.verified).toBe(true)
    }
    // The brief reached each of them in the launch prompt: no turn was spent on looking for work.
    expect(new Set(model.requests.map((request) => request.session)).size).toBe(3)
    for (const id of ids)
      expect(model.requests.some((request) => request.step === 0 && request.prompt.includes(id))).toBe(true)
    // Each had the model that the settings name for it, a name that the client does not know included.
    const asked = ids.map((id) => model.requests.find(({ prompt }) => prompt.includes(id))?.body.model)
    expect(asked).toEqual(['small-1', 'small-1', 'docs-1'])
    const { fence } = workers.find(({ bead }: { bead: string }) => bead === ids[2])
    const why = await must(town.gt('why', fence))
    expect([why.model, why.model_by]).toEqual(['docs-1', 'models.label.docs'])
  }, 240_000)

  test('a molecule goes on with its next step in a fresh session, and lands when its steps are done', async () => {
    const { town, model } = await claudeTown()
    mkdirSync(join(town.root, 'formulas'), { recursive: true })
    const step = (n: number, needs: string): string =>
      `[[steps]]\nid = "s${n}"\ntitle = "Write ${n}"\ndescription = "Write file ${n}."\n${needs}`
    const text = `formula = "two"\ndescription = "Two files"\n${step(1, '')}${step(2, 'needs = ["s1"]\n')}`
    writeFileSync(join(town.root, 'formulas', 'two.formula.toml'), text)
    const write = (n: number): string =>
      `@bash echo ${n} > ${n}.txt && git add -A && git commit -qm ${n} && gt mol step done`
    // The model does what the brief asks for: the first session ends after its step, the second is told where to go on.
    model.rules.push(
      { match: 'Begin with step 1', reply: `${write(1)}\n@bash gt handoff "file 1 is there"\n@say handed off` },
      { match: 'Go on with step 2', reply: `${write(2)}\n@bash gt done --message "both files"\n@say handed in` },
    )
    const slung = await town.gt('sling', 'two', 'app', '--wait', '--timeout', '2m', '--permissions', 'bypass')
    expect(slung.data.map((row: any) => row.state)).toEqual(['landed'])
    expect([town.onMain('1.txt'), town.onMain('2.txt')]).toEqual(['1', '2'])
    const { runs } = (await town.gt('bead', 'show', slung.data[0].bead)).data
    expect([runs.length, runs[0].sessions]).toEqual([1, 2])
  }, 180_000)

  test('the Refinery is called as a session of its own for a merge that workers could not mend, and lands it', async () => {
    const { town, model } = await claudeTown({
      files: { 'line.txt': 'base\n' },
      // No second chance for workers: the first conflict is the Refinery's.
      set: { 'workers.rounds': '0', 'workers.attempts': '1' },
    })
    const merging = `git merge --no-edit "$(git for-each-ref --format='%(refname)' refs/gt/archive)"`
    model.rules.push({
      match: 'the Refinery of app: called for one merge',
      reply: [
        `@bash ${merging} || { printf 'one\\ntwo\\n' > line.txt && git add -A && git commit -qm "Keep both"; }`,
        '@bash gt done --message "both lines stay"',
        '@say merged',
      ].join('\n'),
    })
    const body = '@bash echo two > line.txt && git commit -qam two\n@gate other\n@bash gt done --message two\n@say done'
    const late = (await town.gt('bead', 'create', 'Say two', '--body', body)).data.id
    const call = town.start('sling', late, 'app', '--wait', '--timeout', '3m', '--permissions', 'bypass')
    await until('the worker has its commit', async () => {
      const { data } = await town.gt('bead', 'show', late)
      const run = data.runs[0]
      return run?.state === 'working' && town.git(run.worktree, 'log', '--format=%s', '-1') === 'two'
    })
    const early = await town.bead('Say one', 'echo one > line.txt')
    expect((await town.gt('sling', early, 'app', '--agent', 'script', '--wait')).code).toBe(0)
    model.open('other')
    expect((await call.ended).code).toBe(0)
    expect(town.onMain('line.txt')).toBe('one\ntwo')
    const { runs } = (await town.gt('bead', 'show', late)).data
    expect(runs.map((run: any) => run.agent)).toEqual([expect.stringMatching(/^app\/polecats\//), 'app/refinery'])
    const asked = model.requests.find((request) => request.prompt.includes('the Refinery of app'))
    expect(asked?.prompt).toContain('line.txt')
    expect(await nothingLeft(town)).toBeUndefined()
  }, 240_000)

  test('the Mayor makes an epic of one wish, slings it as a convoy, and reports when all of it has landed', async () => {
    const { town, model } = await claudeTown()
    const make = (name: string, more = ''): string =>
      `@bash gt bead create "Greet in ${name}" --rig app --parent {out 1} --body "echo ${name} > ${name}.txt" ${more}--silent`
    model.rules.push(
      {
        match: 'please greet in three languages',
        reply: [
          '@bash gt bead create "Greet in three languages" --type epic --rig app --silent',
          make('french'),
          make('dutch'),
          // It repeats what the two others say, so it needs both.
          make('all', '--needs {out 2},{out 3} '),
          '@bash gt sling {out 1} app --agent script',
          '@say They are on their way.',
        ].join('\n'),
      },
      {
        match: WAKE,
        reply: '@bash gt convoy list --all\n@say All three greetings have landed.',
      },
    )
    await must(town.gt('up'))
    const started = await must(town.gt('mayor', 'start'))
    expect(started).toEqual({ session: 'mayor', started: true })
    expect((await town.gt('mayor', 'start')).data.started).toBe(false)
    const screen = personAttaches(town, 'mayor')
    await until('the Mayor is at its prompt', () => /^\s*❯/m.test(screen.look()), 60_000)
    screen.type('please greet in three languages')
    // Enter as a key of its own: in one burst the client takes it for a newline.
    await until('the wish stands in the prompt', () => screen.look().includes('please greet in three languages'))
    screen.type('\r')
    // Nobody types from here on: the town tells the Mayor, and the Mayor tells the person.
    await until('the report', () => screen.look().includes('All three greetings have landed.'), 120_000)
    for (const name of ['french', 'dutch', 'all']) expect(town.onMain(`${name}.txt`)).toBe(name)
    expect(JSON.stringify(model.requests[0]?.body)).toContain('You are the Mayor')
    // What it was told on waking is the town's word, not a worker's.
    const told = JSON.stringify(model.requests.at(-1)?.body)
    expect(told).toMatch(/Landed: .*Greet in three languages \(3 of 3\)/)
    // Six steps for the wish, two for the report: following it has cost nothing.
    expect(model.requests.length).toBe(8)
    await must(town.gt('mayor', 'stop'))
  }, 240_000)

  test('an idle town asks the model nothing, and after a reboot the Mayor is back in the same conversation', async () => {
    const { town, model } = await claudeTown({ set: { 'deacon.heartbeat': '500ms', 'dogs.orphans': '1s' } })
    const { pid } = await must(town.gt('up'))
    await must(town.gt('mayor', 'start'))
    const screen = personAttaches(town, 'mayor')
    await until('the Mayor is at its prompt', () => /^\s*❯/m.test(screen.look()), 60_000)
    // Several heartbeats and chores later nobody has said a word (law 7).
    const log = join(town.root, '.gt', 'dogs.json')
    const marks = new Set<number>()
    await until('some chores', () => existsSync(log) && marks.add(statSync(log).mtimeMs).size >= 4)
    expect(model.requests).toEqual([])
    kill(pid)
    kill(town.tmuxServer()!)
    await until('the end of the Mayor', () => !isMayorThere(town))
    await must(town.gt('up'))
    await until('the Mayor', () => isMayorThere(town))
    expect(model.requests).toEqual([])
    await must(town.gt('mayor', 'stop'))
    await must(town.gt('down'))
    await must(town.gt('up'))
    expect(isMayorThere(town)).toBe(false)
  }, 120_000)
})
