/**
 * Which of the waiting beads would get in the way of work under way. Pure. Whether two globs share a file cannot be
 * told in general, so their literal beginnings are compared ("src/cli/**" and "src/*.ts" may meet, "docs/**" may not);
 * a glob and a file are matched. Too careful costs a place in line, and never more than that.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { Observed } from './observed.ts'

/** A bead that waits longer than this since it was slung goes by its place in line alone. */
export const PREFERENCE_MS = 30 * 60_000

/** More or longer patterns than any honest bead declares: their rest is not looked at. */
const MOST_GLOBS = 100
const LONGEST_GLOB = 500

/** Where work takes place. */
interface Area {
  files: ReadonlySet<string>
  /** Beginnings of what it declares, up to the first wildcard. */
  beginnings: string[]
  declares(file: string): boolean
}

/** Picks the next bead to start, and remembers what was started. */
export class Cool {
  readonly #observed: Observed
  readonly #now: Date
  readonly #busy = new Map<string, Area[]>()
  readonly #areas = new Map<string, Area | null>()
  readonly #hot = new Map<string, boolean>()

  constructor(observed: Observed, now: Date) {
    this.#observed = observed
    this.#now = now
  }

  /**
   * Of beads in their order, not none: the first of the most urgent priority that gets in nobody's way; the very first
   * when there is none.
   */
  next(waiting: readonly Bead[]): Bead {
    const first = waiting[0]!
    for (const bead of waiting) {
      if (bead.priority !== first.priority) break
      if (!this.#isHot(bead)) return bead
    }
    return first
  }

  /** From now on its declared paths are work under way. */
  started(bead: Bead): void {
    const area = this.#areaOf(bead)
    const rig = facts(bead).slung?.rig
    if (area === null || rig === undefined) return
    this.#busyIn(rig).push(area)
    this.#hot.clear()
  }

  #isHot(bead: Bead): boolean {
    const known = this.#hot.get(bead.id)
    if (known !== undefined) return known
    const { slung } = facts(bead)
    const waits = this.#now.getTime() - Date.parse(slung?.at ?? '')
    const area = slung !== undefined && waits < PREFERENCE_MS ? this.#areaOf(bead) : null
    const hot = area !== null && this.#busyIn(slung?.rig ?? '').some((other) => mayMeet(area, other))
    this.#hot.set(bead.id, hot)
    return hot
  }

  #areaOf(bead: Bead): Area | null {
    let area = this.#areas.get(bead.id)
    if (area === undefined) {
      area = areaOf(facts(bead).paths, [], this.#observed.matching)
      this.#areas.set(bead.id, area)
    }
    return area
  }

  /** What the live runs of a rig declare and touch; handed in counts too, until it has landed. */
  #busyIn(rig: string): Area[] {
    let busy = this.#busy.get(rig)
    if (busy === undefined) {
      const { state, radar, matching } = this.#observed
      const touched = radar.get(rig)?.touched
      const runs: Run[] = [...state.live.values()].flat().filter((run) => run.rig === rig)
      busy = runs.flatMap((run) => {
        const bead = state.beads.get(run.bead)
        return areaOf(bead && facts(bead).paths, touched?.get(run.fence) ?? [], matching) ?? []
      })
      this.#busy.set(rig, busy)
    }
    return busy
  }
}

const WILD = /[*?[{(\\]|[!@+]\(|^!/

/** Null when nothing is known of it. A path without wildcards is a file, and a folder with all in it. */
function areaOf(paths: unknown, touched: readonly string[], matching: Observed['matching']): Area | null {
  const globs = (Array.isArray(paths) ? paths : [])
    .filter((path): path is string => typeof path === 'string' && path.length <= LONGEST_GLOB)
    .map((path) => path.replace(/^(?:\.\/)+|\/+$/g, ''))
    .filter((path) => path !== '')
    .slice(0, MOST_GLOBS)
  if (globs.length === 0 && touched.length === 0) return null
  const literal = globs.filter((glob) => !WILD.test(glob))
  const declared = [...globs.filter((glob) => WILD.test(glob)), ...literal.map((path) => `${path}/**`)]
  return {
    files: new Set([...literal, ...touched]),
    beginnings: declared.map((glob) => glob.slice(0, WILD.exec(glob)?.index)),
    declares: declared.length === 0 ? () => false : matching(declared),
  }
}

function mayMeet(a: Area, b: Area): boolean {
  const some = (files: ReadonlySet<string>, test: (file: string) => boolean): boolean => [...files].some(test)
  return (
    some(a.files, (file) => b.files.has(file) || b.declares(file)) ||
    some(b.files, (file) => a.declares(file)) ||
    a.beginnings.some((one) => b.beginnings.some((other) => one.startsWith(other) || other.startsWith(one)))
  )
}
