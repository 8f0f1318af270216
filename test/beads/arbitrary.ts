/** Random beads and changes for property tests. */
import fc from 'fast-check'
import type { Bead } from '../../src/beads/bead.ts'
import type { Change, Condition, Op } from '../../src/beads/change.ts'
import { bead } from './support.ts'

export const anId = fc.constantFrom('gp-a', 'gp-b', 'gp-c', 'gp-d', 'gp-é', 'gp-a.1')
const aText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', '<b>&', '\u2028', '😀', '\t\n'))
const aTime = fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00.5Z', '2025-12-31T23:00:00Z')

const anEdge = fc.record({
  issue_id: anId,
  depends_on_id: anId,
  type: fc.constantFrom('blocks', 'related', 'parent-child'),
  created_at: aTime,
})
const aComment = fc.record({ id: fc.nat(5), issue_id: anId, author: aText, text: aText, created_at: aTime })

export const aBead: fc.Arbitrary<Bead> = fc
  .record(
    {
      id: anId,
      title: aText,
      description: aText,
      status: fc.constantFrom('open', 'closed', 'blocked', 'tombstone'),
      priority: fc.nat(4),
      assignee: aText,
      labels: fc.array(aText, { maxLength: 4 }),
      dependencies: fc.array(anEdge, { maxLength: 3 }),
      comments: fc.array(aComment, { maxLength: 3 }),
      ephemeral: fc.boolean(),
      unheard_of: fc.jsonValue(),
      metadata: fc.dictionary(
        fc.constantFrom('gt', 'x', 'b', 'a', '10', '9'),
        fc.constantFrom({ version: 3 }, { z: 1, a: 2 }),
      ),
    },
    { requiredKeys: ['id', 'title', 'status', 'priority'] },
  )
  .map((made) => ({ ...bead(made.id), ...made }) as Bead)

const aPath = fc.constantFrom<string[][]>(
  ['title'],
  ['status'],
  ['labels'],
  ['assignee'],
  ['metadata', 'gt', 'rig'],
  ['metadata', 'x', 'y'],
  ['title', 'under'],
  [],
  ['id'],
)
const anOp: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constant('create' as const), bead: aBead }),
  fc.record({
    op: fc.constant('set' as const),
    id: anId,
    path: aPath,
    value: fc.oneof(fc.constantFrom('open', 'closed'), aText),
  }),
  fc.record({ op: fc.constant('unset' as const), id: anId, path: aPath }),
  fc.record({ op: fc.constant('add' as const), id: anId, path: fc.constant<string[]>(['labels']), value: aText }),
  fc.record({ op: fc.constant('remove' as const), id: anId, path: fc.constant<string[]>(['labels']), key: aText }),
  fc.record({
    op: fc.constant('lease' as const),
    name: fc.constantFrom('refinery', 'deacon'),
    holder: fc.constantFrom(null, { pid: 1, started: 's', token: 't1' }, { pid: 2, started: 's', token: 't2' }),
  }),
)
const aCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ if: fc.constant('absent' as const), id: anId }),
  fc.record({ if: fc.constant('version' as const), id: anId, is: fc.nat(3) }),
  fc.record({ if: fc.constant('in' as const), id: anId, path: aPath, values: fc.constant<unknown[]>([null, 'open']) }),
  fc.record({ if: fc.constant('no-live-run' as const), id: anId }),
  fc.record({ if: fc.constant('lease' as const), name: fc.constant('refinery'), token: fc.constantFrom(null, 't1') }),
)

/** Changes with ids of their own, as they would come out of a journal. */
export const someChanges: fc.Arbitrary<Change[]> = fc
  .array(
    fc.record({
      at: aTime,
      by: fc.constant('test'),
      why: aText,
      ops: fc.array(anOp, { minLength: 1, maxLength: 4 }),
      when: fc.array(aCondition, { maxLength: 1 }),
    }),
    { maxLength: 25 },
  )
  .map((changes) => changes.map((change, i) => JSON.parse(JSON.stringify({ ...change, id: `c${i}` })) as Change))
