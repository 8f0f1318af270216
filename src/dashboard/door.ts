/**
 * Who may come in. Pure: the words of one request in, a verdict out.
 *
 *   the printed address, with its token ──► enter: a cookie for this one path, and a page that goes there
 *   /<place>/… with the cookie          ──► in (reading), or act (POST, of our own page, with its second secret)
 *   anything else                       ──► out, with a status and a sentence
 *
 * Everybody on this machine reaches a port of loopback, every page in the person's browser too, and browsers send a
 * cookie to every port of a host: so its path is a word that nobody else knows (a worker's own web server must not get it),
 * names are checked against rebinding, and what another page asks for is refused even with a cookie.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface Door {
  /** First part of every path behind the door. */
  place: string
  /** In the address that is printed. */
  token: string
  /** In the cookie. */
  pass: string
  /** Sent with each action by our own page, which is told it. */
  seal: string
}

export interface Knock {
  method: string
  /** As it came: path and query. */
  url: string
  headers: IncomingHttpHeaders
}

export type Entry =
  | { is: 'enter' }
  /** `path`: behind the place, without a leading slash. */
  | { is: 'in'; path: string; query: URLSearchParams }
  | { is: 'act'; path: string }
  | { is: 'out'; status: 400 | 401 | 403 | 405; text: string }

/** Names by which a browser on this machine means this machine. Any port: a tunnel has its own. */
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i

const SECRET_BYTES = 24

/** A door with fresh secrets of 192 bits each. */
export function newDoor(): Door {
  const secret = (bytes = SECRET_BYTES): string => randomBytes(bytes).toString('base64url')
  return { place: secret(9), token: secret(), pass: secret(), seal: secret() }
}

/** What the browser keeps: for this path, out of reach of scripts, and never sent along by another site. */
export const cookieOf = (door: Door): string =>
  `gt=${door.pass}; Path=/${door.place}/; HttpOnly; SameSite=Strict; Max-Age=2592000`

const out = (status: 400 | 401 | 403 | 405, text: string): Entry => ({ is: 'out', status, text })

const stranger = out(401, 'This page needs its token. Open the address that `gt dashboard` printed.')
const foreign = out(403, 'Another page asked for this, so it was refused.')

/** The verdict on one request. */
export function judge({ method, url, headers }: Knock, door: Door): Entry {
  const { host = '' } = headers
  if (!LOOPBACK.test(host)) return out(403, 'This page answers to 127.0.0.1 and localhost only.')
  const asked = parsed(url)
  if (asked === undefined) return out(400, 'This is no address.')
  const { path, query } = asked
  if (path === '/' && same(query.get('token') ?? '', door.token)) {
    return method === 'GET' ? { is: 'enter' } : out(405, 'Only GET is understood here.')
  }
  const home = `/${door.place}/`
  if (!path.startsWith(home) || !same(cookie(headers.cookie, 'gt'), door.pass)) return stranger
  const within = path.slice(home.length)
  if (method === 'GET' || method === 'HEAD') {
    return askedByOthers(headers) ? foreign : { is: 'in', path: within, query }
  }
  if (method !== 'POST') return out(405, 'Only GET and POST are understood here.')
  if (askedByOthers(headers) || headers.origin !== `http://${host}`) return foreign
  if (!same(String(headers['x-gt-seal'] ?? ''), door.seal)) return foreign
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) return out(400, 'An action is JSON.')
  return { is: 'act', path: within }
}

/** Browsers say who asked. Another port of this host counts as the same site, but is another origin. */
function askedByOthers(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  // Following a link to the page itself shows it; nobody else learns anything from that.
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document'
}

/** Taken apart by hand: `URL` would resolve `..`, and nothing here has such a path. */
function parsed(url: string): { path: string; query: URLSearchParams } | undefined {
  if (!url.startsWith('/') || url.startsWith('//')) return undefined
  const at = url.indexOf('?')
  return at < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) }
}

function cookie(header: string | undefined, name: string): string {
  for (const part of (header ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=')
    if (key === name) return value.join('=')
  }
  return ''
}

/** Compared in a time that does not tell how much of it was right. */
function same(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
