/** A town with a real ledger and real folders, without a process. Only for tests. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { agentDir } from '../../src/agents/launch.ts'
import type { AgentFacts } from '../../src/beads/agent-facts.ts'
import type { Run } from '../../src/beads/facts.ts'
import { lookUp } from '../../src/beads/fold.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { newAgent } from '../../src/kernel/agents.ts'
import { fencedLedger } from '../../src/kernel/fenced.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { deliver } from '../../src/mail/deliver.ts'
import type { Message, Recipient } from '../../src/mail/message.ts'
import { messageOf } from '../../src/mail/message.ts'
import type { Letter } from '../../src/mail/send.ts'
import { send } from '../../src/mail/send.ts'
import { ok } from '../../src/result.ts'
import { paths } from '../../src/town/paths.ts'
import { parseTownSettings } from '../../src/town/settings.ts'
import { must, newLedger, temporaryFolder } from '../beads/support.ts'
import { aRun, at, beadWith } from '../kernel/support.ts'

export interface MailTown extends OpenTown {
  /** Moved by the test. */
  clock: Date
  /** The fences of its workers: `toast` and `nux` of the rig gp. */
  runs: Record<string, Run>
  folder(who: Recipient): string
  /** Sends and answers the id. */
  mail(letter: Partial<Letter>): string
  message(id: string): Message
  state(id: string, key: string): string | undefined
  /** A hook of this agent fires; what it says to the model. */
  hook(who: Recipient, event?: string, speaks?: boolean): string
  /** The run ends. */
  end(name: string): void
}

export const RIG = `schema = 1
name = "gp"
remote = "/nowhere"
branch = "main"
prefix = "gp"
`

export function mailTown(settings = ''): MailTown {
  const root = temporaryFolder()
  const where = paths({ root })
  const ledger: Ledger = newLedger({}, where.beads)
  writeFileSync(where.toml, `schema = 1\nname = "t"\n${settings}`)
  mkdirSync(where.rig('gp').dir, { recursive: true })
  writeFileSync(where.rig('gp').toml, RIG)
  const max: AgentFacts = { ...MAX, role: 'crew', in: false, conversations: {} }
  must(ledger.write(newAgent(ledger.state, max, at(0)).change))
  const runs: Record<string, Run> = {}
  for (const name of ['toast', 'nux']) {
    const run = aRun(`f${name}`, `gp-${name}`, { agent: `gp/polecats/${name}` })
    must(ledger.write({ by: 'person', why: 'test', ops: [{ op: 'create', bead: beadWith(run) }] }))
    runs[name] = run
  }
  const town: MailTown = {
    root,
    name: 't',
    paths: where,
    settings: must(parseTownSettings(`schema = 1\nname = "t"\n${settings}`, 'town.toml')),
    ledger,
    runtime: {} as OpenTown['runtime'],
    env: {},
    gtBin: '',
    rig: async () => {
      throw new Error('not in this test')
    },
    clock: new Date(),
    now: () => town.clock,
    runs,
    folder: ({ address, run }) => agentDir(root, { fence: run, address }),
    // Time goes on, so that the order of two messages is that of their sending.
    mail: (letter) => {
      town.clock = new Date(town.clock.getTime() + 1)
      return must(send(town, { from: 'human', to: 'gp/toast', subject: '', body: 'hello', ...letter })).id
    },
    message: (id) => {
      ledger.refresh()
      return messageOf(lookUp(ledger.state, id))!
    },
    state: (id, key) => town.message(id).mail.deliveries[key]?.state,
    hook: (me, event = 'PostToolUse', speaks = true) => {
      let said = ''
      must(
        deliver({
          folder: town.folder(me),
          me,
          event,
          speaks,
          open: () => {
            const own = openLedger(where.beads)
            return own.kind === 'error' || me.run === undefined ? own : ok(fencedLedger(own.value, me.run))
          },
          print: (text) => {
            said += text
          },
        }),
      )
      return said
    },
    end: (name) => {
      const { bead, fence } = runs[name]!
      const path = ['metadata', 'gt', 'runs', fence, 'state']
      must(ledger.write({ by: 'test', why: 'test', ops: [{ op: 'set', id: bead, path, value: 'finished' }] }))
    },
  }
  for (const who of [TOAST, NUX, MAX, MAYOR]) mkdirSync(join(town.folder(who), 'inbox'), { recursive: true })
  return town
}

export const TOAST: Recipient = { address: 'gp/polecats/toast', run: 'ftoast' }
export const NUX: Recipient = { address: 'gp/polecats/nux', run: 'fnux' }
export const MAX: Recipient = { address: 'gp/crew/max' }
export const MAYOR: Recipient = { address: 'mayor' }
