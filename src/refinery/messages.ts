/** The Refinery's words: commit messages for the target, evidence for the worker. Pure. */
import type { Bead } from '../beads/bead.ts'
import type { MergeFacts } from '../beads/facts.ts'
import type { Verdict } from './gate.ts'

/** Evidence for a worker is at most this long (design section 8). */
const EVIDENCE_BYTES = 2048

/** First line with the bead's title; trailers name bead, worker and run. */
export function commitMessage(bead: Bead, merge: MergeFacts): string {
  const title = bead.title.replace(/\s+/g, ' ').trim().slice(0, 100)
  const said = merge.message?.trim() ?? ''
  const body = said === '' || said.replace(/\s+/g, ' ') === title ? '' : `\n${said}\n`
  return `${title} (${bead.id})\n${body}\nBead: ${bead.id}\nWorker: ${merge.worker}\nRun: ${merge.run}\n`
}

/** The last `bytes` bytes of a text, on a line boundary where there is one. */
export function excerpt(text: string, bytes: number): string {
  const clean = text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').trimEnd()
  const buffer = Buffer.from(clean)
  if (buffer.length <= bytes) return clean
  const tail = buffer.subarray(-bytes).toString('utf8')
  const line = tail.indexOf('\n')
  return `…${line >= 0 && line < tail.length - 1 ? tail.slice(line) : tail}`
}

export function redEvidence(verdict: Verdict): string {
  const head = `The ${verdict.reason}, on your branch merged with the target. The target alone passes.\nEnd of its output:\n`
  return head + excerpt(verdict.tail, EVIDENCE_BYTES - Buffer.byteLength(head) - 8)
}

export function conflictEvidence(merge: MergeFacts, onto: string, files: string[], detail: string): string {
  const head =
    `Your branch conflicts with ${merge.target} (now ${onto.slice(0, 12)}) in: ${files.slice(0, 20).join(', ')}\n` +
    `Mend it on your own branch: git merge ${onto} , resolve, test, commit, then gt done.\n`
  return head + excerpt(detail, EVIDENCE_BYTES - Buffer.byteLength(head) - 8)
}
