import { describe, expect, it } from 'vitest'
import type { Check } from '../../src/forge/seen.ts'
import { parseSeen } from '../../src/forge/seen.ts'
import { standingOf } from '../../src/forge/standing.ts'
import { codeOf, must } from '../git/helpers.ts'
import { HEAD, OTHER, seen } from './helpers.ts'

const ours = { head: HEAD }
const check = (name: string, outcome: Check['outcome'], word = outcome as string): Check => ({
  name,
  outcome,
  word,
  url: `https://ci/${name}`,
})
const request = (more = {}) => ({
  author: 'ann',
  text: 'Rename it.',
  at: '2026-01-01T00:00:00Z',
  commit: HEAD,
  ...more,
})

describe('standing', () => {
  const bad = {
    checks: [check('test', 'fail', 'failure')],
    review: 'changes_requested' as const,
    changeRequest: request(),
  }

  it('is over when it is over, whatever else it shows', () => {
    expect(standingOf(seen({ ...bad, state: 'MERGED', mergeCommit: OTHER, head: OTHER }), ours)).toEqual({
      is: 'merged',
      commit: OTHER,
    })
    expect(standingOf(seen({ ...bad, state: 'CLOSED', head: OTHER }), ours)).toEqual({ is: 'closed' })
  })

  it('does not blame us for a commit that is not ours', () => {
    expect(standingOf(seen({ ...bad, head: OTHER }), ours)).toEqual({ is: 'head-moved', now: OTHER })
    expect(standingOf(seen({ ...bad, head: OTHER }), { head: HEAD, earlier: [OTHER] })).toMatchObject({ is: 'waiting' })
  })

  it('takes a person first, and tells what is red as well', () => {
    const said = standingOf(seen({ ...bad, checks: [...bad.checks, check('slow', 'pending')] }), ours)
    if (said.is !== 'changes-requested') throw new Error(said.is)
    expect(said.by).toBe('ann')
    expect(said.evidence).toMatch(
      /^ann asked for changes on https.*\nChecks.*\n- test: failure https:\/\/ci\/test\nRename/,
    )
  })

  it('waits for a second look after a push', () => {
    const said = standingOf(seen({ ...bad, checks: [], changeRequest: request({ commit: OTHER }) }), ours)
    expect(said).toEqual({ is: 'waiting', for: expect.stringContaining('second look by ann') })
    expect(standingOf(seen({ ...bad, changeRequest: request({ commit: OTHER }) }), ours).is).toBe('checks-failed')
    expect(standingOf(seen({ ...bad, changeRequest: request({ commit: null }) }), ours).is).toBe('changes-requested')
    expect(standingOf(seen({ ...bad, changeRequest: null }), ours)).toMatchObject({ by: 'a reviewer' })
  })

  it('tells of red checks all at once', () => {
    const red = [check('one', 'fail', 'failure'), check('two', 'fail', 'timed_out'), check('fine', 'pass')]
    expect(standingOf(seen({ checks: [...red, check('slow', 'pending')] }), ours)).toEqual({
      is: 'waiting',
      for: 'checks: slow',
    })
    const said = standingOf(seen({ checks: red }), ours)
    expect(said).toMatchObject({ is: 'checks-failed', names: ['one', 'two'] })
    expect(JSON.stringify(said)).toContain('- two: timed_out https://ci/two')
  })

  it.each([
    [{ review: 'required' as const }, 'a review'],
    [{ draft: true }, 'draft'],
    [{ mergeable: 'conflict' as const, review: 'required' as const }, 'conflict with main'],
    [{ mergeable: 'behind' as const }, 'up to date'],
    [{ mergeable: 'blocked' as const }, 'demands'],
    [{ mergeable: 'unknown' as const }, 'work out'],
  ])('waits: %j', (more, words) => {
    expect(standingOf(seen(more), ours)).toEqual({ is: 'waiting', for: expect.stringContaining(words) })
  })

  it('is ready with no checks and no review, or with good ones', () => {
    expect(standingOf(seen(), ours)).toEqual({ is: 'ready' })
    const checks = [check('a', 'pass'), check('b', 'skipped')]
    expect(standingOf(seen({ checks, review: 'approved', changeRequest: request() }), ours)).toEqual({ is: 'ready' })
  })

  it('keeps evidence small and harmless, and still names who and what', () => {
    const text = `\x1b[31mé${'é🎉'.repeat(4000)}\0`
    const many = Array.from({ length: 300 }, (_, n) => check(`${n}\x1b[2J\n${'n'.repeat(300)}`, 'fail', 'failure'))
    const asked = standingOf(
      seen({ ...bad, checks: many, changeRequest: request({ author: `a\nb${'c'.repeat(900)}`, text }) }),
      ours,
    )
    const failed = standingOf(seen({ checks: many }), ours)
    for (const one of [asked, failed]) {
      if (!('evidence' in one)) throw new Error(one.is)
      expect(Buffer.byteLength(one.evidence)).toBeLessThanOrEqual(2048)
      expect(one.evidence).not.toMatch(/[\x00\x1b\ufffd]/)
      expect(one.evidence).toContain('- 0 nnn')
    }
    expect(asked).toMatchObject({ evidence: expect.stringMatching(/^a b/) })
  })
})

