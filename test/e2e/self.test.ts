/**
 * The main job on real input: this very repository as a rig, with its real gate. Three beads by script workers and,
 * where the client is installed, two by the real Claude Code against a scripted model on loopback.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { startFakeModel } from '../support/fake-model.mjs'
import { CLAUDE_BIN, claudeInstalled, onLoopback } from '../support/real-client.ts'
import { changesOf, makeTown } from '../support/town.ts'

const REPO = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
if (!claudeInstalled) console.warn('Claude Code is not installed (npm ci --prefix test/claude): script workers only.')

const model = await startFakeModel()
afterAll(() => model.close())

test('this repository, its own gate, script workers and Claude Code side by side', async () => {
  const town = await makeTown({ agent: 'script' })
  const { dir } = town
  for (const name of ['cfg', 'cc']) mkdirSync(join(dir, name))
  Object.assign(town.env, {
    PATH: `${CLAUDE_BIN}:${town.env.PATH}`,
    TERM: 'xterm-256color',
    IS_SANDBOX: '1',
    CLAUDE_CONFIG_DIR: join(dir, 'cfg'),
    CLAUDE_CODE_TMPDIR: join(dir, 'cc'),
    ...onLoopback(model.url),
  })
  const server = join(dir, 'self.git')
  town.git(dir, 'clone', '-q', '--bare', REPO, server)
  const branch = town.git(server, 'symbolic-ref', '--short', 'HEAD')
  const first = town.git(server, 'rev-parse', 'HEAD')
  // The packages of this checkout, linked: what `npm ci` would bring, without asking a registry.
  const provision = `cp -al '${REPO}/node_modules' node_modules`
  const gate = 'npm run -s typecheck && npm run -s lint && npm run -s format:check'
  const added = await town.gt('rig', 'add', 'self', server, '--gate', gate, '--provision', provision)
  expect(added.error).toBeUndefined()
  expect(added.data.branch).toBe(branch)

  const create = async (title: string, body: string): Promise<string> =>
    (await town.gt('bead', 'create', title, '--rig', 'self', '--body', body)).data.id
  const scripted: string[] = []
  for (let n = 1; n <= 3; n++) {
    // Real TypeScript that the gate really checks; number 3 is wrong at first, and mended when it comes back.
    const wrong =
      n === 3 ? `if [ "$GT_ROUND" = 1 ]; then echo 'export const fact3: string = 3' > src/fact3.ts; exit 0; fi\n` : ''
    scripted.push(
      await create(`Fact ${n}`, `\`\`\`sh\n${wrong}echo 'export const fact${n} = ${n}' > src/fact${n}.ts\n\`\`\``),
    )
  }
  const modelled: string[] = []
  for (let n = 1; claudeInstalled && n <= 2; n++) {
    const work = `echo 'export const said${n} = ${n}' > src/said${n}.ts && git add -A && git commit -qm "Say ${n}"`
    modelled.push(await create(`Say ${n}`, `@bash ${work}\n@bash gt done --message "said ${n}"\n@say handed in`))
  }
  const [byScript, byClaude] = await Promise.all([
    town.gt('sling', ...scripted, 'self', '--wait', '--timeout', '8m'),
    modelled.length > 0
      ? town.gt(
          'sling',
          ...modelled,
          'self',
          '--agent',
          'claude',
          '--permissions',
          'bypass',
          '--wait',
          '--timeout',
          '8m',
        )
      : undefined,
  ])
  expect(byScript.error).toBeUndefined()
  expect(byClaude?.error).toBeUndefined()

  const landings = town.git(server, 'rev-list', '--first-parent', `${first}..refs/heads/${branch}`).split('\n')
  const changes = landings.flatMap((landing) => changesOf({ git: town.git, remote: server }, landing))
  expect(changes.map(([bead]) => bead).sort()).toEqual([...scripted, ...modelled].sort())
  for (const commit of landings) expect((await town.gt('mq', 'verify', commit)).data.verified).toBe(true)
  for (const [, commit] of changes) {
    const [author, ...message] = town.git(server, 'show', '-s', '--format=%an%n%B', commit).split('\n')
    expect(author).toMatch(/^self\/polecats\/\w+$/)
    expect(message.join('\n')).toMatch(new RegExp(`^Bead: (${[...scripted, ...modelled].join('|')})$`, 'm'))
    expect((await town.gt('mq', 'verify', commit)).data.verified).toBe(true)
  }
  expect(town.git(server, 'show', `refs/heads/${branch}:src/fact3.ts`)).toBe('export const fact3 = 3')
  expect((await town.show(scripted[2]!)).runs[0].round).toBe(2)
}, 600_000)
