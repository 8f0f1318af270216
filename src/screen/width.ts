/**
 * Text by the columns that it takes in a terminal. Terminals disagree about joined emoji and flags; here every part of them
 * counts, so a line may come out shorter than it looks, never longer.
 */
import { sanitize } from '../agents/fence.ts'

/** Whatever `harmless` would change; most texts have none of it. */
const SUSPECT = /[\x00-\x1f\x7f-\xa0\p{Z}\p{Cf}\p{Cs}\p{M}]{2}|(?! )[\x00-\x1f\x7f-\xa0\p{Z}\p{Cf}\p{Cs}]/u

/** One line that cannot steer a terminal: no control characters, escape sequences or invisible marks of direction. */
export function harmless(text: string): string {
  if (!SUSPECT.test(text)) return text.trim()
  return unarmed(text).replace(/\s+/g, ' ').trim()
}

/** The same, its spaces and line breaks as they are: for what is a picture of text, like an agent's screen. */
export function unarmed(text: string): string {
  return sanitize(text)
    .replace(/(?!\u200d)\p{Cf}/gu, '')
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/\p{M}{4,}/gu, (marks) => [...marks].slice(0, 3).join(''))
    .replace(/[^\S\n]/g, ' ')
}

/** The same for terminals that know no more than ASCII: `?` for each sign that they lack. */
export function asciiOf(text: string): string {
  return text
    .replace(/…/g, '...')
    .replace(/\p{M}|\u200d/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?')
}

/** Columns that the text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  let last = 0
  for (const sign of text) {
    last = signWidth(sign, last)
    width += last
  }
  return width
}

/** The text in at most `max` columns; what is cut ends in `ellipsis`, where there is room for one. */
export function cutTo(text: string, max: number, ellipsis = '…'): string {
  if (widthOf(text) <= max) return text
  const room = max - ellipsis.length
  if (room < 0) return ''
  let width = 0
  let last = 0
  let kept = ''
  for (const sign of text) {
    last = signWidth(sign, last)
    width += last
    if (width > room) break
    kept += sign
  }
  return kept.replace(/[\s\u200d]+$/, '') + ellipsis
}

/** Wide by Unicode’s East Asian width, without what is an emoji anyway. Ranges: EastAsianWidth.txt, W and F, rounded up. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u
const NARROW = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u

/** `before`: how wide the sign before it is; the selector of emoji makes a narrow sign wide. */
function signWidth(sign: string, before: number): number {
  const code = sign.codePointAt(0)!
  if (code < 0x300) return 1
  if (code === 0xfe0f) return before === 1 ? 1 : 0
  const width = known.get(code) ?? lookUp(sign, code)
  known.set(code, width)
  return width
}

/** Looked up before: the expressions are slow, and few signs make up all titles. */
const known = new Map<number, number>()

function lookUp(sign: string, code: number): number {
  if (NARROW.test(sign)) return 0
  // Halves of flags.
  if (code >= 0x1f1e6 && code <= 0x1f1ff) return 1
  return WIDE.test(sign) || /\p{Emoji_Presentation}/u.test(sign) ? 2 : 1
}
