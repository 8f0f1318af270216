import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, describe, expect, test } from 'vitest'
import type { ChangeInput } from '../../src/beads/change.ts'
import { acquire, release, withLease } from '../../src/beads/leases.ts'
import { fail, ok } from '../../src/result.ts'
import { identify } from '../../src/town/processes.ts'
import { until } from '../support/gt.ts'
import { cleanUp, failureOf, must, newLedger, onCleanUp, reopened, temporaryFolder } from './support.ts'

afterEach(cleanUp)

/** A process that waits until it is killed by id, and its proof. */
async function bystander() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onCleanUp(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const id = must(identify(child.pid!))
  const ended = new Promise((resolve) => child.on('exit', resolve))
  return {
    id,
    kill: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}

describe('a lease', () => {
  test('has one holder, and comes back', () => {
    const one = newLedger()
    const two = reopened(one.dir)
    const lease = must(acquire(one, 'refinery', 'a'))!
    expect(lease.holder.pid).toBe(process.pid)
    expect(must(acquire(two, 'refinery', 'b'))).toBeNull()
    expect(must(acquire(one, 'refinery', 'a'))).toBeNull()
    expect(must(acquire(two, 'deacon', 'b'))).not.toBeNull()
    must(release(lease))
    expect(must(acquire(two, 'refinery', 'b'))).not.toBeNull()
    // The first holder has nothing left to give back, and must not give back what is another's.
    must(release(lease))
    expect(must(acquire(one, 'refinery', 'a'))).toBeNull()
  })

  test('that a full disk did not let its holder return is returned once there is room', async () => {
    const ledger = newLedger()
    let full = false
    const onFullDisk = {
      ...ledger,
      get state() {
        return ledger.state
      },
      refresh: () => ledger.refresh(),
      write: (input: ChangeInput) => (full ? fail('E_DISK_FULL', 'No space left on device.') : ledger.write(input)),
    }
    const fillsIt = async () => {
      full = true
      return ok(undefined)
    }
    must(await withLease(onFullDisk, 'l', 'me', fillsIt, { waitMs: 0 }))
    expect(ledger.state.leases.has('l')).toBe(true)
    full = false
    await until('its return', () => !ledger.state.leases.has('l'))
    must(await withLease(ledger, 'l', 'somebody else', async () => ok(undefined), { waitMs: 0 }))
  })

  test('of a living process stays, of a dead one is taken over', async () => {
    const ledger = newLedger()
    const other = await bystander()
    const holder = { ...other.id, token: 'theirs' }
    must(ledger.write({ by: 'x', why: 'x', ops: [{ op: 'lease', name: 'l', holder }] }))
    expect(must(acquire(ledger, 'l', 'me'))).toBeNull()
    await other.kill()
    const lease = must(acquire(ledger, 'l', 'me'))!
    expect(ledger.state.leases.get('l')).toEqual(lease.holder)
    expect([...ledger.history()].at(-1)!.change.why).toContain(`process ${other.id.pid} is gone`)
  })

  test('of a process that got the pid of a dead one is taken over too', () => {
    const ledger = newLedger()
    const holder = { pid: process.pid, started: 'another time', token: 't' }
    must(ledger.write({ by: 'x', why: 'x', ops: [{ op: 'lease', name: 'l', holder }] }))
    expect(must(acquire(ledger, 'l', 'me'))).not.toBeNull()
  })
})

describe('withLease', () => {
  test('waits its turn and gives the lease back however it ends', async () => {
    const one = newLedger()
    const two = reopened(one.dir)
    const order: string[] = []
    let finish = (): void => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    const first = withLease(
      one,
      'l',
      'a',
      async () => {
        order.push('first in')
        await held
        order.push('first out')
        throw new Error('broke')
      },
      { waitMs: 0 },
    )
    const second = withLease(
      two,
      'l',
      'b',
      async () => {
        order.push('second in')
        return ok(7)
      },
      { waitMs: 20_000 },
    )
    finish()
    await expect(first).rejects.toThrow('broke')
    expect(must(await second)).toBe(7)
    expect(order).toEqual(['first in', 'first out', 'second in'])
    expect(two.state.leases.size).toBe(0)
  })

  test('says who holds it when the wait is over', async () => {
    const ledger = newLedger()
    const other = await bystander()
    must(ledger.write({ by: 'x', why: 'x', ops: [{ op: 'lease', name: 'l', holder: { ...other.id, token: 't' } }] }))
    const failure = failureOf(await withLease(ledger, 'l', 'me', async () => ok(1), { waitMs: 50 }))
    expect(failure).toMatchObject({ code: 'E_BUSY', exit: 75 })
    expect(failure.message).toContain(String(other.id.pid))
  })
})

test('many processes find a dead holder: one wins', async () => {
  const ledger = newLedger()
  const other = await bystander()
  must(ledger.write({ by: 'x', why: 'x', ops: [{ op: 'lease', name: 'l', holder: { ...other.id, token: 't' } }] }))
  await other.kill()
  const folder = temporaryFolder()
  const source = join(folder, 'taker.ts')
  const room = fileURLToPath(new URL('../../src/beads/', import.meta.url))
  writeFileSync(
    source,
    `import { openLedger } from ${JSON.stringify(join(room, 'ledger.ts'))}
     import { acquire } from ${JSON.stringify(join(room, 'leases.ts'))}
     const ledger = openLedger(process.argv[2])
     const lease = acquire(ledger.value, 'l', 'taker')
     console.log(lease.kind === 'ok' ? (lease.value ? 'won' : 'lost') : lease.failure.message)
     process.stdin.resume()`,
  )
  const program = join(folder, 'taker.mjs')
  await build({
    entryPoints: [source],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => {
      // Each stays alive until all have answered: a winner that ended would rightly be followed by another.
      const child = spawn(process.execPath, [program, ledger.dir], { stdio: ['pipe', 'pipe', 'inherit'] })
      onCleanUp(() => child.kill('SIGKILL'))
      return new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk).trim())))
    }),
  )
  expect(answers.sort()).toEqual(['lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'won'])
})
