/** A town without agents: what the bead commands need, and nothing that has to be stopped. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Answer, Outcome } from '../support/gt.ts'
import { startGt } from '../support/gt.ts'

export interface BareTown {
  dir: string
  root: string
  env: NodeJS.ProcessEnv
  gt(...args: string[]): Promise<Outcome>
  /** The `data` of a call that must succeed. */
  data(...args: string[]): Promise<Answer>
  /** The id of a new bead. */
  bead(title: string, ...options: string[]): Promise<string>
  /** As a person sees it: stdout without `--json`. */
  text(...args: string[]): Promise<string>
}

const folders: string[] = []
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true })
})

/** Makes a town with a private HOME; it is gone after the test. */
export async function bareTown(): Promise<BareTown> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-cli-')))
  folders.push(dir)
  const home = join(dir, 'home')
  mkdirSync(home)
  const root = join(dir, 'town')
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: home, NO_COLOR: '1' }
  const gt = (...args: string[]): Promise<Outcome> => startGt(args, { cwd: existing(root, dir), env }).ended
  const data = async (...args: string[]): Promise<Answer> => {
    const outcome = await gt(...args)
    if (outcome.code !== 0) throw new Error(`gt ${args.join(' ')}: ${outcome.stdout}${outcome.stderr}`)
    return outcome.data
  }
  let made = false
  const existing = (town: string, before: string): string => (made ? town : before)
  await data('install', root)
  made = true
  return {
    dir,
    root,
    env,
    gt,
    data,
    bead: async (title, ...options) => (await data('bead', 'create', title, ...options)).id,
    text: async (...args) => (await program('gt', args, { cwd: root, env })).stdout,
  }
}

/** Runs `bin/<name>.js` to its end. */
export function program(
  name: 'gt' | 'bd',
  args: string[],
  place: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const file = new URL(`../../bin/${name}.js`, import.meta.url).pathname
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { ...place, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr })
    })
  })
}
