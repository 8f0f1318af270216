/**
 * The ways to reach a person: a command, the terminal's bell, the desktop, a webhook. Each ends by itself within half a
 * minute, and each way of failing is one line, kept for `gt doctor`. Words are arguments or JSON, never shell text.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sanitize } from '../agents/fence.ts'
import type { OpenTown } from '../kernel/town.ts'
import { messageOf } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import type { Message } from './told.ts'

/** A channel that hangs is ended after this long. */
const PATIENCE_MS = 30_000
const WEBHOOK_MS = 10_000
/** An argument of a process has its bounds, and so has what a person reads of a notice. */
const TITLE_CHARS = 300
const TEXT_CHARS = 4_000

export const CHANNELS = ['command', 'bell', 'desktop', 'webhook'] as const
export type Channel = (typeof CHANNELS)[number]

export interface Delivery {
  channel: Channel
  at: string
  ok: boolean
  /** How it failed. */
  why?: string
}

/** Those that are set up. */
export function channelsOf({ settings: { notify } }: Pick<OpenTown, 'settings'>): Channel[] {
  return CHANNELS.filter((channel) => notify[channel] !== undefined && notify[channel] !== false)
}

/** Hands a message to the channels, all at once. Never throws. */
export async function deliver(town: OpenTown, channels: Channel[], message: Message): Promise<Delivery[]> {
  const plain: Message = {
    ...message,
    title: cutTo(sanitize(message.title).replace(/\s+/g, ' '), TITLE_CHARS),
    text: cutTo(sanitize(message.text), TEXT_CHARS),
  }
  return Promise.all(
    channels.map(async (channel) => {
      const why = await send(town, channel, plain).catch((thrown: unknown) => messageOf(thrown))
      const delivery: Delivery = {
        channel,
        at: town.now().toISOString(),
        ok: why === null,
        ...(why !== null && { why }),
      }
      noteHealth(town.paths.runtime, delivery)
      return delivery
    }),
  )
}

const cutTo = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text)

/** Null when it arrived as far as can be told; else why not. */
function send(town: OpenTown, channel: Channel, message: Message): Promise<string | null> {
  const { command = [], webhook = '' } = town.settings.notify
  switch (channel) {
    case 'command':
      return program(town, [...command, message.title, message.text], message)
    case 'desktop':
      return program(town, desktopArgv(process.platform, message), message)
    case 'bell':
      return ring(town, message)
    case 'webhook':
      return post(webhook, { town: town.name, at: town.now().toISOString(), ...message })
  }
}

/** Runs it with the facts in its environment. */
function program(town: OpenTown, argv: string[], message: Message): Promise<string | null> {
  const [name = '', ...args] = argv
  const env = {
    ...town.env,
    GT_TOWN: town.root,
    GT_NOTIFY_BEAD: message.bead ?? '',
    GT_NOTIFY_CAUSE: message.cause,
    GT_NOTIFY_SEVERITY: message.severity,
  }
  return new Promise((resolve) => {
    execFile(name, args, { env, timeout: PATIENCE_MS }, (error, _out, err) => {
      if (error === null) return resolve(null)
      if (error.code === 'ENOENT') return resolve(`${name} is not there`)
      if (error.killed) return resolve(`${name} did not end within ${PATIENCE_MS / 1000} s`)
      const said = sanitize(err).trim().split('\n')[0]?.slice(0, 200)
      resolve(`${name} ended with ${error.code ?? error.signal ?? 'an error'}${said ? `: ${said}` : ''}`)
    })
  })
}

/** What shows a notification on a desktop: libnotify's program, or the Mac's own. */
export function desktopArgv(platform: NodeJS.Platform, { title, text, severity }: Message): string[] {
  if (platform === 'darwin') {
    const script = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run']
    return ['osascript', ...script.flatMap((line) => ['-e', line]), '--', title, text]
  }
  // Its body is read as markup.
  const body = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const urgency = severity === 'critical' ? 'critical' : severity === 'low' ? 'low' : 'normal'
  return ['notify-send', '--app-name=gt', `--urgency=${urgency}`, '--', title, body]
}

async function ring(town: OpenTown, message: Message): Promise<string | null> {
  const rung = await town.runtime.ring(message.title)
  return rung.kind === 'ok' ? null : rung.failure.message
}

/** One POST; an answer of 2xx is delivered. A redirect is not followed: nobody said that the words may go there. */
async function post(url: string, body: object): Promise<string | null> {
  // Of the address only where it goes: the rest is often a secret.
  const where = new URL(url).origin
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(WEBHOOK_MS),
    })
    await answer.body?.cancel()
    return answer.ok ? null : `${where} answered ${answer.status}`
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
    return `${where} could not be reached: ${messageOf(cause)}`
  }
}

const healthFile = (runtime: string): string => join(runtime, 'channels.json')

export type Health = Partial<Record<Channel, Delivery>>

/** The last delivery of each channel. */
export function readHealth(runtime: string): Health {
  try {
    return JSON.parse(readFileSync(healthFile(runtime), 'utf8')) as Health
  } catch {
    return {}
  }
}

/** Written when a channel fails, and when it works again: what works costs no write. */
function noteHealth(runtime: string, delivery: Delivery): void {
  const health = readHealth(runtime)
  const before = health[delivery.channel]
  if (delivery.ok ? before === undefined || before.ok : before?.why === delivery.why) return
  writeFileAtomic(healthFile(runtime), JSON.stringify({ ...health, [delivery.channel]: delivery }))
}
