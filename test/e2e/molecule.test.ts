/** Work that goes step by step, on real git and tmux: checkpoints outlive workers, and several work at once in a convoy. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, kill, makeTown, must } from '../support/town.ts'

function formula(town: TestTown, name: string, text: string): void {
  mkdirSync(join(town.root, 'formulas'), { recursive: true })
  writeFileSync(join(town.root, 'formulas', `${name}.formula.toml`), text)
}

const SEVEN = `formula = "seven"
description = "Seven steps, one after the other"
${[1, 2, 3, 4, 5, 6, 7]
  .map(
    (n) =>
      `[[steps]]\nid = "s${n}"\ntitle = "Write file ${n}"\ndescription = "Write ${n}.txt for {{who}}."\n${n > 1 ? `needs = ["s${n - 1}"]\n` : ''}`,
  )
  .join('')}
[vars.who]
required = true
`

it('a worker that dies after step 3 of 7 is replaced by one that begins with step 4, with what was done', async () => {
  const town = await makeTown({ agent: 'puppet' })
  formula(town, 'seven', SEVEN)
  const unfilled = await town.gt('sling', 'seven', 'app')
  expect([unfilled.code, unfilled.error?.code]).toEqual([1, 'E_VARS'])
  await must(town.gt('up'))
  const [{ bead }] = await must(town.gt('sling', 'seven', 'app', '--var', 'who=you'))
  const first = await town.puppets.next(bead)
  expect(first.brief).toContain('This work goes in 7 steps')
  expect(first.brief).toContain('Begin with step 1')
  const doStep = async (puppet: typeof first, n: number) => {
    const said = await puppet.sh(`echo ${n} > ${n}.txt && git add -A && git commit -qm ${n} && gt mol step done ${n}`)
    expect(said, said.out).toMatchObject({ code: 0 })
  }
  const early = await first.sh('gt mol step done s3 --json')
  expect(early.out).toContain('E_STEP_WAITS')
  // What is in no commit would not be there for the next one.
  const loose = await first.sh('echo x > loose.txt; gt mol step done 1 --json; rm loose.txt')
  expect(loose.out).toContain('E_UNCOMMITTED')
  for (const n of [1, 2, 3]) await doStep(first, n)
  expect((await first.sh('gt done --json')).out).toContain('E_STEPS_OPEN')
  // Half of step 4 is written and not committed when it dies.
  await first.sh('echo half > 4.txt')
  kill(first.pid)

  const second = await town.puppets.next(bead)
  expect(second.run).not.toBe(first.run)
  expect(second.brief).toContain('3 are done, by sessions before yours')
  expect(second.brief).toContain('Go on with step 4')
  expect(['1.txt', '3.txt', '4.txt'].map((name) => existsSync(join(second.cwd, name)))).toEqual([true, true, false])
  expect((await first.sh('gt mol step done 4').catch(() => ({ code: 1 }))).code).not.toBe(0)
  for (const n of [4, 5, 6, 7]) await doStep(second, n)
  expect((await second.sh('gt mol next')).out).toContain('All 7 steps are done')
  expect((await second.sh('gt done')).code).toBe(0)
  await must(town.gt('sling', bead, 'app', '--wait', '--timeout', '1m'))
  expect(await flawsOfMain(town, [bead])).toEqual([])
  for (const n of [1, 2, 3, 4, 5, 6, 7]) expect(town.onMain(`${n}.txt`)).toBe(String(n))
  const { runs, metadata } = await town.show(bead)
  expect([runs.length, metadata.gt.attempts]).toEqual([2, 1])
  expect(existsSync(join(first.cwd))).toBe(false)
}, 90_000)

const REVIEW = `formula = "look"
type = "convoy"
description = "Look at it from two sides"
[inputs.what]
required = true
[output]
directory = "reviews/{{.what}}"
leg_pattern = "{{.leg.id}}.md"
synthesis = "all.md"
[prompts]
base = """
\`\`\`sh
mkdir -p reviews/{{.what}} && echo {{.leg.id}} > {{.output_path}}
\`\`\`
"""
[[legs]]
id = "speed"
title = "Speed"
focus = "how fast it is"
description = "Measure it."
[[legs]]
id = "safety"
title = "Safety"
focus = "how safe it is"
description = "Break it."
[synthesis]
title = "Bring it together"
description = """
\`\`\`sh
cat reviews/{{.what}}/*.md > reviews/{{.what}}/{{.output.synthesis}}
\`\`\`
"""
`

it('a convoy’s legs are worked on side by side, and brought together when they have landed', async () => {
  const town = await makeTown()
  formula(town, 'look', REVIEW)
  const rows = await must(town.gt('sling', 'look', 'app', '--var', 'what=parser', '--wait', '--timeout', '2m'))
  expect(rows.map((row: Answer) => row.state)).toEqual(['landed', 'landed', 'landed'])
  expect(town.onMain('reviews/parser/all.md')).toBe('safety\nspeed')
  const ids: string[] = rows.map((row: Answer) => row.bead)
  expect(await flawsOfMain(town, ids)).toEqual([])
  const epic = await must(town.gt('bead', 'show', ids[0]!.replace(/\.\d+$/, '')))
  await until('the epic to be closed', async () => (await town.show(epic.id)).status === 'closed')
  const status = await must(town.gt('mol', 'status', epic.id))
  expect(status).toMatchObject({ kind: 'convoy', done: 3, total: 3, standing: 'done' })
}, 120_000)
