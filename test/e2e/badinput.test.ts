/** Bad input through the real `gt`: the exact error, the right exit code, and nothing lost. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encode } from '../../src/beads/record.ts'
import type { Outcome } from '../support/gt.ts'
import { startGt, until } from '../support/gt.ts'
import { fill, folder, pathWithout, readOnly, tmpfs } from '../support/places.ts'
import { asText, refused } from '../support/refused.ts'
import type { TestTown } from '../support/town.ts'
import { makeTown, must } from '../support/town.ts'

const ids = async (town: TestTown): Promise<string[]> =>
  (await must(town.gt('bead', 'list', '--status', 'all'))).map(({ id }: { id: string }) => id)

const without = (town: TestTown, path: string, ...args: string[]): Promise<Outcome> =>
  startGt(args, { cwd: town.root, env: { ...town.env, PATH: path } }).ended

describe('usage', () => {
  it.each([
    [['frob'], 'There is no command "frob".', 'gt --help'],
    [['slign'], 'There is no command "slign".', 'gt sling'],
    [['bead', 'frob'], "Unknown command 'frob'.", 'gt bead --help'],
    [
      ['bead'],
      'gt bead needs a verb: create, show, list, ready, blocked, epic, graph, update, close, reopen, delete, dep, sync, archive, merge, import, export.',
      'gt bead --help',
    ],
    [['bead', 'show'], "Missing required argument 'id'.", 'gt bead show --help'],
    [['bead', 'list', '--statu', 'x'], "Unknown option '--statu'. (Did you mean --status?)", 'gt bead list --help'],
    [['bead', 'list', 'x'], "Too many arguments for 'list'. Expected 0 arguments but got 1.", 'gt bead list --help'],
    [['bead', 'create', '-x'], "Unknown option '-x'.", 'gt bead create --help'],
    [['rig', 'add', 'x'], "Missing required argument 'remote'.", 'gt rig add --help'],
  ])('%j exits 64 and says how', async (args, message, hint) => {
    const env = { PATH: process.env.PATH, HOME: folder() }
    const outcome = await startGt(args, { cwd: '/', env }).ended
    // A name of a command may begin a sentence.
    expect([outcome.code, outcome.error]).toEqual([64, { code: 'E_USAGE', message, hint }])
    expect(outcome.stdout.trimEnd()).toBe(JSON.stringify(JSON.parse(outcome.stdout)))
  })

  it('errors for people stay short, go to stderr, and cannot steer a terminal', async () => {
    const town = await makeTown()
    const said = await asText(town, 'bead', 'show', `\x1b[31m${'x'.repeat(20_000)}`)
    expect([said.code, said.stdout]).toEqual([1, ''])
    expect(Buffer.byteLength(said.stderr)).toBeLessThanOrEqual(2048)
    expect(said.stderr).not.toContain('\x1b')
    const json = await town.gt('bead', 'show', 'y'.repeat(20_000))
    expect(Buffer.byteLength(json.stdout)).toBeLessThanOrEqual(2048)
    expect(json.error?.code).toBe('E_NO_BEAD')
  })
})

describe('names that are not there', () => {
  it('unknown bead, rig, agent and town', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'true')
    await town.bead('two', 'true')
    expect(refused(await town.gt('bead', 'show', 'ap-zzzzz'), 'E_NO_BEAD', 1).message).toBe(
      'There is no bead ap-zzzzz.',
    )
    refused(await town.gt('sling', 'ap-zzzzz', 'app'), 'E_NO_BEAD', 1)
    refused(await town.gt('sling', bead, 'ap-zzzzz', 'app'), 'E_NO_BEAD', 1)
    expect(refused(await town.gt('sling', bead, 'ap'), 'E_NO_RIG', 1).hint).toBe('Did you mean app?')
    refused(await town.gt('bead', 'create', 'x', '--rig', '../app'), 'E_NO_RIG', 1)
    expect(refused(await town.gt('sling', bead, 'app', '--agent', 'nobody'), 'E_NO_AGENT', 1).message).toContain(
      'script',
    )
    refused(await town.gt('sling', bead, 'app', '--timeout', 'soon', '--wait'), 'E_USAGE', 64)
    // One wrong bead and nothing was slung.
    expect(await town.show(bead)).toMatchObject({ standing: 'open', runs: [] })
    const at = (GT_TOWN: string): Promise<Outcome> =>
      startGt(['status'], { cwd: '/', env: { ...town.env, GT_TOWN } }).ended
    refused(await at('/no/such/town'), 'E_GT_TOWN', 1)
    refused(await at('relative'), 'E_GT_TOWN', 1)
    refused(await at(''), 'E_NO_TOWN', 1)
  })
})

describe('issues.jsonl', () => {
  it('a line that is no bead stops neither the work nor who ends it, and whoever can mend it is told where', async () => {
    const town = await makeTown()
    const file = join(town.root, '.beads', 'issues.jsonl')
    const bead = await town.bead('one', `printf '{broken\\n' >> '${file}'; echo 1 > one.txt`)
    const slung = await town.gt('sling', bead, 'app', '--wait', '--timeout', '1m')
    expect([slung.code, slung.data?.[0].state]).toEqual([0, 'landed'])
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('{broken')
    const line = text.split('\n').findIndex((one) => one.startsWith('{broken')) + 1
    for (const args of [['status'], ['bead', 'create', 'x'], ['up']]) {
      expect(refused(await town.gt(...args), 'E_LEDGER_PARSE', 1).message).toContain(`${file} line ${line}`)
    }
    await must(town.gt('stop', '--all'))
    await must(town.gt('thaw'))
    const down = refused(await town.gt('down'), 'E_LEDGER_PARSE', 1)
    expect(down.kept).toContain('The town is down all the same')
    expect(readFileSync(file, 'utf8')).toBe(text)
    writeFileSync(file, text.replace('{broken\n', ''))
    expect((await town.show(bead)).standing).toBe('landed')
  })
})

describe('settings', () => {
  it('broken TOML names file, line and column, and every bead is there once it is mended', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'echo 1 > one.txt')
    const toml = join(town.root, 'town.toml')
    const good = readFileSync(toml, 'utf8')
    const line = good.split('\n').length
    writeFileSync(toml, `${good}[workers\n`)
    for (const args of [
      ['status'],
      ['bead', 'list'],
      ['bead', 'create', 'x'],
      ['sling', bead, 'app'],
      ['up'],
      ['down'],
    ]) {
      const { message, hint } = refused(await town.gt(...args), 'E_SETTINGS', 1)
      expect(message).toMatch(new RegExp(`^${toml}:${line}:\\d+: this is not TOML: `))
      expect(hint).toBe(`Mend line ${line}: [workers`)
    }
    writeFileSync(toml, good)

    const rigToml = join(town.root, 'app', 'rig.toml')
    const rig = readFileSync(rigToml, 'utf8')
    writeFileSync(rigToml, rig.replace('policy =', 'polcy ='))
    const { message, hint } = refused(await town.gt('sling', bead, 'app', '--wait'), 'E_SETTINGS', 1)
    expect(message).toMatch(/rig\.toml:\d+: unknown key `landing\.polcy`; did you mean `policy`\?$/)
    expect(hint).toContain('policy')
    // A broken rig stops its own work, not the town.
    await must(town.gt('status'))
    writeFileSync(rigToml, rig)
    expect(await ids(town)).toEqual([bead])
    expect(await town.show(bead)).toMatchObject({ standing: 'open', runs: [] })
    await must(town.gt('sling', bead, 'app'))
    writeFileSync(rigToml, `${rig}bogus = 1\n`)
    const [waits] = await must(town.gt('attend'))
    expect([waits.id, waits.severity, waits.behind.ids]).toEqual(['rig:app', 'critical', [bead]])
    expect(waits.text).toMatch(/unknown key `[\w.]*bogus`[\s\S]*Delete line/)
    writeFileSync(rigToml, rig)
    await must(town.gt('sling', bead, 'app', '--wait'))
  })

  it('a town made by a newer gt is refused by every command and not touched', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'true')
    const toml = join(town.root, 'town.toml')
    const good = readFileSync(toml, 'utf8')
    writeFileSync(toml, good.replace('schema = 1', 'schema = 2\nfuture = "yes"'))
    const before = ledgerBytes(town)
    for (const args of [
      ['status'],
      ['bead', 'create', 'x'],
      ['sling', bead, 'app'],
      ['up'],
      ['config', 'set', 'name', 'x'],
    ]) {
      expect(refused(await town.gt(...args), 'E_NEWER_TOWN', 1).message).toContain('schema 2')
    }
    expect(ledgerBytes(town)).toEqual(before)
    writeFileSync(toml, good)

    const journal = join(town.root, '.beads', 'journal')
    const next = { base: join(journal, '00000099.base'), log: join(journal, '00000099.log') }
    writeFileSync(next.base, '')
    const header = { kind: 'header', n: 99, continues: '', leases: {}, carry: { wisps: [], foreign: [] } } as const
    writeFileSync(next.log, encode({ ...header, v: 2, carry: { wisps: [], foreign: [] } }))
    refused(await town.gt('bead', 'list'), 'E_LEDGER_NEWER', 1)
    refused(await town.gt('bead', 'create', 'x'), 'E_LEDGER_NEWER', 1)
    for (const file of Object.values(next)) rmSync(file)
    expect(await ids(town)).toEqual([bead])
  })

  it('a town never lies in a git work tree', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'true')
    const inside = join(town.project, 'gt')
    refused(await town.gt('install', inside), 'E_INSIDE_GIT', 1)
    expect(existsSync(inside)).toBe(false)
    // Settings run commands: a project must not bring its own.
    writeFileSync(join(town.project, 'town.toml'), 'schema = 1\nname = "trap"\n')
    refused(await startGt(['status'], { cwd: town.project, env: town.env }).ended, 'E_INSIDE_GIT', 1)
    town.git(town.dir, 'init', '-q')
    refused(await town.gt('status'), 'E_INSIDE_GIT', 1)
    rmSync(join(town.dir, '.git'), { recursive: true })
    expect(await ids(town)).toEqual([bead])
  })

  const ledgerBytes = (town: TestTown): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(town.root, '.beads', 'journal'))
        .filter((name) => name !== 'published.json')
        .map((name) => [name, readFileSync(join(town.root, '.beads', 'journal', name), 'base64')]),
    )
})

describe('missing programs', () => {
  it('tmux: exit 69, nothing slung; with tmux it goes on', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'echo 1 > one.txt')
    const path = pathWithout('tmux')
    const { hint, kept } = refused(await without(town, path, 'sling', bead, 'app'), 'E_NO_TMUX', 69)
    expect([hint, kept]).toEqual(['apt-get install tmux', 'Nothing was slung.'])
    refused(await without(town, path, 'sling', bead, 'app', '--wait'), 'E_NO_TMUX', 69)
    refused(await without(town, path, 'up'), 'E_NO_TMUX', 69)
    expect(await town.show(bead)).toMatchObject({ standing: 'open', runs: [], metadata: { gt: { version: 1 } } })
    expect(town.claims()).toEqual([])
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(town.onMain('one.txt')).toBe('1')
  })

  it('git: exit 69, nothing made, nothing slung; beads need no git', async () => {
    const town = await makeTown()
    const path = pathWithout('git')
    const bead = (await must(without(town, path, 'bead', 'create', 'no git needed'))).id
    refused(await without(town, path, 'sling', bead, 'app'), 'E_NO_GIT', 69)
    // A daemon without it would stand at every landing, and nobody would be told.
    for (const start of [['up'], ['deacon', 'start'], ['deacon', 'run']])
      refused(await without(town, path, ...start), 'E_NO_GIT', 69)
    expect(town.claims()).toEqual([])
    const other = join(town.dir, 'other')
    refused(await without(town, path, 'install', other), 'E_NO_GIT', 69)
    expect(existsSync(other)).toBe(false)
    refused(await without(town, path, 'rig', 'add', 'second', town.project), 'E_NO_GIT', 69)
    expect((await must(town.gt('rig', 'list'))).map(({ rig }: { rig: string }) => rig)).toEqual(['app'])
    await must(town.gt('rig', 'add', 'second', town.project))
  })

  it('the agent: exit 69, nothing claimed', async () => {
    const town = await makeTown()
    const bead = await town.bead('one', 'true')
    await must(town.gt('config', 'agent', 'set', 'ghost', '--', '/no/such/agent', '--flag'))
    const { message } = refused(await town.gt('sling', bead, 'app', '--agent', 'ghost'), 'E_NO_PROGRAM', 69)
    expect(message).toContain('/no/such/agent')
    const claude = await without(town, pathWithout('claude'), 'sling', bead, 'app', '--agent', 'claude', '--wait')
    expect(refused(claude, 'E_NO_PROGRAM', 69).hint).toContain('--agent script')
    expect(town.claims()).toEqual([])
    expect(await town.show(bead)).toMatchObject({ standing: 'open' })
  })
})

describe('a repository that is gone', () => {
  it('before the start: attempts are counted, a person is asked, and with the repository back it lands', async () => {
    const town = await makeTown({ set: { 'workers.attempts': '2' } })
    const bead = await town.bead('one', 'echo 1 > one.txt')
    renameSync(town.project, `${town.project}.away`)
    const first = await town.gt('sling', bead, 'app')
    expect(first.error?.message).toContain('There is no git repository at')
    expect(first.error?.message).toContain('nothing was lost')
    expect([first.error?.code, first.code]).toEqual(['E_REMOTE_NOT_FOUND', 1])
    expect((await town.show(bead)).metadata.gt.attempts).toBe(1)
    const waited = await town.gt('sling', bead, 'app', '--wait')
    expect([waited.error?.code, waited.code]).toEqual(['E_NEEDS_PERSON', 2])
    const shown = await town.show(bead)
    expect(shown).toMatchObject({ status: 'open', standing: 'needs_human', metadata: { gt: { attempts: 2 } } })
    expect(shown.runs.map(({ state }: { state: string }) => state)).toEqual(['failed', 'failed'])
    refused(await town.gt('rig', 'add', 'second', town.project), 'E_REMOTE_NOT_FOUND', 1)
    renameSync(`${town.project}.away`, town.project)
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(town.onMain('one.txt')).toBe('1')
  })

  it('that cannot be reached: nothing is claimed, no attempt counts, and plain words say what stands still', async () => {
    const town = await makeTown({ set: { 'workers.attempts': '1' } })
    const bead = await town.bead('one', 'echo 1 > one.txt')
    const remote = (url: string) => town.git(`${town.root}/app/repo.git`, 'remote', 'set-url', 'origin', url)
    remote('http://127.0.0.1:9/gone.git')
    const first = await town.gt('sling', bead, 'app')
    expect([first.error?.code, first.code]).toEqual(['E_REMOTE_UNREACHABLE', 75])
    expect(first.error?.message).toContain('no attempt is counted')
    expect(town.claims()).toEqual([])
    await must(town.gt('up'))
    const waits = async () => (await must(town.gt('attend'))).find(({ cause }: { cause: string }) => cause === 'rig')
    await until('the town to say it', async () => (await waits()) !== undefined)
    expect(await waits()).toMatchObject({ id: 'rig:app', severity: 'high', behind: { ids: [bead] } })
    expect((await waits()).title).toContain('cannot be reached')
    await must(town.gt('down'))
    remote(town.project)
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect((await town.show(bead)).runs.map(({ attempt }: { attempt: number }) => attempt)).toEqual([1])
  })

  it('while the work was done: the work is kept, and with the repository back it lands', async () => {
    const town = await makeTown()
    const away = `${town.project}.away`
    const bead = await town.bead('one', `echo 1 > one.txt; mv '${town.project}' '${away}'`)
    const waited = await town.gt('sling', bead, 'app', '--wait', '--timeout', '4s')
    expect(waited.code, waited.stdout).toBeGreaterThan(0)
    const shown = await town.show(bead)
    expect(shown).toMatchObject({ runs: [{ state: 'submitted' }] })
    renameSync(away, town.project)
    if (shown.standing === 'needs_human') await must(town.gt('mq', 'retry', shown.mergeRequest.id))
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(town.onMain('one.txt')).toBe('1')
    expect((await town.show(bead)).runs.length).toBe(1)
  })
})

describe('hostile words', () => {
  const TITLES = [
    '$(touch pwned) `touch pwned`; touch pwned',
    '"; touch pwned; echo "',
    "it's 100% \\ done #{E:pid} %n",
    '-rf --json --help',
    '--json',
    '-- --rig app',
    'ünïcödé ✓ 🦀',
    '\x1b[31mred\x1b]0;title\x07 \x08bell',
    'first line\nTouch: pwned\r\nsecond $(touch pwned)',
  ]

  it('titles and bodies are data from the command line to the merge commit', async () => {
    const town = await makeTown({ set: { 'workers.max': '9' } })
    const body = `$(touch pwned)\n\x1b[2Jgone\t"quotes" 'single' \`touch pwned\`\n--flag\n\`\`\`sh\necho fine > "$GT_BEAD.txt"\n\`\`\`\n`
    const beads: string[] = []
    for (const title of TITLES) {
      const made = await must(town.gt('bead', 'create', '--body', body, '--', title))
      expect(made.title).toBe(title.trim().replace(/\s*[\r\n]+\s*/g, ' '))
      expect((await town.show(made.id)).description).toBe(body)
      beads.push(made.id)
    }
    for (const args of [['bead', 'list'], ['bead', 'show', beads[7]!], ['status'], ['bead', 'ready']]) {
      const { stdout, code } = await asText(town, ...args)
      expect(code).toBe(0)
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    }
    await must(town.gt('sling', ...beads, 'app', '--wait', '--timeout', '90s'))
    for (const bead of beads) expect(town.onMain(`${bead}.txt`)).toBe('fine')
    const messages = town.git(town.project, 'log', '--merges', '--format=%B%x00', 'main').split('\0')
    expect(messages.filter((text) => /^Bead: /m.test(text)).length).toBe(TITLES.length)
    for (const text of messages) expect(text.match(/^Bead: /gm)?.length ?? 0).toBeLessThanOrEqual(1)
    const strays = readdirSync(town.dir, { recursive: true }).filter((path) => String(path).endsWith('pwned'))
    expect(strays).toEqual([])
  })

  it('a title has 1 to 500 bytes', async () => {
    const town = await makeTown()
    const made = await must(town.gt('bead', 'create', 'ä'.repeat(250)))
    expect(made.title.length).toBe(250)
    // The value of an option is somebody's words, also when it looks like one of our own options.
    expect(await must(town.gt('bead', 'update', made.id, '--body', '--json'))).toMatchObject({ description: '--json' })
    const { message } = refused(await town.gt('bead', 'create', `${'ä'.repeat(250)}x`), 'E_BAD_TITLE', 1)
    expect(message).toBe('The title has 501 bytes; 500 is the most.')
    refused(await town.gt('bead', 'create', ''), 'E_BAD_TITLE', 1)
    refused(await town.gt('bead', 'create', ' \n '), 'E_BAD_TITLE', 1)
    refused(await town.gt('bead', 'create', 'x', '--body-file', '/no/such/file'), 'E_FILE', 1)
    refused(await town.gt('bead', 'update', made.id, '--title', 'y'.repeat(501)), 'E_BAD_TITLE', 1)
    expect(await ids(town)).toEqual([made.id])
  })
})

