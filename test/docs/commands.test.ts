/** The reference of commands is what the commands say of themselves. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  commandReference,
  FORMULA_SCHEMA,
  formulaSchemaText,
  REFERENCE,
  SCHEMAS,
  schemaText,
} from '../../scripts/docs.ts'
import { TABLE } from '../../src/cli/table.ts'

test('docs/commands.md is current (npm run docs writes it)', async () => {
  expect(readFileSync(REFERENCE, 'utf8')).toBe(await commandReference())
})

test('it has a section for every command that people see, and none for a hidden one', () => {
  const sections = new Set([...readFileSync(REFERENCE, 'utf8').matchAll(/^### gt (\S+)$/gm)].map((match) => match[1]))
  const seen = Object.entries(TABLE).filter(([, entry]) => entry.group !== 'hidden')
  expect(sections).toEqual(new Set(seen.map(([name]) => name)))
})

test('docs/schemas.json is current (npm run docs writes it)', () => {
  expect(readFileSync(SCHEMAS, 'utf8')).toBe(schemaText())
})

test('docs/formula.schema.json is current (npm run docs writes it)', () => {
  expect(readFileSync(FORMULA_SCHEMA, 'utf8')).toBe(formulaSchemaText())
})
