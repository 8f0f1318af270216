/** What a gate's end means, and what the Refinery says of it: exact verdicts, bounded evidence, honest commits. */
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judge } from '../../src/refinery/gate.ts'
import { commitMessage, conflictEvidence, excerpt, redEvidence } from '../../src/refinery/messages.ts'
import type { CommandEnd } from '../../src/town/command.ts'
import { aBead, aMerge, aRun } from '../kernel/support.ts'

const ended = { text: '', tail: '', ms: 1 }

test.each<[CommandEnd, string]>([
  [{ ...ended, is: 'exited', code: 0 }, 'pass'],
  [{ ...ended, is: 'exited', code: 1 }, 'fail'],
  [{ ...ended, is: 'exited', code: 2 }, 'fail'],
  [{ ...ended, is: 'exited', code: 125 }, 'fail'],
  [{ ...ended, is: 'exited', code: 126 }, 'could_not_run'],
  [{ ...ended, is: 'exited', code: 127 }, 'could_not_run'],
  [{ ...ended, is: 'exited', code: 128 }, 'fail'],
  [{ ...ended, is: 'exited', code: 255 }, 'fail'],
  [{ ...ended, is: 'timed_out' }, 'fail'],
  [{ ...ended, is: 'signalled', signal: 'SIGKILL' }, 'could_not_run'],
  [{ ...ended, is: 'aborted' }, 'could_not_run'],
  [{ ...ended, is: 'not_started' }, 'could_not_run'],
])('%o is a %s', (end, verdict) => {
  expect(judge(end)).toBe(verdict)
})

const run = aRun('r1', 'gp-a')
const merge = (message?: string) => aMerge('gp-m1', run, message === undefined ? {} : { message }).merge
const verdict = (text: string, tail: string): { text: string; tail: string } => ({ text, tail })

/** Hostile words: control characters, halves of pairs, long runs without a line end. */
const aText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc
    .array(
      fc.constantFrom(
        '\0',
        '\x1b[31m',
        '\x1b]0;t\x07',
        '\n',
        '\r\n',
        '😀',
        'é',
        '語',
        '`',
        "'",
        '$(x)',
        '\ud83d',
        ' ',
        'word',
      ),
      { maxLength: 80 },
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('x', 'é', '語', '😀', 'line\n', '😀\n'), fc.integer({ min: 1, max: 3000 }))
    .map(([text, times]) => text.repeat(times)),
)
const bytes = (text: string): number => Buffer.byteLength(text)
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/

test('evidence is at most 2048 bytes, whatever the gate or the merge said', () => {
  fc.assert(
    fc.property(aText, aText, fc.array(aText, { maxLength: 40 }), (reason, tail, files) => {
      for (const text of [redEvidence(verdict(reason, tail)), conflictEvidence(merge(), 'f'.repeat(40), files, tail)]) {
        expect(bytes(text)).toBeLessThanOrEqual(2048)
        expect(text).not.toMatch(CONTROL)
      }
    }),
  )
})

test('a long output fills its evidence, and its end is kept', () => {
  const text = redEvidence(
    verdict('gate "gate" (npm test) ended with exit code 1', `${'noise\n'.repeat(5000)}the real cause`),
  )
  expect(text).toMatch(/^The gate "gate" \(npm test\) ended with exit code 1, on your branch merged with the target/)
  expect(text).toMatch(/the real cause$/)
  expect(bytes(text)).toBeGreaterThan(2000)
})

test('a very long gate command leaves room for its output', () => {
  const text = redEvidence(
    verdict(`gate "x" (${'make all && '.repeat(1000)}) ended`, `${'y\n'.repeat(9000)}the real cause`),
  )
  expect(text).toMatch(/End of its output:\n[\s\S]*the real cause$/)
})

test('a conflict names target, files and the way out', () => {
  const onto = 'f'.repeat(40)
  const files = Array.from({ length: 25 }, (_, n) => `f${n}`)
  const text = conflictEvidence(merge(), onto, files, 'CONFLICT (content): Merge conflict in f0')
  expect(text).toContain('conflicts with main (now ffffffffffff) in: f0, f1,')
  expect(text).toContain('f19 and 5 more')
  expect(text).toContain(`git merge ${onto} , resolve, test, commit, then gt done.`)
  expect(text).toMatch(/CONFLICT \(content\): Merge conflict in f0$/)
})

test('an excerpt is the end of the text within its bytes, whole characters only', () => {
  fc.assert(
    fc.property(aText, fc.integer({ min: 3, max: 400 }), (text, most) => {
      const cut = excerpt(text, most)
      expect(bytes(cut)).toBeLessThanOrEqual(most)
      if (cut.startsWith('…') && !text.startsWith('…')) {
        const whole = Buffer.from(excerpt(text, 1e9)).toString('utf8')
        expect(whole.endsWith(cut.slice(1)), JSON.stringify(cut)).toBe(true)
      }
    }),
  )
  expect(excerpt('short\n\n', 100)).toBe('short')
  expect(excerpt('one\ntwo\nthree', 9)).toBe('…\nthree')
  expect(excerpt('😀😀😀', 8)).toBe('…😀')
  expect(excerpt('\x1b[31mred\x1b[0m\r\nend', 100)).toBe('red\nend')
})

/** What git itself reads as the trailers of a message. */
const trailers = (message: string): string[] =>
  execFileSync('git', ['interpret-trailers', '--no-divider', '--parse'], { input: message, encoding: 'utf8' })
    .trimEnd()
    .split('\n')

const OURS = ['Bead: gp-a', `Worker: ${run.agent}`, 'Run: r1']

test('a commit message: title and bead, what the worker said, trailers', () => {
  const text = commitMessage(aBead('gp-a', { title: 'Fix  the\nparser' }), merge('Reads leap years.\n\nAlso tested.'))
  expect(text).toBe(`Fix the parser (gp-a)\n\nReads leap years.\n\nAlso tested.\n\n${OURS.join('\n')}\n`)
  expect(commitMessage(aBead('gp-a', { title: 'Fix' }), merge('Fix'))).toBe(`Fix (gp-a)\n\n${OURS.join('\n')}\n`)
  expect(commitMessage(aBead('gp-a', { title: 'Fix' }), merge())).toBe(`Fix (gp-a)\n\n${OURS.join('\n')}\n`)
})

test.each<[string, string, string | undefined]>([
  ['a title like a trailer', 'Run: other', undefined],
  ['a title over lines', 'a\n\nRun: other\nBead: other', undefined],
  ['a message that ends in trailers', 'a', 'b\n\nBead: other\nRun: other'],
  ['a message that is only trailers', 'a', 'Bead: other\nRun: other'],
  ['a line like the end of a mail', 'a', 'b\n---\nc'],
  ['nothing', '', ''],
  ['control characters', '\0a\x1b[2J\x07', '\0\x1b]0;x\x07'],
])('no words of others become trailers: %s', (_what, title, message) => {
  expect(trailers(commitMessage(aBead('gp-a', { title }), merge(message)))).toEqual(OURS)
})

test('any title makes one clean first line that names the bead', () => {
  fc.assert(
    fc.property(aText, aText, (title, message) => {
      const text = commitMessage(aBead('gp-a', { title }), merge(message))
      const [first, second] = text.split('\n')
      expect(first!.endsWith(' (gp-a)')).toBe(true)
      expect(first!.length).toBeLessThanOrEqual(108)
      expect(second).toBe('')
      expect(text).not.toMatch(CONTROL)
      expect(text.endsWith(`\n\n${OURS.join('\n')}\n`)).toBe(true)
    }),
  )
})
