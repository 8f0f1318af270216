/** Convoys as data for scripts (shapes-convoy.ts) and as text for people. */
import { facts } from '../beads/bead.ts'
import type { ConvoyView, MemberView, Standstill } from '../convoys/view.ts'
import { mainCause } from '../convoys/view.ts'
import { age, columns, plain } from './text.ts'

/** One of `gt convoy list`. */
export function rowData({ bead, kind, state, progress, standstills }: ConvoyView) {
  const { convoy, rig } = facts(bead)
  const { total, landed, done, declined, cancelled, unknown, open } = progress
  return {
    convoy: bead.id,
    kind,
    title: bead.title,
    rig: rig ?? null,
    state,
    total,
    landed,
    done,
    open,
    declined,
    cancelled,
    unknown,
    by: convoy?.by ?? facts(bead).slung?.by ?? null,
    at: convoy?.at ?? facts(bead).slung?.at ?? null,
    notify: convoy?.notify ?? [],
    told: convoy?.told ?? null,
    cause: causeData(mainCause(state, standstills)),
  }
}

export function viewData(view: ConvoyView) {
  const { members, waves, circular, standstills } = view
  return {
    ...rowData(view),
    members: members.map((member) => ({ ...member, cause: causeData(member.cause ?? undefined) })),
    waves,
    circular,
    standstills: standstills.map((one) => ({ ...causeData(one)!, pace: one.pace, members: one.members })),
  }
}

const causeData = (cause: { is: string; bead: string; text: string; until?: string } | undefined) =>
  cause === undefined ? null : { is: cause.is, bead: cause.bead, text: cause.text, until: cause.until ?? null }

const count = ({ progress: { total, landed, done } }: ConvoyView): string => `${landed + done}/${total}`

const WHY: Partial<Record<Standstill['is'], string>> = {
  needs_human: 'needs you',
  not_slung: 'not slung',
  not_closed: 'not closed',
  no_slot: 'no slot',
  resting: 'rests',
  deferred: 'put off',
  host: 'busy machine',
  next: 'next',
}

const whyText = ({ is, bead, text }: { is: Standstill['is']; bead: string; text: string }, of: string): string =>
  `${WHY[is] ?? is}: ${bead === of ? '' : `${bead}: `}${text}`

export function listText(views: readonly ConvoyView[], all: boolean): string {
  if (views.length === 0) {
    return all
      ? 'Nothing was sent off yet: gt sling <bead…> <rig>'
      : 'Nothing is under way. What has landed: gt convoy list --all'
  }
  return columns(
    views.map((view) => {
      const { bead, state, standstills } = view
      const cause = mainCause(state, standstills)
      const why = cause === undefined ? '' : `   (${plain(whyText(cause, bead.id), 90)})`
      return [bead.id, state, count(view), `${plain(bead.title, 50)}${why}`]
    }),
  )
}

export function showText(view: ConvoyView, { now, driven }: { now: Date; driven: boolean }): string {
  const { bead, state, members, waves, circular, standstills, progress } = view
  const { convoy, slung } = facts(bead)
  const lines = [`${bead.id}  ${plain(bead.title, 70)}  ${count(view)}  ${state}`]
  const sent = convoy ?? slung
  if (sent !== undefined) {
    const others = convoy?.notify ?? []
    const told = convoy?.told === undefined ? '' : `; told ${age(convoy.told, now)} ago`
    const also = others.length === 0 ? '' : `; ${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} told too`
    lines.push(`sent off by ${sent.by} ${age(sent.at, now)} ago${also}${told}`)
  }
  if (progress.total === 0) lines.push('', `It has no members, so it never lands: gt convoy add ${bead.id} <bead…>`)
  for (const [i, wave] of waves.entries()) {
    const last = circular.length > 0 && i === waves.length - 1
    lines.push('', last ? 'in a circle, or behind one' : waves.length === 1 ? 'side by side' : `wave ${i + 1}`)
    const rows = members
      .filter(({ wave: of }) => of === i + 1 && wave.length > 0)
      .map((member) => memberRow(member, now))
    lines.push(indented(columns(rows)))
  }
  const told = standstills.filter(({ is }) => is !== 'needs' && is !== 'next')
  if (told.length > 0) {
    lines.push('', state === 'stalled' ? 'It stands still, because' : 'It waits for')
    lines.push(indented(columns(told.slice(0, CAUSES).map((one) => standRow(one)))))
    if (told.length > CAUSES) lines.push(`  … and ${told.length - CAUSES} more`)
  }
  if (!driven && (state === 'moving' || state === 'waiting')) lines.push('', 'The town’s daemon is not running: gt up')
  return lines.join('\n')
}

/** Causes that a screen names. */
const CAUSES = 8

function memberRow({ id, title, state, agent, since, commit, cause }: MemberView, now: Date): string[] {
  const who = commit?.slice(0, 10) ?? agent ?? '-'
  const when = since === null ? '' : age(since, now)
  const behind = cause !== null && cause.bead !== id ? `   (behind ${cause.bead})` : ''
  return [id, state, who, when, `${plain(title, 60)}${behind}`]
}

function standRow(one: Standstill): string[] {
  const others = one.members.filter((id) => id !== one.bead).length
  const behind = others === 0 ? '' : `   (${others} ${others === 1 ? 'waits' : 'wait'} behind it)`
  return [one.bead, WHY[one.is] ?? one.is, `${plain(one.text, 150)}${behind}`]
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n')
