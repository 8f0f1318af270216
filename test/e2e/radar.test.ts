/** The merge radar in a living town: seen before anybody hands in, told once, and free of charge when nobody works. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SHAPES } from '../../src/cli/shapes.ts'
import type { Answer } from '../support/gt.ts'
import { GT, until } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown, must } from '../support/town.ts'

const swept = (town: TestTown): Answer => {
  try {
    return JSON.parse(readFileSync(join(town.root, '.gt', 'radar', 'app.json'), 'utf8'))
  } catch {
    return undefined
  }
}

const inbox = (town: TestTown, run: string): string[] => {
  const folder = join(town.root, '.gt', 'runs', run, 'inbox')
  return existsSync(folder) ? readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')) : []
}

it('names both workers and the file before either has handed in, and tells the later one once', async () => {
  const town = await makeTown({ agent: 'puppet', files: { 'line.txt': 'base\n' }, set: { 'deacon.radar': '1s' } })
  const person = (...args: string[]): string =>
    execFileSync(process.execPath, [GT, ...args], { cwd: town.root, env: town.env, encoding: 'utf8' })
  expect(person('mq', 'radar')).toContain('No conflicts ahead: 0 branches')

  const [a, b] = [await town.bead('One', ''), await town.bead('Two $(touch pwned)', '')]
  await must(town.gt('sling', a, 'app'))
  const one = await town.puppets.next(a)
  await must(town.gt('sling', b, 'app'))
  const two = await town.puppets.next(b)
  await one.sh('echo one > line.txt && git commit -qam one')
  await two.sh('echo two > line.txt')
  // Not committed, not seen.
  expect(person('mq', 'radar', '--rig', 'app')).toContain('No conflicts ahead: 1 branch')
  await two.sh('git commit -qam two')

  const answer = await must(town.gt('mq', 'radar'))
  expect(SHAPES['mq radar']!.safeParse(answer).error).toBeUndefined()
  const [rig] = answer.rigs
  expect(rig).toMatchObject({ rig: 'app', pairs: [{ a: one.run, b: two.run, files: ['line.txt'] }] })
  expect(rig.hot).toEqual([{ file: 'line.txt', runs: [one.run, two.run] }])
  const table = person('mq', 'radar')
  expect(table).toMatch(new RegExp(`${one.agent} +\\(${a}\\) +${two.agent} +\\(${b}\\) +line\\.txt`))
  expect((await town.gt('mq', 'radar', '--rig', 'nope')).code).not.toBe(0)
  expect(swept(town)).toBeUndefined()

  await must(town.gt('up'))
  await until('a look at both', () => swept(town)?.pairs.length === 1)
  const looks = swept(town).looks
  await one.sh('echo x > x.txt && git add -A && git commit -qm x')
  await until('two sweeps more', () => swept(town).sweeps >= 2 && swept(town).looks >= looks + 2)
  expect(inbox(town, one.run)).toEqual([])
  const [message, ...more] = inbox(town, two.run)
  expect(more).toEqual([])
  for (const word of [a, 'line.txt', 'One', rig.runs[0].commit]) expect(message).toContain(word)
  const { running } = await must(town.gt('status'))
  expect(running.map((row: Answer) => row.state)).toEqual(['working', 'working'])

  // A new daemon remembers what was said.
  const before = swept(town).sweeps
  await must(town.gt('deacon', 'stop'))
  await one.sh('echo y > y.txt && git add -A && git commit -qm y')
  await must(town.gt('up'))
  await until('a sweep after the restart', () => swept(town).sweeps > before)
  expect(inbox(town, two.run)).toHaveLength(1)
}, 120_000)

it('spends nothing on the radar while fewer than two are at work', async () => {
  const town = await makeTown({ agent: 'puppet', set: { 'deacon.radar': '1s', 'deacon.heartbeat': '1s' } })
  await must(town.gt('up'))
  const bead = await town.bead('Alone', '')
  await must(town.gt('sling', bead, 'app'))
  const puppet = await town.puppets.next(bead)
  await puppet.sh('echo x > x.txt && git add -A && git commit -qm x')
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect(existsSync(join(town.root, '.gt', 'radar'))).toBe(false)
}, 60_000)
