/**
 * The daemon as a service of the machine, when a person asks for it: a systemd user unit or a launchd agent. It brings the
 * daemon back after a crash, a login or a reboot, leaves workers alone when the daemon ends, and lets go when the town's
 * folder is gone. The texts are pure; `installService` writes the file and says what enables it.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import { tmuxSocket } from '../town/paths.ts'

/** What a service needs to know of the town and of this installation. */
export interface ServiceInput {
  town: string
  /** Absolute and canonical root. */
  root: string
  /** Absolute paths of Node and of `bin/gt.js`. */
  node: string
  gtBin: string
  /** The caller's environment: where to write, and what the daemon and its agents need of it. */
  env: NodeJS.ProcessEnv
}

export interface Service {
  kind: 'systemd' | 'launchd'
  name: string
  path: string
  text: string
  /** What enabling it leaves beside the file, and goes with it. */
  links: string[]
  /** Commands that make it run, and those that end and forget it once the file is gone, as argument vectors. */
  enable: string[][]
  disable: string[][]
}

/**
 * Of the caller's environment a service gets these: what finds programs, tmux's socket, settings and the network. Tokens
 * are not among them: what agents need beyond this, the machine's own ways give them (`systemctl --user edit`).
 */
const INHERITED =
  /^(PATH|LANG|LC_\w+|TZ|TMUX_TMPDIR|XDG_(CONFIG|DATA|STATE|CACHE)_HOME|CLAUDE_CONFIG_DIR|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy)$/

/** Restarts (design section 9): five in a quarter of an hour, then it stays down. */
const RESTARTS = { every: 10, most: 5, within: 900 }

function environmentOf({ env, root }: ServiceInput): [string, string][] {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => INHERITED.test(entry[0]) && entry[1] !== undefined,
  )
  const plain = kept.filter(([, value]) => !/[\x00-\x1f\x7f]/.test(value))
  return [['GT_TOWN', root], ...plain.sort(([a], [b]) => (a < b ? -1 : 1))]
}

/** One word of a unit's setting that takes quoting (systemd.syntax(7), "Quoting"), with its specifiers taken literally. */
export function unitWord(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`
}

/** The systemd user unit. */
export function unitText(input: ServiceInput): string {
  const { town, root, node, gtBin } = input
  const literal = (text: string): string => text.replaceAll('%', '%%')
  const environment = environmentOf(input).map(([name, value]) => `Environment=${unitWord(`${name}=${value}`)}`)
  return `# Written by gt deacon install, which writes it anew. Your own additions: systemctl --user edit ${serviceName(root)}
[Unit]
Description=${literal(`gt: the town ${town} at ${root}`)}
# A town that was deleted is not missed.
ConditionPathExists=${literal(`${root}/town.toml`)}
StartLimitIntervalSec=${RESTARTS.within}
StartLimitBurst=${RESTARTS.most}

[Service]
Type=exec
# The colon: a $ in a path is a $.
ExecStart=:${unitWord(node)} ${unitWord(gtBin)} deacon run
${environment.join('\n')}
# gt down ends it with 0, and then it stays down.
Restart=on-failure
RestartSec=${RESTARTS.every}
# Workers live in tmux and go on while the daemon is away, also when the system killed one of them for its memory.
KillMode=process
OOMPolicy=continue
TimeoutStopSec=20

[Install]
WantedBy=default.target
`
}

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** The launchd property list. */
export function plistText(input: ServiceInput): string {
  const { root, node, gtBin } = input
  // launchd has no condition for a start: without the town the start succeeds with nothing, and is not repeated.
  const guard = '[ -f "$GT_TOWN/town.toml" ] || exit 0; exec "$0" "$@"'
  const strings = ['/bin/sh', '-c', guard, node, gtBin, 'deacon', 'run'].map(
    (word) => `    <string>${xml(word)}</string>`,
  )
  const environment = environmentOf(input).map(
    ([name, value]) => `    <key>${xml(name)}</key>\n    <string>${xml(value)}</string>`,
  )
  const output = xml(join(root, '.gt', 'logs', 'deacon.out'))
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by gt deacon install, which writes it anew. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${serviceName(root)}</string>
  <key>ProgramArguments</key>
  <array>
${strings.join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${environment.join('\n')}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>${RESTARTS.every}</integer>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>StandardOutPath</key>
  <string>${output}</string>
  <key>StandardErrorPath</key>
  <string>${output}</string>
</dict>
</plist>
`
}

