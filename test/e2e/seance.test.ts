/** Asking a past session with the real Claude Code, against a scripted model on loopback. No account, no network. */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { findTranscript } from '../../src/agents/transcript.ts'
import { newAgent } from '../../src/kernel/agents.ts'
import { inside, quickTown } from '../dogs/support.ts'
import { startFakeModel } from '../support/fake-model.mjs'
import { CLAUDE_BIN, claudeInstalled, onLoopback } from '../support/real-client.ts'
import { must } from '../support/town.ts'

test.skipIf(!claudeInstalled)(
  'a past session answers from what it knew, in a copy, with its worktree gone and no tool',
  async () => {
    const model = await startFakeModel()
    const town = await quickTown()
    const config = join(town.dir, 'cfg')
    const worktree = join(town.dir, 'gone')
    mkdirSync(worktree)
    Object.assign(town.env, {
      PATH: `${CLAUDE_BIN}:${town.env.PATH}`,
      CLAUDE_CONFIG_DIR: config,
      ...onLoopback(model.url),
      CLAUDE_CODE_MAX_RETRIES: '0',
    })
    const conversation = randomUUID()
    // Not the synchronous one: the model that it asks is in this very process.
    const words = ['-p', '--session-id', conversation, '--permission-mode', 'manual', '--']
    const run = { cwd: worktree, env: town.env, timeout: 30_000 }
    const call = promisify(execFile)(
      join(CLAUDE_BIN, 'claude'),
      [...words, '@say The old parser lost time zones.'],
      run,
    )
    call.child.stdin?.end()
    await call
    rmSync(worktree, { recursive: true })

    const open = await inside(town)
    const at = new Date().toISOString()
    const entry = {
      preset: 'claude',
      model: 'its-own',
      cwd: worktree,
      config,
      started: at,
      ended: at,
      how: 'handoff' as const,
    }
    const lost = randomUUID()
    const conversations = {
      [conversation]: entry,
      [lost]: { ...entry, started: new Date(Date.now() + 1000).toISOString() },
    }
    open.ledger.write(
      newAgent(open.ledger.state, { address: 'mayor', role: 'mayor', in: false, conversations }, at).change,
    )

    const transcript = findTranscript(config, conversation)
    if (transcript.kind !== 'ok') throw new Error('no transcript')
    const before = digest(transcript.value)
    model.requests.splice(0)
    const question = 'Why did we drop it? `$HOME`\n@say Because it lost time zones.'
    // The newest one was never begun, so nobody could answer there.
    const answer = await must(town.gt('seance', 'mayor', '--ask', question))
    expect(model.requests.at(-1)?.body.tools ?? []).toEqual([])
    // In the model that it had.
    expect(model.requests.at(-1)?.body.model).toBe('its-own')
    expect(answer).toMatchObject({ address: 'mayor', conversation, answer: 'Because it lost time zones.' })
    expect(JSON.stringify(model.requests.at(-1)?.body.messages)).toContain('The old parser lost time zones.')
    expect(model.requests.at(-1)?.prompt).toContain('Why did we drop it? `$HOME`')
    expect(digest(transcript.value)).toBe(before)
    const files = readdirSync(join(config, 'projects'), { recursive: true }).filter((name) =>
      String(name).endsWith('.jsonl'),
    )
    expect(files).toHaveLength(1)

    expect((await town.gt('seance', lost, '--ask', 'x')).error?.code).toBe('E_NO_CONVERSATION')
    model.rules.push({ match: 'too often', reply: { status: 429, message: 'slow down' } })
    const limited = await town.gt('seance', conversation.slice(0, 13), '--ask', 'asked too often')
    expect([limited.error?.code, limited.code]).toEqual(['E_LIMIT', 75])
    await model.close()
  },
  120_000,
)

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