describe('a disk that takes nothing', () => {
  it('full: writes are refused with E_DISK_FULL, and what was acknowledged is there', async (test) => {
    const disk = tmpfs('3m')
    if (disk === undefined) return test.skip('needs root, to mount a small tmpfs')
    const town = await makeTown()
    const env = town.env
    const root = join(disk, 'town')
    const gt = (...args: string[]): Promise<Outcome> =>
      startGt(args, { cwd: disk, env: { ...env, GT_TOWN: root } }).ended
    await must(startGt(['install', root], { cwd: disk, env }).ended)
    const acknowledged: string[] = []
    const create = async (): Promise<Outcome> => {
      const made = await gt('bead', 'create', `bead ${acknowledged.length}`, '--body', 'x'.repeat(3000))
      if (made.code === 0) acknowledged.push(made.data.id)
      return made
    }
    await create()
    // Leave room for a few records, so that one is cut off in the middle.
    const filler = join(disk, 'filler')
    fill(filler, 24 * 1024)
    let last = await create()
    for (let n = 0; n < 20 && last.code === 0; n++) last = await create()
    const { hint, kept } = refused(last, 'E_DISK_FULL', 75)
    expect(hint).toContain('df -h')
    expect(kept).toContain('everything that was acknowledged before is safe')
    refused(await create(), 'E_DISK_FULL', 75)

    // Reading goes on.
    const listed = async (): Promise<string[]> =>
      (await must(gt('bead', 'list'))).map(({ id }: { id: string }) => id).sort()
    expect(await listed()).toEqual([...acknowledged].sort())
    const examined = await gt('doctor')
    expect(
      examined.data.checks
        .filter((row: { verdict: string }) => row.verdict === 'bad')
        .map((row: { id: string }) => row.id),
    ).toContain('disk.room')

    rmSync(filler)
    expect((await create()).code).toBe(0)
    expect(await listed()).toEqual([...acknowledged].sort())
  })

  it('read-only: writes are refused with E_READ_ONLY, reading goes on', async (test) => {
    const town = await makeTown()
    const bead = await town.bead('one', 'true')
    const ledger = join(town.root, '.beads')
    const writable = readOnly(ledger)
    if (writable === undefined) return test.skip('the ledger cannot be made read-only here')
    const { hint, kept } = refused(await town.gt('bead', 'create', 'two'), 'E_READ_ONLY', 1)
    expect(hint).toContain('writable')
    expect(kept).toContain('everything that was acknowledged before is safe')
    refused(await town.gt('sling', bead, 'app'), 'E_READ_ONLY', 1)
    expect(await ids(town)).toEqual([bead])
    expect((await town.gt('doctor')).data.checks).toContainEqual(
      expect.objectContaining({ id: 'disk.writable', verdict: 'bad' }),
    )
    writable()
    await town.bead('two', 'true')
    expect((await ids(town)).length).toBe(2)
  })
})
