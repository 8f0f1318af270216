/** The daemon as a service: what the files say, and that they are written and taken away as said. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ServiceInput } from '../../src/deacon/service.ts'
import { installService, plistText, serviceOf, uninstallService, unitText, unitWord } from '../../src/deacon/service.ts'
import type { Result } from '../../src/result.ts'
import { tmuxSocket } from '../../src/town/paths.ts'
import { folder } from '../town/folder.ts'

const input = (more: Partial<ServiceInput> = {}): ServiceInput => ({
  town: 'my town',
  root: '/home/me/gt',
  node: '/usr/bin/node',
  gtBin: '/opt/gt/bin/gt.js',
  env: { HOME: '/home/me', PATH: '/usr/bin:/bin', GT_RUN: 'r1', MY_TOKEN: 'secret', TMUX_TMPDIR: '/run/t' },
  ...more,
})

function value<T>(answer: Result<T>): T {
  if (answer.kind === 'ok') return answer.value
  throw new Error(JSON.stringify(answer))
}

/** The lines of a unit's section. */
function section(text: string, name: string): string[] {
  return text
    .split(`[${name}]\n`)[1]!
    .split('\n\n')[0]!
    .split('\n')
    .filter((line) => !line.startsWith('#'))
}

describe('the systemd unit', () => {
  it('runs this very installation in this town, again after a crash and not for ever, and leaves workers alone', () => {
    const text = unitText(input())
    expect(section(text, 'Service')).toEqual([
      'Type=exec',
      'ExecStart=:"/usr/bin/node" "/opt/gt/bin/gt.js" deacon run',
      'Environment="GT_TOWN=/home/me/gt"',
      'Environment="PATH=/usr/bin:/bin"',
      'Environment="TMUX_TMPDIR=/run/t"',
      'Restart=on-failure',
      'RestartSec=10',
      'KillMode=process',
      'OOMPolicy=continue',
      'TimeoutStopSec=20',
    ])
    expect(section(text, 'Unit')).toContain('ConditionPathExists=/home/me/gt/town.toml')
    expect(section(text, 'Unit')).toEqual(expect.arrayContaining(['StartLimitIntervalSec=900', 'StartLimitBurst=5']))
    expect(section(text, 'Install')).toContain('WantedBy=default.target')
    expect(text).not.toMatch(/secret|GT_RUN/)
  })

  it('takes paths and values as they are: spaces, quotes, percent signs, dollars, backslashes', () => {
    expect(unitWord(`a b`)).toBe('"a b"')
    expect(unitWord(`"%h\\$x'`)).toBe(`"\\"%%h\\\\$x'"`)
    const text = unitText(input({ root: '/t/50% $HOME', town: '100%', env: { PATH: '/a b:/%n' } }))
    expect(section(text, 'Unit')).toContain('ConditionPathExists=/t/50%% $HOME/town.toml')
    expect(section(text, 'Unit')).toContain('Description=gt: the town 100%% at /t/50%% $HOME')
    expect(section(text, 'Service')).toEqual(
      expect.arrayContaining(['Environment="GT_TOWN=/t/50%% $HOME"', 'Environment="PATH=/a b:/%%n"']),
    )
    const odd = unitText(input({ env: { PATH: '/bin', LANG: 'C\nExecStart=/bin/evil' } }))
    expect(odd).not.toContain('evil')
  })

  it.runIf(existsSync('/usr/bin/systemd-analyze'))('is a unit that systemd accepts, odd paths and all', () => {
    const dir = join(folder(), 'a b %h $x')
    mkdirSync(dir, { recursive: true })
    const node = join(dir, 'node')
    copyFileSync('/bin/true', node)
    const env = { PATH: '/usr/bin:/a b/%n:"q"\\$HOME', https_proxy: 'http://u:p%40@h', HOME: '/' }
    const text = unitText(input({ root: dir, node, gtBin: join(dir, 'gt.js'), env }))
    const verify = (unit: string): string => {
      const file = join(dirname(dir), 'gt-test.service')
      writeFileSync(file, unit)
      const options = { env: { ...process.env, XDG_RUNTIME_DIR: dirname(dir) }, stdio: 'pipe' as const }
      try {
        return execFileSync('systemd-analyze', ['--user', 'verify', file], options).toString()
      } catch (error) {
        return String((error as { stderr: Buffer }).stderr)
      }
    }
    expect(verify(text)).not.toContain('gt-test.service')
    expect(verify(text.replace('ExecStart=:', 'ExecStart=:/no/such '))).toContain('gt-test.service')
  })
})

