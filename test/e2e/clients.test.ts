/**
 * The conformance suite of the other clients: each built-in table with its own program (pinned in test/clients), against a
 * scripted model on loopback. No account, no network. A table that does not pass is not built in.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { BUILT_IN } from '../../src/agents/preset.ts'
import { openTown } from '../../src/kernel/town.ts'
import type { FakeWires } from '../support/fake-wires.mjs'
import { startFakeWires } from '../support/fake-wires.mjs'
import { until } from '../support/gt.ts'
import { binOf, clientInstalled, LOGINS, logIn } from '../support/real-clients.ts'
import type { TestTown } from '../support/town.ts'
import { kill, makeTown, must, nothingLeft } from '../support/town.ts'

/** Claude Code has suites of its own, and `script` is no program of others. */
const clients = Object.keys(BUILT_IN).filter((name) => BUILT_IN[name]!.hooks === 'none' && BUILT_IN[name]!.install)

const models: FakeWires[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const model of models.splice(0)) await model.close()
})

/** A town of a person who uses this client, and the model that it talks to. */
async function townOf(client: string): Promise<{ town: TestTown; model: FakeWires }> {
  const model = await startFakeWires()
  models.push(model)
  const town = await makeTown({ agent: client, remote: 'bare' })
  Object.assign(town.env, { PATH: `${binOf(client)}:${town.env.PATH}`, ...logIn(client, town.env.HOME!, model.url) })
  return { town, model }
}

/** Types one line into a worker's prompt, as the Witness does; again while it is not at an empty prompt. */
async function say(town: TestTown, session: string, line: string): Promise<void> {
  // Our own calls go to the town's tmux, like those of its processes.
  for (const name of ['HOME', 'TMUX_TMPDIR', 'TMPDIR']) vi.stubEnv(name, town.env[name]!)
  const open = await openTown(town.env, town.root)
  if (open.kind === 'error') throw new Error(open.failure.message)
  try {
    await until('an empty prompt', async () => (await open.value.runtime.type(session, line)).kind === 'ok')
  } finally {
    open.value.ledger.close()
  }
}

const write = (name: string): string =>
  `@bash echo ${name} > ${name}.txt && git add -A && git commit -qm ${name}\n@say written`

test('every built-in client has a login in this suite', () => {
  expect(clients.filter((name) => !Object.hasOwn(LOGINS, name))).toEqual([])
})

describe.each(clients)('%s', (client) => {
  if (!clientInstalled(client))
    console.warn(
      `${client} is not installed (npm install --prefix test/clients/${client}): its conformance test is skipped.`,
    )

  test.skipIf(!clientInstalled(client))(
    'works unattended, hears a line, is brought back when it is killed, and hands in',
    async () => {
      const { town, model } = await townOf(client)
      const table = BUILT_IN[client]!
      // The words of the brief, of the line, and of whoever brings it back.
      model.rules.push(
        {
          match: 'through no fault of yours|An earlier session of yours',
          reply: '@bash gt done --message "both"\n@say in',
        },
        { match: 'Write the second', reply: write('two') },
        { match: 'Write the first', reply: write('one') },
      )
      const bead = await must(town.gt('bead', 'create', 'Two files', '--body', 'Write the first file.'))
      const slung = town.start('sling', bead.id, 'app', '--wait', '--timeout', '6m', '--permissions', 'bypass')
      const run = await until('a worker', async () => (await town.show(bead.id)).runs.find((one: any) => one.process))
      const written = (name: string): Promise<boolean> =>
        until(
          `the commit of ${name}`,
          () => town.git(run.worktree, 'log', '--format=%s').split('\n').includes(name),
          180_000,
        )

      // The brief was its first prompt, and no dialog stood in the way of it or of the shell.
      await written('one')
      expect(model.requests.find(({ step }) => step === 0)?.prompt).toContain(bead.id)

      // Tools that wait for a person: Codex refuses this one by itself in the mode that it starts in.
      const waits = ['ask_user', 'question', 'AskUserQuestion']
      expect(model.requests.flatMap(({ tools }) => tools.filter((tool) => waits.includes(tool)))).toEqual([])

      await say(town, run.session, 'Write the second file, please.')
      await written('two')

      kill(town.tmuxServer()!)
      expect((await slung.ended).data).toMatchObject([{ state: 'landed' }])
      expect([town.onMain('one.txt'), town.onMain('two.txt')]).toEqual(['one', 'two'])
      const { runs } = await town.show(bead.id)
      expect(runs.map(({ fence, revived }: any) => [fence, revived])).toEqual([[run.fence, 1]])

      // Where it can take up a conversation it did: what was said by hand is in no brief.
      const last = model.requests.find(({ prompt }) => new RegExp(model.rules[0]!.match).test(prompt))
      expect(JSON.stringify(last?.body).includes('Write the second')).toBe(table.resume !== undefined)

      // Nothing tells what it used, and nothing of it is left running.
      const costs = await must(town.gt('costs', '--by', 'run'))
      expect(costs.rows.find(({ key }: any) => key === run.fence).unknown).not.toEqual([])
      await nothingLeft(town)
    },
    400_000,
  )
})