describe('what gh shows', () => {
  const answer = {
    number: 7,
    url: 'https://github.com/o/n/pull/7',
    state: 'OPEN',
    isDraft: false,
    mergeCommit: null,
    headRefOid: HEAD,
    headRefName: 'gt/x',
    baseRefName: 'main',
    reviewDecision: '',
    reviews: [],
    statusCheckRollup: null,
    mergeStateStatus: 'CLEAN',
    mergedAt: null,
  }
  const parse = (more: object) => must(parseSeen(JSON.stringify({ ...answer, ...more })))
  const run = (name: string, status: string, conclusion: string, startedAt = '2026-01-01T00:00:00Z', more = {}) => ({
    __typename: 'CheckRun',
    name,
    status,
    conclusion,
    startedAt,
    detailsUrl: 'u',
    ...more,
  })
  const review = (login: string, state: string, at: number, more = {}) => ({
    author: { login },
    authorAssociation: 'MEMBER',
    body: `${login} ${state}`,
    submittedAt: `2026-01-0${at}T00:00:00Z`,
    state,
    commit: { oid: HEAD },
    ...more,
  })

  it('is read leniently where nothing depends on it, and strictly where something does', () => {
    expect(parse({ new: 'key' })).toEqual(seen())
    const { isDraft, reviews, statusCheckRollup, mergedAt, ...bare } = answer
    expect(must(parseSeen(JSON.stringify(bare)))).toEqual(seen())
    expect(parse({ state: 'MERGED', mergeCommit: { oid: OTHER } })).toMatchObject({
      state: 'MERGED',
      mergeCommit: OTHER,
    })
    for (const wrong of [
      { state: 'NEW' },
      { headRefOid: '' },
      { number: 0 },
      { mergeCommit: { oid: 'x' } },
      { reviews: {} },
    ]) {
      expect(codeOf(parseSeen(JSON.stringify({ ...answer, ...wrong })))).toBe('E_GH')
    }
  })

  it('takes the newest entry of each check, of both kinds', () => {
    const context = (state: string) => ({ __typename: 'StatusContext', context: 'ci/old', state, targetUrl: 't' })
    const { checks } = parse({
      statusCheckRollup: [
        run('again', 'COMPLETED', 'SUCCESS', '2026-01-02T00:00:00Z'),
        run('again', 'COMPLETED', 'FAILURE'),
        run('queued', 'COMPLETED', 'FAILURE'),
        run('queued', 'QUEUED', '', '0001-01-01T00:00:00Z'),
        context('PENDING'),
        context('ERROR'),
      ],
    })
    expect(checks).toEqual([
      { name: 'again', outcome: 'pass', word: 'success', url: 'u' },
      { name: 'queued', outcome: 'pending', word: 'queued', url: 'u' },
      { name: 'ci/old', outcome: 'fail', word: 'error', url: 't' },
    ])
  })

  it('does not let a check of one workflow stand for that of another', () => {
    const { checks } = parse({
      statusCheckRollup: [
        run('test', 'COMPLETED', 'FAILURE', undefined, { workflowName: 'Unit' }),
        run('test', 'COMPLETED', 'SUCCESS', undefined, { workflowName: 'Docs' }),
      ],
    })
    expect(checks.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['Unit / test', 'fail'],
      ['Docs / test', 'pass'],
    ])
  })

  it.each([
    ['NEUTRAL', 'skipped'],
    ['SKIPPED', 'skipped'],
    ['CANCELLED', 'fail'],
    ['TIMED_OUT', 'fail'],
    ['ACTION_REQUIRED', 'pending'],
    ['STALE', 'pending'],
    ['SOMETHING_NEW', 'pending'],
  ])('a check that ended as %s is %s', (conclusion, outcome) => {
    expect(parse({ statusCheckRollup: [run('x', 'COMPLETED', conclusion)] }).checks[0]?.outcome).toBe(outcome)
  })

  it('takes the last verdict of each person', () => {
    const taken = parse({ reviews: [review('ann', 'CHANGES_REQUESTED', 1), review('ann', 'COMMENTED', 2)] })
    expect(taken).toMatchObject({ review: 'changes_requested', changeRequest: { author: 'ann', commit: HEAD } })
    const back = parse({ reviews: [review('ann', 'APPROVED', 3), review('ann', 'CHANGES_REQUESTED', 1)] })
    expect(back).toMatchObject({ review: 'approved', changeRequest: null })
    const two = [review('bob', 'CHANGES_REQUESTED', 4), review('ann', 'CHANGES_REQUESTED', 2)]
    expect(parse({ reviews: two, reviewDecision: 'CHANGES_REQUESTED' }).changeRequest?.text).toBe(
      'bob CHANGES_REQUESTED',
    )
    const older = review('bob', 'CHANGES_REQUESTED', 4, { commit: { oid: OTHER } })
    expect(parse({ reviews: [older, two[1]] }).changeRequest?.author).toBe('ann')
    expect(parse({ reviewDecision: 'REVIEW_REQUIRED' }).review).toBe('required')
    expect(parse({ reviewDecision: 'APPROVED' }).review).toBe('approved')
    expect(parse({ reviews: [review('', 'CHANGES_REQUESTED', 1, { author: null })] }).changeRequest?.author).toBe(
      'ghost',
    )
  })

  it('takes no word of strangers unless the forge does', () => {
    const stranger = { authorAssociation: 'NONE' }
    const reviews = [review('eve', 'CHANGES_REQUESTED', 1, stranger), review('mal', 'APPROVED', 2, stranger)]
    expect(parse({ reviews })).toMatchObject({ review: 'none', changeRequest: null })
    expect(parse({ reviews, reviewDecision: 'CHANGES_REQUESTED' })).toMatchObject({ changeRequest: { author: 'eve' } })
  })
})
