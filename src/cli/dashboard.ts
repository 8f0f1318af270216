/** `gt dashboard`: the town as a page in a browser on this machine, until Ctrl-C. */
import type { Command } from 'commander'
import { watchTown } from '../board/watch.ts'
import { pageFiles } from '../dashboard/files.ts'
import { openInBrowser } from '../dashboard/open.ts'
import { serve } from '../dashboard/server.ts'
import { isAgent } from '../kernel/landing.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Context } from './context.ts'
import { slotOf } from './context.ts'
import { sourcesOf } from './dashboard-sources.ts'
import { whileThere } from './town.ts'

interface DashboardOptions {
  port: string
  allowActions?: boolean
  open?: boolean
}

export function register(program: Command, context: Context): void {
  program
    .command('dashboard')
    .description(
      'The town as a page in a browser on this machine: problems, agents and their screens, queue, convoys, costs, why. It only reads, unless --allow-actions. Runs until Ctrl-C.',
    )
    .option('--port <n>', 'of 127.0.0.1; 0: any free one', '0')
    .option('--allow-actions', 'answer, land, reject, retry and stop from the page too')
    .option('--open', 'open it in the browser')
    .addHelpText(
      'after',
      '\nThe printed address lets in whoever has it; it ends with this process. --json prints {url, port, pid, actions} once\nit is ready.\n\nExample:\n  gt dashboard --open',
    )
    .action(async (options: DashboardOptions, command: Command) => {
      // It has answered already when all went well: with its address, as soon as there was one.
      const end = await dashboard(context, options)
      if (end.kind === 'error') slotOf(command).answer = end
    })
}

/** Ok: it was open, and was ended. */
async function dashboard(context: Context, options: DashboardOptions): Promise<Result<void>> {
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return fail('E_USAGE', `"${options.port}" is no port.`, { hint: 'gt dashboard --port 4000', exit: EXIT.usage })
  }
  if (options.allowActions === true && isAgent(context.env)) {
    return fail('E_NOT_FOR_AGENTS', 'What the page can do is decided by people, not by agents.', {
      hint: 'gt dashboard   without --allow-actions',
    })
  }
  const files = pageFiles()
  if (files.kind === 'error') return files
  const watched = await watchTown(context.env, context.cwd)
  if (watched.kind === 'error') return watched
  try {
    const opened = await serve(sourcesOf(watched.value, options.allowActions === true), { port, files: files.value })
    if (opened.kind === 'error') return opened
    tell(context, opened.value, options)
    if (options.open === true) openInBrowser(opened.value.url, watched.value.town.paths.runtime, context.progress)
    await whileThere(context.signal, watched.value.town)
    await opened.value.close()
    return ok(undefined)
  } finally {
    watched.value.close()
  }
}

function tell(context: Context, { url, port }: { url: string; port: number }, options: DashboardOptions): void {
  const actions = options.allowActions === true
  const text = context.json
    ? JSON.stringify({ ok: true, data: { url, port, pid: process.pid, actions } })
    : `The town is at ${url}\n${actions ? 'It may be acted on from there. ' : ''}Ctrl-C ends it.`
  process.stdout.write(`${text}\n`)
}
