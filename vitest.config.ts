import { defineConfig } from 'vitest/config'
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** Files that take a minute or more; after them comes what runs whole towns. */
const LONG = ['e2e/faults', 'beads/crash-points', 'e2e/self', 'e2e/refinery', 'e2e/crash']

/** What takes long begins first: two cores take files from one line, and a long one that begins last keeps one of them waiting. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return at >= 0 ? at : LONG.length + (moduleId.includes('/test/e2e/') ? 0 : 1)
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A good third of the time of what runs real processes is waiting, so one more than the two cores that CI has.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
  },
})
