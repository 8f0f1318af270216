/** Words of other people and agents inside a prompt: data, fenced and labelled, cut to a size (design law 12). */

/** The usual estimate for English and code: four characters a token. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

/** No honest text has longer runs; without a bound the fences alone could fill a prompt. */
const BACKTICKS_MAX = 16

/**
 * `text` in a fence that nothing in it can end, under a label that says whose words these are. Control characters go,
 * and runs of backticks are cut to 16; the fence adds at most 41 characters.
 */
export function fenced(label: string, text: string): string {
  const runs = new RegExp(`(\`{${BACKTICKS_MAX}})\`+`, 'g')
  const plain = sanitize(text).replace(runs, '$1').replace(/\n+$/, '')
  const longest = Math.max(2, ...(plain.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${label}\n${fence}text\n${plain}\n${fence}`
}

/**
 * Text without what a terminal or an argument vector would act on: escape sequences, NUL and other control characters.
 * Newlines and tabs stay.
 */
export function sanitize(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b./g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '')
}

/** One line of at most `max` characters, for titles. */
export function oneLine(text: string, max: number): string {
  const line = sanitize(text).replace(/\s+/g, ' ').trim()
  return line.length <= max ? line : `${sliceSafe(line, max - 1)}…`
}

/** The first `max` characters, ended at a line if one ends near, with `more(count)` saying what is missing. */
export function cut(text: string, max: number, more: (missing: number) => string): string {
  if (text.length <= max) return text
  const head = sliceSafe(text, max)
  const line = head.lastIndexOf('\n')
  const kept = line > max / 2 ? head.slice(0, line) : head
  return `${kept}\n${more(text.length - kept.length)}`
}

/** The last `max` bytes in UTF-8, begun at a line if one begins near: of a log, the end matters. */
export function tail(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  const end = bytes
    .subarray(bytes.length - maxBytes)
    .toString('utf8')
    .replace(/^\ufffd+/, '')
  const line = end.indexOf('\n')
  return `…\n${line >= 0 && line < end.length / 2 ? end.slice(line + 1) : end}`
}

/** Never half of a surrogate pair. */
function sliceSafe(text: string, max: number): string {
  const head = text.slice(0, max)
  return /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head
}
