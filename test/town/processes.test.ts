import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Read, Result } from '../../src/result.ts'
import type { ProcessRow } from '../../src/town/process-table.ts'
import { parsePs, parseStat, processTable } from '../../src/town/process-table.ts'
import { descendants, endMarked, endTree, sparedOf, treeOf } from '../../src/town/process-tree.ts'
import type { ProcessId } from '../../src/town/processes.ts'
import { beganAfter, identify, isOfEarlierBoot, isRunning, self } from '../../src/town/processes.ts'

const started: ProcessId[] = []
const children: ChildProcess[] = []
afterEach(() => {
  for (const id of started.splice(0)) {
    const running = isRunning(id)
    if (running.kind === 'ok' && running.value) process.kill(id.pid, 'SIGKILL')
  }
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function value<T>(answer: Read<T> | Result<T>): T {
  if (answer.kind === 'ok') return answer.value
  throw new Error(`expected ok, got ${JSON.stringify(answer)}`)
}

async function until(what: string, look: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await delay(10)) if (look()) return
  throw new Error(`never happened: ${what}`)
}

/** Runs a shell script that prints pids, one a line; gives back the shell and, in order, what the pids stand for. */
async function tree(
  script: string,
  pids: number,
  env: Record<string, string> = {},
): Promise<[ProcessId, ...ProcessId[]]> {
  const child = spawn('sh', ['-c', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, ...env },
  })
  children.push(child)
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  await until(`${pids} pids`, () => text.split('\n').length > pids)
  const all = [child.pid!, ...text.trim().split('\n').map(Number)].map((pid) => value(identify(pid)))
  started.push(...all)
  return all as [ProcessId, ...ProcessId[]]
}

const runs = (id: ProcessId): boolean => value(isRunning(id))
const LOOP = 'while :; do sleep 0.2; done'

describe('identity', () => {
  it('is the same at each look, and another one for another start', async () => {
    expect(value(identify(process.pid))).toEqual(self())
    expect(value(isRunning(self()))).toBe(true)
    expect(value(isRunning({ ...self(), started: 'earlier' }))).toBe(false)
    const [shell] = await tree(`echo $$; ${LOOP}`, 1)
    expect(shell.started).not.toBe(self().started)
  })

  it('is empty for a pid that nobody has, and for a zombie', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    expect(identify(child.pid!)).toEqual({ kind: 'empty' })
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] })
    children.push(parent)
    const pid = Number((await once(parent.stdout, 'data'))[0])
    await until('the zombie', () => identify(pid).kind === 'empty')
    expect(process.kill(pid, 0)).toBe(true)
    expect(value(processTable()).some((row) => row.pid === pid)).toBe(false)
  })
})

describe('boots and ages', () => {
  const other = { pid: process.pid, started: `${self().started.startsWith('0') ? '1' : '0'}${self().started.slice(1)}` }

  it('knows what was started before the machine was, whoever has the pid now', () => {
    expect(isOfEarlierBoot(self())).toBe(false)
    expect(isOfEarlierBoot(other)).toBe(process.platform === 'linux')
    expect(isRunning(other)).toEqual({ kind: 'ok', value: false })
    // A stamp that carries no boot proves nothing.
    expect(isOfEarlierBoot({ pid: 1, started: 'Mon_Nov_23_01:02:03_2026' })).toBe(false)
  })

  it('tells which of two began later, where that can be told', async () => {
    const [shell] = await tree(`echo $$; ${LOOP}`, 1)
    expect([value(beganAfter(shell, self())), value(beganAfter(self(), shell))]).toEqual([true, false])
    expect(value(beganAfter(self(), self()))).toBe(false)
    expect(value(beganAfter({ pid: 2, started: '00000000.100' }, { pid: 3, started: '00000000.99' }))).toBe(true)
    const [early, late] = ['Mon_Nov_23_01:02:03_2026', 'Mon_Nov_23_01:02:04_2026'].map((started) => ({
      pid: 1,
      started,
    }))
    expect([value(beganAfter(late!, early!)), value(beganAfter(early!, late!))]).toEqual([true, false])
    expect(beganAfter({ pid: 2, started: '00000001.5' }, { pid: 3, started: '00000000.9' }).kind).toBe('unknown')
    expect(beganAfter({ pid: 2, started: 'gone' }, self()).kind).toBe('unknown')
  })
})

