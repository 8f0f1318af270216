import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/result.ts'
import { configGet, configSet, configSetAgent, getConfig, setConfig } from '../../src/town/config.ts'
import { rigToml, townToml } from '../../src/town/templates.ts'
import { mapToml } from '../../src/town/toml-map.ts'
import { folder } from './folder.ts'

const TOWN = { kind: 'town', file: 'town.toml' } as const
const RIG = { kind: 'rig', file: 'rig.toml' } as const

function value<T>(result: Result<T>): T {
  if (result.kind === 'error') throw new Error(result.failure.message)
  return result.value
}
function shown(result: Result<unknown>): string {
  if (result.kind === 'ok') return 'ok'
  return `${result.failure.code} ${result.failure.message}${result.failure.hint ? `\n→ ${result.failure.hint}` : ''}`
}
const set = (text: string, key: string, to: string) => value(configSet(text, key, to, TOWN))

const BASE = `# my town
schema = 1
name = "t" # its name

# how many
[workers]
max = 4   # small machine
  # agent = "script"

[agents.fake] # mine
command = [
  "node", # the program
  # the script
  "/abs/fake.mjs",
]
env = { A = "1" }
`

describe('configSet', () => {
  it('replaces a value where it stands', () => {
    expect(set(BASE, 'workers.max', '8')).toBe(BASE.replace('max = 4 ', 'max = 8 '))
    expect(set(BASE, 'name', 'my "town" \\ é')).toBe(BASE.replace('"t"', '"my \\"town\\" \\\\ é"'))
  })

  it('adds a key below the last one of its table', () => {
    expect(set(BASE, 'workers.agent', 'script')).toBe(BASE.replace('machine\n', 'machine\nagent = "script"\n'))
  })

  it('adds a table at the end', () => {
    expect(set(BASE, 'permissions.mode', 'manual')).toBe(`${BASE}\n[permissions]\nmode = "manual"\n`)
    expect(set(BASE.trimEnd(), 'deacon.heartbeat', '1m')).toBe(`${BASE}\n[deacon]\nheartbeat = "1m"\n`)
  })

  it('keeps to dotted keys, inline tables and empty tables where they are used', () => {
    const head = 'schema = 1\nname = "t"\n'
    expect(set(`${head}workers.max = 4 # c\n`, 'workers.agent', 'script')).toBe(
      `${head}workers.max = 4 # c\nworkers.agent = "script"\n`,
    )
    expect(set(`${head}workers = { max = 4 }\n`, 'workers.agent', 'script')).toBe(
      `${head}workers = { agent = "script", max = 4 }\n`,
    )
    expect(set(`${head}workers = {}\n`, 'workers.max', '2')).toBe(`${head}workers = { max = 2 }\n`)
    expect(set(`${head}[workers] # c\n\n[deacon]\n`, 'workers.max', '2')).toBe(
      `${head}[workers] # c\nmax = 2\n\n[deacon]\n`,
    )
    expect(set(BASE, 'agents.fake.env.B', 'x')).toBe(BASE.replace('{ A', '{ B = "x", A'))
    expect(set(BASE, 'agents.fake.model', 'm')).toBe(BASE.replace('"1" }\n', '"1" }\nmodel = "m"\n'))
  })

  it('moves the comments of a replaced list above it', () => {
    const text = value(configSetAgent(BASE, 'fake', ['sh', '-c', 'echo "$1"'], 'town.toml'))
    expect(text.split('\n').slice(9, 14)).toEqual([
      '[agents.fake] # mine',
      '# the program',
      '# the script',
      'command = ["sh", "-c", "echo \\"$1\\""]',
      'env = { A = "1" }',
    ])
  })

  it('keeps Windows line ends', () => {
    const text = set(BASE.replaceAll('\n', '\r\n'), 'workers.agent', 'script')
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(set(text, 'notify.command', '["x"]').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  it('reads the value as the setting needs it', () => {
    expect(set(BASE, 'name', '42')).toContain('name = "42" #')
    expect(set(BASE, 'name', 'true')).toContain('name = "true" #')
    expect(set(BASE, 'notify.command', '["notify-send", "gt"]')).toContain('command = ["notify-send", "gt"]')
    const rig = rigToml({ name: 'gp', remote: '/r', branch: 'main', prefix: 'gp' })
    const rigSet = (key: string, to: string) => value(configSet(rig, key, to, RIG))
    expect(rigSet('gate', 'true')).toContain('gate = "true"')
    expect(rigSet('gate', '[ -f x ]')).toContain('gate = "[ -f x ]"')
    expect(rigSet('landing.unverified', 'true')).toContain('unverified = true')
    expect(rigSet('gates', '[{"name":"t","run":"npm test"}]')).toContain('gates = [{ name = "t", run = "npm test" }]')
  })

  it('edits an element of a list of tables', () => {
    const rig = `${rigToml({ name: 'gp', remote: '/r', branch: 'main', prefix: 'gp' })}[[gates]]\nname = "a"\nrun = "x"\n`
    expect(value(configSet(rig, 'gates.0.run', 'make', RIG))).toBe(rig.replace('run = "x"', 'run = "make"'))
    expect(value(configSet(rig, 'gates.0.timeout', '1m', RIG))).toBe(`${rig}timeout = "1m"\n`)
    expect(shown(configSet(rig, 'gates.1.run', 'make', RIG))).toMatchInlineSnapshot(
      `"E_CONFIG_KEY \`gates\` is a list (counted from 0), and has no element \`1\`."`,
    )
  })

  it('refuses what the schema refuses, in its words', () => {
    expect(shown(configSet(BASE, 'workers.max', '100', TOWN))).toMatchInlineSnapshot(`
      "E_SETTINGS \`workers.max\` must be at most 64, not 100.
      → Write 64 or less."
    `)
    expect(shown(configSet(BASE, 'workers.mxa', '1', TOWN))).toMatchInlineSnapshot(
      `
      "E_SETTINGS unknown key \`workers.mxa\`; did you mean \`max\`?
      → The key is workers.max."
    `,
    )
    expect(shown(configSet(BASE, 'workers', '1', TOWN))).toMatchInlineSnapshot(
      `"E_CONFIG_KEY \`workers\` is a table; set one of the keys in it."`,
    )
    expect(shown(configSet(BASE, 'name.x', '1', TOWN))).toMatchInlineSnapshot(
      `"E_CONFIG_KEY \`name\` is a single value, so it has no \`x\`."`,
    )
    expect(shown(configSet(BASE, 'notify.command', 'notify-send', TOWN))).toMatchInlineSnapshot(`
      "E_SETTINGS \`notify.command\` must be a list, not "notify-send".
      → Write a list: command = ["…"]"
    `)
    expect(shown(configSet(BASE, 'max', '2', TOWN))).toMatchInlineSnapshot(
      `
      "E_SETTINGS unknown key \`max\`; it belongs in [workers].
      → The key is workers.max."
    `,
    )
    expect(shown(configSet(BASE, 'workers.backoff', '5', TOWN))).toMatchInlineSnapshot(
      `"E_SETTINGS \`workers.backoff\` must be a duration such as "90s", "5m" or "2h", not 5."`,
    )
    expect(shown(configSet(`${BASE}x = 1`, 'workers.max', '0', TOWN))).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:17: unknown key \`agents.fake.x\`.
      → Delete line 17. Known in \`agents.fake\`: command, prompt, prompt_flag, hooks, start, resume, modes, files, ready, env, model, model_flag, usage, judgement."
    `)
    expect(shown(configSet(BASE, 'schema', '2', TOWN))).toMatchInlineSnapshot(
      `"E_CONFIG_KEY \`schema\` says which gt the file was written for; it is not for setting."`,
    )
    expect(shown(configSet('x = = 1', 'name', 'a', TOWN))).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:1:5: this is not TOML: invalid value.
      → Mend line 1: x = = 1"
    `)
    expect(shown(configSetAgent(BASE, 'Bad Name', ['x'], 'town.toml'))).toMatchInlineSnapshot(
      `"E_SETTINGS \`agents."Bad Name"\` cannot have that name: it must be lower-case letters, digits, \`-\` and \`_\` (at most 40), beginning with a letter or digit, not "Bad Name"."`,
    )
    expect(shown(configSetAgent(BASE, 'x', [], 'town.toml'))).toMatchInlineSnapshot(
      `"E_SETTINGS \`agents.x.command\` must not be empty."`,
    )
  })

  it('refuses words that are not keys', () => {
    for (const key of ['', '.', 'a..b', 'a b', 'a = 1\nb', '[x]', '"a', 'a.', '"\\x"']) {
      expect(configSet(BASE, key, '1', TOWN), key).toMatchObject({ kind: 'error', failure: { code: 'E_CONFIG_KEY' } })
    }
    for (const key of ['__proto__.x', 'constructor.prototype', 'workers.__proto__', 'workers.toString']) {
      expect(configSet(BASE, key, '1', TOWN), key).toMatchObject({ kind: 'error', failure: { code: 'E_SETTINGS' } })
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it('mends a value that kept the file from loading', () => {
    expect(set(BASE.replace('max = 4', 'max = 400'), 'workers.max', '4')).toBe(BASE)
  })
})

describe('for any file and any change', () => {
  const comment = fc.stringMatching(/^[ -~é]{0,12}$/).map((text) => `#${text}`)
  const tail = fc.option(comment, { nil: '' }).map((text) => (text === '' ? '' : ` ${text}`))
  const between = fc.array(fc.oneof(comment, fc.constant(''), fc.constant('  ')), { maxLength: 2 })
  const list = fc
    .array(fc.tuple(fc.string(), tail), { minLength: 1, maxLength: 3 })
    .map(
      (items) =>
        `[\n${items.map(([text, after]) => `  ${JSON.stringify(text).replaceAll('\x7f', '')},${after}\n`).join('')}]`,
    )
  const text = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('#', '"""', "'", '[a]', '\n', 'x = 1'))
  const quoted = text.map((each) => JSON.stringify(each).replaceAll('\x7f', '?'))
  const int = fc.integer({ min: 1, max: 20 }).map(String)
  const duration = fc.constantFrom('"5m"', "'90s'", '"""2h"""')

  /** A line of a table: key, value, and what may stand behind and above it. */
  const pairs = (of: Record<string, fc.Arbitrary<string>>, min = 0) =>
    fc
      .subarray(Object.keys(of), { minLength: min })
      .chain((names) => fc.tuple(...names.map((name) => fc.tuple(between, fc.constant(name), of[name]!, tail))))
      .map((lines) => lines.flatMap(([above, name, to, after]) => [...above, `${name} = ${to}${after}`]))
  const section = (header: string, of: Record<string, fc.Arbitrary<string>>, min = 0) =>
    fc.tuple(between, tail, pairs(of, min)).map(([above, after, lines]) => [...above, `[${header}]${after}`, ...lines])

  const sections = fc
    .tuple(
      section('workers', { max: int, attempts: int, start_timeout: duration, backoff: duration }),
      section('permissions', { agreed_by: quoted, mode: fc.constant('"manual"') }),
      section('notify', { command: list }),
      section('agents.fake', { command: list, model: quoted, 'env."a b"': quoted, resume: list }, 4),
      section('agents."other"', { command: list, env: fc.constantFrom('{}', '{ A = "}" }') }, 2),
    )
    .chain((all) => fc.shuffledSubarray(all))
  const file = fc
    .tuple(between, quoted, tail, sections, between, fc.boolean(), fc.boolean())
    .map(([above, name, after, parts, below, crlf, newline]) => {
      const lines = [...above, 'schema = 1', `name = ${name}${after}`, ...parts.flat(), ...below]
      const whole = lines.join('\n') + (newline ? '\n' : '')
      return crlf ? whole.replace(/\r?\n/g, '\r\n') : whole
    })
  const change = fc.oneof(
    fc.tuple(fc.constantFrom('name', 'permissions.agreed_by'), text),
    fc.tuple(fc.constantFrom('workers.max', 'workers.rounds', 'workers.attempts'), int),
    fc.tuple(fc.constantFrom('workers.backoff', 'deacon.heartbeat'), fc.constantFrom('1s', '2h')),
    fc.tuple(
      fc.constantFrom('notify.command', 'agents.fake.command', 'agents.new.command'),
      fc.constant('["x", "# y"]'),
    ),
  )

  it('keeps every comment and every other line, in order, and holds the new value', () => {
    fc.assert(
      fc.property(file, change, (before, [key, to]) => {
        const after = value(configSet(before, key, to, TOWN))
        const comments = (whole: string) => mapToml(whole).comments.map(({ start, end }) => whole.slice(start, end))
        expect(comments(after).sort()).toEqual(comments(before).sort())

        const got = configGet(after, key)
        const wanted = to.startsWith('["') ? JSON.parse(to) : /^workers\.[mra]/.test(key) ? Number(to) : to
        expect(got).toEqual({ kind: 'ok', value: wanted })

        // Lines that the replaced value does not touch are there as they were, in the same order.
        const map = mapToml(before)
        const old = map.entries.find((entry) => entry.path.join('.') === key)
        const lines = before.split(/\r?\n/)
        const lineAt = (offset: number) => before.slice(0, offset).split('\n').length - 1
        const others =
          old === undefined ? lines : lines.filter((_, i) => i < lineAt(old.start) || i > lineAt(old.valueEnd))
        let from = 0
        const news = after.split(/\r?\n/)
        for (const line of others.filter((each) => each.trim() !== '')) {
          const at = news.indexOf(line, from)
          expect(at, line).toBeGreaterThanOrEqual(0)
          from = at + 1
        }
        // Setting it again changes nothing.
        expect(value(configSet(after, key, to, TOWN))).toBe(after)
      }),
      { numRuns: 400 },
    )
  })
})

describe('configGet', () => {
  it('reads what is written, and is empty for the rest', () => {
    expect(configGet(BASE, 'workers.max')).toEqual({ kind: 'ok', value: 4 })
    expect(configGet(BASE, 'agents.fake.command.0')).toEqual({ kind: 'ok', value: 'node' })
    expect(configGet(BASE, 'workers.agent')).toEqual({ kind: 'empty' })
    expect(configGet(BASE, 'name.length')).toEqual({ kind: 'empty' })
    expect(configGet('x = = 1', 'x').kind).toBe('error')
  })
})

describe('on disk', () => {
  function makeTown(): string {
    const root = folder()
    writeFileSync(join(root, 'town.toml'), townToml('t'))
    mkdirSync(join(root, 'gp'))
    writeFileSync(join(root, 'gp', 'rig.toml'), rigToml({ name: 'gp', remote: '/r', branch: 'main', prefix: 'gp' }))
    return root
  }
  const read = (...parts: string[]) => readFileSync(join(...parts), 'utf8')

  it('sets and gets a key of the town, with defaults', () => {
    const root = makeTown()
    expect(getConfig(root, 'workers.rounds')).toEqual({ kind: 'ok', value: 3 })
    expect(value(setConfig(root, 'workers.rounds', '5'))).toEqual({
      file: join(root, 'town.toml'),
      key: 'workers.rounds',
    })
    expect(getConfig(root, 'workers.rounds')).toEqual({ kind: 'ok', value: 5 })
    expect(getConfig(root, 'workers.zebra')).toEqual({ kind: 'empty' })
  })

  it('sets and gets a key of a rig', () => {
    const root = makeTown()
    expect(value(setConfig(root, 'rig.gp.landing.policy', 'hold')).file).toBe(join(root, 'gp', 'rig.toml'))
    expect(read(root, 'gp', 'rig.toml')).toContain('policy = "hold"')
    expect(getConfig(root, 'rig.gp.landing.policy')).toEqual({ kind: 'ok', value: 'hold' })
    expect(shown(setConfig(root, 'rig.gpp.landing.policy', 'hold'))).toContain('Did you mean gp?')
    expect(shown(setConfig(root, 'rig.gp', 'hold'))).toContain('E_CONFIG_KEY')
    expect(shown(setConfig(root, 'rig."../x".name', 'hold'))).toContain('E_NO_RIG')
  })

  it('leaves the file and no other behind when it refuses', () => {
    const root = makeTown()
    const before = read(root, 'town.toml')
    expect(setConfig(root, 'workers.max', '0').kind).toBe('error')
    expect(read(root, 'town.toml')).toBe(before)
    value(setConfig(root, 'workers.max', '1'))
    expect(readdirSync(root).sort()).toEqual(['gp', 'town.toml'])
  })

  it('mends a broken rig', () => {
    const root = makeTown()
    writeFileSync(join(root, 'gp', 'rig.toml'), read(root, 'gp', 'rig.toml').replace('"direct"', '"dircet"'))
    expect(value(setConfig(root, 'rig.gp.landing.policy', 'direct')).key).toBe('landing.policy')
  })
})
