import { array, assert, constantFrom, property, subarray } from 'fast-check'
import { expect, test } from 'vitest'
import { dependsOn } from '../../src/refinery/keys.ts'
import { lanesOf } from '../../src/refinery/lanes.ts'

const WEB = { name: 'web', paths: ['web/**'] }
const API = { name: 'api', paths: ['api/**', 'shared/**'] }
const DOCS = { name: 'docs', paths: ['**/*.md'] }
const entry = (id: string, ...files: string[]) => ({ id, files })
const lanes = (entries: ReturnType<typeof entry>[], gates: Parameters<typeof lanesOf>[1]): string[] =>
  lanesOf(entries, gates).map((lane) => lane.map(({ id }) => id).join(''))

test('changes that no gate sees together stand in lanes of their own', () => {
  const entries = [entry('a', 'web/x.ts'), entry('b', 'api/y.ts'), entry('c', 'web/z.ts')]
  expect(lanes(entries, [WEB, API])).toEqual(['ac', 'b'])
})

test('a gate without paths makes one lane, and so does having none', () => {
  const entries = [entry('a', 'web/x.ts'), entry('b', 'api/y.ts')]
  expect(lanes(entries, [WEB, API, { name: 'all' }])).toEqual(['ab'])
  expect(lanes(entries, [])).toEqual(['ab'])
  expect(lanes([], [])).toEqual([])
  expect(lanes([], [WEB])).toEqual([])
})

test('a change in both joins two lanes, in the order of the line', () => {
  const entries = [entry('a', 'web/x'), entry('b', 'api/y'), entry('c', 'web/z', 'shared/q'), entry('d', 'api/r')]
  expect(lanes(entries, [WEB, API])).toEqual(['abcd'])
})

test('a change that no gate depends on waits for nobody', () => {
  const entries = [entry('a', 'LICENSE'), entry('b', 'web/x'), entry('c', 'logo.png'), entry('d')]
  expect(lanes(entries, [WEB, API])).toEqual(['a', 'b', 'c', 'd'])
})

test('one file may be of two gates', () => {
  expect(lanes([entry('a', 'web/read.md'), entry('b', 'web/x'), entry('c', 'api/read.md')], [WEB, API, DOCS])).toEqual([
    'abc',
  ])
})

test('files whose names begin with a dot count too', () => {
  expect(dependsOn(WEB)('web/.env')).toBe(true)
  expect(dependsOn(WEB)('api/.env')).toBe(false)
  expect(dependsOn({})('anything')).toBe(true)
})

test('nothing is lost, order is kept, and no gate sees two lanes', () => {
  const files = ['web/a', 'api/b', 'shared/c', 'docs/d.md', 'LICENSE']
  assert(
    property(
      array(subarray(files), { maxLength: 12 }),
      constantFrom([WEB], [WEB, API], [WEB, API, DOCS]),
      (of, gates) => {
        const entries = of.map((touched, id) => ({ id, files: touched }))
        const found = lanesOf(entries, gates)
        expect(
          found
            .flat()
            .map(({ id }) => id)
            .sort((a, b) => a - b),
        ).toEqual(entries.map(({ id }) => id))
        for (const lane of found) expect(lane).toEqual([...lane].sort((a, b) => a.id - b.id))
        for (const gate of gates) {
          const seen = found.filter((lane) => lane.some((one) => one.files.some(dependsOn(gate))))
          expect(seen.length).toBeLessThanOrEqual(1)
        }
      },
    ),
    { seed: 31, numRuns: 200 },
  )
})
