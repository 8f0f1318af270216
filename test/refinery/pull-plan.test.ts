/** Pull requests, the pure part: which one, what is pushed over what, what follows from a look. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MergeFacts, PullRequest } from '../../src/beads/facts.ts'
import type { Seen } from '../../src/forge/seen.ts'
import { admission, releasable } from '../../src/refinery/admission.ts'
import {
  branchFor,
  carried,
  lacksEvidence,
  moveFor,
  noForge,
  notePull,
  obstacle,
  ownHeads,
  pushFor,
  wordsFor,
} from '../../src/refinery/pull-plan.ts'
import { EXIT, fail } from '../../src/result.ts'
import { rigSchema } from '../../src/town/schema.ts'
import { aBead, aMerge, aRun, beadWith } from '../kernel/support.ts'

const id = (letter: string): string => letter.repeat(40)
const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1', head: id('c') })
const bead = beadWith(run)
const merge = (more: Partial<MergeFacts> = {}): MergeFacts => aMerge('gp-m1', run, more).merge
const pr: PullRequest = { number: 12, url: 'https://github.com/o/r/pull/12', branch: 'gt/gp-a', head: id('c') }
const seen = (more: Partial<Seen> = {}): Seen => ({
  ...{ number: 12, url: pr.url, state: 'OPEN', draft: false, mergeCommit: null, mergedAt: null },
  ...{ head: id('c'), branch: 'gt/gp-a', base: 'main', checks: [], review: 'none', changeRequest: null },
  mergeable: 'yes',
  ...more,
})
const check = (name: string) => ({ name, outcome: 'fail' as const, word: 'failure', url: `https://ci/${name}` })
const next = (more: Partial<Seen>, of: Partial<MergeFacts> = {}, note: PullRequest = pr) =>
  moveFor(seen(more), merge(of), note, 'gp-m1')

describe('which pull request', () => {
  test.each<[string, object, string, number | undefined]>([
    ['a short reference', { external_ref: 'gh-pr-12' }, 'o/r', 12],
    ['an address', { external_ref: 'https://github.com/o/r/pull/12' }, 'o/r', 12],
    ['an address with more behind it', { external_ref: 'https://github.com/O/r/pull/12/files#x' }, 'o/r', 12],
    ['an address on another host', { external_ref: 'https://git.example/o/r/pull/3' }, 'git.example/o/r', 3],
    ['an address of another repository', { external_ref: 'https://github.com/o/other/pull/12' }, 'o/r', undefined],
    ['an issue', { external_ref: 'https://github.com/o/r/issues/12' }, 'o/r', undefined],
    ['an issue, short', { external_ref: 'gh-12' }, 'o/r', undefined],
    ['nothing', {}, 'o/r', undefined],
  ])('%s', (_, more, repo, number) => {
    expect(carried(aBead('gp-a', more), repo)?.number).toBe(number)
  })

  test('what is noted with the bead comes before its reference; nonsense there is none', () => {
    expect(carried(aBead('gp-a', { external_ref: 'gh-pr-12' }, { pr: { number: 7 } }), 'o/r')).toEqual({ number: 7 })
    expect(carried(aBead('gp-a', {}, { pr: 'x' as never }), 'o/r')).toBeUndefined()
  })

  test('one branch for all runs of a bead; an integration branch is its own', () => {
    expect(branchFor(merge())).toBe('gt/gp-a')
    const { run: _none, ...whole } = merge({ branch: 'epic/gp-a' })
    expect(branchFor(whole)).toBe('epic/gp-a')
  })
})

describe('what is pushed over what', () => {
  const at = { head: id('c'), ours: new Set([id('b')]), contained: false, containing: false }
  test.each<[string, Partial<Parameters<typeof pushFor>[0]>, object]>([
    ['no branch yet', { stands: null }, { is: 'push', expected: null }],
    ['pushed before a crash', { stands: id('c') }, { is: 'there' }],
    ['our last push', { stands: id('b') }, { is: 'push', expected: id('b') }],
    ['our last push, which we shorten', { stands: id('b'), containing: true }, { is: 'push', expected: id('b') }],
    ['a commit that ours contains', { stands: id('e'), contained: true }, { is: 'push', expected: id('e') }],
    ['a commit on top of ours', { stands: id('e'), containing: true }, { is: 'adopt', head: id('e') }],
    ['somebody else’s', { stands: id('e') }, { is: 'lacks', theirs: id('e') }],
  ])('%s', (_, more, plan) => {
    expect(pushFor({ ...at, stands: null, ...more })).toEqual(plan)
  })

  test('never over a commit that is neither ours nor part of ours', () => {
    const commit = fc.constantFrom(...'abcdef').map(id)
    fc.assert(
      fc.property(commit, commit, fc.array(commit), fc.boolean(), fc.boolean(), (head, stands, ours, down, up) => {
        const plan = pushFor({ head, stands, ours: new Set(ours), contained: down, containing: up })
        if (plan.is === 'push') expect(plan.expected === stands && (down || ours.includes(stands))).toBe(true)
      }),
    )
  })

  test('heads of every run are ours, what somebody pushed on top is not', () => {
    const old = aRun('r0', 'gp-a', { state: 'stopped', head: id('a') })
    const with2 = beadWith(run, {
      runs: { r0: old, r1: run },
      pr: { ...pr, head: id('e'), theirs: id('e'), earlier: [id('b')] },
    })
    expect([...ownHeads(with2, merge({ red_head: id('d') }))].sort()).toEqual(['a', 'b', 'c', 'd'].map(id))
  })

  test('the note remembers our own heads on that branch, and only those', () => {
    const one = notePull(undefined, { ...pr, head: id('a'), words: 'w' })
    const two = notePull(one, { ...pr, head: id('b') })
    expect(two).toEqual({ ...pr, head: id('b'), earlier: [id('a')], words: 'w' })
    const three = notePull(two, { ...pr, head: id('e'), theirs: id('e') })
    expect(three).toMatchObject({ head: id('e'), theirs: id('e'), earlier: [id('a'), id('b')] })
    expect(notePull(three, { ...pr, head: id('f') }).earlier).toEqual([id('a'), id('b')])
    expect(notePull({ number: 3 }, pr)).toEqual(pr)
    expect(notePull({ ...pr, branch: 'other', head: id('a') }, pr)).toEqual(pr)
  })
})

describe('what follows from a look', () => {
  test('merged is only a reason to look into the target', () => {
    expect(next({ state: 'MERGED', mergeCommit: id('d') })).toEqual({ do: 'verify', commit: id('d'), head: id('c') })
  })

  test('closed, or pointed elsewhere: a person, who is told what to type', () => {
    const closed = next({ state: 'CLOSED' })
    expect(closed).toMatchObject({ do: 'tell', cause: 'pr-closed' })
    expect(closed).toMatchObject({ reason: expect.stringContaining('gt mq retry gp-m1') })
    expect(next({ base: 'next' })).toMatchObject({ do: 'tell', cause: 'pr-elsewhere' })
    expect(next({ base: 'next', state: 'MERGED', mergeCommit: id('d') })).toMatchObject({ do: 'tell' })
  })

  test('a failed check and a reviewer’s words go home with evidence', () => {
    const red = next({ checks: [check('lint')] })
    expect(red).toMatchObject({ do: 'home', reason: 'pull request #12: the check lint failed' })
    expect(red).toMatchObject({ evidence: expect.stringContaining('lint') })
    const changeRequest = { author: 'ann', text: 'use a map', at: '', commit: id('c') }
    const asked = next({ review: 'changes_requested', changeRequest })
    expect(asked).toMatchObject({ do: 'home', reason: 'pull request #12: ann asked for changes' })
    expect(asked).toMatchObject({ evidence: expect.stringContaining('use a map') })
  })

  test('evidence says first what a person pushed, and stays within 2 KB whatever was said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), fc.boolean(), (text, adopted) => {
        const note = adopted ? { ...pr, theirs: pr.head } : pr
        const changeRequest = { author: text, text, at: '', commit: null }
        const move = next({ review: 'changes_requested', changeRequest }, {}, note)
        if (move.do !== 'home') throw new Error(move.do)
        expect(Buffer.byteLength(move.evidence)).toBeLessThanOrEqual(2048)
        expect(move.evidence.includes(`git merge ${pr.head}`)).toBe(adopted)
        expect(move.reason).not.toContain('\n')
      }),
    )
    expect(Buffer.byteLength(lacksEvidence('x'.repeat(4000), id('e')))).toBeLessThanOrEqual(2048)
  })

  test('a push by somebody else, a forge that lags, and waiting', () => {
    expect(next({ head: id('e') })).toEqual({ do: 'head-moved', now: id('e') })
    expect(next({ head: id('b') }, {}, { ...pr, earlier: [id('b')] })).toMatchObject({ do: 'note' })
    expect(next({ review: 'required' })).toEqual({
      do: 'note',
      reason: 'pull request #12 is open: https://github.com/o/r/pull/12; waiting for a review',
    })
    expect(next({})).toMatchObject({ reason: expect.stringContaining('waiting for somebody to merge it') })
  })
})

describe('words', () => {
  test('title, message and trailers; the mark changes with them', () => {
    const words = wordsFor(bead, merge({ message: 'It works.' }))
    expect(words.title).toBe('Bead gp-a (gp-a)')
    expect(words.body).toContain('It works.')
    expect(words.body).toContain('Bead: gp-a\nWorker: gp/polecats/r1\nRun: r1\n')
    expect(wordsFor(bead, merge({ message: 'It works.' })).mark).toBe(words.mark)
    expect(wordsFor(bead, merge({ message: 'Really.' })).mark).not.toBe(words.mark)
  })

  test('hostile text stays data: one line of title, and a fence that the message cannot end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (title, message) => {
        const words = wordsFor({ ...bead, title }, merge({ message: `${message}\n\`\`\`\`\n@all closes #1` }))
        expect(words.title).not.toMatch(/[\n\0\x1b]/)
        expect(words.body).not.toMatch(/[\0\x1b]/)
        const [, fence, inside] = /^(`{3,})text\n([\s\S]*)\n\1\n\nBead: gp-a\n/m.exec(words.body) ?? []
        expect(inside).toContain('@all closes #1')
        expect(inside).not.toContain(fence)
      }),
    )
  })
})

test('every obstacle says what to type; only what passes by itself tells nobody', () => {
  const failure = (code: `E_${string}`, exit: (typeof EXIT)[keyof typeof EXIT] = EXIT.failed) =>
    fail(code, 'It said no.', { exit }).failure
  for (const one of [
    obstacle(failure('E_NO_GH', EXIT.missingProgram), 'gp-m1'),
    obstacle(failure('E_GH_AUTH', EXIT.needsPerson), 'gp-m1'),
    obstacle(failure('E_REMOTE_REFUSED'), 'gp-m1'),
    noForge('gp', 'gp-m1'),
  ]) {
    expect(one.cause).toMatch(/^pr-/)
    expect(one.reason).toContain('gt land gp-m1')
  }
  expect(obstacle(failure('E_GH_UNREACHABLE', EXIT.tryAgain), 'gp-m1').cause).toBeNull()
})

test('admission: a pull request needs no gate here; let past it by a person, the work does', () => {
  const rig = (more: object = {}) =>
    rigSchema.parse({ schema: 1, name: 'gp', remote: '/project', branch: 'main', prefix: 'gp', ...more })
  const landing = { policy: 'pr' }
  const entry = (more: Partial<MergeFacts> = {}) => aMerge('gp-m1', run, more)
  expect(admission(rig({ landing }), entry(), bead).is).toBe('pull-request')
  const approved = entry({ approved_by: 'person' })
  expect(admission(rig({ landing }), approved, bead)).toMatchObject({ is: 'held', cause: 'unverified' })
  expect(admission(rig({ landing, gate: 'true' }), approved, bead).is).toBe('admitted')
  const held = { state: 'held', held_for: 'pr' } as const
  expect(releasable(rig({ landing, gate: 'true' }), entry(held), bead)).toBe(false)
  expect(releasable(rig({ landing, gate: 'true' }), entry({ ...held, approved_by: 'person' }), bead)).toBe(true)
  expect(releasable(rig({ gate: 'true' }), entry(held), bead)).toBe(true)
})

test('landing.repo is what gh takes', () => {
  const read = (repo: unknown) =>
    rigSchema.safeParse({ schema: 1, name: 'gp', remote: '/p', branch: 'main', prefix: 'gp', landing: { repo } })
      .success
  expect(['o/r', 'git.example/o/r', '-x', 'a b', ''].map(read)).toEqual([true, true, false, false, false])
})
