/** Who may come in, as a table. */
import { describe, expect, test } from 'vitest'
import type { Door, Knock } from '../../src/dashboard/door.ts'
import { cookieOf, judge, newDoor } from '../../src/dashboard/door.ts'

const door: Door = { place: 'hill', token: 'token-1', pass: 'pass-1', seal: 'seal-1' }
const host = '127.0.0.1:4000'
const cookie = 'other=1; gt=pass-1'

const verdict = (knock: Partial<Knock>): string => {
  const entry = judge({ method: 'GET', url: '/hill/', ...knock, headers: { host, ...knock.headers } }, door)
  return entry.is === 'out' ? `out ${entry.status}` : entry.is
}

const order = { host, cookie, origin: `http://${host}`, 'x-gt-seal': 'seal-1', 'content-type': 'application/json' }
const acting = (headers: object): string =>
  verdict({ method: 'POST', url: '/hill/api/act/land', headers: { ...order, ...headers } })

describe('reading', () => {
  test.each([
    ['the printed address', { url: '/?token=token-1' }, 'enter'],
    ['another token', { url: '/?token=token-2' }, 'out 401'],
    ['a beginning of the token', { url: '/?token=token' }, 'out 401'],
    ['no token', { url: '/' }, 'out 401'],
    ['the token anywhere else', { url: '/hill/?token=token-1' }, 'out 401'],
    ['the cookie', { headers: { cookie } }, 'in'],
    ['no cookie', {}, 'out 401'],
    ['another cookie', { headers: { cookie: 'gt=pass-2' } }, 'out 401'],
    ['the token as a cookie', { headers: { cookie: 'gt=token-1' } }, 'out 401'],
    ['the cookie at another place', { url: '/dale/', headers: { cookie } }, 'out 401'],
    ['a path that leaves the place', { url: '/dale/../hill/', headers: { cookie } }, 'out 401'],
    ['another machine’s name for us', { headers: { cookie, host: 'evil.example:4000' } }, 'out 403'],
    ['that name with the token', { url: '/?token=token-1', headers: { host: 'evil.example' } }, 'out 403'],
    ['a name that begins like ours', { headers: { cookie, host: '127.0.0.1.evil.example' } }, 'out 403'],
    ['a name that ends like ours', { headers: { cookie, host: 'evil-localhost' } }, 'out 403'],
    ['no name', { headers: { cookie, host: '' } }, 'out 403'],
    ['a tunnel’s own port', { headers: { cookie, host: 'localhost:9000' } }, 'in'],
    ['IPv6', { headers: { cookie, host: '[::1]:4000' } }, 'in'],
    ['a script of our page', { headers: { cookie, 'sec-fetch-site': 'same-origin' } }, 'in'],
    ['a person who typed it', { headers: { cookie, 'sec-fetch-site': 'none' } }, 'in'],
    ['a page of another port', { headers: { cookie, 'sec-fetch-site': 'same-site' } }, 'out 403'],
    ['a page of elsewhere', { headers: { cookie, 'sec-fetch-site': 'cross-site' } }, 'out 403'],
    [
      'a link of another port',
      {
        headers: { cookie, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      },
      'in',
    ],
    [
      'a frame of another port',
      { headers: { cookie, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' } },
      'out 403',
    ],
    ['a whole URL as path', { url: 'http://evil.example/hill/', headers: { cookie } }, 'out 400'],
    ['another verb', { method: 'PUT', headers: { cookie } }, 'out 405'],
    ['a preflight', { method: 'OPTIONS', headers: { cookie } }, 'out 405'],
  ] satisfies [string, Partial<Knock>, string][])('%s', (_what, knock, is) => {
    expect(verdict(knock)).toBe(is)
  })
})

describe('acting', () => {
  test.each([
    ['our own page', {}, 'act'],
    ['without the cookie', { cookie: '' }, 'out 401'],
    ['without an origin', { origin: undefined }, 'out 403'],
    ['from another port', { origin: 'http://127.0.0.1:3000' }, 'out 403'],
    ['from a page of elsewhere', { origin: 'https://evil.example' }, 'out 403'],
    ['from a file', { origin: 'null' }, 'out 403'],
    ['without the seal', { 'x-gt-seal': undefined }, 'out 403'],
    ['with another seal', { 'x-gt-seal': 'seal-2' }, 'out 403'],
    ['as a form would', { 'content-type': 'text/plain' }, 'out 400'],
    ['asked for by a page of another port', { 'sec-fetch-site': 'same-site' }, 'out 403'],
  ])('%s', (_what, headers, is) => {
    expect(acting(headers)).toBe(is)
  })
})

test('secrets are 192 bits, differ from each other and each time; the cookie is for this place alone', () => {
  const [one, two] = [newDoor(), newDoor()]
  const secrets = [one, two].flatMap(({ token, pass, seal }) => [token, pass, seal])
  for (const secret of secrets) expect(Buffer.from(secret, 'base64url').length).toBe(24)
  expect(new Set([...secrets, one.place, two.place]).size).toBe(8)
  expect(cookieOf(one)).toMatch(new RegExp(`^gt=${one.pass}; Path=/${one.place}/; HttpOnly; SameSite=Strict;`))
})
