/** To whom an answer goes. Pure. */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Directory } from './addresses.ts'
import { resolveAll } from './addresses.ts'
import type { Message, Recipient } from './message.ts'

const KEPT = 'Nothing was sent.'

/**
 * The addresses of an answer: whoever sent it; of one's own message, those it went to. A worker's message is answered to the very
 * run that sent it: its name may be another's by now.
 *
 * @returns E_NOBODY: that run is over, or a part of the town sent it, which reads no mail
 */
export function answerTo(directory: Directory, { bead, mail }: Message, me: Recipient): Result<string[]> {
  const { from, from_run: fence } = mail
  if (from === me.address && (fence === undefined || fence === me.run)) return ok(mail.to)
  const live = directory.runs.some((run) => run.fence === fence)
  if (fence !== undefined && live) return ok([fence])
  if (from.includes('/polecats/'))
    return fail('E_NOBODY', `${from} is gone: the run that sent ${bead.id}${fence ? ` (${fence})` : ''} is over.`, {
      kept: KEPT,
      hint: `gt seance ${fence ?? from} --ask "…"   asks what it knew`,
    })
  const known = resolveAll(directory, [from], me)
  if (known.kind === 'error' && known.failure.code === 'E_ADDRESS')
    return fail('E_NOBODY', `${from} is a part of the town, or gone; it reads no mail.`, {
      kept: KEPT,
      hint: 'gt mail send mayor --body "…"',
    })
  return ok([from])
}

/** "Re: " once, however long the thread. */
export const answerSubject = (title: string): string =>
  /^re: /i.test(title)
    ? title
    : `Re: ${title.length > 110 ? `${title.slice(0, 109).replace(/[\ud800-\udbff]$/, '')}…` : title}`
