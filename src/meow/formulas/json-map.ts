/** Where the keys of a JSON text stand, like toml-map.ts for TOML: JSON.parse says what a text means but not where. */
import type { Places, Step } from '../../town/toml-map.ts'

/** Maps a text that JSON.parse has accepted. */
export function mapJson(text: string): Places {
  const entries: { path: Step[]; start: number }[] = []
  /** Everything of the text that is not white space: strings, punctuation, and the words between. */
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
  const above: { path: Step[]; list: boolean; index: number }[] = []
  let path: Step[] = []
  let key: { name: string; start: number } | undefined
  for (const { 0: word, index: start } of text.matchAll(token)) {
    const inside = above.at(-1)
    if (word === '}' || word === ']') {
      above.pop()
      path = above.at(-1)?.path ?? []
    } else if (word === ',') {
      if (inside !== undefined) inside.index += 1
      key = undefined
    } else if (word === ':') {
      // The name before it is kept; its value comes now.
    } else if (inside !== undefined && !inside.list && key === undefined) {
      key = { name: JSON.parse(word) as string, start }
    } else {
      path = inside === undefined ? [] : [...inside.path, inside.list ? inside.index : (key?.name ?? '')]
      if (inside !== undefined) entries.push({ path, start: inside.list ? start : (key?.start ?? start) })
      if (word === '{' || word === '[') {
        above.push({ path, list: word === '[', index: 0 })
        key = undefined
      }
    }
  }
  return { text, sections: [], entries, json: true }
}
