/** `gt why`: finding what a person means. What it says of each: test/kernel/why.test.ts. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ChangeInput } from '../../src/beads/change.ts'
import { openLedger } from '../../src/beads/ledger.ts'
import { SHAPES } from '../../src/cli/shapes.ts'
import { incidentOf, incidents } from '../../src/kernel/incidents.ts'
import { breakers } from '../../src/kernel/intensity.ts'
import { giveBack } from '../../src/kernel/runs.ts'
import { must } from '../beads/support.ts'
import { aBead, aRun, beadWith } from '../kernel/support.ts'
import type { BareTown } from './support.ts'
import { bareTown } from './support.ts'

const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000)

/** Six beads with a run each: five that crashed, one at work under the name of the first; and the incident of that. */
async function troubled(): Promise<BareTown & { incident: string }> {
  const town = await bareTown()
  const ledger = must(openLedger(join(town.root, '.beads')))
  const write = (input: ChangeInput): void => void must(ledger.write(input))
  for (let n = 1; n <= 6; n++) {
    const fence = `mfence${n}`
    const claimed_at = ago(60 - n).toISOString()
    const agent = `gp/polecats/${n === 1 || n === 6 ? 'toast' : `w${n}`}`
    const run = aRun(fence, `gp-bead${n}`, { agent, claimed_at, since: claimed_at })
    const bead = beadWith(run, {}, { title: `Bead ${n}` })
    write({ by: 'test', fence, why: `claim for ${run.agent}`, ops: [{ op: 'create', bead }] })
    if (n === 6) continue
    const end = { to: 'lost', reason: `process ${n} is gone`, cause: 'crash', at: ago(30 - n), by: 'deacon' } as const
    write(giveBack(bead, run, { ...end, evidence: ['session not there'] }, { attempts: 3, backoffMs: 1000 }))
  }
  const now = new Date()
  for (const input of incidents(ledger.state, breakers(ledger.state, now), now)) write(input)
  const incident = [...ledger.state.beads.values()].find((bead) => incidentOf(bead) !== undefined)!.id
  write({ by: 'test', why: 'made', ops: [{ op: 'create', bead: aBead('gp-mfence9') }] })
  ledger.close()
  return { ...town, incident }
}

test('a bead, a run, a worker and an incident are found, by whole names and by beginnings', async () => {
  const town = await troubled()
  const why = async (id: string) => {
    const data = await town.data('why', id)
    expect(SHAPES.why!.safeParse(data).error, id).toBeUndefined()
    return data
  }
  const bead = await why('bead2')
  expect(bead).toMatchObject({ kind: 'bead', id: 'gp-bead2', merge_request: null, runs: [{ run: 'mfence2' }] })
  expect(bead.steps.at(-1)).toMatchObject({
    by: 'deacon',
    fence: 'mfence2',
    why: 'process 2 is gone',
    rule: 'dead-process',
    evidence: ['session not there'],
  })
  expect(await why('mfence3')).toMatchObject({
    kind: 'run',
    run: 'mfence3',
    state: 'lost',
    verdict: null,
    evidence: [],
  })
  // The live run of a worker, else its newest.
  for (const name of ['gp/polecats/toast', 'gp/toast', 'toast']) expect((await why(name)).run).toBe('mfence6')
  expect((await why('gp/w3')).run).toBe('mfence3')
  const live = await why('mfence6')
  expect(live.verdict).toBe('dead: process 4242 is gone, and so is the runtime that it was started in (runtime-gone)')
  expect(live.evidence).toEqual(expect.arrayContaining(['session: none', 'doing: unknown']))

  const incident = await why(town.incident)
  expect(incident).toMatchObject({ kind: 'incident', node: 'gp/polecats', cause: 'crash', open: true })
  expect(incident.failures.map((one: { reason: string }) => one.reason)).toEqual(
    [1, 2, 3, 4, 5].map((n) => `process ${n} is gone`),
  )
  expect(incident.steps).toMatchObject([{ by: 'deacon', rule: 'restart-intensity' }])

  const page = await town.text('why', town.incident)
  expect(page).toContain('Workers of gp keep being killed or crashing')
  expect(page).toMatch(/Failures\n.*mfence1 .*process 1 is gone/)
  expect(await town.text('why', 'gp-bead2')).toMatch(/\(dead-process\)\n {4}because session not there\n$/)
  expect(await town.text('trail', 'gp-bead2')).toMatch(/process 2 is gone {2}\(dead-process\)\n {4}because session not/)
})

test('what could be several things, and what is nothing, is said with what to type', async () => {
  const town = await troubled()
  const many = await town.gt('why', 'mfence')
  expect(many.error).toMatchObject({ code: 'E_AMBIGUOUS', message: expect.stringContaining('gp-mfence9') })
  expect((await town.gt('why', 'mfence4x')).error).toMatchObject({ code: 'E_NOT_FOUND', hint: 'gt why mfence4' })
  expect((await town.gt('why', 'gp/polecats/tost')).error?.hint).toBe('gt why gp/polecats/toast')
  expect((await town.gt('why', 'nothing-like-it')).error?.hint).toBe('gt bead list, gt polecat list')
})
