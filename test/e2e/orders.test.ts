/** Formulas on a timetable, with a real daemon: made while their condition holds, once at a time, and told when they cannot be. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { history } from '../../src/beads/history.ts'
import type { Answer } from '../support/gt.ts'
import { startGt, until } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown, must } from '../support/town.ts'

function formula(town: TestTown, name: string, more = ''): void {
  mkdirSync(join(town.root, 'formulas'), { recursive: true })
  const steps = ['look', 'tell'].map((id) => `[[steps]]\nid = "${id}"\ntitle = "${id} {{what}}"\n`).join('')
  writeFileSync(
    join(town.root, 'formulas', `${name}.formula.toml`),
    `formula = "${name}"\ndescription = "A round"\n${more}\n[vars.what]\nrequired = true\n${steps}`,
  )
}

const looks = (town: TestTown): Answer => {
  const file = join(town.root, '.gt', 'orders.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}
const lookAt = (town: TestTown, name: string): Promise<Answer> =>
  until(`a look at ${name}`, () => looks(town)[name]?.last)
/** How many changes say something of this bead, or of any: leases come and go. */
const written = (town: TestTown, bead?: string): number =>
  [...history(join(town.root, '.beads'))].filter(({ change }) =>
    change.ops.some((op) =>
      'id' in op ? bead === undefined || op.id === bead : op.op === 'create' && bead === undefined,
    ),
  ).length
const molecules = async (town: TestTown): Promise<Answer[]> =>
  (await must(town.gt('bead', 'list', '--status', 'all'))).filter(
    (bead: Answer) => bead.metadata?.gt?.molecule !== undefined,
  )

it('an order does nothing and writes nothing until its condition holds, then makes one molecule at a time', async () => {
  const town = await makeTown({ agent: 'puppet' })
  formula(town, 'round', 'phase = "vapor"')
  // Due in a few seconds, by nothing but the clock.
  const at = Date.now() - 54_000
  writeFileSync(join(town.root, '.gt', 'orders.json'), JSON.stringify({ rounds: { at } }))
  await must(town.gt('up'))
  // A formula for what has changed since the last time, and a flag.
  const when =
    'test -n "$(git --git-dir "$GT_REPO" log --since="$GT_LAST" --format=%h origin/main)" && test "$GT_RIG" = app && test -f flag'
  const wrong = await town.gt('order', 'add', 'rounds', 'round', 'app', '--when', when)
  expect([wrong.code, wrong.error?.code]).toEqual([1, 'E_VARS'])
  const before = written(town)
  await must(town.gt('order', 'add', 'rounds', 'round', 'app', '--when', when, '--var', 'what=docs', '--every', '1m'))
  const look = await lookAt(town, 'rounds')
  expect([look.did, Date.parse(look.at) - at >= 60_000]).toEqual(['skipped', true])
  town.set('orders.rounds.every', '1h')
  expect(await must(town.gt('order', 'run', 'rounds'))).toMatchObject({ did: 'skipped', molecule: null })
  expect([await molecules(town), written(town) - before]).toEqual([[], 0])

  writeFileSync(join(town.root, 'flag'), '')
  // Of several who try at once, one does it.
  const tries = await Promise.all([1, 2, 3].map(() => must(town.gt('order', 'run', 'rounds'))))
  expect(tries.map(({ did }) => did).sort()).toEqual(['busy', 'busy', 'slung'])
  const [{ molecule }] = tries
  const worker = await town.puppets.next(molecule)
  expect(worker.brief).toContain('look docs')
  expect(await must(town.gt('order', 'run', 'rounds', '--force'))).toMatchObject({ did: 'busy', molecule })
  expect((await molecules(town)).map(({ id }) => id)).toEqual([molecule])
  const [row] = await must(town.gt('order', 'list'))
  expect(row).toMatchObject({ order: 'rounds', open: molecule, last: { did: 'busy' } })

  // It is over: the next turn makes another one.
  for (const n of [1, 2]) await worker.sh(`gt mol step done ${n}`)
  expect(await worker.sh('echo 1 > a.txt && git add -A && git commit -qm a && gt done')).toMatchObject({ code: 0 })
  await until('the molecule to be over', async () => (await must(town.gt('order', 'list')))[0].open === null)
  const next = await must(town.gt('order', 'run', 'rounds'))
  expect([next.did, next.molecule === molecule]).toEqual(['slung', false])
  await until('what is over to be gone', async () => (await molecules(town)).length === 1)
  expect((await molecules(town))[0]).toMatchObject({ id: next.molecule, ephemeral: true })
}, 90_000)

