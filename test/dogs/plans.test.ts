/** What the Dogs decide, without a process or a repository: whom they end, and what they give up. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Claim } from '../../src/dogs/expired.ts'
import { expired } from '../../src/dogs/expired.ts'
import type { Marked } from '../../src/dogs/orphan-plan.ts'
import { orphanPlan } from '../../src/dogs/orphan-plan.ts'
import type { Kept } from '../../src/git/archives.ts'
import { treeOf } from '../../src/town/process-tree.ts'

const ROOT = '/home/me/gt'
let pid = 100
const proc = (more: Partial<Marked> = {}): Marked => {
  pid += 1
  return { pid, started: `b.${pid}`, ppid: 1, pgid: pid, session: pid, foreground: -1, ...more }
}
const view = (more: Partial<Parameters<typeof orphanPlan>[1]> = {}) => ({
  root: ROOT,
  standing: (fence: string) =>
    (fence.startsWith('over') ? 'over' : fence.startsWith('live') ? 'live' : 'unknown') as never,
  sessions: new Set<string>(),
  kept: new Set<number>(),
  ...more,
})

describe('orphans', () => {
  it('are what bears the mark of this town and of a run that is over', () => {
    const orphan = proc({ town: ROOT, run: 'over1' })
    const rows = [
      orphan,
      proc({ town: ROOT, run: 'live1' }),
      proc({ town: `${ROOT}2`, run: 'over2' }),
      proc({ town: ROOT }),
      proc({ run: 'over3' }),
      proc(),
    ]
    expect(orphanPlan(rows, view())).toEqual({ end: [{ fence: 'over1', pids: [orphan.pid] }], left: [] })
  })

  it('a run that the ledger does not know is told and left', () => {
    const row = proc({ town: ROOT, run: 'who' })
    const plan = orphanPlan([row], view())
    expect(plan.end).toEqual([])
    expect(plan.left).toMatchObject([{ fence: 'who', pids: [row.pid], why: expect.stringContaining('no such run') }])
  })

  it('a run with a session is left to the Deacon', () => {
    expect(orphanPlan([proc({ town: ROOT, run: 'over1' })], view({ sessions: new Set(['over1']) }))).toEqual({
      end: [],
      left: [],
    })
  })

  it('whoever would take others along is left: another town with the same run, a living run, the daemon', () => {
    const orphan = proc({ town: ROOT, run: 'over1' })
    const why = (...more: Marked[]): string | undefined => orphanPlan([orphan, ...more], view()).left[0]?.why
    // A town that was copied with its ledger.
    expect(why(proc({ town: '/copy', run: 'over1' }))).toContain('the town /copy')
    expect(why(proc({ ppid: orphan.pid, town: ROOT, run: 'live1' }))).toContain('the run live1')
    expect(why(proc({ ppid: orphan.pid, town: ROOT, run: 'over2' }))).toBeUndefined()
    const daemon = proc({ ppid: orphan.pid })
    expect(orphanPlan([orphan, daemon], view({ kept: new Set([daemon.pid]) }))).toMatchObject({
      end: [],
      left: [{ fence: 'over1' }],
    })
  })

  it('in any forest of processes, nothing ends with an orphan that is not of an ended run of this town, or unmarked', () => {
    const row = fc.record({
      parent: fc.nat(12),
      town: fc.constantFrom(undefined, ROOT, '/other'),
      run: fc.constantFrom(undefined, 'over1', 'over2', 'live1', 'who'),
      kept: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (made) => {
        const rows = made.map(({ parent, town, run }, i) =>
          proc({ pid: 1000 + i, ppid: parent < i ? 1000 + parent : 1, pgid: 1000 + i, session: 1000 + i, town, run }),
        )
        const kept = new Set(made.flatMap((one, i) => (one.kept ? [1000 + i] : [])))
        for (const { fence } of orphanPlan(rows, view({ kept })).end) {
          for (const gone of treeOf([], rows, (one) => (one as Marked).run === fence) as Marked[]) {
            expect(kept.has(gone.pid)).toBe(false)
            expect([undefined, ROOT]).toContain(gone.town)
            expect([undefined, 'over1', 'over2']).toContain(gone.run)
          }
        }
      }),
    )
  })
})

describe('archives', () => {
  const NOW = new Date('2026-11-26T12:00:00Z')
  const KEEP = 90 * 86_400_000
  const kept = (fence: string, daysAgo?: number): Kept => ({
    fence,
    ref: `refs/gt/archive/${fence}`,
    commit: 'c'.repeat(40),
    ...(daysAgo !== undefined && { at: NOW.getTime() - daysAgo * 86_400_000 }),
  })
  const claim = (daysAgo: number, wanted = false): Claim => ({ since: NOW.getTime() - daysAgo * 86_400_000, wanted })
  const gone = (archives: Kept[], claims: [string, Claim][] = []): string[] =>
    expired(archives, new Map(claims), KEEP, NOW).map(({ fence }) => fence)

  it('go when they were kept long enough by all that is known of them', () => {
    expect(gone([kept('a', 91), kept('b', 89)])).toEqual(['a'])
    // Archived again at its clearing, long after it ended; or ended long after it was archived.
    expect(
      gone(
        [kept('a', 10), kept('b', 100), kept('c', 100)],
        [
          ['a', claim(100)],
          ['b', claim(10)],
          ['c', claim(99)],
        ],
      ),
    ).toEqual(['c'])
  })

  it('stay while somebody may want them, and when their age cannot be told', () => {
    expect(gone([kept('a', 400)], [['a', claim(400, true)]])).toEqual([])
    expect(gone([kept('a')])).toEqual([])
    expect(gone([kept('a')], [['a', claim(Number.NaN)]])).toEqual([])
    // git forgot its own log of the ref; the ledger knows.
    expect(gone([kept('a')], [['a', claim(91)]])).toEqual(['a'])
  })
})
