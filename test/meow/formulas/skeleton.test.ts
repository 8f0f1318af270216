/** What `gt formula new` writes is valid as it stands. */
import { expect, test } from 'vitest'
import { readFormula } from '../../../src/meow/formulas/read.ts'
import { skeleton } from '../../../src/meow/formulas/skeleton.ts'

test.each(['workflow', 'convoy', 'expansion', 'aspect'] as const)('a new %s', (type) => {
  const text = skeleton('f', type, './formula.schema.json')
  expect(text.split('\n')[0]).toBe('#:schema ./formula.schema.json')
  expect(readFormula(text, 'f.formula.toml')).toMatchObject({ kind: 'ok', value: { formula: 'f', type } })
})
