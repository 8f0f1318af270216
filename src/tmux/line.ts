/**
 * The right end of the status line of every terminal that is attached to this server. The words lie in user options, whose
 * values tmux shows as they are; the server itself puts them together (conf.ts), so nothing is started to show them.
 */
import type { EdgeLine } from '../agents/runtime.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { TmuxServer } from './command.ts'
import { tmuxEach } from './command.ts'
import { plainFormat } from './quote.ts'

/** The calm words, the loud ones, when they were last true (for people), and until when they count (epoch seconds). */
const [CALM, LOUD, CLOCK, UNTIL] = ['@gt_calm', '@gt_loud', '@gt_clock', '@gt_until']

/**
 * What the line shows: the words, and once nobody has vouched for them any more, since when. `%s` is now in epoch seconds:
 * tmux hands the line to strftime each time it draws it, before it looks at the options.
 */
export const LINE_FORMAT = `#{?#{&&:#{!=:,#{${CLOCK}}},#{e|>|:%s,#{${UNTIL}}}},#[bold]nobody drives the town since #{${CLOCK}}: gt up#[default] ,#{${CALM}}#{?#{${LOUD}}, #[bold]#{${LOUD}}#[default],} }`

/** Says it. No server: nobody looks. `conf`: read the config file first, which an older gt may have written for this server. */
export async function showLine(server: TmuxServer, line: EdgeLine, conf: boolean): Promise<Result<void>> {
  const set = (name: string, value: string): string[] => ['set-option', '-g', name, value]
  const shown = await tmuxEach(server, [
    ...(conf ? [['source-file', server.conf]] : []),
    ...(line.words === undefined
      ? []
      : [set(CALM, plainFormat(line.words.calm)), set(LOUD, plainFormat(line.words.loud))]),
    set(CLOCK, clock(line.at)),
    set(UNTIL, `${Math.floor(line.until / 1000)}`),
  ])
  if (shown.kind === 'ok') return ok(undefined)
  const { code } = shown.failure
  return code === 'E_TMUX_NO_SERVER' || code === 'E_TMUX_NO_TARGET' ? ok(undefined) : shown
}

/** `Nov 27 14:02`, by this machine's clock. */
function clock(at: number): string {
  const words = new Date(at).toString().split(' ')
  return `${words[1]} ${words[2]} ${words[4]!.slice(0, 5)}`
}