/** As the town's tmux socket: its folder's name and a hash of its root. */
const serviceName = (root: string): string => tmuxSocket(root)

/**
 * The service of a town on this kind of system (`process.platform`). Errors: E_NO_SERVICE (69) on other systems, E_TOWN_PATH
 * for a path that a unit cannot hold, E_NO_HOME.
 */
export function serviceOf(input: ServiceInput, platform: NodeJS.Platform): Result<Service> {
  const { root, env } = input
  if (!env.HOME?.startsWith('/'))
    return fail('E_NO_HOME', 'HOME is not set, so there is no place for a service of yours.')
  const name = serviceName(root)
  if (platform === 'darwin') {
    const path = join(env.HOME, 'Library', 'LaunchAgents', `${name}.plist`)
    const domain = `gui/${process.getuid?.() ?? 0}`
    const service = { kind: 'launchd' as const, name, path, text: plistText(input), links: [] }
    const enable = [['launchctl', 'bootstrap', domain, path]]
    return ok({ ...service, enable, disable: [['launchctl', 'bootout', `${domain}/${name}`]] })
  }
  if (platform !== 'linux') {
    return fail('E_NO_SERVICE', `gt knows how to be a service of systemd and of launchd; this system is ${platform}.`, {
      hint: 'gt up   starts the daemon until the next reboot',
      exit: EXIT.missingProgram,
    })
  }
  // A unit's line ends at a line break, is trimmed, and goes on behind a backslash.
  const broken = [root, input.node, input.gtBin].find((path) => /[\x00-\x1f\x7f]|[\s\\]$/.test(path))
  // systemd runs no program whose own path holds one of these, however it is quoted.
  const odd = broken ?? [input.node].find((path) => /["'\\]/.test(path))
  if (odd !== undefined) return fail('E_TOWN_PATH', `A systemd unit cannot hold this path: ${JSON.stringify(odd)}.`)
  const path = join(env.XDG_CONFIG_HOME || join(env.HOME, '.config'), 'systemd', 'user', `${name}.service`)
  const call = (...args: string[]): string[] => ['systemctl', '--user', ...args]
  return ok({
    kind: 'systemd',
    name,
    path,
    text: unitText(input),
    links: [join(dirname(path), 'default.target.wants', `${name}.service`)],
    enable: [call('daemon-reload'), call('enable', '--now', `${name}.service`)],
    disable: [call('stop', `${name}.service`), call('daemon-reload')],
  })
}

/** Writes the file; answers whether it was not there like this before. It can hold a proxy's password, so it is the user's alone. */
export function installService(service: Service): Result<boolean> {
  if (textOf(service.path) === service.text) return ok(false)
  try {
    mkdirSync(dirname(service.path), { recursive: true })
  } catch (error) {
    return fail('E_WRITE', `${dirname(service.path)} could not be made: ${messageOf(error)}.`)
  }
  const written = writeFileAtomic(service.path, service.text, 0o600)
  return written.kind === 'error' ? written : ok(true)
}

/** Takes the file away; answers whether there was one. */
export function uninstallService(service: Service): Result<boolean> {
  const there = textOf(service.path) !== undefined
  try {
    for (const path of [...service.links, service.path]) rmSync(path, { force: true })
    return ok(there)
  } catch (error) {
    return fail('E_WRITE', `${service.path} could not be removed: ${messageOf(error)}.`, { hint: `rm ${service.path}` })
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
