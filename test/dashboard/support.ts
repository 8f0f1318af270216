/** A town made by hand, with something of everything in its ledger, and its dashboard: all in this process. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bead } from '../../src/beads/bead.ts'
import { createLedger } from '../../src/beads/ledger.ts'
import type { WatchedTown } from '../../src/board/watch.ts'
import { watchTown } from '../../src/board/watch.ts'
import { sourcesOf } from '../../src/cli/dashboard-sources.ts'
import { pageFiles } from '../../src/dashboard/files.ts'
import type { Dashboard } from '../../src/dashboard/server.ts'
import { serve } from '../../src/dashboard/server.ts'
import { installTown } from '../../src/town/install.ts'
import { rigToml } from '../../src/town/templates.ts'
import { create, must } from '../beads/support.ts'
import { aBead, aMerge, aRun, beadWith } from '../kernel/support.ts'

/** Titles and bodies as somebody might write them who wants the reader's browser. */
export const HOSTILE = {
  script: `<script>window.owned = 'script'</script><img src=x onerror="window.owned = 'image'">`,
  style: `</style></title><svg onload="window.owned = 'svg'"><a href="javascript:window.owned='link'">here</a>`,
  turned: 'Invoice \u202egnp.exe\u202c \u2067 and on',
}

export interface DashboardTown {
  root: string
  env: NodeJS.ProcessEnv
  watched: WatchedTown
  write(...beads: Bead[]): void
  close(): void
}

/** A town in a folder of its own, opened as the dashboard opens it. */
export async function dashboardTown(): Promise<DashboardTown> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-dash-')))
  mkdirSync(join(dir, 'home'))
  const root = join(dir, 'town')
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: join(dir, 'home'),
    TMUX_TMPDIR: dir,
    LANG: 'C.UTF-8',
    GT_TOWN: root,
  }
  // The runtime starts tmux with this process's environment.
  process.env.TMUX_TMPDIR = dir
  must(installTown({ dir: root, name: 'Hilltop' }))
  mkdirSync(join(root, 'gp'))
  writeFileSync(join(root, 'gp', 'rig.toml'), rigToml({ name: 'gp', remote: '/r', branch: 'main', prefix: 'gp' }))
  const ledger = must(createLedger(join(root, '.beads')))
  create(ledger, ...sample())
  ledger.close()
  const watched = must(await watchTown(env, root))
  return {
    root,
    env,
    watched,
    write: (...beads) => create(watched.town.ledger, ...beads),
    close: () => {
      watched.close()
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Two at work, one of them asking; one held, one red; an epic; hostile words in all of it. */
function sample(): Bead[] {
  const now = new Date().toISOString()
  const working = aRun('fence1', 'gp-work1', { claimed_at: now, since: now })
  const asking = aRun('fence2', 'gp-ask11', { since: now })
  const held = aRun('fence3', 'gp-held1', { state: 'submitted', merge_request: 'gp-mr111' })
  const request = aMerge('gp-mr111', held, { state: 'held', held_for: 'policy', reason: HOSTILE.style, queued_at: now })
  const needs = { cause: 'ask', text: HOSTILE.script, at: now }
  const child = { type: 'parent-child', issue_id: 'gp-epic1.1', depends_on_id: 'gp-epic1', created_at: now }
  return [
    beadWith(working, {}, { title: HOSTILE.script, description: HOSTILE.style }),
    beadWith(asking, { needs }, { title: HOSTILE.style }),
    beadWith(held, {}, { title: HOSTILE.turned.padEnd(400, ' on and on') }),
    request.bead,
    aBead('gp-epic1', { issue_type: 'epic', title: HOSTILE.style }),
    aBead('gp-epic1.1', { dependencies: [child] }, { slung: { rig: 'gp', by: 'person', at: now } }),
  ]
}

/** The dashboard of such a town, as `gt dashboard` serves it. */
export async function dashboardOf(
  { watched }: DashboardTown,
  how: { actions?: boolean; port?: number } = {},
): Promise<Dashboard> {
  const sources = sourcesOf(watched, how.actions === true)
  return must(await serve(sources, { port: how.port ?? 0, files: must(pageFiles()) }))
}

export interface Answered {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export interface Call {
  method?: string
  /** Sent exactly so; a browser and `fetch` would tidy it up. */
  path: string
  headers?: Record<string, string>
  body?: string
}

/** One request, byte for byte. */
export function call(port: number, { method = 'GET', path, headers = {}, body }: Call): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.once('error', reject).end(body)
  })
}

/** What a browser has once it followed the printed address: its cookie, and the first part of every path. */
export async function enter({ port, url }: Dashboard): Promise<{ cookie: string; home: string }> {
  const answered = await call(port, { path: new URL(url).pathname + new URL(url).search })
  const [cookie = ''] = String(answered.headers['set-cookie']).split(';')
  return { cookie, home: /url=([^"]+)"/.exec(answered.text)?.[1] ?? '' }
}

export interface Event {
  name: string
  id: string
  data: any
}

/** A stream, read event by event. */
export function follow(port: number, path: string, headers: Record<string, string>) {
  const events: Event[] = []
  const waiting: (() => void)[] = []
  const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      const frames = text.split('\n\n')
      text = frames.pop() ?? ''
      for (const frame of frames) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? ''
        if (field('event') !== '')
          events.push({ name: field('event'), id: field('id'), data: JSON.parse(field('data')) })
      }
      for (const wake of waiting.splice(0)) wake()
    })
    response.on('error', () => {})
  })
  sent.on('error', () => {})
  sent.end()
  return {
    events,
    /** The first event that is so. */
    async next(is: (event: Event) => boolean): Promise<Event> {
      for (;;) {
        const found = events.find(is)
        if (found !== undefined) return found
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    leave: () => sent.destroy(),
  }
}
