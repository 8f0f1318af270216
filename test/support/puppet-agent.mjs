// The puppet: an agent that does what a test tells it over a unix socket, one JSON object a line (puppet.ts holds the
// other end). argv: socket, what `gt` adds, brief. When the test is gone, so is the puppet.
//
// Started with Claude Code's own arguments (hooks = "claude") it has hooks too, but fires only those that the test names,
// and shows a prompt: a line typed there fires UserPromptSubmit, as it would.
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const [socket, ...args] = process.argv.slice(2)
const brief = args.at(-1) ?? ''
const settings = args[args.indexOf('--settings') + 1]
const hooked = args.includes('--settings')
const wire = connect(socket)
const say = (message) => wire.write(`${JSON.stringify(message)}\n`)

const run = (program, args, options = {}) =>
  new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (out += chunk))
    child.on('error', (error) => resolve({ code: 127, signal: null, out: String(error) }))
    child.on('close', (code, signal) => resolve({ code, signal, out }))
    if (options.killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), options.killAfterMs)
  })

const verbs = {
  sh: ({ line, cwd, env }) => run('sh', ['-c', line], { cwd, env: { ...process.env, ...env } }),
  // `exec`, so that the signal hits the program itself and not a shell around it.
  killed: ({ line, afterMs }) => run('sh', ['-c', `exec ${line}`], { killAfterMs: afterMs }),
  stubborn: () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
  },
  fork: () => {
    // In a session of its own and with no pipe to us: what killing the agent alone leaves behind.
    const child = spawn('sh', ['-c', 'trap "" TERM INT HUP; while :; do sleep 1; done'], {
      detached: true,
      stdio: 'ignore',
    })
    child.unref()
    return { pid: child.pid }
  },
  exit: ({ code }) => process.exit(code),
  // What Claude Code does at an event: the hook's words go back to the model, here to the test.
  hook: ({ event, json }) => hook(event, json),
  show: ({ text }) => void process.stdout.write(`\x1b[2J\x1b[H${text}\n`),
}

function hook(event, json = {}) {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', [join(dirname(settings), 'hook.sh'), event], { stdio: ['pipe', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.on('close', (code) => resolve({ code, signal: null, out }))
    // Most events are over before the guard would read what they say.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify({ hook_event_name: event, ...json }))
  })
}

if (hooked) {
  const line = '─'.repeat(40)
  process.stdout.write(`${line}\n❯ \n${line}\n`)
  createInterface({ input: process.stdin }).on('line', async (text) => {
    say({ typed: text, heard: (await hook('UserPromptSubmit', { prompt: text })).out })
  })
}

wire.on('connect', () => {
  const { GT_RUN: run, GT_BEAD: bead, GT_AGENT: agent, GT_ROUND: round } = process.env
  say({
    hello: {
      pid: process.pid,
      run,
      bead,
      agent,
      round: Number(round),
      cwd: process.cwd(),
      brief,
      args,
      env: process.env,
    },
  })
})
wire.on('close', () => process.exit(9))
wire.on('error', () => process.exit(9))
createInterface({ input: wire }).on('line', async (line) => {
  const { id, verb, ...args } = JSON.parse(line)
  say({ id, answer: (await verbs[verb](args)) ?? null })
})
