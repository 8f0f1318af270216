/** Whom a line may wake, and that it is typed once, whoever else wants to. The runtime is ours: it notes what it is to type. */
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { writeBeat } from '../../src/agents/beat.ts'
import type { Runtime, SessionView } from '../../src/agents/runtime.ts'
import { history } from '../../src/beads/history.ts'
import { newAgent } from '../../src/kernel/agents.ts'
import type { Recipient } from '../../src/mail/message.ts'
import { wakeFor } from '../../src/mail/wake.ts'
import { wakeLine } from '../../src/mail/waking.ts'
import type { Read } from '../../src/result.ts'
import { empty, fail, ok, unknown } from '../../src/result.ts'
import { self } from '../../src/town/processes.ts'
import { cleanUp, must } from '../beads/support.ts'
import type { MailTown } from './support.ts'
import { MAYOR, mailTown, TOAST } from './support.ts'

afterEach(cleanUp)

interface Stage {
  town: MailTown
  typed: string[]
  sessions: Read<SessionView[]>
  may: ReturnType<Runtime['mayType']> extends Promise<infer T> ? T : never
  wake(to: Recipient): Promise<string>
}

const session = (labels: Record<string, string>): SessionView => ({ name: 's', labels, process: self(), alive: true })
const HERE = {
  mayor: session({ agent: 'mayor', fence: 's1' }),
  toast: session({ agent: TOAST.address, run: 'ftoast' }),
}

/** The Mayor and toast sit at their prompts; a hook answers each line at once. */
function stage(): Stage {
  const town = mailTown()
  const agent = { address: 'mayor', role: 'mayor', in: true, conversations: {} } as const
  const known = { ...agent, session: { fence: 's1', conversation: 'c', since: town.clock.toISOString() } }
  must(town.ledger.write(newAgent(town.ledger.state, known, town.clock.toISOString()).change))
  for (const who of [MAYOR, TOAST]) {
    writeFileSync(join(town.folder(who), 'hook.sh'), '')
    writeBeat(town.folder(who), 'Stop')
  }
  const at: Stage = {
    town,
    typed: [],
    sessions: ok([HERE.mayor, HERE.toast]),
    may: ok(undefined),
    wake: async (to) => {
      const woke = await wakeFor(town, to, 'deacon')
      return woke.kind === 'ok' ? woke.value : woke.failure.code
    },
  }
  const runtime: Partial<Runtime> = {
    list: async () => at.sessions,
    mayType: async () => at.may,
    type: async (_, line) => {
      at.typed.push(line)
      // The clock of files is coarse.
      const hears = at.sessions.kind === 'ok' && at.sessions.value[0]?.labels.run !== undefined ? TOAST : MAYOR
      setTimeout(() => writeBeat(town.folder(hears), 'UserPromptSubmit'), 20)
      return ok(undefined)
    },
  }
  town.runtime = runtime as Runtime
  return at
}

test('one line for a message, also when several processes want to, and none for mail that can wait', async () => {
  const at = stage()
  at.town.mail({ to: 'mayor' })
  expect(await at.wake(MAYOR)).toBe('nothing')
  const id = at.town.mail({ to: 'mayor', wake: true })
  expect(await at.wake(MAYOR)).toBe('woken')
  expect(at.typed).toEqual([wakeLine([at.town.message(id)])])
  expect(at.town.message(id).mail.deliveries.mayor).toMatchObject({ state: 'queued', woken: expect.any(String) })
  // It hears nothing for some reason, and sits idle again.
  writeBeat(at.town.folder(MAYOR), 'Stop')
  expect(await at.wake(MAYOR)).toBe('nothing')
  at.town.mail({ to: 'mayor', wake: true })
  const woke = await Promise.all([1, 2, 3].map(() => at.wake(MAYOR)))
  expect(woke.filter((one) => one === 'woken')).toHaveLength(1)
  expect(at.typed).toHaveLength(2)
})

