import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Real git, tmux and processes on two cores: more files at once only makes each slower.
    maxWorkers: 2,
  },
})
