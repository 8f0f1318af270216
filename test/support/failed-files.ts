/**
 * A reporter beside the usual one, for `.ci/run`: it writes the test files that failed into the file named by GT_TEST_FAILED, one a
 * line, so that they can have another go. An error outside of any test counts for the file it came from; one that came from nowhere
 * is written as `?`, which no file is called.
 */
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export default class FailedFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly Record<string, unknown>[]): void {
    const failed = new Set(modules.filter((module) => !module.ok()).map((module) => module.moduleId))
    for (const error of errors) failed.add(String(error.VITEST_TEST_PATH ?? '?'))
    writeFileSync(process.env.GT_TEST_FAILED ?? '/dev/null', [...failed].map((file) => `${file}\n`).join(''))
  }
}