describe('the table', () => {
  it('holds this process as identify knows it, with its parent', () => {
    const row = value(processTable()).find(({ pid }) => pid === process.pid)
    expect(row).toMatchObject({ ...self(), ppid: process.ppid })
  })

  it('reads a command that tries to look like fields', () => {
    const rest = '10 20 30 34816 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 1 1'
    const row = { pid: 5, started: 'b.777', ppid: 10, pgid: 20, session: 30, foreground: -1 }
    expect(parseStat(5, `5 (x) Z 1 (y)) S ${rest}`, 'b.')).toEqual(row)
    expect(parseStat(5, `5 (x) T ${rest}`, 'b.')).toEqual({ ...row, stopped: true })
    expect(parseStat(5, `5 (x) Z ${rest}`, 'b.')).toBeUndefined()
    expect(parseStat(5, '', 'b.')).toBeUndefined()
  })

  it('reads ps as macOS writes it', () => {
    const text =
      '    1     0     1      0 Ss   Mon Nov 23 01:02:03 2026    \n  77     1    77     77 Z+   Mon Nov 23 01:02:04 2026\n  78     1    77     -1 S    Mon Nov  3 01:02:04 2026\n  79     1    77     -1 T+   Mon Nov  3 01:02:05 2026\n'
    expect(parsePs(text)).toEqual([
      { pid: 1, ppid: 0, pgid: 1, session: 1, foreground: -1, started: 'Mon_Nov_23_01:02:03_2026' },
      { pid: 78, ppid: 1, pgid: 77, session: 77, foreground: -1, started: 'Mon_Nov_3_01:02:04_2026' },
      { pid: 79, ppid: 1, pgid: 77, session: 77, foreground: -1, started: 'Mon_Nov_3_01:02:05_2026', stopped: true },
    ])
  })
})

describe('the tree, planned', () => {
  const row = (pid: number, ppid: number, more: Partial<ProcessRow> = {}): ProcessRow => ({
    ...{ pid, ppid, pgid: 1, session: 1, foreground: -1, started: `s${pid}` },
    ...more,
  })
  const none = (): boolean => false
  const pids = (rows: ProcessRow[]): number[] => rows.map(({ pid }) => pid).sort((a, b) => a - b)

  it('takes children, and members of sessions and groups that a member leads', () => {
    const rows = [
      row(1, 0),
      row(10, 1),
      row(11, 10, { session: 11, pgid: 11 }),
      row(12, 1, { session: 11, pgid: 12 }),
      row(13, 12),
      row(20, 1),
    ]
    expect(pids(treeOf([rows[1]!], rows, none))).toEqual([10, 11, 12, 13])
  })

  it('follows the session of a root that is gone, but not of a pid that came back', () => {
    const gone = { pid: 10, started: 's10' }
    const orphan = row(11, 1, { session: 10 })
    expect(pids(treeOf([gone], [row(1, 0), orphan], none))).toEqual([11])
    const cameBack = row(10, 1, { started: 'later', session: 10 })
    expect(treeOf([gone], [row(1, 0), orphan, cameBack, row(12, 10)], none)).toEqual([])
  })

  it('takes marked ones with their children, wherever they are', () => {
    const rows = [row(1, 0), row(30, 1), row(31, 30), row(32, 1)]
    expect(pids(treeOf([], rows, ({ pid }) => pid === 30))).toEqual([30, 31])
  })

  it('ends for any table at all, loops included, and never leaves the root out', () => {
    const small = fc.integer({ min: 0, max: 8 })
    const table = fc.uniqueArray(
      fc.record({ pid: fc.integer({ min: 1, max: 8 }), ppid: small, pgid: small, session: small }),
      { selector: ({ pid }) => pid, minLength: 1 },
    )
    fc.assert(
      fc.property(table, (raw) => {
        const rows = raw.map(({ pid, ppid, ...more }) => row(pid, ppid, more))
        const found = treeOf([rows[0]!], rows, none)
        expect(found).toContain(rows[0])
        expect(new Set(found).size).toBe(found.length)
        for (const member of rows) if (found.some(({ pid }) => pid === member.ppid)) expect(found).toContain(member)
        expect(sparedOf(rows[0]!.pid, undefined, found, rows).has(rows[0]!.pid)).toBe(true)
      }),
    )
  })

  it('spares this process with what it starts; its ancestors only unless told otherwise', () => {
    const rows = [row(1, 0), row(5, 1), row(6, 5), row(7, 6), row(8, 5)]
    const spared = (spare: number[] | undefined, tree = rows.slice(1)) => [...sparedOf(6, spare, tree, rows)].sort()
    expect(spared(undefined)).toEqual([0, 1, 5, 6, 7])
    expect(spared([6])).toEqual([0, 1, 6, 7])
    expect(spared([8])).toEqual([0, 1, 6, 7, 8])
    // Asked to end a child of its own, it is not in that tree, and the child is not kept.
    expect(spared(undefined, [rows[3]!])).toEqual([0, 1, 5, 6])
  })
})

