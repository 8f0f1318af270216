/**
 * The part of Go's text templates that prompts of convoys use: `{{.a.b}}`, `{{if .a}}…{{else if .b}}…{{else}}…{{end}}`,
 * `{{range .a}}…{{.}}…{{end}}` and `{{- -}}`. What has no value becomes empty; what is not of Go (`{{name}}`, `{{leg.id}}`) is
 * looked up as well, and stays when it is none.
 */
import type { Result } from '../../result.ts'
import { fail, ok } from '../../result.ts'

/** Texts, lists and records of them; a text with commas is a list where one is asked for. */
export type Data = { [name: string]: Data } | Data[] | string

type Node =
  | { is: 'text'; text: string }
  | { is: 'value'; of: string; raw: string }
  | { is: 'if' | 'range'; of: string; body: Node[]; otherwise: Node[] }

interface Open {
  node: Extract<Node, { body: Node[] }>
  into: Node[]
  /** Opened by `else if`: ends with the one around it. */
  chained: boolean
}

/** Fills a template. Error: E_FORMULA, for braces and words that do not close. */
export function render(template: string, data: Data): Result<string> {
  const parsed = parse(template)
  return parsed.kind === 'error' ? parsed : ok(write(parsed.value, data, data))
}

function parse(template: string): Result<Node[]> {
  const root: Node[] = []
  const open: Open[] = []
  const into = (): Node[] => open.at(-1)?.into ?? root
  const begin = (is: 'if' | 'range', of: string, chained: boolean): void => {
    const node: Open['node'] = { is, of, body: [], otherwise: [] }
    into().push(node)
    open.push({ node, into: node.body, chained })
  }
  let at = 0
  let trim = false
  while (at < template.length) {
    const from = template.indexOf('{{', at)
    const close = from < 0 ? -1 : template.indexOf('}}', from + 2)
    if (from >= 0 && close < 0) return broken(template, from, 'is not closed by }}')
    let text = template.slice(at, from < 0 ? undefined : from)
    if (trim) text = text.trimStart()
    if (from < 0) {
      if (text !== '') into().push({ is: 'text', text })
      break
    }
    const raw = template.slice(from, close + 2)
    const [, left, words = '', right] = /^\{\{(-\s)?\s*([\s\S]*?)\s*(\s-)?\}\}$/.exec(raw) ?? []
    if (left !== undefined) text = text.trimEnd()
    if (text !== '') into().push({ is: 'text', text })
    trim = right !== undefined
    at = close + 2
    const [word, ...rest] = words.split(/\s+/)
    const top = open.at(-1)
    if (word === 'if' || word === 'range' || word === 'with') {
      begin(word === 'range' ? 'range' : 'if', rest.join(' '), false)
    } else if (word === 'else') {
      if (top === undefined || top.into === top.node.otherwise) return broken(template, from, 'belongs to nothing')
      top.into = top.node.otherwise
      if (rest[0] === 'if') begin('if', rest.slice(1).join(' '), true)
    } else if (word === 'end') {
      if (top === undefined) return broken(template, from, 'belongs to nothing')
      let closed = open.pop()
      while (closed?.chained === true) closed = open.pop()
    } else if (!words.startsWith('/*')) into().push({ is: 'value', of: words, raw })
  }
  if (open.length > 0) return broken(template, template.length, `lacks {{end}} for {{${open[0]!.node.is} …}}`)
  return ok(root)
}

function broken(template: string, at: number, what: string): ReturnType<typeof fail> {
  const line = template.slice(0, at).split('\n').length
  const shown = at < template.length ? `${template.slice(at, at + 30).split('\n')[0]} ` : ''
  return fail('E_FORMULA', `in line ${line} of the text, ${shown}${what}`)
}

function write(nodes: readonly Node[], data: Data, root: Data): string {
  return nodes.map((node) => writeOne(node, data, root)).join('')
}

function writeOne(node: Node, data: Data, root: Data): string {
  if (node.is === 'text') return node.text
  if (node.is === 'value') {
    if (/^[\w-]+(\.[\w-]+)*$/.test(node.of)) {
      const value = look(`.${node.of}`, root, root)
      return value === undefined ? node.raw : textOf(value)
    }
    return textOf(look(node.of, data, root))
  }
  const value = look(node.of, data, root)
  if (node.is === 'if') return write(truthy(value) ? node.body : node.otherwise, data, root)
  const items = listOf(value)
  if (items.length === 0) return write(node.otherwise, data, root)
  return items.map((item) => write(node.body, item, root)).join('')
}

/** `.`, `.a.b`, `$.a`; anything else has no value. Within a range a text has no fields: they are those around it. */
function look(path: string, data: Data, root: Data): Data | undefined {
  if (path === '.') return data
  const [, dollar, names] = /^(\$?)\.([\w-]+(?:\.[\w-]+)*)$/.exec(path) ?? []
  if (names === undefined) return undefined
  let value: Data | undefined = dollar === '$' || typeof data === 'string' ? root : data
  for (const name of names.split('.')) {
    const has: boolean = typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, name)
    value = has ? (value as Record<string, Data>)[name] : undefined
  }
  return value
}

function listOf(value: Data | undefined): Data[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'string') return []
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const textOf = (value: Data | undefined): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.map(textOf).join(', ') : ''

const truthy = (value: Data | undefined): boolean =>
  typeof value === 'string' ? value !== '' && value !== 'false' : value !== undefined