it('the daemon carries out what is due by itself, once; what it cannot look at is asked once', async () => {
  const town = await makeTown({ agent: 'puppet' })
  formula(town, 'round')
  const add = (name: string, ...more: string[]) =>
    must(town.gt('order', 'add', name, 'round', 'app', '--var', 'what=docs', ...more))
  await add('always')
  await add('broken', '--when', './no-such-program')
  await add('nightly', '--at', '03:00')
  await must(town.gt('up'))
  expect(await lookAt(town, 'always')).toMatchObject({ did: 'slung' })
  expect(await lookAt(town, 'broken')).toMatchObject({ did: 'failed' })
  const [made, ...more] = await molecules(town)
  expect([made.metadata.gt.slung.by, more]).toEqual(['deacon', []])
  await town.puppets.next(made.id)
  // With a time of day, its turns begin from now on.
  expect(looks(town).nightly).toEqual({ at: expect.any(Number) })

  const asked = async (): Promise<Answer[]> =>
    (await must(town.gt('status'))).needs_you.filter(({ cause }: Answer) => cause === 'order')
  const [question, ...others] = await asked()
  expect([question.text, others]).toEqual([expect.stringContaining('gt order run broken'), []])
  const before = written(town, question.bead)
  const again = await town.gt('order', 'run', 'broken')
  expect([again.code, again.error?.code, again.data.did]).toEqual([1, 'E_ORDER', 'failed'])
  expect([await asked(), written(town, question.bead) - before]).toEqual([[question], 0])

  // Mended, the question is taken back by itself.
  writeFileSync(join(town.root, 'no-such-program'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  expect(await must(town.gt('order', 'run', 'broken'))).toMatchObject({ did: 'skipped' })
  expect(await asked()).toEqual([])
  expect(written(town, question.bead) - before).toBe(1)
  expect((await molecules(town)).length).toBe(1)
}, 90_000)

it('people write orders, agents do not; what is taken out leaves the rest of the file as it was', async () => {
  const town = await makeTown({ agent: 'puppet' })
  formula(town, 'round')
  const toml = () => readFileSync(join(town.root, 'town.toml'), 'utf8')
  const before = toml()
  const args = ['order', 'add', 'o', 'round', 'app', '--var', 'what=x', '--every', '36h', '--at', '03:00']
  const uneven = await town.gt(...args)
  expect([uneven.error?.code, uneven.error?.message]).toEqual(['E_SETTINGS', expect.stringContaining('whole days')])
  await must(town.gt(...args.with(8, '2d')))
  const [row] = await must(town.gt('order', 'list'))
  expect(row).toMatchObject({ order: 'o', every_ms: 2 * 86_400_000, at: '03:00', paused: false, last: null })
  await must(town.gt('order', 'pause', 'o'))
  expect((await must(town.gt('order', 'list')))[0]).toMatchObject({ paused: true, next: null })

  const bead = await town.bead('Something', '')
  await must(town.gt('sling', bead, 'app'))
  const agent = await town.puppets.next(bead)
  for (const line of ['add p round app --var what=y', 'resume o', 'remove o', 'pause o']) {
    const said = await agent.sh(`gt order ${line} --json`)
    expect([said.code, said.out]).toEqual([2, expect.stringContaining('E_NOT_FOR_AGENTS')])
  }
  const mayor = startGt(['config', 'set', 'orders.o.when', 'true'], {
    cwd: town.root,
    env: { ...town.env, GT_AGENT: 'mayor' },
  })
  expect((await mayor.ended).error?.code).toBe('E_NOT_FOR_AGENTS')
  expect((await must(town.gt('order', 'list'))).length).toBe(1)
  await must(town.gt('order', 'remove', 'o'))
  expect(toml()).toBe(before)
}, 60_000)
