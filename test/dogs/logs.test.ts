/** The chore `logs`: long logs are put aside whole, while others write into them. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { folder } from '../support/places.ts'
import type { QuickTown } from './support.ts'

import { DAY, done, inside, quickTown } from './support.ts'

const logsOf = (town: QuickTown): string => join(town.root, '.gt', 'logs')

/** All lines of a log, put aside or not. */
function linesOf(town: QuickTown, who: string): string[] {
  const names = readdirSync(logsOf(town)).filter((name) => name.startsWith(`${who}.`))
  return names.flatMap((name) => {
    const bytes = readFileSync(join(logsOf(town), name))
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').filter(Boolean)
  })
}

/** A town whose logs may have one megabyte. */
async function townWithLogs(): Promise<QuickTown> {
  const town = await quickTown()
  town.set('dogs.log_mb', '1')
  mkdirSync(join(logsOf(town), 'gates'), { recursive: true })
  return town
}
const MB = 1 << 20

it('no line is lost of a log that others write while it is put aside, again and again', async () => {
  const town = await townWithLogs()
  const program = join(folder(), 'writer.mjs')
  const log = fileURLToPath(new URL('../../src/town/log.ts', import.meta.url))
  const script = `import { openLog } from ${JSON.stringify(log)}
    const log = await openLog({ root: process.argv[2] }, 'worker')
    const text = 'x'.repeat(2000)
    for (let n = 0; n < 4000; n++) {
      log.info({ n: process.argv[3] + n }, text)
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve))
    }`
  const stdin = { contents: script, loader: 'ts', resolveDir: dirname(program) } as const
  // One that its bundle cannot hold asks for modules in the CommonJS way.
  const banner = { js: "import{createRequire as c}from'node:module';const require=c(import.meta.url);" }
  await build({ stdin, outfile: program, bundle: true, format: 'esm', platform: 'node', target: 'node20', banner })
  const writers = ['a', 'b'].map((name) => {
    const child = spawn(process.execPath, [program, town.root, name], { stdio: 'inherit' })
    return new Promise<number | null>((resolve) => child.once('close', resolve))
  })
  let writing = true
  const ended = Promise.all(writers).then((codes) => {
    writing = false
    return codes
  })
  let rotations = 0
  for (let second = 0; writing; second++) {
    const opened = await inside(town, second * 1000)
    rotations += (await done(opened, 'logs')).did > 0 ? 1 : 0
    if (rotations < 3) continue
    // Three are kept, so no more than that while we count.
    await ended
  }
  expect(await ended).toEqual([0, 0])
  expect(rotations).toBeGreaterThan(0)
  const seen = linesOf(town, 'worker').map((line) => (JSON.parse(line) as { n: string }).n)
  expect(new Set(seen).size).toBe(8000)
  expect(seen.length).toBe(8000)
}, 60_000)

it('keeps the newest three, and the outputs of gates for as long as the work', async () => {
  const town = await townWithLogs()
  const at = (name: string): string => join(logsOf(town), name)
  writeFileSync(at('deacon.out'), 'x'.repeat(2 * MB))
  writeFileSync(at('short.log'), 'short\n')
  writeFileSync(at('gates/abc-test.log'), 'y'.repeat(2 * MB))
  writeFileSync(at('gates/def-test.log'), 'z')
  const old = new Date(Date.now() - 91 * DAY)
  writeFileSync(at('gates/old-test.log'), 'z')
  utimesSync(at('gates/old-test.log'), old, old)
  for (let n = 1; n <= 5; n++) {
    writeFileSync(at('deacon.log'), `${n}`.padEnd(MB + 1, 'x'))
    await done(await inside(town, n * 1000), 'logs')
  }
  const zipped = readdirSync(logsOf(town))
    .filter((name) => name.endsWith('.gz'))
    .sort()
  expect(zipped.map((name) => gunzipSync(readFileSync(at(name))).toString()[0])).toEqual(['3', '4', '5'])
  // The Deacon's own output is open all the time; a gate may still be running.
  expect(
    ['deacon.out', 'short.log', 'gates/abc-test.log', 'gates/def-test.log'].filter((name) => !existsSync(at(name))),
  ).toEqual([])
  expect(existsSync(at('gates/old-test.log'))).toBe(false)

  const later = await inside(town, 2 * DAY)
  await done(later, 'logs')
  expect(gunzipSync(readFileSync(at('gates/abc-test.log.gz'))).length).toBe(2 * MB)
  expect(existsSync(at('gates/abc-test.log'))).toBe(false)
  expect((await done(later, 'logs')).did).toBe(0)
})

it('goes on from what a killed run put aside', async () => {
  const town = await townWithLogs()
  const at = (name: string): string => join(logsOf(town), name)
  writeFileSync(at('deacon.20261126T175810123Z.aside'), 'before\nlate\n')
  // It was compressed already, before the late line came.
  writeFileSync(at('deacon.20261126T175810123Z.log.gz'), 'half')
  writeFileSync(at('tmp.999999.1.abcd.gone'), 'half')
  expect((await done(await inside(town), 'logs')).did).toBe(1)
  expect(readdirSync(logsOf(town)).sort()).toEqual(['deacon.20261126T175810123Z.log.gz', 'deacon.log', 'gates'])
  expect(gunzipSync(readFileSync(at('deacon.20261126T175810123Z.log.gz'))).toString()).toBe('before\nlate\n')
})
