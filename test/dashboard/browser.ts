/** The real browser of Debian's package `chromium`, where there is one. */
import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Its path; undefined: the tests that need it skip themselves. */
export const CHROMIUM = [process.env.CHROMIUM ?? '', ...PLACES].find((path) => path !== '' && existsSync(path))

if (CHROMIUM === undefined) {
  console.warn('There is no chromium here (apt-get install chromium): the tests of the page in a browser are skipped.')
}

export function startBrowser(): Promise<Browser> {
  // Root may not use the sandbox; what is shown is our own page.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: CHROMIUM!, args })
}

// What runs inside of the page is text to this side: its types are the browser's.

/**
 * How far the page is wider than its window, or the row of views than its place, which could be scrolled but should not have to be;
 * 0 or less is good.
 */
export const OVERFLOW = `(() => {
  const over = (one) => one.scrollWidth - one.clientWidth
  return Math.max(over(document.documentElement), over(document.querySelector('header nav ul')))
})()`

/** Everything that the keyboard must reach: links, buttons, boxes, what opens, what scrolls by itself. */
export const REACHABLE = `(() => {
  const found = [...document.querySelectorAll('a[href], button, input, textarea, select, summary, [tabindex="0"]')]
  return found.filter((one) => one.checkVisibility({ contentVisibilityAuto: true }) && !one.disabled).length
})()`

/** From now on notes what gets the focus, and whether that can be seen. */
export const WATCH_FOCUS = `(() => {
  document.activeElement?.blur()
  window.reached = new Set()
  window.unseen = []
  window.watching ??= document.addEventListener('focusin', ({ target }) => {
    window.reached.add(target)
    const { outlineStyle, outlineWidth } = getComputedStyle(target)
    if (outlineStyle === 'none' || parseFloat(outlineWidth) < 1) window.unseen.push(target.outerHTML.slice(0, 80))
  }) ?? true
})()`

/** What it noted. */
export const FOCUSED = '({ reached: window.reached.size, unseen: window.unseen })'

/** Words whose contrast with what is behind them is below 4.5 (WCAG AA). */
export const FAINT = `(() => {
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const behind = (one) => {
    for (let at = one; at !== null; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor)
      if (colour[3] === undefined || colour[3] === 1) return colour
    }
    return [255, 255, 255]
  }
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement
    const text = walker.currentNode.data.trim()
    if (text === '' || !one.checkVisibility()) continue
    const [a, b] = [light(numbers(getComputedStyle(one).color)), light(behind(one))]
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (contrast < 4.5) found.push(text.slice(0, 40) + ' ' + contrast.toFixed(2))
  }
  return found
})()`
