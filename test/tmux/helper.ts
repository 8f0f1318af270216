/** A private tmux server, HOME and directory per test, and the puppets that run in it. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Runtime, SessionSpec } from '../../src/agents/runtime.ts'
import type { Read, Result } from '../../src/result.ts'
import type { TmuxServer } from '../../src/tmux/command.ts'
import { writeConf } from '../../src/tmux/conf.ts'
import type { TmuxRuntimeOptions } from '../../src/tmux/runtime.ts'
import { tmuxRuntime } from '../../src/tmux/runtime.ts'

export interface Stage {
  dir: string
  server: TmuxServer
  runtime: Runtime
  /** A spec with the boring parts filled in. */
  spec(name: string, argv: string[], more?: Partial<SessionSpec>): SessionSpec
  path(name: string): string
  read(name: string): string
  close(): Promise<void>
}

export function stage(more: Partial<TmuxRuntimeOptions> = {}): Stage {
  // A short path: the socket lies in it.
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gtt-')))
  const server: TmuxServer = {
    socket: `gt-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`,
    conf: join(dir, 'tmux.conf'),
    env: { HOME: dir, TMUX_TMPDIR: dir, SHELL: '/bin/sh' },
  }
  value(writeConf(server.conf, 'test town'))
  const runtime = tmuxRuntime({ ...server, ...more })
  return {
    dir,
    server,
    runtime,
    spec: (name, argv, extra = {}) => ({
      name,
      cwd: dir,
      argv,
      env: {},
      labels: { GT_RUN: `${name}-${dir}` },
      ...extra,
    }),
    path: (name) => join(dir, name),
    read: (name) => readFileSync(join(dir, name), 'utf8'),
    async close() {
      await runtime.shutdown()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A node program in the stage's directory; the vector that runs it. */
export function program(at: Stage, name: string, source: string): string[] {
  writeFileSync(at.path(name), source)
  return [process.execPath, at.path(name)]
}

/** The value, or a thrown reason. */
export function value<T>(answer: Read<T> | Result<T>): T {
  if (answer.kind === 'ok') return answer.value
  throw new Error(`expected ok, got ${JSON.stringify(answer)}`)
}

/** Waits for a fact that no event announces; throws when it does not come. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (const end = Date.now() + 15_000; Date.now() < end; await delay(20)) {
    const found = await look()
    if (found !== undefined && found !== false) return found
  }
  throw new Error(`never happened: ${what}`)
}

/** The text of a file once it has some, or once `ready` says so. */
export function fileText(path: string, ready: (text: string) => boolean = (text) => text !== ''): Promise<string> {
  return until(`text in ${path}`, () => {
    try {
      const text = readFileSync(path, 'utf8')
      return ready(text) && text
    } catch {
      return undefined
    }
  })
}
