import { join } from 'node:path'
import { expect, it } from 'vitest'
import { gh, ghEnvironment } from '../../src/forge/gh.ts'
import { forgeRepo } from '../../src/forge/remote.ts'
import { codeOf, must, useLab } from '../git/helpers.ts'
import { folder } from '../support/places.ts'
import { scriptedGh } from './helpers.ts'

const lab = useLab()
const say = (text: string, exit = 1): NodeJS.ProcessEnv =>
  scriptedGh(join(lab().root, 'bin'), `printf '%s\\n' '${text}' >&2; exit ${exit}`)

it.each([
  ['https://github.com/owner/name', 'owner/name'],
  ['https://github.com/owner/name.git', 'owner/name'],
  ['https://github.com/owner/name.git/', 'owner/name'],
  ['https://user:secret@GitHub.com/owner/na.me.git', 'owner/na.me'],
  ['https://github.com:443/owner/name', 'owner/name'],
  ['git@github.com:owner/name.git', 'owner/name'],
  ['ssh://git@github.com/owner/name.git', 'owner/name'],
  ['ssh://git@ssh.github.com:443/owner/name.git', 'owner/name'],
  ['https://ghe.example.org/owner/name', 'ghe.example.org/owner/name'],
  ['git@ghe.example.org:owner_x/name', 'ghe.example.org/owner_x/name'],
  ['ssh://git@ghe.example.org:2222/owner/name', 'ghe.example.org/owner/name'],
  ['/srv/git/owner/name.git', null],
  ['../owner/name', null],
  ['file:///srv/git/owner/name.git', null],
  ['C:\\git\\owner\\name', null],
  ['https://ghe.example.org:8443/owner/name', null],
  ['https://gitlab.com/group/sub/name', null],
  ['https://github.com/owner', null],
  ['https://github.com/owner/..', null],
  ['https://github.com/owner/.git', null],
  ['https://github.com/--repo/name', null],
  ['https://github.com/ow ner/name', null],
  ['https://github.com/owner/name?x=1', null],
  ['git@work:owner/name', null],
  ['git@-oProxyCommand=x.y:owner/name', null],
  ['git@github.com:/owner/name', null],
  ['git://github.com/owner/name', null],
  ['ext::sh -c true', null],
  ['', null],
])('forgeRepo: %s is %s', (remote, repo) => {
  expect(forgeRepo(remote)).toBe(repo)
})

it('gives gh no variable of the town or of git, and no host that bends the repository', () => {
  const env = { PATH: '/bin', GT_TOWN: '/t', GIT_DIR: '/d', GH_TOKEN: 'x', GH_HOST: 'ghe.example.org', GH_DEBUG: 'api' }
  const plain = { PATH: '/bin', GH_TOKEN: 'x', GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1' }
  expect(ghEnvironment(env)).toEqual({ ...plain, GH_HOST: 'ghe.example.org' })
  expect(ghEnvironment(env, 'owner/name')).toEqual({ ...plain, GH_HOST: 'github.com' })
  expect(ghEnvironment(env, 'ghe.example.org/owner/name')).toEqual({ ...plain, GH_HOST: 'ghe.example.org' })
})

it('says that gh is missing, and what to type', async () => {
  for (const env of [{ PATH: folder() }, {}]) {
    const said = await gh(['pr', 'list'], { env })
    expect(said).toMatchObject({
      failure: { code: 'E_NO_GH', exit: 69, hint: expect.stringContaining('gh auth login') },
    })
  }
})

it.each([
  ['To get started with GitHub CLI, please run:  gh auth login', 4, 'E_GH_AUTH', 2],
  ['HTTP 401: Bad credentials (https://api.github.com/graphql)', 1, 'E_GH_AUTH', 2],
  ['GraphQL: Resource protected by organization SAML enforcement.', 1, 'E_GH_AUTH', 2],
  ['error connecting to api.github.com', 1, 'E_GH_UNREACHABLE', 75],
  ['HTTP 502: Bad Gateway (https://api.github.com/graphql)', 1, 'E_GH_UNREACHABLE', 75],
  ['HTTP 403: API rate limit exceeded for user ID 1. (https://api.github.com/graphql)', 1, 'E_GH_UNREACHABLE', 75],
  [
    'Post "https://api.github.com/graphql": dial tcp 1.2.3.4:443: connect: connection refused',
    1,
    'E_GH_UNREACHABLE',
    75,
  ],
  ['GraphQL: Could not resolve to a Repository with the name o/n. (repository)', 1, 'E_GH', 1],
  ['', 1, 'E_GH', 1],
])('sorts failures: %s', async (text, exit, code, our) => {
  const said = await gh(['pr', 'list'], { env: say(text, exit) })
  expect(said).toMatchObject({ failure: { code, exit: our, message: expect.stringContaining(text) } })
})

it('shows no password, no token and no text of the options', async () => {
  const token = `ghp_${'x'.repeat(36)}`
  const said = await gh(['pr', 'edit', '3', '--title=private'], { env: say(`https://u:secret@h/x ${token}`) })
  expect(codeOf(said)).toBe('E_GH')
  expect(JSON.stringify(said)).not.toMatch(/secret|xxxx|private/)
  expect(JSON.stringify(said)).toContain('`gh pr edit 3` failed')
})

it('hands arguments and input over byte for byte, and refuses NUL', async () => {
  const env = scriptedGh(
    join(lab().root, 'bin'),
    `for a in "$@"; do printf '<%s>' "$a"; done; IFS= read -r x; printf '%s' "$x"`,
  )
  const args = ['pr', `--title=-x "q" 'q' $(id) \`id\`\n--repo=evil`]
  const said = must(await gh(args, { repo: 'o/n', env, input: '$(id) -- é\n' }))
  expect(said.stdout).toBe(`<pr><${args[1]}><--repo=o/n>$(id) -- é`)
  expect(codeOf(await gh(['pr', 'a\0b'], { env }))).toBe('E_GH')
})

it('stops a gh that does not end', async () => {
  const env = scriptedGh(join(lab().root, 'bin'), 'exec /bin/sleep 600')
  expect(codeOf(await gh(['pr', 'list'], { env, timeoutMs: 200 }))).toBe('E_GH_UNREACHABLE')
})
