/** Keys that the schema does not know: what was meant, or where it belongs. */
import type { z } from 'zod'
import type { Problem } from './explain.ts'
import { nearest } from './nearest.ts'
import type { Places, Step } from './toml-map.ts'
import { lineOf } from './toml-map.ts'
import { dotted } from './toml-text.ts'

/** What of zod's internals the list of known keys needs. */
interface SchemaNode {
  _zod: {
    def: {
      type: string
      innerType?: SchemaNode
      in?: SchemaNode
      element?: SchemaNode
      valueType?: SchemaNode
      options?: SchemaNode[]
    }
  }
  shape?: Record<string, SchemaNode>
}

/** What to say about a key that the schema does not know; `path` ends with it. */
export function unknownKey(path: Step[], schema: z.ZodType, map: Places): Problem {
  const word = String(path.at(-1))
  const line = lineOf(map, path)
  const above = path.slice(0, -1)
  const root = schema as unknown as SchemaNode
  const known = knownKeys(root, above)
  const meant = nearest(word, known)
  const text = `unknown key \`${dotted(path)}\``
  if (meant !== undefined) {
    return {
      line,
      text: `${text}; did you mean \`${meant}\`?`,
      fix: `Rename \`${word}\` to \`${meant}\` on line ${line}.`,
      meant: dotted([...above, meant]),
    }
  }
  const home = placeOf(root, word, [])
  if (home !== undefined && home.length > 1) {
    const table = dotted(home.slice(0, -1))
    return {
      line,
      text: `${text}; it belongs in [${table}]`,
      fix: map.json ? `Move line ${line} into \`${table}\`.` : `Move line ${line} below a line [${table}].`,
      meant: dotted(home),
    }
  }
  if (home !== undefined) {
    const fix = `Move line ${line} to the top of the file${map.json ? '' : ', above the first [table]'}.`
    return { line, text: `${text}; it belongs at the top of the file`, fix, meant: word }
  }
  const place = above.length === 0 ? 'at the top of the file' : `in \`${dotted(above)}\``
  return { line, text, fix: `Delete line ${line}. Known ${place}: ${known.join(', ')}.` }
}

/** Through defaults, optionals, transforms and unions to the node that has keys. */
function core(node: SchemaNode | undefined): SchemaNode | undefined {
  let at = node
  while (at !== undefined) {
    const { def } = at._zod
    const inner = def.innerType ?? (def.type === 'pipe' ? def.in : def.options?.find((one) => core(one)?.shape))
    if (inner === undefined) return at
    at = inner
  }
  return at
}

function knownKeys(schema: SchemaNode, path: Step[]): string[] {
  let at = core(schema)
  for (const step of path) at = core(at?.shape?.[String(step)] ?? at?._zod.def.element ?? at?._zod.def.valueType)
  return Object.keys(at?.shape ?? {})
}

/** The one path of plain tables at which a key of this name is known. */
function placeOf(schema: SchemaNode | undefined, word: string, above: Step[]): Step[] | undefined {
  const shape = core(schema)?.shape ?? {}
  if (Object.hasOwn(shape, word)) return [...above, word]
  for (const [name, child] of Object.entries(shape)) {
    const found = placeOf(child, word, [...above, name])
    if (found !== undefined) return found
  }
  return undefined
}
