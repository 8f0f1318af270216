/** What can be wrong with the legs of a convoy: ids, and names in presets and in the synthesis. */
import type { Problem } from '../../town/explain.ts'
import { show } from '../../town/explain.ts'
import { nearest } from '../../town/nearest.ts'
import type { Step as Key } from '../../town/toml-map.ts'
import type { Inherited, LineAt } from './check.ts'
import type { FormulaFile } from './schema.ts'

export function checkLegs(file: FormulaFile, at: LineAt, inherited: Inherited): Problem[] {
  const own = (file.legs ?? []).map(({ id }) => id)
  const known = new Set([...own, ...inherited.legs])
  const ask = (who: string, id: string, path: Key[]): Problem[] => {
    if (known.has(id)) return []
    const line = at(path, JSON.stringify(id))
    const meant = nearest(id, [...known])
    const text = `${who} names ${show(id)}, which is not a leg`
    return meant === undefined
      ? [{ line, text, fix: `Legs: ${[...known].join(', ') || 'none'}.` }]
      : [
          {
            line,
            text: `${text}; did you mean ${show(meant)}?`,
            fix: `Write ${JSON.stringify(meant)} on line ${line}.`,
          },
        ]
  }
  return [
    ...checkTwice(file, 'legs', at),
    ...checkTwice(file, 'aspects', at),
    ...Object.entries(file.presets ?? {}).flatMap(([name, { legs }]) =>
      legs.flatMap((id, index) => ask(`preset ${show(name)}`, id, ['presets', name, 'legs', index])),
    ),
    ...(file.synthesis?.depends_on ?? []).flatMap((id, index) =>
      ask('the synthesis', id, ['synthesis', 'depends_on', index]),
    ),
  ]
}

function checkTwice(file: FormulaFile, table: 'legs' | 'aspects', at: LineAt): Problem[] {
  const ids = (file[table] ?? []).map(({ id }) => id)
  return ids.flatMap((id, index) => {
    const first = ids.indexOf(id)
    if (first === index) return []
    const line = at([table, index, 'id'])
    return [
      {
        line,
        text: `two ${table} have the id ${show(id)}; the other is on line ${at([table, first, 'id'])}`,
        fix: `Give the one on line ${line} an id of its own.`,
      },
    ]
  })
}
