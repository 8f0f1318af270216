import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/result.ts'
import { parseDuration, timerMs } from '../../src/town/duration.ts'
import {
  listRigs,
  loadRigSettings,
  loadTownSettings,
  parseRigSettings,
  parseTownSettings,
  permissionMode,
} from '../../src/town/settings.ts'
import { rigToml, townToml } from '../../src/town/templates.ts'
import { folder } from './folder.ts'

const TOWN = 'schema = 1\nname = "t"\n'
const RIG = 'schema = 1\nname = "gp"\nremote = "/r"\nbranch = "main"\nprefix = "gp"\n'

/** What a person reads of an error. */
function shown(result: Result<unknown>): string {
  if (result.kind === 'ok') return 'ok'
  return `${result.failure.code} ${result.failure.message}\n→ ${result.failure.hint}`
}
const town = (text: string): string => shown(parseTownSettings(text, 'town.toml'))
const rig = (text: string): string => shown(parseRigSettings(text, 'rig.toml'))

function value<T>(result: Result<T>): T {
  if (result.kind === 'error') throw new Error(result.failure.message)
  return result.value
}

describe('defaults', () => {
  it('of a town', () => {
    expect(value(parseTownSettings(TOWN, 'town.toml'))).toMatchInlineSnapshot(`
      {
        "accounts": {},
        "agents": {},
        "budget": {
          "exempt": [],
          "stop": 120,
          "warn": 80,
        },
        "deacon": {
          "heartbeat": 120000,
          "radar": 60000,
        },
        "dogs": {
          "archive": 86400000,
          "backup": 3600000,
          "compact": 86400000,
          "costs": 86400000,
          "keep_work": 7776000000,
          "log_mb": 8,
          "logs": 86400000,
          "orphans": 600000,
          "prune": 86400000,
        },
        "host": {
          "max_load": 5,
          "min_disk_mb": 512,
          "min_memory_mb": 512,
        },
        "mail": {
          "expire": 604800000,
          "groups": {},
        },
        "models": {
          "label": {},
        },
        "name": "t",
        "notify": {
          "bell": false,
          "desktop": false,
          "min_severity": "low",
        },
        "orders": {},
        "permissions": {},
        "schema": 1,
        "witness": {
          "context": 85,
          "detecting": 300000,
          "diagnosis": 900000,
          "dialog": 45000,
          "idle_after": 120000,
          "stagger": 20000,
          "step": 180000,
        },
        "workers": {
          "agent": "claude",
          "attempts": 3,
          "backoff": 30000,
          "max": 4,
          "quiet_after": 600000,
          "rounds": 3,
          "start_timeout": 300000,
        },
      }
    `)
  })

  it('of a rig', () => {
    expect(value(parseRigSettings(RIG, 'rig.toml'))).toMatchInlineSnapshot(`
      {
        "branch": "main",
        "budget": {},
        "gates": [],
        "landing": {
          "policy": "direct",
          "strategy": "merge",
          "unverified": false,
        },
        "models": {
          "label": {},
        },
        "name": "gp",
        "permissions": {},
        "prefix": "gp",
        "refinery": {
          "batch": 30,
          "shared": true,
          "slots": 1,
        },
        "remote": "/r",
        "schema": 1,
        "workers": {},
      }
    `)
  })

  it('of a custom agent, as the design writes it', () => {
    const text = `${TOWN}[agents.fake]\ncommand = ["node", "/abs/fake.mjs"]\nprompt = "arg" # arg | stdin | file\n`
    expect(value(parseTownSettings(text, 'town.toml')).agents).toEqual({
      fake: { command: ['node', '/abs/fake.mjs'], prompt: 'arg' },
    })
  })

  it('stand in the files that a new town and a new rig begin with, commented out or not', () => {
    const uncommented = (text: string) => text.replace(/^# (?=(\w+ = |\[))/gm, '').replaceAll('NAME', 'own')
    expect(value(parseTownSettings(townToml('t'), 'town.toml'))).toEqual(value(parseTownSettings(TOWN, 'town.toml')))
    const town = value(parseTownSettings(uncommented(townToml('t')), 'town.toml'))
    const { accounts, agents, budget, mail, permissions, notify, orders, models, ...rest } = town
    const defaults = value(parseTownSettings(TOWN, 'town.toml'))
    expect({ ...defaults, ...rest }).toEqual(defaults)
    expect(budget).toEqual({ ...defaults.budget, day: 50, convoy: 40, bead: 10, run: '20M tokens' })
    expect(models).toEqual({ polecat: 'sonnet', label: { docs: 'haiku' } })
    expect(orders.own).toMatchObject({ every: 7 * 86_400_000, at: '03:00', vars: { documents: 'README.md' } })
    expect(mail).toEqual({ ...defaults.mail, groups: { backend: ['app/crew/max', 'app/crew/lea'] } })
    expect(accounts).toEqual({
      own: { env: { CLAUDE_CONFIG_DIR: '~/.claude-work' }, roles: ['polecat', 'refinery'] },
    })
    expect(notify).toMatchObject({
      bell: true,
      desktop: true,
      webhook: 'https://example.org/hook',
      min_severity: 'low',
    })
    expect([Object.keys(agents).length, permissions.mode, notify.command?.length]).toEqual([1, 'acceptEdits', 2])
  })
})

describe('a broken file is told with line, key and fix', () => {
  it('a typing mistake in a key', () => {
    expect(rig(`${RIG}\n[[gatess]]\nrun = "make"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:7: unknown key \`gatess\`; did you mean \`gates\`?
      → Rename \`gatess\` to \`gates\` on line 7."
    `)
    expect(town(`${TOWN}[wokers]\nmax = 2\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3: unknown key \`wokers\`; did you mean \`workers\`?
      → Rename \`wokers\` to \`workers\` on line 3."
    `)
    expect(town(`${TOWN}\n[workers]\n\nmxa = 2\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:6: unknown key \`workers.mxa\`; did you mean \`max\`?
      → Rename \`mxa\` to \`max\` on line 6."
    `)
  })

  it('a key in the wrong place', () => {
    expect(town(`${TOWN}quiet_after = "1h"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3: unknown key \`quiet_after\`; it belongs in [workers].
      → Move line 3 below a line [workers]."
    `)
    expect(rig(`${RIG}[landing]\npolicy = "hold"\ngate = "make"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:8: unknown key \`landing.gate\`; it belongs at the top of the file.
      → Move line 8 to the top of the file, above the first [table]."
    `)
  })

  it('a key that nothing resembles', () => {
    expect(town(`${TOWN}[deacon]\nzebra = 1\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: unknown key \`deacon.zebra\`.
      → Delete line 4. Known in \`deacon\`: heartbeat, radar."
    `)
  })

  it('a gate without a command', () => {
    expect(rig(`${RIG}\n[[gates]]\nname = "a"\nrun = "make"\n\n[[gates]]\nname = "b"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:11: \`gates.1.run\` is missing.
      → Add to \`gates.1\` (line 11): run = "npm test""
    `)
    expect(rig(`${RIG}gate = ""\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:6: \`gate\` must not be empty.
      → Give it a value on line 6, or delete the line."
    `)
  })

  it('two ways of saying the gate, or two gates of one name', () => {
    expect(rig(`${RIG}gate = "make"\n[[gates]]\nname = "a"\nrun = "make"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:6: \`gate\` stands beside \`[[gates]]\`; keep one of the two.
      → Correct line 6."
    `)
    expect(rig(`${RIG}[[gates]]\nname="a"\nrun="x"\n[[gates]]\nname="a"\nrun="y"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:10: \`gates.1.name\` "a" names two gates.
      → Correct line 10."
    `)
  })

  it('wrong types', () => {
    expect(town(`${TOWN}workers = 4\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3: \`workers\` must be a table, not 4.
      → Write [workers] on a line of its own and its keys below it."
    `)
    expect(town(`${TOWN}[workers]\nmax = "4"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`workers.max\` must be a whole number, not "4".
      → Write a whole number without quotes: max = 4"
    `)
    expect(town(`${TOWN}[workers]\nmax = 2.5\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`workers.max\` must be a whole number, not 2.5.
      → Write a whole number without quotes: max = 4"
    `)
    expect(town(`${TOWN}[agents.x]\ncommand = "claude --foo"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`agents.x.command\` must be a list, not "claude --foo".
      → Write a list: command = ["…"]"
    `)
    expect(town(`${TOWN}[agents.x]\ncommand = ["a", 1]\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`agents.x.command.1\` must be text in quotes, not 1.
      → Correct the list on line 4."
    `)
    expect(town(`${TOWN}[agents.x.env]\nN = 1\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`agents.x.env.N\` must be text in quotes, not 1.
      → Write: N = "…""
    `)
    expect(rig(`${RIG}[landing]\nunverified = "yes"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:7: \`landing.unverified\` must be true or false, not "yes".
      → Write: unverified = true (or false), without quotes."
    `)
  })

  it('values out of range', () => {
    expect(town(`${TOWN}[workers]\nmax = 0\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`workers.max\` must be at least 1, not 0.
      → Write 1 or more."
    `)
    expect(town(`${TOWN}workers.max = 65\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3: \`workers.max\` must be at most 64, not 65.
      → Write 64 or less."
    `)
    expect(town(`${TOWN}[workers]\nbackoff = "30"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`workers.backoff\` must be a duration such as "90s", "5m" or "2h", not "30".
      → Correct line 4."
    `)
    expect(town(`${TOWN}[workers]\nbackoff = 30\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`workers.backoff\` must be a duration such as "90s", "5m" or "2h", not 30.
      → Correct line 4."
    `)
    expect(town(`${TOWN}[permissions]\nmode = "bypas"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`permissions.mode\` must be "bypass" or "acceptEdits" or "manual", not "bypas".
      → Did you mean "bypass"?"
    `)
    expect(town(`${TOWN}[permissions]\nmode = "yolo"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`permissions.mode\` must be "bypass" or "acceptEdits" or "manual", not "yolo".
      → Write "bypass" or "acceptEdits" or "manual"."
    `)
    expect(town(`${TOWN}[notify]\ncommand = []\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:4: \`notify.command\` must not be empty.
      → Give it a value on line 4, or delete the line."
    `)
  })

  it('missing keys', () => {
    expect(town('')).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:1: \`schema\` is missing.
      town.toml:1: \`name\` is missing.
      → Add at the top of the file: schema = 1"
    `)
    expect(town(`${TOWN}[agents.x]\nprompt = "arg"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3: \`agents.x.command\` is missing.
      → Add to \`agents.x\` (line 3): command = ["claude"]"
    `)
    expect(rig(RIG.replace(/branch.*\n/, ''))).toMatchInlineSnapshot(`
      "E_SETTINGS rig.toml:1: \`branch\` is missing.
      → Add at the top of the file: branch = "main""
    `)
  })

  it('text that is not TOML', () => {
    expect(town(`${TOWN}[workers\nmax = 4\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3:9: this is not TOML: illegal character in key.
      → Mend line 3: [workers"
    `)
    expect(town(`${TOWN}x = hello\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3:5: this is not TOML: invalid value.
      → Mend line 3: x = hello"
    `)
    expect(town(`${TOWN}name = "again"\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3:1: this is not TOML: trying to redefine an already defined table or value.
      → Mend line 3: name = "again""
    `)
    expect(town(`${TOWN}<<<<<<< HEAD\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3:1: this is not TOML: illegal character in key.
      → Mend line 3: <<<<<<< HEAD"
    `)
  })

  it('hostile names and words that git would take for options', () => {
    expect(town(`${TOWN}[agents."../x"]\ncommand = ["a"]\n`)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3: \`agents."../x"\` cannot have that name: it must be lower-case letters, digits, \`-\` and \`_\` (at most 40), beginning with a letter or digit, not "../x".
      → Rename it on line 3."
    `)
    for (const branch of ['-x', 'a..b', 'a b', 'a:b', '/a', 'a/', 'x.lock', 'a~1', '@{-1}', 'a\\\\b', '']) {
      expect(rig(RIG.replace('"main"', `"${branch}"`)), branch).toContain('rig.toml:4: `branch` must be a branch name')
    }
    for (const branch of ['main', 'release/1.x', 'fix-#1', 'ünï'])
      expect(rig(RIG.replace('"main"', `"${branch}"`))).toBe('ok')
    expect(rig(RIG.replace('"/r"', '"--upload-pack=x"'))).toContain('rig.toml:3: `remote` must be')
    for (const prefix of ['', 'GP', '1a', 'a-b', 'abcdefghi']) {
      expect(rig(RIG.replace(/"gp"\n$/, `"${prefix}"\n`)), prefix).toContain('rig.toml:5: `prefix` must be')
    }
    expect(town(`${TOWN}__proto__ = 1\n`)).toContain('town.toml:3: unknown key `__proto__`')
    expect(town(`${TOWN}[workers]\nconstructor = 1\n`)).toContain('town.toml:4: unknown key `workers.constructor`')
  })

  it('many at once, in the order of the file, and not too many', () => {
    const text = `${TOWN}a1=1\na2=1\na3=1\na4=1\na5=1\na6=1\n[workers]\nmax = 0\n`
    expect(town(text)).toMatchInlineSnapshot(`
      "E_SETTINGS town.toml:3: unknown key \`a1\`.
      town.toml:4: unknown key \`a2\`.
      town.toml:5: unknown key \`a3\`.
      town.toml:6: unknown key \`a4\`.
      town.toml:7: unknown key \`a5\`.
      There are 2 more.
      → Delete line 3. Known at the top of the file: schema, name, workers, permissions, deacon, witness, host, dogs, orders, mail, notify, accounts, budget, models, agents."
    `)
  })

  it('stays under 2 KB whatever the file says', () => {
    const text = `${TOWN}${Array.from({ length: 50 }, (_, i) => `${'k'.repeat(3000)}${i} = 1`).join('\n')}\n`
    expect(Buffer.byteLength(town(text))).toBeLessThan(2048)
    expect(Buffer.byteLength(town(`${TOWN}[permissions]\nmode = "${'é'.repeat(5000)}"\n`))).toBeLessThan(2048)
    expect(Buffer.byteLength(town(`${TOWN}x = ${'a'.repeat(5000)}\n`))).toBeLessThan(2048)
    expect(Buffer.byteLength(town(`${TOWN}[agents.${'A'.repeat(5000)}]\ncommand = ["a"]\n`))).toBeLessThan(2048)
  })
})

it('a town made by a newer gt is refused before anything else is said about it', () => {
  expect(town('schema = 2\nname = "t"\n[wonders]\nx = 1\n')).toMatchInlineSnapshot(`
    "E_NEWER_TOWN town.toml was made by a newer gt: it has schema 2, this gt reads 1.
    → Install the newer gt, as it was installed where this town was last used."
  `)
  expect(rig('schema = 7\n')).toMatchInlineSnapshot(`
    "E_NEWER_TOWN rig.toml was made by a newer gt: it has schema 7, this gt reads 1.
    → Install the newer gt, as it was installed where this town was last used."
  `)
  expect(town('schema = 0\nname = "t"\n')).toMatchInlineSnapshot(`
    "E_SETTINGS town.toml:1: \`schema\` must be 1, not 0.
    → Write 1."
  `)
})

it('reads a gate in either form', () => {
  const gates = (text: string) => value(parseRigSettings(RIG + text, 'rig.toml')).gates
  const usual = { timeout: 900_000, output_mb: 8 }
  expect(gates('gate = "npm test"\n')).toEqual([{ name: 'gate', run: 'npm test', ...usual }])
  expect(gates('[[gates]]\nname = "a"\nrun = "x"\ntimeout = "90s"\n[[gates]]\nname = "b"\nrun = "y"\n')).toEqual([
    { name: 'a', run: 'x', ...usual, timeout: 90_000 },
    { name: 'b', run: 'y', ...usual },
  ])
})

it('needs the name of who agreed before bypass holds', () => {
  const of = (townText: string, rigText?: string) =>
    permissionMode(
      value(parseTownSettings(TOWN + townText, 'town.toml')),
      rigText === undefined ? undefined : value(parseRigSettings(RIG + rigText, 'rig.toml')),
    )
  const agreed = 'agreed_by = "ann"\nagreed_at = 2026-03-01T10:00:00Z\n'
  expect(of('')).toBeUndefined()
  expect(of('[permissions]\nmode = "manual"\n')).toBe('manual')
  expect(of('[permissions]\nmode = "bypass"\n')).toBeUndefined()
  expect(of(`[permissions]\nmode = "bypass"\n${agreed}`)).toBe('bypass')
  expect(of(`[permissions]\nmode = "bypass"\n${agreed}`, '[permissions]\nmode = "acceptEdits"\n')).toBe('acceptEdits')
  expect(of(`[permissions]\nmode = "manual"\n${agreed}`, '[permissions]\nmode = "bypass"\n')).toBeUndefined()
  expect(of('', '')).toBeUndefined()
})

describe('on disk', () => {
  function makeTown(): string {
    const root = folder()
    writeFileSync(join(root, 'town.toml'), TOWN)
    return root
  }
  function makeRig(root: string, name: string, text = rigToml({ name, remote: '/r', branch: 'main', prefix: 'gp' })) {
    mkdirSync(join(root, name))
    writeFileSync(join(root, name, 'rig.toml'), text)
  }

  it('loads a town, and says when there is none', () => {
    const root = makeTown()
    expect(value(loadTownSettings(root)).name).toBe('t')
    expect(loadTownSettings(join(root, 'no'))).toMatchObject({ kind: 'error', failure: { code: 'E_NO_TOWN' } })
  })

  it('lists the folders that are rigs', () => {
    const root = makeTown()
    expect(listRigs(root)).toEqual({ kind: 'empty' })
    mkdirSync(join(root, 'mayor'))
    for (const name of ['zed', 'alpha', '.hidden']) makeRig(root, name)
    symlinkSync(join(root, 'gone'), join(root, 'dangling'))
    expect(listRigs(root)).toEqual({ kind: 'ok', value: ['alpha', 'zed'] })
    expect(listRigs(join(root, 'no'))).toMatchObject({ kind: 'error', failure: { code: 'E_NO_TOWN' } })
  })

  it('names the nearest rig for one that is not there', () => {
    const root = makeTown()
    expect(shown(loadRigSettings(root, 'x'))).toContain('→ Add one: gt rig add <name> <git url or path>')
    makeRig(root, 'planet')
    expect(shown(loadRigSettings(root, 'plaent'))).toBe(
      `E_NO_RIG There is no rig named "plaent" in ${root}.\n→ Did you mean planet?`,
    )
    expect(shown(loadRigSettings(root, 'zebra'))).toContain('→ This town has: planet.')
  })

  it('never follows a name out of the town', () => {
    const root = makeTown()
    makeRig(root, 'gp')
    for (const name of ['..', '../x', 'gp/../gp', './gp', '', 'gp\0', '/etc', 'gp/polecats', '-gp', 'GP']) {
      expect(loadRigSettings(root, name), name).toMatchObject({ kind: 'error', failure: { code: 'E_NO_RIG' } })
    }
  })

  it('says when the name in the file is not the name of the folder', () => {
    const root = makeTown()
    makeRig(root, 'gp', RIG.replace('name = "gp"', 'name = "other"'))
    expect(shown(loadRigSettings(root, 'gp')).replaceAll(root, '')).toBe(
      'E_SETTINGS /gp/rig.toml:2: `name` is "other", but the rig\'s folder is gp.\n→ Write: name = "gp"',
    )
  })

  it('an unreadable file is an error, not an absent one', () => {
    const root = makeTown()
    mkdirSync(join(root, 'gp', 'rig.toml'), { recursive: true })
    expect(loadRigSettings(root, 'gp')).toMatchObject({ kind: 'error', failure: { code: 'E_READ' } })
    expect(listRigs(root)).toEqual({ kind: 'ok', value: ['gp'] })
    chmodSync(join(root, 'gp'), 0o755)
  })
})

it('durations', () => {
  const cases = { '250ms': 250, '90s': 90_000, '5m': 300_000, '1.5h': 5_400_000, '2h': 7_200_000, '1d': 86_400_000 }
  for (const [text, ms] of Object.entries(cases)) expect(parseDuration(text)).toBe(ms)
  for (const text of ['', '5', 'm', '-5m', '5 m', '5min', '1h30m', 'Infinitys', '1e3s']) {
    expect(parseDuration(text), text).toBeUndefined()
  }
  // Whatever is a duration leads to a day of the calendar, from today.
  for (const text of ['36526d', '99999999d', '999999999h']) expect(parseDuration(text), text).toBeUndefined()
  expect(new Date(Date.now() + parseDuration('36525d')!).getTime()).not.toBeNaN()
  expect([timerMs(5), timerMs(parseDuration('30d')!)]).toEqual([5, 2 ** 31 - 1])
})
