/** `gt deacon install`: the daemon as a service of the machine. */
import { existsSync } from 'node:fs'
import { daemonProcess, stopDrivers } from '../deacon/daemon.ts'
import type { Service } from '../deacon/service.ts'
import { installService, serviceOf, uninstallService } from '../deacon/service.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { runProgram } from '../town/program.ts'
import type { Answer, Context } from './context.ts'
import { withTown } from './town.ts'

export interface InstallOptions {
  print?: boolean
  enable?: boolean
  uninstall?: boolean
}

export function install(context: Context, options: InstallOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    if (isAgent(context.env)) return fail('E_NOT_FOR_AGENTS', 'Only a person makes the daemon a service.')
    if ([options.print, options.enable, options.uninstall].filter(Boolean).length > 1) {
      return fail('E_USAGE', 'Only one of --print, --enable and --uninstall.', { exit: EXIT.usage })
    }
    const { root, name, gtBin } = town
    const service = serviceOf({ town: name, root, node: process.execPath, gtBin, env: context.env }, process.platform)
    if (service.kind === 'error') return service
    const { kind, path, text } = service.value
    if (options.print) return ok({ data: { kind, path, text, changed: false }, text: text.trimEnd() })
    if (options.uninstall) return uninstall(service.value)
    if (kind === 'systemd' && !existsSync('/run/systemd/system')) {
      return fail('E_NO_SYSTEMD', 'This machine was not started by systemd, so it has no services of a user.', {
        kept: 'Nothing was written.',
        hint: 'gt deacon install --print   shows the unit; gt up starts the daemon until the next reboot',
        exit: EXIT.missingProgram,
      })
    }
    const written = installService(service.value)
    if (written.kind === 'error') return written
    if (options.enable) {
      const enabled = await enable(town, service.value)
      if (enabled.kind === 'error') return enabled
    }
    const lines = [`${path} ${written.value ? 'is written' : 'was there already, as it has to be'}.`]
    if (options.enable) lines.push('It is enabled, and the daemon runs as a service.')
    else
      lines.push(
        'To start it now and at each login (a daemon that runs: gt deacon stop first):',
        ...shellLines(service.value.enable),
      )
    if (kind === 'systemd')
      lines.push('For a start with the machine, before anybody logs in:', '  loginctl enable-linger')
    return ok({ data: { kind, path, text, changed: written.value }, text: lines.join('\n') })
  })
}

/** Runs the commands; a daemon without a supervisor gives way first. */
async function enable(town: OpenTown, service: Service): Promise<Result<void>> {
  if (daemonProcess(town) !== undefined) {
    const stopped = await stopDrivers(town)
    if (stopped.kind === 'error') return stopped
  }
  for (const [program, ...args] of service.enable) {
    const ran = await runProgram({ program: program!, args, env: town.env, timeoutMs: 30_000, maxBytes: 1_000_000 })
    if (ran.is === 'ended' && ran.code === 0) continue
    const said = ran.is === 'not_started' ? ran.error.message : ran.stderr.trim().slice(-800)
    return fail('E_SERVICE', `\`${[program, ...args].join(' ')}\` failed: ${said || ran.is}`, {
      kept: `${service.path} is written; the daemon does not run now.`,
      hint: 'gt up   starts it without a service',
    })
  }
  return ok(undefined)
}

function uninstall(service: Service): Answer {
  const removed = uninstallService(service)
  if (removed.kind === 'error') return removed
  const { kind, path } = service
  if (!removed.value)
    return ok({ data: { kind, path, text: '', changed: false }, text: 'There was no service of this town.' })
  const lines = [`${path} is gone. To forget it and end it:`, ...shellLines(service.disable)]
  return ok({ data: { kind, path, text: '', changed: true }, text: lines.join('\n') })
}

const shellLines = (commands: string[][]): string[] =>
  commands.map(
    (words) =>
      `  ${words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')}`,
  )
