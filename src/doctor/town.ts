/** The town's folder: where it lies, its settings, its agents, its runtime files, and room on its disk. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs'
import { relative } from 'node:path'
import { findProgram, presetFor } from '../agents/preset.ts'
import { channelsOf, readHealth } from '../attention/channels.ts'
import { keysOf } from '../kernel/town.ts'
import { messageOf } from '../result.ts'
import { confText, writeConf } from '../tmux/conf.ts'
import { installTown } from '../town/install.ts'
import { gitAbove } from '../town/paths.ts'
import type { Check, Finding } from './check.ts'
import { findingOf } from './check.ts'
import type { Subject, TownSubject } from './subject.ts'

/** Below this nothing goes on (a journal is sealed at 4 MiB, a worktree needs more); below the second, soon not. */
const ROOM_BAD = 100 * 1024 * 1024
const ROOM_SMALL = 1024 * 1024 * 1024

export const place: Check<Subject> = ({ where }) => {
  const base = { id: 'town', title: 'Town' }
  if (where.kind === 'error') return [findingOf(base.id, base.title, where.failure)]
  if (where.kind === 'unknown') return [{ ...base, verdict: 'unknown', text: where.why }]
  if (where.kind === 'empty') {
    const text = 'There is no town here, and none at ~/gt; only the programs were looked at.'
    return [{ ...base, verdict: 'unknown', text, hint: 'gt install ~/gt   (or cd into a town, or set GT_TOWN)' }]
  }
  const git = gitAbove(where.value)
  if (git === undefined) return [{ ...base, verdict: 'good', text: where.value }]
  const text = `${where.value} lies in the git work tree ${git}: git commands in the town may find that repository.`
  return [{ ...base, verdict: 'bad', text, hint: `Move the town out of ${git}, or ${git}/.git away.` }]
}

export const settings: Check<TownSubject> = (town) => {
  const base = { id: 'town.settings', title: 'Settings' }
  const read = town.settings()
  if (read.kind === 'error') return [findingOf(base.id, base.title, read.failure)]
  const { workers } = read.value
  return [{ ...base, verdict: 'good', text: `town.toml: at most ${workers.max} workers, agent ${workers.agent}.` }]
}

/** The agents that work unless a sling says otherwise, and every table of the settings, have their programs. */
export const agents: Check<TownSubject> = (town) => {
  const read = town.settings()
  if (read.kind === 'error') return []
  const names = [...new Set([read.value.workers.agent, ...Object.keys(read.value.agents)])]
  const base = { id: 'town.agents', title: 'Agents' }
  for (const name of names) {
    const preset = presetFor(name, read.value.agents)
    if (preset.kind === 'error') return [findingOf(base.id, base.title, preset.failure)]
    const [command = ''] = preset.value.command
    // Claude Code has a line of its own, and `gt` is this very installation.
    if (command === 'claude' || command === 'gt') continue
    const program = findProgram(command, town.env.PATH)
    if (program.kind === 'error') {
      const { message, hint } = program.failure
      return [{ ...base, verdict: 'bad', text: `Agent ${name}: ${message}`, ...(hint && { hint }) }]
    }
  }
  return [{ ...base, verdict: 'good', text: names.join(', ') }]
}

/** The channels that tell a person: what their last delivery came to. None is tried here: a person would be told. */
export const channels: Check<TownSubject> = (town) => {
  const read = town.settings()
  if (read.kind === 'error') return []
  const set = channelsOf({ settings: read.value })
  const base = { id: 'town.notify', title: 'Notices' }
  if (set.length === 0) return [{ ...base, verdict: 'good', text: 'No channel is set up; gt attend lists what waits.' }]
  const health = readHealth(town.paths.runtime)
  const failed = set.filter((channel) => health[channel]?.ok === false)
  if (failed.length === 0) return [{ ...base, verdict: 'good', text: set.join(', ') }]
  return failed.map((channel) => {
    const { at, why } = health[channel]!
    const text = `Notices by ${channel} do not arrive: ${why} (${at}). What waits is in gt attend.`
    return {
      id: `${base.id}.${channel}`,
      title: base.title,
      verdict: 'bad',
      text,
      hint: `gt config get notify.${channel}`,
    }
  })
}

export const folders: Check<TownSubject> = (town) => {
  const { mayor, runtime, logs, runs } = town.paths
  const base = { id: 'town.folders', title: 'Folders' }
  const missing = [mayor, runtime, logs, runs].filter((folder) => !existsSync(folder))
  if (missing.length === 0) return [{ ...base, verdict: 'good', text: 'mayor, .gt, .gt/logs, .gt/runs' }]
  const names = missing.map((folder) => relative(town.root, folder)).join(', ')
  const mend = { what: `make ${names}`, apply: () => installTown({ dir: town.root }) }
  return [{ ...base, verdict: 'bad', text: `Missing: ${names}.`, mend }]
}

/** The private server's config: without it panes of dead agents vanish, and a person's environment leaks in. */
export const runtimeConf: Check<TownSubject> = (town) => {
  const read = town.settings()
  if (read.kind === 'error') return []
  const { name } = read.value
  const file = town.paths.tmuxConf
  const base = { id: 'town.tmux', title: 'tmux.conf' }
  const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (text === confText(name, keysOf(town.root))) return [{ ...base, verdict: 'good', text: file }]
  const wrong = text === undefined ? `${file} is missing.` : `${file} is not the one that this gt writes.`
  const mend = { what: `write ${relative(town.root, file)}`, apply: () => writeConf(file, name, keysOf(town.root)) }
  return [{ ...base, verdict: 'bad', text: wrong, mend }]
}

/** Room on the town's disk, and the right to write the ledger. */
export const disk: Check<TownSubject> = (town) => [room(town), writable(town)]

function room(town: TownSubject): Finding {
  const base = { id: 'disk.room', title: 'Disk' }
  const { bavail, bsize } = statfsSync(town.root)
  const free = bavail * bsize
  const text = `${sizeText(free)} free at ${town.root}.`
  if (free >= ROOM_SMALL) return { ...base, verdict: 'good', text }
  const hint = `df -h ${town.root}`
  return { ...base, verdict: free < ROOM_BAD ? 'bad' : 'unknown', text: `Only ${text}`, hint }
}

function writable(town: TownSubject): Finding {
  const base = { id: 'disk.writable', title: 'Writable' }
  for (const folder of [town.root, town.paths.beads]) {
    if (!existsSync(folder)) continue
    try {
      accessSync(folder, constants.W_OK)
    } catch (error) {
      const text = `${folder} cannot be written by this user (${messageOf(error)}).`
      return { ...base, verdict: 'bad', text, hint: `ls -ld ${folder}; findmnt -T ${folder}` }
    }
  }
  return { ...base, verdict: 'good', text: 'The town and its ledger can be written.' }
}

export function sizeText(bytes: number): string {
  const mib = bytes / (1024 * 1024)
  return mib < 1024 ? `${Math.floor(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`
}
