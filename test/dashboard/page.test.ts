/** The page in a real Chromium, over a real ledger. */
import { writeFileSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import type { Dashboard } from '../../src/dashboard/server.ts'
import { must } from '../beads/support.ts'
import { aBead, aRun, beadWith } from '../kernel/support.ts'
import { until } from '../support/gt.ts'
import { CHROMIUM, FAINT, FOCUSED, OVERFLOW, REACHABLE, startBrowser, WATCH_FOCUS } from './browser.ts'
import type { DashboardTown } from './support.ts'
import { dashboardOf, dashboardTown, HOSTILE } from './support.ts'

const VIEWS = ['#/', '#/agents', '#/queue', '#/convoys', '#/costs', '#/events']
const PAGES = [...VIEWS, '#/why/gp-work1', '#/why/gp-mr111', '#/why/fence1', '#/agent/gp%2Fpolecats%2Ffence1']
/** A phone, a laptop, a wide screen. */
const SIZES = [
  [390, 844],
  [1920, 1080],
  [1280, 800],
] as const

describe.skipIf(CHROMIUM === undefined)('the page in Chromium', () => {
  let town: DashboardTown
  let browser: Browser
  let reading: Dashboard
  let acting: Dashboard
  let page: Page
  /** What the pages complained of: exceptions, and whatever their policy forbade. */
  let complaints: string[] = []

  beforeAll(async () => {
    town = await dashboardTown()
    ;[browser, reading, acting] = await Promise.all([
      startBrowser(),
      dashboardOf(town),
      dashboardOf(town, { actions: true }),
    ])
    page = await open(reading.url)
  })
  afterEach(() => expect(complaints.splice(0)).toEqual([]))
  afterAll(async () => {
    await town.watched.town.runtime.shutdown()
    await browser.close()
    await reading.close()
    await acting.close()
    town.close()
  })

  async function open(url: string): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const opened = await context.newPage()
    opened.setDefaultTimeout(10_000)
    opened.on('pageerror', ({ message }) => complaints.push(message))
    opened.on('console', (said) => {
      if (said.type() === 'error' && !/Failed to load resource/.test(said.text())) complaints.push(said.text())
    })
    await opened.goto(url)
    await opened.getByRole('status').getByText('live').waitFor()
    // The first look at the town takes a moment.
    await opened.locator('main .part h2').first().waitFor()
    return opened
  }

  const goTo = async (page: Page, hash: string): Promise<void> => {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
    await page.locator('main .part h2').first().waitFor()
  }

  test('shows what needs a person first, and who is at work, at an address without the token', async () => {
    expect(page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]+\/$/)
    expect(await page.title()).toMatch(/^\(\d\) Hilltop · gt$/)
    const first = page.locator('main section').first()
    expect(await first.getByRole('heading').textContent()).toContain('Waits for you')
    expect(await first.getByText('gt answer gp-ask11').isVisible()).toBe(false)
    await first.locator('summary', { hasText: HOSTILE.script }).click()
    expect(await first.getByText('gt answer gp-ask11').isVisible()).toBe(true)
    const figures = await page.getByRole('list', { name: 'At a glance' }).getByRole('link').allTextContents()
    expect(figures).toEqual(['3 wait for you', '2 of 4 at work', '0 landed today', '$0 spent today'])
    const agents = page.getByRole('table', { name: 'Agents' })
    expect(await agents.getByRole('columnheader').allTextContents()).toEqual(['Agent', 'Doing', 'Work', 'Since'])
    expect(await agents.getByRole('link', { name: 'gp/fence1' }).count()).toBe(1)
    expect(await page.getByRole('table', { name: 'Merge queue' }).getByText('held', { exact: true }).count()).toBe(1)
    expect(await page.getByRole('button', { name: /^Land/ }).count(), 'nothing to act with').toBe(0)
    for (const landmark of ['banner', 'navigation', 'main', 'search'] as const)
      expect(await page.getByRole(landmark).count(), landmark).toBe(1)
  })

  test('a change of the ledger appears without a reload, on the overview and on a bead’s own page', async () => {
    await page.evaluate('window.same = true')
    town.write(aBead('gp-fresh', { title: 'Came just now' }))
    await page.getByText('Came just now').first().waitFor()
    await goTo(page, '#/why/gp-fresh')
    await page.getByText('How it came to be so').waitFor()
    const { ledger } = town.watched.town
    const needs = { cause: 'ask', text: 'Which way?', at: new Date().toISOString() }
    const path = ['metadata', 'gt', 'needs']
    must(ledger.write({ by: 'gp/polecats/x', why: 'asks', ops: [{ op: 'set', id: 'gp-fresh', path, value: needs }] }))
    await page.locator('.why-page').getByText('Which way?').waitFor()
    expect(await page.evaluate('window.same')).toBe(true)
  })

  test('hostile words are words: nothing runs, nothing becomes markup, nothing turns what stands around it', async () => {
    for (const hash of PAGES) {
      await goTo(page, hash)
      expect(
        await page.evaluate('document.querySelectorAll("main script, main img, main svg, main style").length'),
      ).toBe(0)
      expect(await page.evaluate('document.querySelectorAll("a:not([href^=\'#/\'])").length')).toBe(0)
    }
    await goTo(page, '#/')
    expect(await page.getByText(HOSTILE.script, { exact: true }).count()).toBeGreaterThan(1)
    expect(await page.getByText(HOSTILE.style, { exact: true }).count()).toBeGreaterThan(1)
    const turned = page.locator('bdi.title', { hasText: 'Invoice' }).first()
    const isolated = (one: any): string => one.ownerDocument.defaultView.getComputedStyle(one).unicodeBidi
    expect(await turned.evaluate(isolated)).toBe('isolate')
    await goTo(page, '#/why/gp-work1')
    await page.locator('pre.text').getByText(HOSTILE.style, { exact: true }).waitFor()
    expect(await page.evaluate('window.owned')).toBeUndefined()
    // And if a mistake of ours made markup of text, the policy would stop it.
    expect(
      await page.evaluate(`(() => { try { document.body.innerHTML = '<b>x</b>' } catch (e) { return e.name } })()`),
    ).toBe('TypeError')
    complaints = complaints.filter((one) => !/TrustedHTML/.test(one))
  })

  test('on a phone, a laptop and a wide screen nothing is cut off, and every word can be read in light and dark', async () => {
    const actor = await open(acting.url)
    for (const hash of PAGES) {
      await goTo(actor, hash)
      for (const [width, height] of SIZES) {
        await actor.setViewportSize({ width, height })
        expect(await actor.evaluate(OVERFLOW), `${hash} at ${width}`).toBeLessThanOrEqual(0)
      }
      for (const colorScheme of ['light', 'dark'] as const) {
        await actor.emulateMedia({ colorScheme })
        expect(await actor.evaluate(FAINT), `${hash} ${colorScheme}`).toEqual([])
      }
    }
    await actor.setViewportSize({ width: 390, height: 844 })
    await goTo(actor, '#/')
    expect(await actor.getByRole('table', { name: 'Agents' }).getByRole('columnheader').count()).toBe(4)
    await actor.context().close()
  })

  test('the keyboard reaches everything, and one can see where one is', async () => {
    const actor = await open(acting.url)
    for (const hash of ['#/', '#/agent/gp%2Fpolecats%2Ffence1', '#/why/gp-mr111']) {
      await goTo(actor, hash)
      await actor.getByRole('button').last().waitFor()
      const all = Number(await actor.evaluate(REACHABLE))
      expect(all).toBeGreaterThan(10)
      await actor.evaluate(WATCH_FOCUS)
      // Beyond the last one the focus leaves the page for a moment.
      for (let steps = 0; steps < all + 2; steps++) await actor.keyboard.press('Tab')
      expect(await actor.evaluate(FOCUSED), hash).toEqual({ reached: all, unseen: [] })
    }
    await actor.keyboard.press('Escape')
    await actor.keyboard.press('3')
    await actor.locator('nav [aria-current]', { hasText: 'queue' }).waitFor()
    await actor.keyboard.press('/')
    await actor.keyboard.type('gp-ask11')
    await actor.keyboard.press('Enter')
    await actor.locator('h2', { hasText: 'gp-ask11' }).waitFor()
    await actor.keyboard.press('Escape')
    await actor.keyboard.press('Escape')
    await actor.locator('nav [aria-current]', { hasText: 'town' }).waitFor()
    await actor.context().close()
  })

  test('an agent’s screen is the one of its session, as it is now, without its colours', async () => {
    const { runtime, root } = town.watched.town
    const go = join(root, 'go')
    const line = `printf '\\033[31mfirst\\033[0m <b>line</b>\\n'; until [ -f '${go}' ]; do sleep 0.05; done; echo second line; sleep 60`
    must(
      await runtime.start({
        name: 'gp-fence1',
        cwd: root,
        argv: ['/bin/sh', '-c', line],
        env: {},
        labels: { run: 'fence1', agent: 'gp/polecats/fence1' },
      }),
    )
    await goTo(page, '#/')
    await page.getByRole('link', { name: 'gp/fence1' }).first().click()
    const screen = page.getByRole('region', { name: 'Screen of gp/fence1' })
    await screen.getByText('first <b>line</b>').waitFor()
    expect(await screen.textContent()).not.toContain('second')
    writeFileSync(go, '')
    await screen.getByText('second line').waitFor()
    await page.keyboard.press(']')
    await page.locator('h2', { hasText: 'Agent gp/fence2' }).waitFor()
    await page.getByText('It has no session now.').waitFor()
  })

  test('what a person decides on the page is done by the command, after one more question', async () => {
    const actor = await open(acting.url)
    await goTo(actor, '#/queue')
    await actor.getByRole('button', { name: 'Send back: gp-mr111' }).click()
    const dialog = actor.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Not now' }).click()
    await dialog.waitFor({ state: 'detached' })
    await actor.getByRole('button', { name: 'Land: gp-mr111' }).click()
    await dialog.getByRole('button', { name: 'Land' }).click()
    await actor.getByRole('table', { name: 'Merge queue' }).getByText('queued', { exact: true }).waitFor()
    expect(facts(town.watched.town.ledger.state.beads.get('gp-mr111')!).merge).toMatchObject({
      state: 'queued',
      approved_by: 'person',
    })
    await goTo(actor, '#/why/gp-ask11')
    await actor.getByRole('button', { name: 'reply: gp-ask11' }).click()
    await dialog.getByRole('textbox').fill('The second one; "both" is no answer.')
    await dialog.getByRole('button', { name: 'reply' }).click()
    await actor.locator('pre.text').getByText('Answer: The second one; "both" is no answer.').waitFor()
    expect(facts(town.watched.town.ledger.state.beads.get('gp-ask11')!).needs).toBeUndefined()
    await actor.context().close()
  })

  test('words that somebody types stay when what they answer is over, and go to nobody', async () => {
    const actor = await open(acting.url)
    const needs = { cause: 'ask', text: 'Which of them?', at: new Date().toISOString() }
    town.write(beadWith(aRun('fence8', 'gp-ask22'), { needs }))
    await actor.locator('summary', { hasText: 'Which of them?' }).click()
    await actor.getByRole('button', { name: 'reply: gp-ask22' }).click()
    const dialog = actor.getByRole('dialog')
    await dialog.getByRole('textbox').fill('A long thought')
    const answered = [{ op: 'unset' as const, id: 'gp-ask22', path: ['metadata', 'gt', 'needs'] }]
    must(town.watched.town.ledger.write({ by: 'person', why: 'answered', ops: answered }))
    await actor.locator('summary', { hasText: 'Which of them?' }).waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: 'reply' }).click()
    await dialog.getByRole('alert').getByText('Next:').waitFor()
    expect(await dialog.getByRole('textbox').inputValue()).toBe('A long thought')
    await actor.context().close()
  })

  test('a broken line is said, and mended by itself; a door that is shut is said too; a closed window costs nothing', async () => {
    const line = await wire(reading.port)
    const far = await open(reading.url.replace(`:${reading.port}`, `:${line.port}`))
    line.cut()
    await far.getByRole('status').getByText('reconnecting').waitFor()
    await far.getByText('What you see is as it was at').waitFor()
    town.write(aBead('gp-while', { title: 'Made while nobody heard' }))
    line.mend()
    await far.getByText('Made while nobody heard').first().waitFor()
    await far.getByRole('status').getByText('live').waitFor()
    expect(reading.viewers()).toBe(2)
    line.cut()
    line.mend(acting.port)
    await far.getByText('This address opens nothing any more').waitFor()
    await far.context().close()
    await page.context().close()
    await until('the streams to end', () => reading.viewers() === 0)
    await line.close()
  })
})

/** A wire between the browser and a server, that can be cut. */
async function wire(
  port: number,
): Promise<{ port: number; cut(): void; mend(to?: number): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  let to: number | undefined = port
  const server: Server = createServer((near) => {
    if (to === undefined) return near.destroy()
    const far = connect(to, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    to = undefined
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    mend: (other = port) => {
      to = other
    },
    close: () => {
      cut()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
  }
}
