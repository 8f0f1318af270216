/**
 * Answers Claude Code's start-up questions before they are asked: onboarding, folder trust, imports from outside a
 * CLAUDE.md. In every such dialog the default refuses, so an unattended worker would end or hang there.
 *
 * The file is the user's, and every running client rewrites it. Clients take turns by a folder `<file>.lock` (seen with
 * strace, 2.1.330); we take the same lock, replace the file in one step, and look afterwards whether it stayed.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, messageOf, ok } from '../result.ts'

type Json = Record<string, unknown>

/** A lock this old belongs to a client that died: clients hold it for milliseconds and refresh it. */
const STALE_LOCK_MS = 10_000
const LOCK_WAIT_MS = 15_000
const PAUSE_MS = 20
const TRIES = 5

/**
 * Marks onboarding done and `paths` trusted in `<configDir>/.claude.json`, or `<home>/.claude.json` without configDir.
 * For a worktree of a bare repository the key that counts is the bare repository's path; give both. Keeps every other
 * key, writes nothing when all is there already. `E_CLAUDE_CONFIG` when the file does not parse: it is left alone.
 */
export async function seedTrust(input: {
  configDir?: string | undefined
  home: string
  paths: string[]
}): Promise<Result<void>> {
  const file = target(join(input.configDir || input.home, '.claude.json'))
  const folders = [...new Set(input.paths.map(canonical))]
  for (let tries = 0; tries < TRIES; tries++) {
    const before = readConfig(file)
    if (before.kind === 'error') return before
    if (before.kind === 'ok' && withTrust(before.value.json, folders) === undefined) return ok(undefined)
    const written = await locked(file, () => replace(file, folders))
    if (written.kind === 'error') return written
  }
  return busy(`${file} is being rewritten by others, and the trusted folders do not stay in it`)
}

function busy(what: string): Result<never> {
  return fail('E_CLAUDE_CONFIG', `${what}.`, {
    hint: 'Try again; if it stays so, end other Claude Code sessions.',
    exit: EXIT.tryAgain,
  })
}

/** Pure: the configuration with onboarding done and these folders trusted; `undefined` when it is so already. */
export function withTrust(config: Json, folders: string[]): Json | undefined {
  const projects = isObject(config.projects) ? config.projects : {}
  const answers = { hasTrustDialogAccepted: true, hasClaudeMdExternalIncludesWarningShown: true }
  const changed = folders.filter((folder) => {
    const known = projects[folder]
    return !isObject(known) || Object.keys(answers).some((key) => known[key] !== true)
  })
  if (config.hasCompletedOnboarding === true && changed.length === 0) return undefined
  const merged = { ...projects }
  for (const folder of changed) {
    const known = projects[folder]
    merged[folder] = { ...(isObject(known) ? known : {}), ...answers }
  }
  return { ...config, hasCompletedOnboarding: true, projects: merged }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readConfig(file: string): Read<{ json: Json; mode: number }> {
  let text: string
  let mode: number
  try {
    mode = statSync(file).mode & 0o777
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
    return fail('E_CLAUDE_CONFIG', `${file} could not be read: ${messageOf(error)}.`, { kept: 'Nothing was written.' })
  }
  try {
    const json: unknown = JSON.parse(text)
    if (isObject(json)) return ok({ json, mode })
  } catch {
    // The same answer as for a list or a number.
  }
  return fail('E_CLAUDE_CONFIG', `${file} is not a JSON object, so no folder could be marked as trusted.`, {
    kept: 'The file was left as it is.',
    hint: `Mend or move ${file}, then try again.`,
  })
}

/** Under the lock: read again, merge, write beside it, put it in place in one step. */
function replace(file: string, folders: string[]): Result<void> {
  const now = readConfig(file)
  if (now.kind === 'error') return now
  const next = withTrust(now.kind === 'ok' ? now.value.json : {}, folders)
  if (next === undefined) return ok(undefined)
  const beside = `${file}.gt-${process.pid}`
  try {
    const fd = openSync(beside, 'w', now.kind === 'ok' ? now.value.mode : 0o600)
    try {
      writeFileSync(fd, JSON.stringify(next, null, 2))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, file)
    return ok(undefined)
  } catch (error) {
    rmSync(beside, { force: true })
    return fail('E_CLAUDE_CONFIG', `${file} could not be written: ${messageOf(error)}.`, {
      kept: 'The file was left as it is.',
    })
  }
}

/** Runs `work` while holding `<file>.lock`. */
async function locked(file: string, work: () => Result<void>): Promise<Result<void>> {
  const lock = `${file}.lock`
  try {
    mkdirSync(dirname(file), { recursive: true })
    const deadline = Date.now() + LOCK_WAIT_MS
    while (!tryLock(lock)) {
      if (Date.now() > deadline) return busy(`${lock} is held by another process`)
      await pause(PAUSE_MS)
    }
  } catch (error) {
    return fail('E_CLAUDE_CONFIG', `${lock} could not be made: ${messageOf(error)}.`, { kept: 'Nothing was written.' })
  }
  try {
    return work()
  } finally {
    releaseLock(lock)
  }
}

/** False while another holds it. A dead holder's lock is taken away; should two do that at once, seedTrust looks again. */
function tryLock(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  if (since !== undefined && Date.now() - since > STALE_LOCK_MS) {
    releaseLock(lock)
  }
  return false
}

function releaseLock(lock: string): void {
  try {
    rmdirSync(lock)
  } catch {
    // Somebody took it for stale, or was quicker in doing so.
  }
}

/** The file behind a symbolic link: people keep dot files elsewhere, and a rename would replace the link. */
function target(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function canonical(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
