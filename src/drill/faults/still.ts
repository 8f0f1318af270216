/** An agent that stands still for a while is not dead, and nobody may say so. */
import type { Fault } from '../fault.ts'
import { onLinux, shortName, workingRuns } from '../fault.ts'
import { ofRun, signal } from '../sight.ts'

const SHORTEST_MS = 800
const LONGEST_MS = 2_500

export const stop: Fault = {
  kind: 'stop',
  title: 'SIGSTOP an agent, then SIGCONT',
  missing: onLinux,
  async strike({ town, rng, pause }) {
    const run = rng.pick(workingRuns(town))
    if (run === undefined) return null
    const ms = rng.int(SHORTEST_MS, LONGEST_MS)
    const held = ofRun(town.home, run.fence).filter((pid) => signal(pid, 'SIGSTOP'))
    if (held.length === 0) return null
    const at = Date.now()
    try {
      await pause(ms)
    } finally {
      for (const pid of held) signal(pid, 'SIGCONT')
    }
    const until = Date.now()
    return { at, until, what: `${shortName(run)}, ${held.length} processes for ${until - at} ms`, run: run.fence }
  },
}
