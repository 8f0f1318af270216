/** Takes the terminal and dies of a bug of its own; for test/e2e/feed.test.ts. */
import { Terminal } from '../../src/screen/terminal.ts'

const terminal = new Terminal({ draw: () => ['taken'], press: () => {} }, new AbortController().signal)
terminal.open()
process.stdin.once('data', () => {
  throw new Error('a bug')
})
