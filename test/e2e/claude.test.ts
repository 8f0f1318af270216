/**
 * The real Claude Code client (pinned in test/claude), against a scripted model on loopback: from `gt sling` to landed,
 * with panes that can be attached to; and the Mayor, who makes beads. No account, no network.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { FakeModel } from '../support/fake-model.mjs'
import { startFakeModel } from '../support/fake-model.mjs'
import { GT, until } from '../support/gt.ts'
import type { TestTown, TownOptions } from '../support/town.ts'
import { changesOf, makeTown, nothingLeft } from '../support/town.ts'

const BIN = fileURLToPath(new URL('../claude/node_modules/.bin', import.meta.url))
const installed = existsSync(join(BIN, 'claude'))
if (!installed)
  console.warn('Claude Code is not installed (npm ci --prefix test/claude): its end-to-end tests are skipped.')

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
    PATH: `${BIN}:${town.env.PATH}`,
    TERM: 'xterm-256color',
    IS_SANDBOX: '1',
    CLAUDE_CONFIG_DIR: join(town.dir, 'cfg'),
    CLAUDE_CODE_TMPDIR: join(town.dir, 'cc'),
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_AUTH_TOKEN: 'dummy',
    CLAUDE_CODE_MAX_RETRIES: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
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

describe.skipIf(!installed)('with the real Claude Code', () => {
  test('three beads are worked on side by side, can be watched, and land under their workers’ names', async () => {
    const { town, model } = await claudeTown()
    const ids: string[] = []
    for (const n of [1, 2, 3]) {
      const body = [
        `@bash printf 'by claude %s\\n' ${n} > claude${n}.txt && git add -A && git commit -qm "Work ${n}"`,
        '@gate seen',
        `@bash gt done --message "wrote file ${n}"`,
        '@say handed in',
      ].join('\n')
      const made = await town.gt('bead', 'create', `Claude bead ${n}`, '--body', body)
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
  }, 240_000)

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

  test('the Mayor turns a wish into a bead and slings it', async () => {
    const { town, model } = await claudeTown()
    model.rules.push({
      match: 'please add a greeting',
      reply: [
        '@bash gt bead create "Add a greeting" --rig app --body "echo hello > greeting.txt"',
        // The only bead there is: the beginning of its id names it.
        '@bash gt sling ap- app --agent script',
        '@say It is on its way.',
      ].join('\n'),
    })
    const started = await town.gt('mayor', 'start')
    expect(started.data).toEqual({ session: 'mayor', started: true })
    expect((await town.gt('mayor', 'start')).data.started).toBe(false)
    const screen = personAttaches(town, 'mayor')
    await until('the Mayor is at its prompt', () => /^\s*❯/m.test(screen.look()), 60_000)
    screen.type('please add a greeting')
    // Enter as a key of its own: in one burst the client takes it for a newline.
    await until('the wish stands in the prompt', () => screen.look().includes('please add a greeting'))
    screen.type('\r')
    await until(
      'the bead is there',
      async () => {
        const { data } = await town.gt('bead', 'list', '--status', 'all')
        return data.some((bead: any) => bead.title === 'Add a greeting')
      },
      60_000,
    )
    await town.gt('up')
    await until(
      'the greeting landed',
      () => {
        try {
          return town.onMain('greeting.txt') === 'hello'
        } catch {
          return false
        }
      },
      60_000,
    )
    expect(JSON.stringify(model.requests[0]?.body)).toContain('You are the Mayor')
    expect((await town.gt('mayor', 'stop')).code).toBe(0)
  }, 240_000)
})
