/** The Refinery's words: commit messages for the target, evidence for the worker. Pure. */
import { oneLine, sanitize } from '../agents/fence.ts'
import type { Bead } from '../beads/bead.ts'
import type { MergeFacts } from '../beads/facts.ts'

/** A title in the first line, in characters. */
const TITLE_CHARS = 100
/** A gate's command or a list of files leaves room for the output. */
const NAMES_CHARS = 300
/** Evidence for a worker is at most this long (design section 8). */
const EVIDENCE_BYTES = 2048

/** What a landing's message is made of, beside the bead. */
export interface Credit {
  worker: string
  run?: string | undefined
  message?: string | undefined
  /** Values of `Co-authored-by:`. */
  coAuthors?: readonly string[]
}

/** Bead, worker, run and co-authors, one trailer a line. */
export function trailersOf(bead: Bead, credit: Credit): string {
  const run = credit.run === undefined ? [] : [`Run: ${credit.run}`]
  const others = (credit.coAuthors ?? []).map((author) => `Co-authored-by: ${author}`)
  return `${[`Bead: ${bead.id}`, `Worker: ${credit.worker}`, ...run, ...others].join('\n')}\n`
}

/** First line with the bead's title; trailers name bead, worker, run and co-authors. */
export function commitMessage(bead: Bead, credit: Credit): string {
  const title = oneLine(bead.title, TITLE_CHARS)
  const said = sanitize(credit.message ?? '').trim()
  const body = said === '' || said.replace(/\s+/g, ' ') === title ? '' : `\n${said}\n`
  return `${title} (${bead.id})\n${body}\n${trailersOf(bead, credit)}`
}

/** The message of the merge commit around several changes that were tested together. */
export function groupMessage(beads: readonly Bead[], rig: string): string {
  const lines = beads.map((bead) => `- ${oneLine(bead.title, TITLE_CHARS)} (${bead.id})`)
  return `Land ${beads.length} changes\n\n${lines.join('\n')}\n\nTested together; each is a merge of its own behind this one.\n\nLanded-by: ${rig}/refinery\n`
}

/** The last bytes of a text, at most so many, on a line boundary where there is one. */
export function excerpt(text: string, bytes: number): string {
  const whole = sanitize(text).trimEnd()
  const buffer = Buffer.from(whole)
  if (buffer.length <= bytes) return whole
  const room = Math.max(0, bytes - Buffer.byteLength('…'))
  // A character that was cut in two begins with bytes that begin none.
  let start = buffer.length - room
  while (start < buffer.length && (buffer[start]! & 0xc0) === 0x80) start++
  const tail = buffer.subarray(start).toString('utf8')
  const line = tail.indexOf('\n')
  return `…${line >= 0 && line < tail.length - 1 ? tail.slice(line) : tail}`
}

/** What happened, then the end of the output: together at most `EVIDENCE_BYTES`. */
const evidence = (head: string, output: string): string =>
  `${head}\n${excerpt(output, EVIDENCE_BYTES - Buffer.byteLength(head) - 1)}`

/** `text`: which gate, how it ended; `tail`: the end of its output. */
export function redEvidence(red: { text: string; tail: string }): string {
  const head = `The ${oneLine(red.text, NAMES_CHARS)}, on your branch merged with the target. The target alone passes.\nEnd of its output:`
  return evidence(head, red.tail)
}

export function conflictEvidence(merge: MergeFacts, onto: string, files: string[], detail: string): string {
  const more = files.length > 20 ? ` and ${files.length - 20} more` : ''
  const names = `${oneLine(files.slice(0, 20).join(', '), NAMES_CHARS)}${more}`
  const head =
    `Your branch conflicts with ${oneLine(merge.target, TITLE_CHARS)} (now ${onto.slice(0, 12)}) in: ${names}\n` +
    `Mend it on your own branch: git merge ${onto} , resolve, test, commit, then gt done.`
  return evidence(head, detail)
}