describe('ending a tree', () => {
  it('ends all of it, a grandchild in its own session and those who ignore signals included', async () => {
    const stubborn = `trap '' TERM INT HUP; echo $$; ${LOOP}`
    const [root, child, grandchild] = await tree(
      `trap '' TERM; sh -c "${stubborn.replaceAll('$', '\\$')}" & setsid sh -c "${stubborn.replaceAll('$', '\\$')}" & ${LOOP}`,
      2,
    )
    const found = value(descendants(root)).map(({ pid }) => pid)
    expect(found).toEqual(expect.arrayContaining([child!.pid, grandchild!.pid]))
    expect(found).not.toContain(root.pid)
    const { ended } = value(await endTree(root, { graceMs: 100 }))
    expect(ended).toBeGreaterThanOrEqual(3)
    expect([root, child!, grandchild!].map(runs)).toEqual([false, false, false])
    expect(await endTree(root)).toEqual({ kind: 'ok', value: { ended: 0 } })
  })

  it('asks first: an orderly exit on SIGTERM happens, and on SIGINT', async () => {
    for (const [signal, name] of [
      ['SIGTERM', 'TERM'],
      ['SIGINT', 'INT'],
    ] as const) {
      const child = spawn('sh', ['-c', `trap 'exit 7' ${name}; echo up; ${LOOP}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      children.push(child)
      await once(child.stdout, 'data')
      const exit = once(child, 'exit')
      value(await endTree(value(identify(child.pid!)), { signal }))
      expect(await exit).toEqual([7, null])
    }
  })

  it('wakes a frozen one, so that it can end in order', async () => {
    const child = spawn('sh', ['-c', `trap 'exit 7' TERM; echo up; ${LOOP}`], { stdio: ['ignore', 'pipe', 'ignore'] })
    children.push(child)
    await once(child.stdout, 'data')
    const id = value(identify(child.pid!))
    process.kill(id.pid, 'SIGSTOP')
    await until('the stop', () => value(processTable()).some((row) => row.pid === id.pid && row.stopped === true))
    const exit = once(child, 'exit')
    value(await endTree(id, { graceMs: 20_000 }))
    expect(await exit).toEqual([7, null])
  })

  it('sends SIGTERM to who ignores SIGINT', async () => {
    const child = spawn('sh', ['-c', `trap '' INT; trap 'exit 8' TERM; echo up; ${LOOP}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    children.push(child)
    await once(child.stdout, 'data')
    const exit = once(child, 'exit')
    value(await endTree(value(identify(child.pid!)), { signal: 'SIGINT', graceMs: 2_000 }))
    expect(await exit).toEqual([8, null])
  })

  it('ends what an exit hook starts in a session of its own, after it was asked to go', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gtp-'))
    const late = `setsid sh -c "trap '' HUP TERM; echo \\$\\$ > ${dir}/late; ${LOOP}"`
    const [root] = await tree(`hook() { ${late} & sleep 1; exit 0; }; trap hook TERM; echo $$; ${LOOP}`, 1)
    value(await endTree(root, { graceMs: 10_000 }))
    const pid = Number(readFileSync(join(dir, 'late'), 'utf8'))
    rmSync(dir, { recursive: true })
    expect(pid).toBeGreaterThan(1)
    expect(identify(pid)).toEqual({ kind: 'empty' })
  })

  it('finds by its marker what has no parent, group or session in common', async () => {
    const fence = `run-${process.pid}-${Math.random()}`
    const [root, loose] = await tree(`(setsid sh -c 'echo $$; ${LOOP}' &); ${LOOP}`, 1, { GT_RUN: fence })
    const [other] = await tree(`echo $$; ${LOOP}`, 1, { GT_RUN: `${fence}0` })
    expect(value(descendants(root)).map(({ pid }) => pid)).not.toContain(loose!.pid)
    value(await endTree(root, { graceMs: 500, marker: { name: 'GT_RUN', value: fence } }))
    expect([root, loose!, other].map(runs)).toEqual([false, false, true])
    const again = value(await endMarked({ name: 'GT_RUN', value: `${fence}0` }, { graceMs: 500 }))
    expect(again.ended).toBeGreaterThanOrEqual(1)
    expect(runs(other)).toBe(false)
  })

  it('spares whoever calls it from inside the tree, and its ancestors unless it says who stays', async () => {
    const town = fileURLToPath(new URL('../../src/town/', import.meta.url))
    // Told to end its own parent, which would print `parent` when it outlives that.
    const source = `import { endTree } from '${town}process-tree.ts'
      import { identify } from '${town}processes.ts'
      const answer = await endTree(identify(process.ppid).value, { graceMs: 300, ...(process.argv[2] ? { spare: [process.pid] } : {}) })
      console.log(answer.kind)`
    const file = join(mkdtempSync(join(tmpdir(), 'gtp-')), 'inside.mts')
    writeFileSync(file, source)
    const run = async (alone: string): Promise<string> => {
      const script = '"$0" --import "$1" "$2" $3; echo parent; sleep 0'
      const argv = ['-c', script, process.execPath, import.meta.resolve('tsx'), file, alone]
      const child = spawn('sh', argv, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
      children.push(child)
      let text = ''
      for await (const chunk of child.stdout) text += chunk
      return text
    }
    expect(await run('')).toBe('ok\nparent\n')
    expect(await run('alone')).toBe('ok\n')
    rmSync(dirname(file), { recursive: true })
  })

  it('does nothing to a pid that is another process now', async () => {
    const [other] = await tree(`echo $$; ${LOOP}`, 1)
    expect(await endTree({ pid: other.pid, started: 'earlier' }, { graceMs: 100 })).toEqual({
      kind: 'ok',
      value: { ended: 0 },
    })
    expect(runs(other)).toBe(true)
  })
})
