/** From words to an exit code: what `gt` prints, where, and with which code. The built program, one process each. */
import { spawnSync } from 'node:child_process'
import type { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Answer, Context } from '../../src/cli/context.ts'
import { action } from '../../src/cli/context.ts'
import { run, unknownCommand } from '../../src/cli/run.ts'
import { EXIT, fail, ok } from '../../src/result.ts'
import { GT } from '../support/gt.ts'
import { folder } from '../town/folder.ts'

let out = ''
let err = ''
beforeEach(() => {
  out = ''
  err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal)
})

/** Runs a made-up command `gt do <word> [--name <n>]`, and `gt many one|two`. */
async function call(
  body: (context: Context, ...args: any[]) => Answer | Promise<Answer>,
  ...argv: string[]
): Promise<void> {
  const register = (program: Command, context: Context): void => {
    const one = program.command('do').argument('<word>').option('--name <n>').option('--flag').option('-n, --lines <n>')
    action(one, (word: string, options: object) => body(context, word, options))
    const many = program.command('many').description('Many.')
    for (const verb of ['one', 'two']) action(many.command(verb), () => body(context))
  }
  await run({ register }, argv)
}
const yes = (): Answer => ok({ data: { n: 1 }, text: 'done' })
const json = (): any => {
  expect(out.endsWith('\n') && out.indexOf('\n') === out.length - 1, `exactly one line: ${out}`).toBe(true)
  return JSON.parse(out)
}

describe('an answer', () => {
  test('for people: text on stdout, code 0', async () => {
    await call(yes, 'do', 'x')
    expect([out, err, process.exitCode]).toEqual(['done\n', '', 0])
  })

  test('with --json: exactly one object', async () => {
    await call(yes, 'do', 'x', '--json')
    expect(json()).toEqual({ ok: true, data: { n: 1 } })
    expect([err, process.exitCode]).toEqual(['', 0])
  })

  test('with a problem beside it: text, then the problem, with its code', async () => {
    const half = (): Answer =>
      ok({
        data: [1],
        text: 'half',
        exit: EXIT.needsPerson,
        problem: { code: 'E_ASK', message: 'Which?', hint: 'gt x' },
      })
    await call(half, 'do', 'x')
    expect([out, err, process.exitCode]).toEqual(['half\n', 'gt: Which?\n  next: gt x\n', 2])
    out = ''
    await call(half, 'do', 'x', '--json')
    expect(json()).toEqual({ ok: false, error: { code: 'E_ASK', message: 'Which?', hint: 'gt x' }, data: [1] })
  })
})

describe('a failure', () => {
  const no = (): Answer => fail('E_NO', 'It did not.', { kept: 'Everything.', hint: 'gt again', exit: EXIT.tryAgain })

  test('for people: what happened, what was kept, what next, on stderr', async () => {
    await call(no, 'do', 'x')
    expect([out, err, process.exitCode]).toEqual(['', 'gt: It did not.\n  kept: Everything.\n  next: gt again\n', 75])
  })

  test('with --json: code, message, kept, hint; nothing on stderr', async () => {
    await call(no, 'do', 'x', '--json')
    expect(json()).toEqual({
      ok: false,
      error: { code: 'E_NO', message: 'It did not.', kept: 'Everything.', hint: 'gt again' },
    })
    expect([err, process.exitCode]).toEqual(['', 75])
  })

  test.each(['x', 'é', '語', '😀'])('however long its words are (%s), at most 2 KB', async (letter) => {
    const long = letter.repeat(5000)
    const loud = (): Answer => fail('E_LOUD', long, { kept: long, hint: long })
    await call(loud, 'do', 'x')
    expect(Buffer.byteLength(err)).toBeLessThanOrEqual(2048)
    expect(err).not.toContain('\uFFFD')
    await call(loud, 'do', 'x', '--json')
    expect(Buffer.byteLength(out)).toBeLessThanOrEqual(2048)
    expect(json().error).toMatchObject({
      message: expect.stringContaining(letter),
      hint: expect.stringContaining(letter),
    })
  })

  test('words of others cannot steer the terminal', async () => {
    await call(() => fail('E_X', 'a\x1b[2J\x07\rb\x9bc'), 'do', 'x')
    expect(err).toBe('gt: a bc\n')
  })

  test('a bug: code 70, one sentence, no stack', async () => {
    await call(
      () => {
        throw new TypeError('x is not a function')
      },
      'do',
      'x',
    )
    expect([err, process.exitCode]).toEqual([
      expect.stringMatching(/^gt: gt stumbled: x is not a function\.\n {2}next: GT_DEBUG=1/),
      70,
    ])
    expect(err).not.toContain(' at ')
  })
})