test.each<[string, string, (at: Stage) => void]>([
  ['at work', 'busy', ({ town }) => writeBeat(town.folder(MAYOR), 'PostToolUse')],
  ['at a dialog', 'E_DIALOG', ({ town }) => writeBeat(town.folder(MAYOR), 'PermissionRequest')],
  ['not at its first prompt yet', 'E_NOT_IDLE', ({ town }) => rmSync(join(town.folder(MAYOR), 'beat'))],
  ['without hooks', 'E_NO_HOOKS', ({ town }) => rmSync(join(town.folder(MAYOR), 'hook.sh'))],
  ['over a draft', 'E_DRAFT', (at) => (at.may = fail('E_DRAFT', 'half'))],
  ['gone', 'E_NO_SESSION', (at) => (at.sessions = empty)],
  ['ended', 'E_NO_SESSION', (at) => (at.sessions = ok([{ ...HERE.mayor, alive: false }]))],
  [
    'in a session that was replaced',
    'E_NO_SESSION',
    (at) => (at.sessions = ok([session({ agent: 'mayor', fence: 's0' })])),
  ],
  ['not to be seen', 'E_RUNTIME', (at) => (at.sessions = unknown('tmux is silent'))],
  ['just starting', 'E_NOT_IDLE', ({ town }) => writeBeat(town.folder(MAYOR), 'SessionStart')],
  [
    'stopped by a limit',
    'E_LIMIT',
    ({ town }) => {
      writeFileSync(join(town.folder(MAYOR), 'failure.json'), '{"error":"rate_limit"}')
      writeBeat(town.folder(MAYOR), 'StopFailure')
    },
  ],
])('types nothing where the agent is %s: %s', async (_, said, change) => {
  const at = stage()
  at.town.mail({ to: 'mayor', wake: true })
  change(at)
  const records = (): number => [...history(at.town.paths.beads)].length
  const before = records()
  expect(await at.wake(MAYOR)).toBe(said)
  expect(at.typed).toEqual([])
  expect(records()).toBe(before)
})

test('nobody hears in a town that stands still but the Mayor; who began a while ago sits at its prompt', async () => {
  const at = stage()
  writeFileSync(join(at.town.root, 'hold'), 'gt: frozen\n')
  for (const to of ['mayor', 'gp/toast']) at.town.mail({ to, wake: true })
  expect(await at.wake(TOAST)).toBe('E_HELD')
  writeBeat(at.town.folder(MAYOR), 'SessionStart')
  utimesSync(join(at.town.folder(MAYOR), 'beat'), 5, 5)
  expect(await at.wake(MAYOR)).toBe('woken')
  // A limit of long ago stops nobody.
  writeFileSync(join(at.town.folder(MAYOR), 'failure.json'), '{"error":"overloaded"}')
  utimesSync(join(at.town.folder(MAYOR), 'failure.json'), 5, 5)
  writeBeat(at.town.folder(MAYOR), 'StopFailure')
  at.town.mail({ to: 'mayor', wake: true })
  expect(await at.wake(MAYOR)).toBe('woken')
})

test('one without hooks is told how to read it, where its empty prompt can be told', async () => {
  const at = stage()
  const id = at.town.mail({ to: 'mayor', wake: true })
  rmSync(join(at.town.folder(MAYOR), 'hook.sh'))
  rmSync(join(at.town.folder(MAYOR), 'beat'))
  writeFileSync(join(at.town.folder(MAYOR), 'ready'), '^> $')
  expect(await at.wake(MAYOR)).toBe('woken')
  expect(at.typed).toEqual([expect.stringContaining(`Read it (gt mail read ${id})`)])
  expect(await at.wake(MAYOR)).toBe('nothing')
})

test('a worker is woken in the session of its run and of no other, while that run works', async () => {
  const at = stage()
  at.town.mail({ to: 'gp/toast', wake: true })
  at.sessions = ok([session({ agent: TOAST.address, run: 'fother' })])
  expect(await at.wake(TOAST)).toBe('E_NO_SESSION')
  at.sessions = ok([HERE.toast])
  const state = (value: string): void => {
    const path = ['metadata', 'gt', 'runs', 'ftoast', 'state']
    must(at.town.ledger.write({ by: 'test', why: 'test', ops: [{ op: 'set', id: 'gp-toast', path, value }] }))
  }
  state('rate_limited')
  expect(await at.wake(TOAST)).toBe('E_NOT_IDLE')
  state('working')
  // A folder that was lost is made anew before the line is typed.
  rmSync(join(at.town.folder(TOAST), 'inbox'), { recursive: true })
  expect(await at.wake(TOAST)).toBe('woken')
  expect(at.town.hook(TOAST, 'UserPromptSubmit')).toContain('hello')
})
