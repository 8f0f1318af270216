/** What no agent says for a person: settings, permissions, the end of a town. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refuseAgent } from '../../src/cli/config.ts'
import type { Context } from '../../src/cli/context.ts'
import { agreePermissions } from '../../src/cli/permissions.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { readHold, writeHold } from '../../src/town/hold.ts'
import { self } from '../../src/town/processes.ts'
import { startGt } from '../support/gt.ts'
import { bareTown } from './support.ts'

const MAYOR = { GT_AGENT: 'mayor', GT_ROLE: 'mayor' }
const WORKER = { GT_AGENT: 'app/polecats/toast', GT_RUN: 'f1' }

test.each([
  'permissions.mode',
  'rig.app.permissions.mode',
  'rig.app.gate',
  'rig.app.gates.test.command',
  'rig.app.landing.policy',
  'rig.app.provision.run',
  'budget.day',
  'rig.app.budget.bead',
  'orders.nightly.when',
  'agents.mine.command',
  'agents.mine.usage',
  'accounts.work.env',
  'notify.command',
  'workers.max.x',
  'models',
  '"models".polecat',
])('%s is a person’s', (key) => {
  expect(refuseAgent(MAYOR, key)).toMatchObject({ failure: { code: 'E_NOT_FOR_AGENTS' } })
  expect(refuseAgent(WORKER, key)).toMatchObject({ failure: { code: 'E_NOT_FOR_AGENTS' } })
  expect(refuseAgent({}, key)).toBeUndefined()
})

test('the Mayor may say how many work at once, and with which model; a worker not even that', () => {
  for (const key of ['workers.max', 'models.polecat', 'models.label.docs', 'rig.app.models.polecat']) {
    expect(refuseAgent(MAYOR, key), key).toBeUndefined()
    expect(refuseAgent(WORKER, key), key).toBeDefined()
  }
})

test('no agent agrees to permissions, with --permissions neither', async () => {
  for (const env of [MAYOR, WORKER]) {
    const agreed = await agreePermissions({ env } as unknown as OpenTown, {} as Context, 'bypass')
    expect(agreed).toMatchObject({ failure: { code: 'E_NOT_FOR_AGENTS' } })
  }
})

test('no agent takes the town down, nor its driver, nor calls a drain off', async () => {
  const { root, env } = await bareTown()
  writeHold(root, { reason: 'tonight', frozen: false, drain: self() })
  for (const words of [['down'], ['deacon', 'stop'], ['up']]) {
    const { code, error } = await startGt(words, { cwd: root, env: { ...env, ...WORKER } }).ended
    expect([code, error?.code], words.join(' ')).toEqual([2, 'E_NOT_FOR_AGENTS'])
  }
  expect(readHold(root)).toMatchObject({ value: { reason: 'tonight' } })
})

test('no worker adds a project, which would have a gate of its own, nor imports what a file says of any bead', async () => {
  const { root, env } = await bareTown()
  for (const words of [
    ['rig', 'add', 'again', '/nowhere', '--gate', 'true'],
    ['bead', 'import', '/nowhere'],
  ]) {
    const { error } = await startGt(words, { cwd: root, env: { ...env, ...WORKER } }).ended
    expect(error?.code, words.join(' ')).toBe('E_NOT_FOR_AGENTS')
  }
})

test('no agent deletes a bead, or rewrites a letter by an import; a bead that it closes bears its name', async () => {
  const town = await bareTown()
  const id = await town.bead('One')
  for (const who of [MAYOR, WORKER]) {
    for (const words of [
      ['bead', 'delete', id, '--reason', 'x'],
      ['bd', 'delete', id],
    ]) {
      const { error } = await startGt(words, { cwd: town.root, env: { ...town.env, ...who } }).ended
      expect(error?.code, words.join(' ')).toBe('E_NOT_FOR_AGENTS')
    }
  }
  const letter = (await town.data('mail', 'send', 'mayor', '-m', 'Wait')).id
  const line = { ...(await town.data('bead', 'show', letter)), description: 'Go', updated_at: '2090-01-01T00:00:00Z' }
  writeFileSync(join(town.dir, 'x.jsonl'), `${JSON.stringify(line)}\n`)
  const how = { cwd: town.root, env: { ...town.env, ...MAYOR } }
  expect((await startGt(['bead', 'import', join(town.dir, 'x.jsonl')], how).ended).stdout).toContain('somebody’s words')
  expect((await town.data('bead', 'show', letter)).description).toBe('Wait')
  const closed = await startGt(['bead', 'close', id], { cwd: town.root, env: { ...town.env, ...MAYOR } }).ended
  expect(closed.data.close_reason).toBe('closed by mayor')
})
