import { expect, test } from 'vitest'
import type { SessionView } from '../../src/agents/runtime.ts'
import { tookUp } from '../../src/agents/took-up.ts'
import { empty, ok } from '../../src/result.ts'

const view = (alive: boolean): SessionView => ({ name: 's', labels: {}, process: { pid: 1, started: '1' }, alive })
const client = { name: 'gemini', title: 'Gemini CLI', ready: '^> Type$' }

/** Looks and screens, one after the other; the last one stays. */
const shows = (...screens: [alive: boolean, text: string][]) => {
  let at = -1
  return {
    look: async () => ok(view(screens[Math.min(++at, screens.length - 1)]![0])),
    peek: async () => ok(screens[Math.min(at, screens.length - 1)]![1]),
  }
}

test('a client that shows its prompt has taken its conversation up', async () => {
  expect((await tookUp(shows([true, ''], [true, 'hello\n> Type']), 's', client)).kind).toBe('ok')
})

test('one that ends instead is an error with its words, also when its session is gone', async () => {
  const ended = await tookUp(shows([true, ''], [false, 'No previous sessions found.']), 's', client)
  expect(ended).toMatchObject({
    failure: { code: 'E_AGENT_DIED', message: expect.stringMatching(/Gemini CLI .*No previous/s) },
  })
  const gone = await tookUp({ look: async () => empty, peek: async () => empty }, 's', client)
  expect(gone).toMatchObject({ failure: { code: 'E_AGENT_DIED' } })
})

test('one that lives without a prompt is left at it, and one whose table describes none is not waited for', async () => {
  expect((await tookUp(shows([true, 'busy']), 's', client, 10)).kind).toBe('ok')
  expect((await tookUp(shows([false, '']), 's', { ...client, ready: undefined })).kind).toBe('ok')
})
