/**
 * Opens the page in the person's browser, by way of a file that only they can read: whatever stands on a command line,
 * everybody on the machine can read.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** By then the browser has read it. */
const KEPT_MS = 30_000

/** Says why when there is nothing to open it with; the address is printed anyway. */
export function openInBrowser(url: string, folder: string, say: (line: string) => void): void {
  const file = join(folder, `dashboard-${process.pid}.html`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${url}"><title>gt</title><a href="${url}">The dashboard</a>\n`,
    { mode: 0o600 },
  )
  const remove = (): void => rmSync(file, { force: true })
  setTimeout(remove, KEPT_MS).unref()
  process.once('exit', remove)
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(program, [file], { stdio: 'ignore', detached: true })
  child.once('error', () => say(`${program} is not there, so no browser was opened: follow the address.`))
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) say(`${program} could not open a browser: follow the address.`)
  })
  child.unref()
}
