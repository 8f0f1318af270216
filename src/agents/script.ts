/**
 * The deterministic agent, for demos and tests: runs the shell blocks of a bead's body, commits what they left, says
 * `gt done`. No model, no network. A script sees GT_ROUND (1, 2 …) and from round 2 on GT_EVIDENCE (a file), so that it
 * can mend what the gate refused.
 */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, messageOf, ok } from '../result.ts'
import { writeBeat } from './beat.ts'
import { oneLine } from './fence.ts'
import type { Task } from './launch.ts'
import { agentDir } from './launch.ts'

const SHELL_LANGUAGE = /^(sh|bash|shell)\b/i
const SUBJECT_CHARS = 100

/**
 * The shell text of a bead's body: every block fenced as sh, bash or shell, in order; the whole body when it has no
 * fence at all (unless `fencedOnly`: the steps of a formula are prose). `empty` when there is nothing to run (a body with
 * only blocks of other languages included: what is shown as output or JSON must not be executed).
 */
export function extractScript(body: string, fencedOnly = false): Read<string> {
  const blocks: string[] = []
  let open: { fence: string; indent: number; lines: string[]; shell: boolean } | undefined
  let fences = 0
  for (const line of body.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n')) {
    const found = /^( {0,3})(`{3,}|~{3,})\s*([^`]*)$/.exec(line)
    if (open === undefined) {
      if (found === null) continue
      fences++
      open = { fence: found[2]!, indent: found[1]!.length, lines: [], shell: SHELL_LANGUAGE.test(found[3]!) }
      if (open.shell) blocks.push('')
    } else if (found !== null && found[2]!.startsWith(open.fence) && found[3] === '') {
      open = undefined
    } else if (open.shell) {
      blocks[blocks.length - 1] += `${line.replace(new RegExp(`^ {0,${open.indent}}`), '')}\n`
    }
  }
  const script = fences === 0 && !fencedOnly ? body : blocks.join('')
  return script.trim() === '' ? empty : ok(script.endsWith('\n') ? script : `${script}\n`)
}

/**
 * The body of `gt agent-script`: does the assignment that `env` names (GT_TOWN, GT_RUN, GT_AGENT) in `cwd` and answers
 * the exit code: the script's own when it fails (nothing is submitted then), else that of `gt done`. Its output and the
 * script's go to our own stdout and stderr, which is the pane.
 */
export async function runScriptAgent(input: { env: NodeJS.ProcessEnv; cwd?: string }): Promise<number> {
  const { env, cwd = process.cwd() } = input
  const { GT_TOWN: town, GT_RUN: fence, GT_AGENT: address } = env
  if (!town || !fence || !address)
    return say('gt agent-script runs inside a worker: GT_TOWN, GT_RUN and GT_AGENT are not all set.', EXIT.usage)
  const folder = agentDir(town, { fence, address })
  writeBeat(folder, 'SessionStart')
  const task = readTask(folder)
  if (task.kind === 'error') return say(task.failure.message, task.failure.exit)
  const gt = join(folder, 'bin', 'gt')
  const { id, body, steps } = task.value
  const script = extractScript(body)
  if (script.kind !== 'ok' && !steps) {
    return say(`Bead ${id} has no shell block to run. Put one into its body, fenced as sh.`, EXIT.failed)
  }
  const place = { env, cwd }
  if (steps) {
    const walked = await walk(gt, folder, task.value, place)
    // Parked: a fresh session goes on when it is time.
    if (walked !== 'done') return walked === 'parked' ? EXIT.done : walked
  } else if (script.kind === 'ok') {
    const work = await carryOut(script.value, folder, task.value, place)
    if (work !== 0) return work
  }
  const done = await run(gt, ['done', '--message', subject(task.value)], place)
  writeBeat(folder, 'Stop')
  return done
}

/** Runs one script and commits what it left; the exit code. */
async function carryOut(script: string, folder: string, task: Task, place: Place): Promise<number> {
  const file = join(folder, 'script.sh')
  writeFileSync(file, script)
  const work = await run('sh', ['-eu', file], place)
  if (work !== 0) return say(`The script of bead ${task.id} ended with exit code ${work}; nothing was submitted.`, work)
  writeBeat(folder, 'PostToolUse')
  const committed = await commitLeftovers(task, place)
  return committed === 0 ? 0 : say(`The changes could not be committed (git ended with ${committed}).`, committed)
}

/**
 * Step by step: each step's shell block, a commit, and `gt mol step done`, from where the last session ended. The bead's own
 * block runs before the first. What waits for a gate is parked.
 */
async function walk(gt: string, folder: string, task: Task, place: Place): Promise<'done' | 'parked' | number> {
  for (let begun = false; ; begun = true) {
    const next = await ask(gt, ['mol', 'next', '--json'], place)
    if (next === undefined) return say(`The next step of ${task.id} could not be read.`, EXIT.failed)
    if (next.done === next.total) return 'done'
    const { step } = next
    if (step === null) {
      const parked = await run(gt, ['park', '--notes', next.waits ?? 'waits'], place)
      return parked === 0 ? 'parked' : parked
    }
    const own = !begun && next.done === 0 ? extractScript(task.body, true) : empty
    for (const script of [own, extractScript(step.description ?? '', true)]) {
      if (script.kind !== 'ok') continue
      const work = await carryOut(script.value, folder, { ...task, title: step.title }, place)
      if (work !== 0) return work
    }
    const said = await run(gt, ['mol', 'step', 'done', step.id], place)
    if (said !== 0) return said
    writeBeat(folder, 'PostToolUse')
  }
}

/** What `gt mol next --json` answers, as far as it is used here. */
interface Next {
  done: number
  total: number
  step: { id: string; title: string; description?: string } | null
  waits: string | null
}

function ask(program: string, args: string[], { env, cwd }: Place): Promise<Next | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.on('error', () => resolve(undefined))
    child.on('close', () => {
      try {
        resolve((JSON.parse(out) as { data?: Next }).data)
      } catch {
        resolve(undefined)
      }
    })
  })
}

function readTask(folder: string): Result<Task> {
  try {
    return ok(JSON.parse(readFileSync(join(folder, 'bead.json'), 'utf8')) as Task)
  } catch (error) {
    return fail('E_NO_TASK', `There is no task to run in ${folder}: ${messageOf(error)}.`)
  }
}

function subject(task: Task): string {
  return oneLine(task.title, SUBJECT_CHARS) || task.id
}

interface Place {
  env: NodeJS.ProcessEnv
  cwd: string
}

/** Commits whatever the script left uncommitted; 0 when there was nothing. Unsigned: no key of the user's is asked for. */
async function commitLeftovers(task: Task, place: Place): Promise<number> {
  const added = await run('git', ['add', '-A'], place)
  if (added !== 0) return added
  const staged = await run('git', ['diff', '--cached', '--quiet'], place)
  if (staged === 0) return 0
  return run('git', ['commit', '--quiet', '--no-gpg-sign', '-m', subject(task), '-m', `Bead: ${task.id}`], place)
}

/** Runs a program to its end with stdin closed; 128 + signal number as a shell says it, 127 when it cannot be started. */
function run(program: string, args: string[], { env, cwd }: Place): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => resolve(say(`${program} could not be started: ${error.message}`, 127)))
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

function say(text: string, exit: number): number {
  process.stderr.write(`${text}\n`)
  return exit
}