describe('the launchd property list', () => {
  it('does the same: this installation, again after a failure, nothing without the town', () => {
    const text = plistText(input({ root: `/t/a & <b> "c"` }))
    expect(text).toContain(`<key>GT_TOWN</key>\n    <string>/t/a &amp; &lt;b&gt; &quot;c&quot;</string>`)
    expect(text).toMatch(/<key>SuccessfulExit<\/key>\s*<false\/>/)
    expect(text).toMatch(/<key>AbandonProcessGroup<\/key>\s*<true\/>/)
    expect(text).not.toMatch(/secret|GT_RUN/)
    const argv = [
      ...text
        .split('ProgramArguments')[1]!
        .split('</array>')[0]!
        .matchAll(/<string>(.*)<\/string>/g),
    ]
    expect(argv.map(([, word]) => word)).toEqual([
      '/bin/sh',
      '-c',
      '[ -f &quot;$GT_TOWN/town.toml&quot; ] || exit 0; exec &quot;$0&quot; &quot;$@&quot;',
      '/usr/bin/node',
      '/opt/gt/bin/gt.js',
      'deacon',
      'run',
    ])
  })

  it('its guard starts the daemon in a town, and succeeds with nothing where none is', () => {
    const guard = '[ -f "$GT_TOWN/town.toml" ] || exit 0; exec "$0" "$@"'
    expect(plistText(input()).replaceAll('&quot;', '"')).toContain(guard)
    const root = join(folder(), 'a town')
    const run = (): string =>
      execFileSync('/bin/sh', ['-c', guard, '/bin/echo', 'deacon', 'run'], { env: { GT_TOWN: root } }).toString()
    expect(run()).toBe('')
    mkdirSync(root)
    writeFileSync(join(root, 'town.toml'), '')
    expect(run()).toBe('deacon run\n')
  })
})

describe('a service', () => {
  it('bears the name of the town’s socket and lies where the system looks for it', () => {
    const name = tmuxSocket('/home/me/gt')
    const unit = value(serviceOf(input(), 'linux'))
    expect(unit.path).toBe(`/home/me/.config/systemd/user/${name}.service`)
    expect(unit.enable).toEqual([
      ['systemctl', '--user', 'daemon-reload'],
      ['systemctl', '--user', 'enable', '--now', `${name}.service`],
    ])
    const elsewhere = input({ env: { HOME: '/home/me', XDG_CONFIG_HOME: '/cfg' } })
    expect(value(serviceOf(elsewhere, 'linux')).path).toBe(`/cfg/systemd/user/${name}.service`)
    const agent = value(serviceOf(input(), 'darwin'))
    expect(agent.path).toBe(`/home/me/Library/LaunchAgents/${name}.plist`)
    expect(agent.enable[0]!.at(-1)).toBe(agent.path)
  })

  it.each<[string, Partial<ServiceInput>, NodeJS.Platform, string]>([
    ['another system', {}, 'freebsd', 'E_NO_SERVICE'],
    ['no home', { env: {} }, 'linux', 'E_NO_HOME'],
    ['a root that a line cannot hold', { root: '/t/x\\' }, 'linux', 'E_TOWN_PATH'],
    ['a root that ends with a space', { root: '/t/x ' }, 'linux', 'E_TOWN_PATH'],
    ['a Node that systemd will not run', { node: '/t/"x"/node' }, 'linux', 'E_TOWN_PATH'],
  ])('is refused for %s', (_why, more, platform, code) => {
    expect(serviceOf(input(more), platform)).toMatchObject({ kind: 'error', failure: { code } })
  })

  it('is written once, for its owner alone, written anew when it changed, and taken away with its link', () => {
    const home = folder()
    const made = (path: string) => value(serviceOf(input({ env: { HOME: home, PATH: path } }), 'linux'))
    const service = made('/bin')
    expect([1, 2, 3].map(() => value(installService(service)))).toEqual([true, false, false])
    expect(statSync(service.path).mode & 0o777).toBe(0o600)
    expect(value(installService(made('/usr/bin')))).toBe(true)
    expect(readFileSync(service.path, 'utf8')).toContain('PATH=/usr/bin')
    mkdirSync(dirname(service.links[0]!))
    symlinkSync(service.path, service.links[0]!)
    expect([1, 2].map(() => value(uninstallService(service)))).toEqual([true, false])
    for (const path of [service.path, ...service.links]) expect(existsSync(path)).toBe(false)
  })
})
