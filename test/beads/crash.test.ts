/** Laws 3 and 6 under fire: real processes, real kills, rollovers all the time. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { snapshotText } from '../../src/beads/snapshot.ts'
import type { Writer } from './support.ts'
import { bead, cleanUp, create, must, newLedger, reopened, startWriter } from './support.ts'

afterEach(cleanUp)

/** What every writer was told, against what the ledger holds. */
function audit(dir: string, said: string[]): { acknowledged: number; rollovers: number } {
  const ledger = reopened(dir)
  const won = new Map<string, number>()
  for (const line of said) {
    const [what, id = ''] = line.split(' ')
    if (what === 'refused') throw new Error(`a create was refused: ${id}`)
    if (what === 'created' && !ledger.state.beads.has(id)) throw new Error(`lost: ${id}`)
    if (what === 'won') won.set(id, (won.get(id) ?? 0) + 1)
  }
  for (const [id, times] of won) {
    expect(times, `${id} was won more than once`).toBe(1)
    expect(ledger.state.beads.get(id)?.assignee).toBeDefined()
  }
  expect(ledger.damaged().length).toBeLessThanOrEqual(said.length)
  must(ledger.roll())
  expect(readFileSync(join(dir, 'issues.jsonl'), 'utf8')).toBe(snapshotText(ledger.state.beads.values()))
  const names = readdirSync(join(dir, 'journal'))
  return { acknowledged: said.length, rollovers: names.filter((name) => name.endsWith('.log')).length }
}

test('eight writers with tiny journals: nothing lost, every claim won once', async () => {
  const ledger = newLedger()
  create(ledger, ...Array.from({ length: 40 }, (_, i) => bead(`claim-${i}`)))
  const writers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => startWriter(ledger.dir, `w${i}`, 60, 3000, 40, i === 0 ? 7 : 0)),
  )
  const ends = await Promise.all(writers.map((writer) => writer.ended))
  expect(ends.map((end) => end.stderr).join('')).toBe('')
  const said = writers.flatMap((writer) => writer.lines())
  expect(said.filter((line) => line.startsWith('created')).length).toBe(8 * 60)
  expect(said.filter((line) => line.startsWith('won')).length).toBe(40)
  const { rollovers } = audit(ledger.dir, said)
  expect(rollovers).toBeGreaterThan(10)
  // Whoever followed all of it and whoever opens now hold the same.
  must(ledger.refresh())
  const fresh = reopened(ledger.dir)
  expect(snapshotText(ledger.state.beads.values())).toBe(snapshotText(fresh.state.beads.values()))
})

test('kill -9 at random moments, rollovers included: every acknowledged write is there', async () => {
  const ledger = newLedger()
  create(ledger, ...Array.from({ length: 400 }, (_, i) => bead(`claim-${i}`)))
  const said: string[] = []
  // On a busy machine as much has to happen, in more time.
  const [until, latest] = [Date.now() + 9_000, Date.now() + 40_000]
  let kills = 0
  const running = new Set<Writer>()
  const keepRunning = async (lane: number): Promise<void> => {
    for (let round = 0; Date.now() < until || (kills < 60 && Date.now() < latest); round++) {
      const writer = await startWriter(ledger.dir, `k${lane}.${round}`, 100_000, 2500, 400, 5)
      running.add(writer)
      // Most die in the midst of their work, some while they open the ledger.
      let timer: NodeJS.Timeout | undefined
      const killSoon = (ms: number): void => {
        timer ??= setTimeout(() => writer.child.kill('SIGKILL'), Math.random() * ms)
      }
      if (round % 4 === 3) killSoon(200)
      else writer.child.stdout?.once('data', () => killSoon(150))
      const end = await writer.ended
      clearTimeout(timer)
      running.delete(writer)
      expect(end.stderr).toBe('')
      expect(end.signal).toBe('SIGKILL')
      kills += 1
      said.push(...writer.lines())
    }
  }
  await Promise.all([0, 1, 2, 3].map(keepRunning))
  expect(kills).toBeGreaterThan(10)
  const { acknowledged, rollovers } = audit(ledger.dir, said)
  expect(acknowledged).toBeGreaterThan(100)
  expect(rollovers).toBeGreaterThan(20)
  // Half-made files of the dead are reaped by the next roll.
  // The last to die may have begun a journal that holds nothing yet, which is not rolled: one change makes it that.
  const after = reopened(ledger.dir)
  create(after, bead('after'))
  must(after.roll())
  expect(readdirSync(join(ledger.dir, 'journal')).filter((name) => name.startsWith('tmp.'))).toEqual([])
  expect(existsSync(join(ledger.dir, 'issues.jsonl'))).toBe(true)
})
