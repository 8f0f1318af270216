/** Every formula that comes with gt, from the sling to its end, worked by scripted agents on real git and tmux. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { formula, NAMES, SAMPLE } from '../meow/shipped-support.ts'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, makeTown, must } from '../support/town.ts'

const WALKER = fileURLToPath(new URL('../support/walker-agent.mjs', import.meta.url))

/** Those that are work by themselves; the others are put into these. */
const WORK = NAMES.filter((name) => !['expansion', 'aspect'].includes(formula(name).type))

async function sling(town: TestTown, name: string): Promise<{ name: string; beads: string[] }> {
  const vars = Object.entries(SAMPLE[name] ?? {}).flatMap(([key, value]) => ['--var', `${key}=${value}`])
  // The ordinary course is for a bead that is there already.
  const on = name === 'polecat-work' ? ['--on', await town.bead('Something to do', '')] : []
  const rows = await must(town.gt('sling', name, 'app', ...vars, ...on))
  return { name, beads: rows.map((row: Answer) => row.bead) }
}

it('each is slung, done step by step, and lands', async () => {
  const town = await makeTown({ set: { 'workers.max': '6' } })
  await must(town.gt('config', 'agent', 'set', 'walker', '--', process.execPath, WALKER))
  town.set('workers.agent', 'walker')
  await must(town.gt('up'))
  const slung: { name: string; beads: string[] }[] = []
  for (const name of WORK) slung.push(await sling(town, name))

  // The release waits for a person before its last step; nobody else does.
  const [gate] = await until('the release to be parked', async () => {
    const { waits } = await must(town.gt('gate', 'list'))
    return waits.length === 1 && waits[0].parked.length === 1 ? waits : undefined
  })
  await must(town.gt('gate', 'open', gate.id, '--reason', 'looked at it'))
  const all = slung.flatMap(({ beads }) => beads)
  const rows = await must(town.gt('sling', ...all, 'app', '--wait', '--timeout', '3m'))
  const reports = slung.find(({ name }) => name === 'code-review')!.beads
  for (const row of rows as Answer[]) {
    expect([row.bead, row.state]).toEqual([row.bead, reports.includes(row.bead) ? 'done' : 'landed'])
  }
  expect(
    await flawsOfMain(
      town,
      all.filter((id) => !reports.includes(id)),
    ),
  ).toEqual([])

  for (const { name, beads } of slung) {
    const [root] = beads
    const status = await must(town.gt('mol', 'status', beads.length === 1 ? root! : root!.replace(/\.\d+$/, '')))
    expect([name, status.done]).toEqual([name, status.total])
    if (beads.length > 1) continue
    // Each step once; what a loop or a fan-out made is among them.
    const steps = town.onMain(`walked/${root}`).split('\n')
    expect([name, new Set(steps).size, steps.length]).toEqual([name, status.total, status.total])
    if (name === 'dependency-upgrade') expect(steps.filter((step) => step.includes('upgrade-one-2'))).not.toEqual([])
  }
  expect(town.onMain('docs/design/offline-mode/simplest.md')).toContain('simplest')
}, 240_000)
