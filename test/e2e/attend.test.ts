/** A worker asks and tells; a person sees it, answers in a terminal and by command, and the worker goes on (pain E03, H13). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { launcher } from '../../src/kernel/town.ts'
import { tmux } from '../../src/tmux/command.ts'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import { makeTown, must } from '../support/town.ts'
import type { Stage } from '../tmux/helper.ts'
import { stage, value } from '../tmux/helper.ts'

let person: Stage | undefined
afterEach(() => person?.close())

it('a question and a word of warning: told once, shown, answered, heard', async () => {
  const town = await makeTown({ agent: 'hooked' })
  const told = join(town.dir, 'told')
  const recorder = join(town.dir, 'recorder')
  writeFileSync(recorder, `printf '%s|%s|%s\\n' "$GT_NOTIFY_CAUSE" "$1" "$2" >> '${told}'\n`)
  town.set('notify.command', JSON.stringify(['sh', recorder]))
  await must(town.gt('up'))
  const bead = await town.bead('Reject 30 February', '')
  town.start('sling', bead, 'app')
  const puppet = await town.puppets.next(bead)
  await puppet.hook('SessionStart', { source: 'startup' })
  const needs = async (): Promise<Answer> => (await town.show(bead)).metadata.gt.needs
  const lines = (): string[] => (existsSync(told) ? readFileSync(told, 'utf8').split('\n').filter(Boolean) : [])
  await until('work to begin', async () => (await town.show(bead)).runs[0].state === 'working')

  const question = 'Is 1582 Julian?'
  expect(await puppet.sh(`gt ask "${question}"`)).toMatchObject({ code: 0 })
  await puppet.hook('Stop')
  const item = { id: bead, cause: 'ask', text: question, who: puppet.agent, behind: { n: 0, ids: [] } }
  expect(await must(town.gt('attend'))).toMatchObject([item])
  expect((await must(town.gt('attend', bead))).answers[0].argv).toEqual(['gt', 'answer', bead, '--'])
  expect((await must(town.gt('status'))).needs_you).toMatchObject([
    { bead, cause: 'ask', severity: 'medium', behind: 0 },
  ])
  await until('the notice', () => lines().length > 0)

  // A person's terminal, 80 × 24, three times: left by q, by Ctrl-C and by a signal.
  person = stage()
  const pid = join(town.dir, 'pid')
  const attend = `sh -c 'echo $$ > ${pid}; exec "${process.execPath}" "${launcher()}" attend'`
  const loop = `for n in 1 2 3; do ${attend}; echo "left $n $?" $(stty -a | grep -o -- '-*icanon'); done; exec cat`
  const env = Object.fromEntries(Object.entries(town.env).map(([name, text]) => [name, text ?? '']))
  value(await person.runtime.start(person.spec('person', ['sh', '-c', loop], { cwd: town.root, env })))
  const { server } = person
  value(await tmux(server, ['resize-window', '-t', 'person', '-x', '80', '-y', '24']))
  const screen = async (): Promise<string> => value(await person!.runtime.peek('person', 24))
  const shows = (text: string) => until(`"${text}" on the screen`, async () => (await screen()).includes(text))
  const keys = async (...all: string[]) => value(await tmux(server, ['send-keys', '-t', 'person', ...all]))
  await shows('1 thing waits for you')
  expect(await screen()).toContain(question)
  await keys('r')
  await shows('Your answer:')
  await keys('-l', 'Gregorian, "always"')
  await keys('Enter')

  // It sat idle: one line wakes it, and the words come by the hook of that line, once (law 9).
  const woken = await until('the line', () => puppet.typed[0])
  expect(woken.text).toContain(bead)
  expect(woken.text).not.toContain('Gregorian')
  expect(woken.heard).toContain('Gregorian, \\"always\\"')
  await shows('has your words and goes on')
  expect(await screen()).toContain('nothing waits for you')
  expect(await needs()).toBeUndefined()
  await keys('q')
  await shows('left 1 0 icanon')
  await until('the second one', async () => (await screen()).includes('nothing waits'))
  await keys('C-c')
  await shows('left 2 0 icanon')
  await until('the third one', async () => (await screen()).includes('nothing waits'))
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM')
  await shows('left 3 0 icanon')

  // At work it hears of the answer with its next tool call. Whoever is no person does not answer.
  expect(await puppet.sh('gt ask "And 1583?"')).toMatchObject({ code: 0 })
  expect(await puppet.sh(`gt answer ${bead} yes`)).toMatchObject({ code: 1 })
  expect(await must(town.gt('answer', bead, 'Gregorian', 'too'))).toMatchObject({
    to: puppet.agent,
    woken: false,
    hears: true,
  })
  expect((await puppet.hook('PostToolUse')).out).toContain('Gregorian too')
  expect((await puppet.hook('PostToolUse')).out).toBe('')
  expect((await town.gt('answer', bead, 'again')).code).toBe(1)
  expect(puppet.typed.length).toBe(1)

  // Said twice, told once; it is nobody's work, and who said it hears what a person says about it.
  for (const n of [97, 98])
    expect(await puppet.sh(`gt escalate "The disk is ${n} % full" --severity high`)).toMatchObject({ code: 0 })
  const [escalation] = await must(town.gt('attend'))
  expect(escalation).toMatchObject({ cause: 'escalation', severity: 'high', who: puppet.agent })
  expect(await must(town.gt('escalate', 'list'))).toMatchObject([{ id: escalation.id, count: 2 }])
  expect((await town.gt('sling', escalation.id, 'app')).code).toBe(1)
  await must(town.gt('answer', escalation.id, 'Cleaned up.'))
  expect((await puppet.hook('PostToolUse')).out).toContain('Cleaned up.')
  expect(await must(town.gt('attend'))).toEqual([])
  await until('all notices', () => lines().length >= 3)
  expect(lines()).toEqual([
    `ask|${bead}: Reject 30 February|${question}`,
    `ask|${bead}: Reject 30 February|And 1583?`,
    `escalation|${escalation.id}: The disk is 97 % full|The disk is 97 % full`,
  ])
  expect(town.puppets.all.length).toBe(1)
})

it('one without hooks is told by a line at its empty prompt to read the answer, and by nothing over a full one', async () => {
  const town = await makeTown({ agent: 'puppet', set: { 'agents.puppet.ready': '^free:$' } })
  const bead = await town.bead('Reject 31 April', '')
  town.start('sling', bead, 'app')
  const puppet = await town.puppets.next(bead)
  await until('work to begin', async () => (await town.show(bead)).runs[0].state === 'working')
  const screen = async (): Promise<string> => (await must(town.gt('peek', bead))).text
  await puppet.show('free: half a line')
  await puppet.sh('gt ask "Refuse or mend?"')
  expect(await must(town.gt('answer', bead, 'refuse'))).toMatchObject({ woken: false, hears: false })
  await puppet.show('free:')
  await until('the prompt', async () => (await screen()).endsWith('free:'))
  await puppet.sh('gt ask "And in leap years?"')
  expect(await must(town.gt('answer', bead, 'the same'))).toMatchObject({ woken: true, hears: false })
  expect(await screen()).toContain(`read the answer (gt bead show ${bead}, at its end)`)
  expect((await puppet.sh(`gt bead show ${bead}`)).out).toMatch(/Answer: the same\n$/)
  await puppet.sh('echo 1 > 1.txt && git add -A && git commit -qm 1 && gt done')
  await must(town.gt('sling', bead, 'app', '--wait'))
}, 60_000)
