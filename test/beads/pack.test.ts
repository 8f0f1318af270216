/** Old journals in packs: the trail says what it said, whatever becomes of the process that packs. */
import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { updateBead } from '../../src/beads/edit.ts'
import { history } from '../../src/beads/history.ts'
import { journalFolder, KEPT, logPath, numbers } from '../../src/beads/journal.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { createLedger } from '../../src/beads/ledger.ts'
import { packJournals, packPlan } from '../../src/beads/pack.ts'
import { journalNumbers, packsIn } from '../../src/beads/packs.ts'
import { encode } from '../../src/beads/record.ts'
import { beadAt, newestChanges, trailOf } from '../../src/beads/trail.ts'
import { ledgerRecords } from '../../src/doctor/ledger.ts'
import type { TownSubject } from '../../src/doctor/subject.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, reopened, temporaryFolder } from './support.ts'

const BY = { by: 'max' }
const TOMORROW = new Date(Date.now() + 86_400_000 + 60_000)

const SEALED = 72
const FIRST = 10
let template: string
let early: string

/** A ledger with SEALED sealed journals, each with a change of gp-a; and the same when it had FIRST of them. */
beforeAll(() => {
  template = mkdtempSync(join(tmpdir(), 'gt-pack-'))
  early = join(template, 'early')
  const dir = join(template, 'late')
  const ledger = must(createLedger(dir))
  create(ledger, bead('gp-a'))
  for (let n = 1; n <= SEALED; n++) {
    must(ledger.write(must(updateBead(ledger.state, 'gp-a', { title: `t${n}` }, BY))))
    must(ledger.roll())
    if (n === FIRST) cpSync(dir, early, { recursive: true, preserveTimestamps: true })
  }
  ledger.close()
})
afterAll(() => rmSync(template, { recursive: true }))

function copyOf(from: string): string {
  const dir = join(temporaryFolder(), '.beads')
  cpSync(from, dir, { recursive: true, preserveTimestamps: true })
  return dir
}
const withJournals = (): Ledger => reopened(copyOf(join(template, 'late')))

const pack = async (dir: string): Promise<ReturnType<typeof packJournals>> => packJournals(dir, packPlan(dir, TOMORROW))

/** Everything that is told of the past. */
const told = (dir: string): unknown => [
  [...history(dir)],
  trailOf(dir, 'gp-a'),
  newestChanges(dir, { limit: 1000, all: true }),
  must(beadAt(dir, 'gp-a', Date.now())),
]

describe('packing', () => {
  afterEach(cleanUp)

  test('takes the old journals together, and the trail says the same', async () => {
    const ledger = withJournals()
    const before = told(ledger.dir)
    const logs = numbers(ledger.dir, 'log')
    const packed = must(await pack(ledger.dir))
    expect(packed.journals).toBe(logs.length - KEPT)
    expect(packed.after).toBeLessThan(packed.before / 2)
    expect(numbers(ledger.dir, 'log')).toEqual(logs.slice(-KEPT))
    expect(journalNumbers(ledger.dir)).toEqual(logs)
    expect(packsIn(ledger.dir)).toMatchObject([{ from: 1, to: logs.length - KEPT }])
    expect(told(ledger.dir)).toEqual(before)
    expect(trailOf(ledger.dir, 'gp-a')).toHaveLength(SEALED + 1)
    // And again: nothing to do, until there is enough.
    expect(packPlan(ledger.dir, TOMORROW)).toEqual({ left: [], packs: [] })
    must(ledger.write(must(updateBead(ledger.state, 'gp-a', { title: 'on' }, BY))))
    expect(trailOf(reopened(ledger.dir).dir, 'gp-a')).toHaveLength(SEALED + 2)
  })

  test('leaves what is young, what is little, and the newest', async () => {
    const ledger = withJournals()
    expect(packPlan(ledger.dir, new Date())).toEqual({ left: [], packs: [] })
    expect(packPlan(early, TOMORROW)).toEqual({ left: [], packs: [] })
    expect(packPlan(ledger.dir, TOMORROW).packs.flat()).not.toContain(numbers(ledger.dir, 'log').at(-KEPT))
  })

  test('few journals that are long are worth it, in packs that can be held at once', async () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'))
    for (let n = 0; n < 24; n++) {
      const description = `${n}`.padEnd(1 << 20, 'x')
      must(ledger.write(must(updateBead(ledger.state, 'gp-a', { description }, BY))))
      must(ledger.roll())
    }
    const before = told(ledger.dir)
    const { packs } = packPlan(ledger.dir, TOMORROW)
    expect(packs.length).toBeGreaterThan(1)
    expect(packs.flat()).toEqual(numbers(ledger.dir, 'log').slice(0, -KEPT))
    must(await pack(ledger.dir))
    expect(told(ledger.dir)).toEqual(before)
  })

  test('a process that slept through it writes on', async () => {
    const dir = copyOf(early)
    const sleeper = reopened(dir)
    // All that others did meanwhile; the journal that it holds open is still the same file.
    const late = join(template, 'late')
    const open = logPath(dir, numbers(dir, 'log').at(-1)!)
    cpSync(late, dir, { recursive: true, preserveTimestamps: true, filter: (_, to) => to !== open })
    writeFileSync(open, readFileSync(join(journalFolder(late), basename(open))))
    const ledger = reopened(dir)
    must(await pack(dir))
    expect(numbers(dir, 'log')[0]).toBeGreaterThan(FIRST + 2)
    // It never looked, and the journal that it would append to is in a pack.
    const verdict = must(sleeper.write(must(updateBead(sleeper.state, 'gp-a', { priority: 0 }, BY))))
    expect(verdict.applied).toBe(true)
    expect(sleeper.state.beads.get('gp-a')).toMatchObject({ title: `t${SEALED}`, priority: 0 })
    must(ledger.refresh())
    expect(ledger.state.beads.get('gp-a')).toMatchObject({ title: `t${SEALED}`, priority: 0 })
    expect(trailOf(ledger.dir, 'gp-a').at(-1)!.changes).toMatchObject([{ path: ['priority'], after: 0 }])
  })

  test('a void record behind a seal is no reason to keep a journal; another content is', async () => {
    const ledger = withJournals()
    const copy = join(template, 'late')
    must(await pack(ledger.dir))
    const before = told(ledger.dir)
    for (const n of [3, 4]) cpSync(logPath(copy, n), logPath(ledger.dir, n), { preserveTimestamps: true })
    const late = encode({ kind: 'change', id: 'late', at: 'x', by: 'x', why: 'x', ops: [] })
    appendFileSync(logPath(ledger.dir, 3), late)
    expect(packPlan(ledger.dir, new Date(TOMORROW.getTime() + 86_400_000)).left).toEqual([3, 4])
    must(await packJournals(ledger.dir, { left: [3, 4], packs: [] }))
    expect(numbers(ledger.dir, 'log')).not.toContain(3)
    expect(told(ledger.dir)).toEqual(before)

    writeFileSync(logPath(ledger.dir, 4), `${readFileSync(logPath(copy, 4), 'utf8').slice(0, -9)}00000000\n`)
    expect(failureOf(await packJournals(ledger.dir, { left: [4], packs: [] })).code).toBe('E_PACK')
    expect(numbers(ledger.dir, 'log')).toContain(4)
  })

  test('a damaged pack ends the trail where it is, never in silence of the doctor', async () => {
    const ledger = withJournals()
    must(await pack(ledger.dir))
    const { path } = packsIn(ledger.dir)[0]!
    const text = gunzipSync(readFileSync(path)).toString().replace('"t5"', '"tX"')
    writeFileSync(path, gzipSync(text))
    expect(trailOf(ledger.dir, 'gp-a')).toEqual([])
    // The beads themselves do not depend on it.
    expect(reopened(ledger.dir).state.beads.get('gp-a')?.title).toBe(`t${SEALED}`)
    const town = { root: dirname(ledger.dir), paths: { beads: ledger.dir } } as TownSubject
    expect(await ledgerRecords(town)).toMatchObject([{ verdict: 'bad', text: expect.stringContaining(path) }])
  })
})