describe('a wrong call: code 64 and a full sentence', () => {
  test.each([
    [['do'], "Missing required argument 'word'."],
    [['do', 'x', '--no-such'], "Unknown option '--no-such'."],
    [['do', 'x', '--nam', 'y'], "Unknown option '--nam'. (Did you mean --name?)"],
    [['do', 'x', 'y'], "Too many arguments for 'do'. Expected 1 argument but got 2."],
    [['do', 'x', '--name'], "Option '--name <n>' argument missing."],
    [['many'], 'gt many needs a verb: one, two.'],
    [['many', 'ome'], "Unknown command 'ome'. (Did you mean one?)"],
  ])('%j', async (argv, message) => {
    await call(yes, '--json', ...argv)
    expect(json()).toEqual({ ok: false, error: { code: 'E_USAGE', message, hint: `gt ${argv[0]} --help` } })
    expect(process.exitCode).toBe(64)
    await call(yes, ...argv)
    expect(err).toBe(`gt: ${message}\n  next: gt ${argv[0]} --help\n`)
  })
})

describe('--json', () => {
  const seen = (context: Context, word: string, options: object): Answer =>
    ok({
      data: { json: context.json, word, ...options },
      text: JSON.stringify({ json: context.json, word, ...options }),
    })

  test.each([
    [['--json', 'do', 'x']],
    [['do', '--json', 'x']],
    [['do', 'x', '--json']],
    [['do', 'x', '--json', '--json']],
    [['do', 'x', '--flag', '--json']],
  ])('may stand anywhere: %j', async (argv) => {
    await call(seen, ...argv)
    expect(json()).toMatchObject({ ok: true, data: { json: true, word: 'x' } })
  })

  test.each([
    [['do', 'x', '--name', '--json'], { word: 'x', name: '--json' }],
    [['do', 'x', '-n', '--json'], { word: 'x', lines: '--json' }],
    [['do', '--', '--json'], { word: '--json' }],
  ])('is somebody’s word in %j', async (argv, data) => {
    await call(seen, ...argv)
    expect(JSON.parse(out)).toEqual({ json: false, ...data })
  })
})

test('help goes to stdout with code 0, and nothing is run', async () => {
  await call(() => fail('E_X', 'ran'), 'do', '--help')
  expect(out).toMatch(/^Usage: gt do \[options\] <word>/)
  expect(err).toBe('')
  expect(process.exitCode ?? 0).toBe(0)
})

test.each([
  ['slign', 'gt sling'],
  ['statsu', 'gt status'],
  ['beads', 'gt bead'],
  ['fed', 'gt feed'],
  ['xyzzy', 'gt --help'],
  ['agent-scrip', 'gt --help'],
  ['', 'gt --help'],
])('an unknown command "%s": %s', (name, hint) => {
  unknownCommand(name, [name, '--json'])
  expect(json()).toEqual({ ok: false, error: { code: 'E_USAGE', message: `There is no command "${name}".`, hint } })
  expect(process.exitCode).toBe(64)
})

describe('the built program', () => {
  const gt = (...args: string[]) => {
    const home = folder()
    return spawnSync(process.execPath, [GT, ...args], {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home },
      encoding: 'utf8',
    })
  }

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('has no command "%s"', (name) => {
    const { status, stdout } = gt(name, '--json')
    expect([status, JSON.parse(stdout).error.code]).toEqual([64, 'E_USAGE'])
  })

  test('tells its version, its help, and that there is no town, each with its code', () => {
    expect(gt('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
    expect(gt('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: gt'), stderr: '' })
    expect(gt('help', 'bead', 'dep')).toMatchObject({ status: 0, stdout: gt('bead', 'dep', '--help').stdout })
    expect(gt('help').stdout).toBe(gt('--help').stdout)
    expect(gt()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('gt install') })
    expect(JSON.parse(gt('--json').stdout)).toMatchObject({ ok: false, error: { code: 'E_NO_TOWN' } })
  })
})
