// The walker: an agent that does any bead as a model would go about it, without one. Step by step it writes a file, commits it
// and says that the step is done, with the output that a loop or a fan-out asks for; a leg writes the file that it is told to
// write, or hands in a report. What waits for a gate it parks.
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const run = (program, args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const ask = (...args) => JSON.parse(run('gt', [...args, '--json'])).data
const commit = (text) => {
  run('git', ['add', '-A'])
  run('git', ['commit', '-q', '--allow-empty', '-m', text])
}

const { bead } = ask('hook')

/** What a step's own text says that its output must be, with one thing in it. */
function outputOf(description = '') {
  if (description.includes('"left"')) return { left: 0 }
  if (description.includes('"items"'))
    return { items: ['liba', 'libb'].map((name) => ({ name, from: '1.0', to: '2.0' })) }
  return undefined
}

function walk() {
  for (;;) {
    const next = ask('mol', 'next')
    if (next.done === next.total) return
    if (next.step === null) {
      const parked = spawnSync('gt', ['park', '--notes', 'waits'], { stdio: 'inherit' })
      process.exit(parked.status ?? 1)
    }
    mkdirSync('walked', { recursive: true })
    appendFileSync(`walked/${bead.id}`, `${next.step.metadata.gt.step.name}\n`)
    commit(next.step.title)
    const output = outputOf(next.step.description)
    run('gt', ['mol', 'step', 'done', next.step.id, ...(output ? ['--output', JSON.stringify(output)] : [])])
  }
}

if (bead.metadata.gt.molecule !== undefined) {
  walk()
} else if (bead.metadata.gt.kind !== 'report') {
  const path = /\bdocs\/design\/[\w-]+\/[\w-]+\.md\b/.exec(bead.description)?.[0] ?? `${bead.id}.md`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${bead.title}\n`)
  commit(bead.title)
}
const done = spawnSync('gt', ['done', '--message', `walked ${bead.id}`], { stdio: 'inherit' })
process.exit(done.status ?? 1)