describe('killed while packing', () => {
  afterAll(cleanUp)

  test('at every call that changes the disk: nothing of the trail is lost, and the next pass ends it', async () => {
    const folder = temporaryFolder()
    const program = join(folder, 'pack.mjs')
    const entry = fileURLToPath(new URL('./pack-program.ts', import.meta.url))
    const shim = fileURLToPath(new URL('./crash-shim.mjs', import.meta.url))
    const how = { bundle: true, format: 'esm', platform: 'node', target: 'node20' } as const
    await build({ entryPoints: [entry], outfile: program, ...how })
    const ledger = withJournals()
    const before = told(ledger.dir)
    const play = (dir: string, at: number, crash: string): Promise<{ signal: string | null; stderr: string }> => {
      const env = { PATH: process.env.PATH, CRASH_AT: String(at), CRASH_HOW: crash }
      const argv = ['--import', shim, program, dir, String(TOMORROW.getTime())]
      const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'ignore', 'pipe'] })
      let stderr = ''
      child.stderr.on('data', (chunk) => {
        stderr += chunk
      })
      return new Promise((resolve) => child.on('close', (_, signal) => resolve({ signal, stderr })))
    }
    const fresh = (name: string): string => {
      const dir = join(folder, name)
      cpSync(ledger.dir, dir, { recursive: true, preserveTimestamps: true })
      return dir
    }
    const steps = (await play(fresh('whole'), 0, 'before')).stderr.split('\n').slice(0, -1)
    // Taking the journals' files away is the same step again and again: its beginning, middle and end will do.
    const unlinks = steps.findIndex((step) => /unlink.*\.log/.test(step))
    expect(unlinks).toBeGreaterThan(3)
    const middle = [unlinks + 1, unlinks + 2, Math.floor((unlinks + steps.length) / 2), steps.length]
    const points = [...Array.from({ length: unlinks }, (_, i) => i + 1), ...middle].flatMap((at) =>
      ['before', 'torn', 'power'].map((crash) => ({ at, crash })),
    )
    for (const { at, crash } of points) {
      const step = `${crash} ${at}: ${steps[at - 1]}`
      const dir = fresh(`${at}-${crash}`)
      const end = await play(dir, at, crash)
      expect(end, step).toEqual({ signal: 'SIGKILL', stderr: '' })
      expect(told(dir), step).toEqual(before)
      must(await pack(dir))
      expect(told(dir), step).toEqual(before)
      expect(numbers(dir, 'log'), step).toHaveLength(KEPT)
      const next = reopened(dir)
      must(next.write(must(updateBead(next.state, 'gp-a', { title: 'after' }, BY))))
      must(next.roll())
      expect(
        readdirSync(journalFolder(dir)).filter((name) => name.startsWith('tmp.')),
        step,
      ).toEqual([])
      next.close()
      rmSync(dir, { recursive: true })
    }
  }, 120_000)
})
